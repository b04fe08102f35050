// What tiles of several warps need of shared memory: a barrier for each tile, and a slot for each warp in which values meet.
//
// A barrier is a counter of arrivals that only grows. The warp that makes it a multiple of the tile's warps opens the barrier;
// the others wait for the counter to get there. It is set to zero when the block is partitioned.
#ifndef ANYWARP_COOPERATIVE_GROUPS_TILE_MEMORY_H
#define ANYWARP_COOPERATIVE_GROUPS_TILE_MEMORY_H

#include "cooperative_groups/details/shuffle.h"

namespace cooperative_groups {

/// Shared memory for tiles of more than 32 threads of blocks of up to MaxBlockSize threads.
template <unsigned MaxBlockSize = 1024>
struct block_tile_memory {
  static constexpr unsigned warps = (MaxBlockSize + 31) / 32;
  /// Tiles of 64 threads, of 128, and so on: for w warps at most w barriers in all.
  unsigned arrivals[warps < 2 ? 2 : warps];
  /// 16 bytes for each warp.
  unsigned long long slots[warps][2];
};

namespace details {

struct tile_scratch {
  unsigned* arrivals;
  unsigned long long (*slots)[2];
  unsigned warps;

  /// The barrier of the tile of `tile_warps` warps that holds `warp`: behind those of all smaller tiles.
  AW_DEVICE_MEMBER unsigned* barrier(unsigned tile_warps, unsigned warp) const {
    unsigned first = 0;
    for (unsigned size = 2; size < tile_warps; size *= 2) first += warps / size;
    unsigned index = first + warp / tile_warps;
    return arrivals + (index < warps ? index : warps - 1);
  }
};

/// Memory for programs that give none.
AW_DEVICE_INLINE tile_scratch default_tile_scratch() {
  static __attribute__((shared)) block_tile_memory<1024> memory;
  return {memory.arrivals, memory.slots, block_tile_memory<1024>::warps};
}

AW_DEVICE_INLINE void sync_warps(unsigned* arrivals, unsigned warps) {
  __nvvm_bar_warp_sync(0xffffffffu);
  if (lane() == 0) {
    __nvvm_membar_cta();
    unsigned before = __scoped_atomic_fetch_add(arrivals, 1u, __ATOMIC_RELAXED, __MEMORY_SCOPE_WRKGRP);
    unsigned open = before - before % warps + warps;
    while ((int)(*(volatile unsigned*)arrivals - open) < 0) {
    }
    __nvvm_membar_cta();
  }
  __nvvm_bar_warp_sync(0xffffffffu);
}

}  // namespace details
}  // namespace cooperative_groups

#endif
