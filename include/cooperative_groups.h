// Cooperative groups: sets of threads as objects that can be synchronised, divided and communicated in.
//
//   grid_group           this_grid()                        all blocks of a cooperative launch
//   cluster_group        this_cluster()                     the blocks of a cluster
//   thread_block         this_thread_block()                a block
//   thread_block_tile<N> tiled_partition<N>(block or tile)  N consecutive threads, N a power of two
//   coalesced_group      coalesced_threads(), tiled_partition(group, n), binary_partition, labeled_partition
//                                                           some lanes of one warp
//   thread_group         any of these, chosen at run time
#ifndef ANYWARP_COOPERATIVE_GROUPS_H
#define ANYWARP_COOPERATIVE_GROUPS_H

#if defined(__CUDA__) && defined(__cplusplus)

#include "cooperative_groups/details/grid_barrier.h"
#include "cooperative_groups/details/shuffle.h"
#include "cooperative_groups/details/tile_memory.h"
#include "cuda_runtime.h"

namespace cooperative_groups {

namespace details {
enum group_kind : unsigned { coalesced_group_id = 1, thread_block_id, grid_group_id, cluster_group_id, thread_id };
}

/// A group of any kind that fits into two words: all but tiles of several warps.
class thread_group {
 public:
  AW_DEVICE_MEMBER unsigned get_type() const { return kind_; }
  AW_DEVICE inline unsigned long long size() const;
  AW_DEVICE inline unsigned long long num_threads() const { return size(); }
  AW_DEVICE inline unsigned long long thread_rank() const;
  AW_DEVICE inline void sync() const;

 protected:
  friend class coalesced_group;
  AW_DEVICE_MEMBER explicit thread_group(unsigned kind) : kind_(kind), mask_(0), meta_rank_(0), meta_size_(1) {}
  AW_DEVICE_MEMBER thread_group(unsigned mask, unsigned meta_rank, unsigned meta_size)
      : kind_(details::coalesced_group_id), mask_(mask), meta_rank_(meta_rank), meta_size_(meta_size) {}

  template <unsigned Size, class Parent>
  friend class thread_block_tile;
  friend AW_DEVICE inline thread_group tiled_partition(const class thread_block&, unsigned);
  friend AW_DEVICE inline thread_group tiled_partition(const thread_group&, unsigned);

  unsigned kind_;
  unsigned mask_;  // of a coalesced group
  unsigned meta_rank_, meta_size_;
};

// --- The grid -------------------------------------------------------------------------------------------------------------------

class grid_group : public thread_group {
 public:
  typedef unsigned arrival_token;

  /// Whether the launch was cooperative; sync() is an error if not.
  AW_DEVICE_MEMBER bool is_valid() const { return details::grid_workspace_address() != nullptr; }
  AW_DEVICE_MEMBER void sync() const { barrier_wait(barrier_arrive()); }
  AW_DEVICE_MEMBER arrival_token barrier_arrive() const {
    if (!is_valid()) __builtin_trap();
    return details::grid_arrive(&details::grid_workspace_address()->barrier);
  }
  AW_DEVICE_MEMBER void barrier_wait(arrival_token token) const {
    details::grid_wait(&details::grid_workspace_address()->barrier, token);
  }

  static AW_DEVICE_MEMBER unsigned long long size() { return num_threads(); }
  static AW_DEVICE_MEMBER unsigned long long num_threads() { return num_blocks() * details::threads_in_block(); }
  static AW_DEVICE_MEMBER unsigned long long num_blocks() { return (unsigned long long)gridDim.x * gridDim.y * gridDim.z; }
  static AW_DEVICE_MEMBER unsigned long long block_rank() {
    return ((unsigned long long)blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  }
  static AW_DEVICE_MEMBER unsigned long long thread_rank() {
    return block_rank() * details::threads_in_block() + details::thread_rank_in_block();
  }
  static AW_DEVICE_MEMBER dim3 group_dim() { return dim3(gridDim.x, gridDim.y, gridDim.z); }
  static AW_DEVICE_MEMBER dim3 dim_blocks() { return group_dim(); }
  static AW_DEVICE_MEMBER dim3 block_index() { return dim3(blockIdx.x, blockIdx.y, blockIdx.z); }
  static AW_DEVICE_MEMBER dim3 dim_threads() {
    return dim3(gridDim.x * blockDim.x, gridDim.y * blockDim.y, gridDim.z * blockDim.z);
  }
  static AW_DEVICE_MEMBER dim3 thread_index() {
    return dim3(blockIdx.x * blockDim.x + threadIdx.x, blockIdx.y * blockDim.y + threadIdx.y,
                blockIdx.z * blockDim.z + threadIdx.z);
  }

 private:
  friend AW_DEVICE inline grid_group this_grid();
  AW_DEVICE_MEMBER grid_group() : thread_group(details::grid_group_id) {}
};

AW_DEVICE inline grid_group this_grid() { return grid_group(); }

// --- The cluster ----------------------------------------------------------------------------------------------------------------

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
class cluster_group : public thread_group {
 public:
  struct arrival_token {};

  static AW_DEVICE_MEMBER void sync() {
    barrier_arrive();
    barrier_wait();
  }
  static AW_DEVICE_MEMBER arrival_token barrier_arrive() {
    __cluster_barrier_arrive();
    return {};
  }
  static AW_DEVICE_MEMBER void barrier_wait() { __cluster_barrier_wait(); }
  static AW_DEVICE_MEMBER void barrier_wait(arrival_token&&) { __cluster_barrier_wait(); }
  static AW_DEVICE_MEMBER unsigned query_shared_rank(const void* address) { return __cluster_query_shared_rank(address); }
  template <class T>
  static AW_DEVICE_MEMBER T* map_shared_rank(T* address, int rank) {
    return (T*)__cluster_map_shared_rank(address, rank);
  }
  static AW_DEVICE_MEMBER dim3 block_index() { return __clusterRelativeBlockIdx(); }
  static AW_DEVICE_MEMBER unsigned block_rank() { return __clusterRelativeBlockRank(); }
  static AW_DEVICE_MEMBER dim3 dim_blocks() { return __clusterDim(); }
  static AW_DEVICE_MEMBER unsigned num_blocks() { return __clusterSizeInBlocks(); }
  static AW_DEVICE_MEMBER dim3 dim_threads() {
    dim3 blocks = dim_blocks();
    return dim3(blocks.x * blockDim.x, blocks.y * blockDim.y, blocks.z * blockDim.z);
  }
  static AW_DEVICE_MEMBER dim3 thread_index() {
    dim3 block = block_index();
    return dim3(block.x * blockDim.x + threadIdx.x, block.y * blockDim.y + threadIdx.y, block.z * blockDim.z + threadIdx.z);
  }
  static AW_DEVICE_MEMBER unsigned thread_rank() {
    return block_rank() * details::threads_in_block() + details::thread_rank_in_block();
  }
  static AW_DEVICE_MEMBER unsigned num_threads() { return num_blocks() * details::threads_in_block(); }
  static AW_DEVICE_MEMBER unsigned size() { return num_threads(); }

 private:
  friend AW_DEVICE inline cluster_group this_cluster();
  AW_DEVICE_MEMBER cluster_group() : thread_group(details::cluster_group_id) {}
};

AW_DEVICE inline cluster_group this_cluster() { return cluster_group(); }
#endif

// --- The block ------------------------------------------------------------------------------------------------------------------

class thread_block : public thread_group {
 public:
  struct arrival_token {};

  static AW_DEVICE_MEMBER void sync() { __syncthreads(); }
  AW_DEVICE_MEMBER arrival_token barrier_arrive() const { return {}; }
  AW_DEVICE_MEMBER void barrier_wait(arrival_token&&) const { __syncthreads(); }
  static AW_DEVICE_MEMBER unsigned size() { return details::threads_in_block(); }
  static AW_DEVICE_MEMBER unsigned num_threads() { return details::threads_in_block(); }
  static AW_DEVICE_MEMBER unsigned thread_rank() { return details::thread_rank_in_block(); }
  static AW_DEVICE_MEMBER dim3 group_index() { return dim3(blockIdx.x, blockIdx.y, blockIdx.z); }
  static AW_DEVICE_MEMBER dim3 thread_index() { return dim3(threadIdx.x, threadIdx.y, threadIdx.z); }
  static AW_DEVICE_MEMBER dim3 group_dim() { return dim3(blockDim.x, blockDim.y, blockDim.z); }
  static AW_DEVICE_MEMBER dim3 dim_threads() { return group_dim(); }

 private:
  template <unsigned Size, class Parent>
  friend class thread_block_tile;
  friend AW_DEVICE inline thread_block this_thread_block();
  template <unsigned MaxBlockSize>
  friend AW_DEVICE thread_block this_thread_block(block_tile_memory<MaxBlockSize>&);

  AW_DEVICE_MEMBER thread_block() : thread_group(details::thread_block_id), scratch_{nullptr, nullptr, 0} {}
  AW_DEVICE_MEMBER explicit thread_block(details::tile_scratch scratch)
      : thread_group(details::thread_block_id), scratch_(scratch) {}
  AW_DEVICE_MEMBER details::tile_scratch scratch() const { return scratch_.arrivals ? scratch_ : details::default_tile_scratch(); }

  details::tile_scratch scratch_;
};

AW_DEVICE inline thread_block this_thread_block() { return thread_block(); }

template <unsigned MaxBlockSize>
AW_DEVICE inline thread_block this_thread_block(block_tile_memory<MaxBlockSize>& memory) {
  return thread_block(details::tile_scratch{memory.arrivals, memory.slots, block_tile_memory<MaxBlockSize>::warps});
}

// --- Lanes of one warp ----------------------------------------------------------------------------------------------------------

class coalesced_group : public thread_group {
 public:
  AW_DEVICE_MEMBER unsigned size() const { return __builtin_popcount(mask_); }
  AW_DEVICE_MEMBER unsigned num_threads() const { return size(); }
  AW_DEVICE_MEMBER unsigned thread_rank() const { return __builtin_popcount(mask_ & details::lanes_below()); }
  AW_DEVICE_MEMBER unsigned meta_group_rank() const { return meta_rank_; }
  AW_DEVICE_MEMBER unsigned meta_group_size() const { return meta_size_; }
  AW_DEVICE_MEMBER void sync() const { __syncwarp(mask_); }

  template <class T, class Value = typename details::remove_cvref<T>::type>
  AW_DEVICE_MEMBER Value shfl(T&& value, int rank) const {
    unsigned lane = details::lane_of_rank(mask_, (unsigned)rank), mask = mask_;
    return details::shuffle_words<Value>(value, [=](unsigned word) { return __shfl_sync(mask, word, (int)lane); });
  }
  /// From the member whose rank is higher by `delta`; its own value where there is none.
  template <class T, class Value = typename details::remove_cvref<T>::type>
  AW_DEVICE_MEMBER Value shfl_down(T&& value, unsigned delta) const {
    unsigned rank = thread_rank() + delta;
    return shfl(value, rank < size() ? rank : thread_rank());
  }
  template <class T, class Value = typename details::remove_cvref<T>::type>
  AW_DEVICE_MEMBER Value shfl_up(T&& value, unsigned delta) const {
    unsigned rank = thread_rank();
    return shfl(value, rank >= delta ? rank - delta : rank);
  }

  AW_DEVICE_MEMBER int any(int predicate) const { return __any_sync(mask_, predicate); }
  AW_DEVICE_MEMBER int all(int predicate) const { return __all_sync(mask_, predicate); }
  AW_DEVICE_MEMBER unsigned ballot(int predicate) const { return pack(__ballot_sync(mask_, predicate)); }
  template <class T>
  AW_DEVICE_MEMBER unsigned match_any(T value) const {
    return pack(__match_any_sync(mask_, value));
  }
  template <class T>
  AW_DEVICE_MEMBER unsigned match_all(T value, int& all_equal) const {
    return pack(__match_all_sync(mask_, value, &all_equal));
  }

  AW_DEVICE_MEMBER unsigned lane_mask() const { return mask_; }
  AW_DEVICE_MEMBER coalesced_group subset(unsigned mask, unsigned meta_rank, unsigned meta_size) const {
    return coalesced_group(mask, meta_rank, meta_size);
  }

 private:
  friend class thread_group;
  template <unsigned Size, class Parent>
  friend class thread_block_tile;
  friend AW_DEVICE inline coalesced_group coalesced_threads();

  AW_DEVICE_MEMBER coalesced_group(unsigned mask, unsigned meta_rank, unsigned meta_size)
      : thread_group(mask, meta_rank, meta_size) {}

  /// Bits by lane as bits by rank.
  AW_DEVICE_MEMBER unsigned pack(unsigned lanes) const {
    if (mask_ == 0xffffffffu) return lanes;
    unsigned result = 0, rank = 0;
    for (unsigned rest = mask_; rest; rest &= rest - 1, ++rank) result |= (lanes >> __builtin_ctz(rest) & 1u) << rank;
    return result;
  }
};

AW_DEVICE inline coalesced_group coalesced_threads() { return coalesced_group(__activemask(), 0, 1); }

// --- Tiles ----------------------------------------------------------------------------------------------------------------------

template <unsigned Size, class Parent = void>
class thread_block_tile;

namespace details {

/// A tile within one warp.
template <unsigned Size>
class warp_tile {
 public:
  static AW_DEVICE_MEMBER unsigned thread_rank() { return thread_rank_in_block() & (Size - 1); }
  static constexpr AW_BOTH_MEMBER unsigned size() { return Size; }
  static constexpr AW_BOTH_MEMBER unsigned num_threads() { return Size; }
  static AW_DEVICE_MEMBER void sync() { __syncwarp(lane_mask()); }

  template <class T, class Value = typename remove_cvref<T>::type>
  AW_DEVICE_MEMBER Value shfl(T&& value, int rank) const {
    unsigned mask = lane_mask();
    return shuffle_words<Value>(value, [=](unsigned word) { return __shfl_sync(mask, word, rank, Size); });
  }
  template <class T, class Value = typename remove_cvref<T>::type>
  AW_DEVICE_MEMBER Value shfl_down(T&& value, unsigned delta) const {
    unsigned mask = lane_mask();
    return shuffle_words<Value>(value, [=](unsigned word) { return __shfl_down_sync(mask, word, delta, Size); });
  }
  template <class T, class Value = typename remove_cvref<T>::type>
  AW_DEVICE_MEMBER Value shfl_up(T&& value, unsigned delta) const {
    unsigned mask = lane_mask();
    return shuffle_words<Value>(value, [=](unsigned word) { return __shfl_up_sync(mask, word, delta, Size); });
  }
  template <class T, class Value = typename remove_cvref<T>::type>
  AW_DEVICE_MEMBER Value shfl_xor(T&& value, unsigned lanes) const {
    unsigned mask = lane_mask();
    return shuffle_words<Value>(value, [=](unsigned word) { return __shfl_xor_sync(mask, word, (int)lanes, Size); });
  }

  AW_DEVICE_MEMBER int any(int predicate) const { return __any_sync(lane_mask(), predicate); }
  AW_DEVICE_MEMBER int all(int predicate) const { return __all_sync(lane_mask(), predicate); }
  AW_DEVICE_MEMBER unsigned ballot(int predicate) const { return pack(__ballot_sync(lane_mask(), predicate)); }
  template <class T>
  AW_DEVICE_MEMBER unsigned match_any(T value) const {
    return pack(__match_any_sync(lane_mask(), value));
  }
  template <class T>
  AW_DEVICE_MEMBER unsigned match_all(T value, int& all_equal) const {
    return pack(__match_all_sync(lane_mask(), value, &all_equal));
  }

  static AW_DEVICE_MEMBER unsigned lane_mask() {
    return Size == 32 ? 0xffffffffu : ((1u << (Size % 32)) - 1) << (lane() & ~(Size - 1));
  }

 private:
  static AW_DEVICE_MEMBER unsigned pack(unsigned lanes) {
    return Size == 32 ? lanes : (lanes & lane_mask()) >> (lane() & ~(Size - 1));
  }
};

/// A tile of several warps.
template <unsigned Size>
class warps_tile {
 public:
  static constexpr unsigned warps = Size / 32;

  static AW_DEVICE_MEMBER unsigned thread_rank() { return thread_rank_in_block() & (Size - 1); }
  static constexpr AW_BOTH_MEMBER unsigned size() { return Size; }
  static constexpr AW_BOTH_MEMBER unsigned num_threads() { return Size; }
  AW_DEVICE_MEMBER void sync() const { sync_warps(scratch_.barrier(warps, thread_rank_in_block() / 32), warps); }

  template <class T>
  AW_DEVICE_MEMBER T shfl(T value, unsigned rank) const {
    if (thread_rank() == rank) *slot<T>(rank / 32) = value;
    sync();
    T result = *slot<T>(rank / 32);
    sync();
    return result;
  }
  AW_DEVICE_MEMBER int any(int predicate) const {
    return combine(__any_sync(0xffffffffu, predicate), [](int a, int b) { return a | b; });
  }
  AW_DEVICE_MEMBER int all(int predicate) const {
    return combine(__all_sync(0xffffffffu, predicate), [](int a, int b) { return a & b; });
  }

  /// Combines one value of each warp, in the order of the warps; all threads get the result.
  template <class T, class Operation>
  AW_DEVICE_MEMBER T combine(const T& of_warp, Operation operation) const {
    unsigned warp = thread_rank() / 32;
    if (lane() == 0) *slot<T>(warp) = of_warp;
    sync();
    T result = *slot<T>(0);
    for (unsigned i = 1; i < warps; ++i) result = operation(result, *slot<T>(i));
    sync();
    return result;
  }
  /// As combine(), of the warps below this one only; `none` in the first.
  template <class T, class Operation>
  AW_DEVICE_MEMBER T combine_below(const T& of_warp, const T& none, Operation operation) const {
    unsigned warp = thread_rank() / 32;
    if (lane() == 31) *slot<T>(warp) = of_warp;
    sync();
    T result = none;
    for (unsigned i = 0; i < warp; ++i) result = i ? operation(result, *slot<T>(i)) : *slot<T>(0);
    sync();
    return result;
  }

 protected:
  template <unsigned, class>
  friend class cooperative_groups::thread_block_tile;

  template <class ParentGroup>
  AW_DEVICE_MEMBER warps_tile(tile_scratch scratch, const ParentGroup& parent) : scratch_(scratch) {
    // Twice: nobody may be waiting at the barrier when it is set to zero, nor arrive before.
    parent.sync();
    if (thread_rank() == 0) *scratch_.barrier(warps, thread_rank_in_block() / 32) = 0;
    parent.sync();
  }

  template <class T>
  AW_DEVICE_MEMBER T* slot(unsigned warp) const {
    static_assert(sizeof(T) <= 16, "values of tiles of more than 32 threads may have 16 bytes at most");
    return (T*)scratch_.slots[(thread_rank_in_block() / Size) * warps + warp];
  }

  tile_scratch scratch_;
};

template <unsigned Size, bool SeveralWarps>
struct tile_of {
  typedef warp_tile<Size> type;
};
template <unsigned Size>
struct tile_of<Size, true> {
  typedef warps_tile<Size> type;
};

template <class Parent>
struct threads_of {
  static AW_DEVICE_MEMBER unsigned get() { return Parent::size(); }
};

}  // namespace details

/// Size threads with consecutive ranks of a Parent (a block or a larger tile).
template <unsigned Size, class Parent>
class thread_block_tile : public details::tile_of<Size, (Size > 32)>::type {
  static_assert(Size > 0 && Size <= 1024 && (Size & (Size - 1)) == 0, "the size of a tile is a power of two up to 1024");
  typedef typename details::tile_of<Size, (Size > 32)>::type base;

 public:
  static AW_DEVICE_MEMBER unsigned meta_group_rank() { return Parent::thread_rank() / Size; }
  static AW_DEVICE_MEMBER unsigned meta_group_size() { return (details::threads_of<Parent>::get() + Size - 1) / Size; }

  /// As a group whose size is known at run time. Only tiles within a warp can be.
  AW_DEVICE_MEMBER operator thread_group() const {
    static_assert(Size <= 32, "a tile of several warps cannot be a thread_group");
    return thread_group(base::lane_mask(), meta_group_rank(), meta_group_size());
  }

  AW_DEVICE_MEMBER explicit thread_block_tile(const Parent& parent) : thread_block_tile(parent, choose<(Size > 32)>()) {}

  AW_DEVICE_MEMBER details::tile_scratch scratch() const { return base::scratch_; }

 private:
  template <bool>
  struct choose {};
  AW_DEVICE_MEMBER thread_block_tile(const Parent&, choose<false>) {}
  AW_DEVICE_MEMBER thread_block_tile(const Parent& parent, choose<true>) : base(parent.scratch(), parent) {}
};

/// A tile whose parent is forgotten: what functions take as a parameter.
template <unsigned Size>
class thread_block_tile<Size, void> : public details::tile_of<Size, (Size > 32)>::type {
  typedef typename details::tile_of<Size, (Size > 32)>::type base;

 public:
  template <class Parent>
  AW_DEVICE_MEMBER thread_block_tile(const thread_block_tile<Size, Parent>& tile)
      : base(tile), meta_rank_(tile.meta_group_rank()), meta_size_(tile.meta_group_size()) {}

  AW_DEVICE_MEMBER unsigned meta_group_rank() const { return meta_rank_; }
  AW_DEVICE_MEMBER unsigned meta_group_size() const { return meta_size_; }

  AW_DEVICE_MEMBER operator thread_group() const {
    static_assert(Size <= 32, "a tile of several warps cannot be a thread_group");
    return thread_group(base::lane_mask(), meta_rank_, meta_size_);
  }

  AW_DEVICE_MEMBER details::tile_scratch scratch() const { return base::scratch_; }

 private:
  unsigned meta_rank_, meta_size_;
};

template <unsigned Size, class Parent>
AW_DEVICE inline thread_block_tile<Size, Parent> tiled_partition(const Parent& parent) {
  return thread_block_tile<Size, Parent>(parent);
}

/// The calling thread as a group.
AW_DEVICE inline thread_block_tile<1> this_thread() {
  return thread_block_tile<1>(thread_block_tile<1, thread_block>(this_thread_block()));
}

// --- Partitions whose size is known at run time ---------------------------------------------------------------------------------

namespace details {

/// The members of `mask` in the tile of the calling lane, when each `size` members in the order of ranks make a tile.
AW_DEVICE_INLINE unsigned tile_mask(unsigned mask, unsigned size) {
  if (size == 0 || size > 32 || (size & (size - 1)) != 0) __builtin_trap();
  unsigned rank = __builtin_popcount(mask & lanes_below());
  unsigned first = rank & ~(size - 1), result = 0, index = 0;
  for (unsigned rest = mask; rest; rest &= rest - 1, ++index)
    if (index - first < size) result |= rest & -rest;
  return result;
}

}  // namespace details

AW_DEVICE inline thread_group tiled_partition(const thread_block& block, unsigned size) {
  if (size == 0 || size > 32 || (size & (size - 1)) != 0) __builtin_trap();
  unsigned first = block.thread_rank() & ~(size - 1), left = block.size() - first;
  unsigned lanes = left < size ? left : size;
  unsigned mask = (0xffffffffu >> (32 - lanes)) << (details::lane() & ~(size - 1));
  return thread_group(mask, block.thread_rank() / size, (block.size() + size - 1) / size);
}

AW_DEVICE inline coalesced_group tiled_partition(const coalesced_group& group, unsigned size) {
  return group.subset(details::tile_mask(group.lane_mask(), size), group.thread_rank() / size, (group.size() + size - 1) / size);
}

AW_DEVICE inline thread_group tiled_partition(const thread_group& group, unsigned size) {
  if (group.get_type() == details::thread_block_id) return tiled_partition(this_thread_block(), size);
  if (group.get_type() != details::coalesced_group_id) __builtin_trap();
  return tiled_partition(static_cast<const coalesced_group&>(group), size);
}

/// The threads of the group with the same predicate.
template <class Group>
AW_DEVICE inline coalesced_group binary_partition(const Group& group, bool predicate) {
  unsigned all = group.lane_mask(), set = __ballot_sync(all, predicate);
  return coalesced_threads().subset(predicate ? set : all & ~set, predicate, 2);
}

/// The threads of the group with the same label; the parts are ranked by their lowest member.
template <class Group, class Label>
AW_DEVICE inline coalesced_group labeled_partition(const Group& group, Label label) {
  unsigned all = group.lane_mask(), same = __match_any_sync(all, label);
  unsigned leaders = __ballot_sync(all, (same & details::lanes_below()) == 0);
  unsigned lowest = same & -same;
  return coalesced_threads().subset(same, __builtin_popcount(leaders & (lowest - 1)), __builtin_popcount(leaders));
}

// --- What all groups have -------------------------------------------------------------------------------------------------------

template <class Group>
AW_DEVICE inline void sync(const Group& group) {
  group.sync();
}
template <class Group>
AW_DEVICE inline unsigned long long thread_rank(const Group& group) {
  return group.thread_rank();
}
template <class Group>
AW_DEVICE inline unsigned long long group_size(const Group& group) {
  return group.size();
}

/// Calls `function` in one thread of the group.
template <class Group, class Function, class... Arguments>
AW_DEVICE inline void invoke_one(const Group& group, Function&& function, Arguments&&... arguments) {
  if (group.thread_rank() == 0) function(static_cast<Arguments&&>(arguments)...);
}

/// The same, and all threads get what it returns.
template <class Group, class Function, class... Arguments>
AW_DEVICE inline auto invoke_one_broadcast(const Group& group, Function&& function, Arguments&&... arguments)
    -> typename details::remove_cvref<decltype(function(static_cast<Arguments&&>(arguments)...))>::type {
  typename details::remove_cvref<decltype(function(static_cast<Arguments&&>(arguments)...))>::type result = {};
  if (group.thread_rank() == 0) result = function(static_cast<Arguments&&>(arguments)...);
  return group.shfl(result, 0);
}

AW_DEVICE inline unsigned long long thread_group::size() const {
  switch (kind_) {
    case details::coalesced_group_id: return __builtin_popcount(mask_);
    case details::thread_block_id: return details::threads_in_block();
    case details::grid_group_id: return grid_group::size();
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    case details::cluster_group_id: return cluster_group::size();
#endif
    default: return 1;
  }
}

AW_DEVICE inline unsigned long long thread_group::thread_rank() const {
  switch (kind_) {
    case details::coalesced_group_id: return __builtin_popcount(mask_ & details::lanes_below());
    case details::thread_block_id: return details::thread_rank_in_block();
    case details::grid_group_id: return grid_group::thread_rank();
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    case details::cluster_group_id: return cluster_group::thread_rank();
#endif
    default: return 0;
  }
}

AW_DEVICE inline void thread_group::sync() const {
  switch (kind_) {
    case details::coalesced_group_id: __syncwarp(mask_); break;
    case details::thread_block_id: __syncthreads(); break;
    case details::grid_group_id: this_grid().sync(); break;
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    case details::cluster_group_id: cluster_group::sync(); break;
#endif
    default: break;
  }
}

/// Whether a group is a tile, and of how many threads.
template <class Group>
struct group_traits {
  static constexpr unsigned tile_size = 0;
};
template <unsigned Size, class Parent>
struct group_traits<thread_block_tile<Size, Parent>> {
  static constexpr unsigned tile_size = Size;
};

}  // namespace cooperative_groups

#endif
#endif
