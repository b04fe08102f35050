// cooperative_groups::reduce: one value of all threads of a tile or of a coalesced group; every thread gets it.
#ifndef ANYWARP_COOPERATIVE_GROUPS_REDUCE_H
#define ANYWARP_COOPERATIVE_GROUPS_REDUCE_H

#include "cooperative_groups.h"

#if defined(__CUDA__) && defined(__cplusplus)

#include "cooperative_groups/details/functional.h"

namespace cooperative_groups {
namespace details {

/// A word of the hardware's own reduction, where there is one for the operation and type: sm_80, 32-bit integers.
template <class T, class Operation>
struct warp_reduction {
  static constexpr bool exists = false;
  static AW_DEVICE_MEMBER T run(unsigned, T value) { return value; }
};
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
#define AW_REDUCTION(type, operation, intrinsic, word)                                       \
  template <>                                                                                \
  struct warp_reduction<type, operation<type>> {                                             \
    static constexpr bool exists = true;                                                     \
    static AW_DEVICE_MEMBER type run(unsigned mask, type value) { return (type)intrinsic(mask, (word)value); } \
  };
#define AW_REDUCTIONS(type)                                \
  AW_REDUCTION(type, plus, __reduce_add_sync, unsigned)    \
  AW_REDUCTION(type, less, __reduce_min_sync, type)        \
  AW_REDUCTION(type, greater, __reduce_max_sync, type)     \
  AW_REDUCTION(type, bit_and, __reduce_and_sync, unsigned) \
  AW_REDUCTION(type, bit_or, __reduce_or_sync, unsigned)   \
  AW_REDUCTION(type, bit_xor, __reduce_xor_sync, unsigned)
AW_REDUCTIONS(int)
AW_REDUCTIONS(unsigned)
#undef AW_REDUCTIONS
#undef AW_REDUCTION
#endif

template <unsigned Size, class Tile, class T, class Operation>
AW_DEVICE_INLINE T reduce_lanes(const Tile& tile, T value, Operation& operation) {
  typedef warp_reduction<T, typename remove_cvref<Operation>::type> reduction;
  if (reduction::exists) return reduction::run(tile.lane_mask(), value);
  for (unsigned lanes = Size / 2; lanes > 0; lanes /= 2) value = operation(value, tile.shfl_xor(value, lanes));
  return value;
}

template <unsigned Size>
struct reduce_tile {
  template <class Tile, class T, class Operation>
  static AW_DEVICE_MEMBER T run(const Tile& tile, T value, Operation& operation) {
    return reduce_lanes<Size>(tile, value, operation);
  }
};
template <unsigned Size>
struct reduce_warps {
  template <class Tile, class T, class Operation>
  static AW_DEVICE_MEMBER T run(const Tile& tile, T value, Operation& operation) {
    return tile.combine(reduce_lanes<32>(warp_tile<32>(), value, operation), operation);
  }
};
/// Pairs of neighbours, then pairs of pairs: right for every number of members and for operations that do not commute.
struct reduce_ranks {
  template <class T, class Operation>
  static AW_DEVICE_MEMBER T run(const coalesced_group& group, T value, Operation& operation) {
    typedef warp_reduction<T, typename remove_cvref<Operation>::type> reduction;
    if (reduction::exists) return reduction::run(group.lane_mask(), value);
    unsigned size = group.size(), rank = group.thread_rank();
    for (unsigned width = 1; width < size; width *= 2) {
      T other = group.shfl_down(value, width);
      if (rank % (2 * width) == 0 && rank + width < size) value = operation(value, other);
    }
    return group.shfl(value, 0);
  }
};

template <bool SeveralWarps, unsigned Size>
struct reduce_by_size {
  typedef reduce_tile<Size> type;
};
template <unsigned Size>
struct reduce_by_size<true, Size> {
  typedef reduce_warps<Size> type;
};
template <>
struct reduce_by_size<false, 0> {
  typedef reduce_ranks type;
};

}  // namespace details

template <class Group, class T, class Operation>
AW_DEVICE inline typename details::remove_cvref<T>::type reduce(const Group& group, T&& value, Operation&& operation) {
  constexpr unsigned size = group_traits<Group>::tile_size;
  typedef typename details::remove_cvref<T>::type Value;
  return details::reduce_by_size<(size > 32), size>::type::template run<>(group, (Value)value, operation);
}

template <class Group, class T>
AW_DEVICE inline typename details::remove_cvref<T>::type reduce(const Group& group, T&& value) {
  return reduce(group, value, plus<typename details::remove_cvref<T>::type>());
}

}  // namespace cooperative_groups

#endif
#endif
