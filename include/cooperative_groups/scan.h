// cooperative_groups::inclusive_scan and exclusive_scan over the ranks of a tile or of a coalesced group.
#ifndef ANYWARP_COOPERATIVE_GROUPS_SCAN_H
#define ANYWARP_COOPERATIVE_GROUPS_SCAN_H

#include "cooperative_groups.h"

#if defined(__CUDA__) && defined(__cplusplus)

#include "cooperative_groups/details/functional.h"

namespace cooperative_groups {
namespace details {

template <class Group, class T, class Operation>
AW_DEVICE_INLINE T scan_ranks(const Group& group, T value, Operation& operation) {
  unsigned size = group.size(), rank = group.thread_rank();
  for (unsigned delta = 1; delta < size; delta *= 2) {
    T below = group.shfl_up(value, delta);
    if (rank >= delta) value = operation(below, value);
  }
  return value;
}

template <bool SeveralWarps>
struct scan_by_size {
  template <class Group, class T, class Operation>
  static AW_DEVICE_MEMBER T inclusive(const Group& group, T value, Operation& operation) {
    return scan_ranks(group, value, operation);
  }
  template <class Group, class T, class Operation>
  static AW_DEVICE_MEMBER T exclusive(const Group& group, T value, Operation& operation) {
    T below = group.shfl_up(scan_ranks(group, value, operation), 1);
    return group.thread_rank() == 0 ? T{} : below;
  }
};
template <>
struct scan_by_size<true> {
  template <class Group, class T, class Operation>
  static AW_DEVICE_MEMBER T inclusive(const Group& group, T value, Operation& operation) {
    T within = scan_ranks(warp_tile<32>(), value, operation);
    T below = group.combine_below(within, T{}, operation);
    return group.thread_rank() < 32 ? within : operation(below, within);
  }
  template <class Group, class T, class Operation>
  static AW_DEVICE_MEMBER T exclusive(const Group& group, T value, Operation& operation) {
    warp_tile<32> warp;
    T within = scan_ranks(warp, value, operation);
    T below = group.combine_below(within, T{}, operation);
    T before = warp.shfl_up(within, 1);
    if (warp.thread_rank() == 0) return below;
    return group.thread_rank() < 32 ? before : operation(below, before);
  }
};

}  // namespace details

template <class Group, class T, class Operation>
AW_DEVICE inline typename details::remove_cvref<T>::type inclusive_scan(const Group& group, T&& value, Operation&& operation) {
  typedef typename details::remove_cvref<T>::type Value;
  return details::scan_by_size<(group_traits<Group>::tile_size > 32)>::inclusive(group, (Value)value, operation);
}
template <class Group, class T>
AW_DEVICE inline typename details::remove_cvref<T>::type inclusive_scan(const Group& group, T&& value) {
  return inclusive_scan(group, value, plus<typename details::remove_cvref<T>::type>());
}

/// The first thread gets T{}.
template <class Group, class T, class Operation>
AW_DEVICE inline typename details::remove_cvref<T>::type exclusive_scan(const Group& group, T&& value, Operation&& operation) {
  typedef typename details::remove_cvref<T>::type Value;
  return details::scan_by_size<(group_traits<Group>::tile_size > 32)>::exclusive(group, (Value)value, operation);
}
template <class Group, class T>
AW_DEVICE inline typename details::remove_cvref<T>::type exclusive_scan(const Group& group, T&& value) {
  return exclusive_scan(group, value, plus<typename details::remove_cvref<T>::type>());
}

}  // namespace cooperative_groups

#endif
#endif
