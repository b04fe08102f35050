// The barrier of a grid, in the workspace that the driver gives to a cooperative launch (its address is in %envreg1 and %envreg2).
//
// One word: the upper bit is the phase, the rest counts. Every block adds 1, the first block adds what completes 2^31, so that
// the upper bit flips when all have arrived, whatever the word was before; no reset is needed.
#ifndef ANYWARP_COOPERATIVE_GROUPS_GRID_BARRIER_H
#define ANYWARP_COOPERATIVE_GROUPS_GRID_BARRIER_H

#include "cooperative_groups/details/shuffle.h"

namespace cooperative_groups {
namespace details {

struct grid_workspace {
  unsigned bytes;
  unsigned barrier;
};

AW_DEVICE_INLINE grid_workspace* grid_workspace_address() {
  unsigned high, low;
  __asm__("mov.u32 %0, %%envreg1;" : "=r"(high));
  __asm__("mov.u32 %0, %%envreg2;" : "=r"(low));
  return (grid_workspace*)((unsigned long long)high << 32 | low);
}

/// Returns the word as it was before this block arrived; meaningful in thread 0 alone.
AW_DEVICE_INLINE unsigned grid_arrive(unsigned* word) {
  __syncthreads();
  unsigned before = 0;
  if (thread_rank_in_block() == 0) {
    unsigned blocks = gridDim.x * gridDim.y * gridDim.z;
    bool first = blockIdx.x + blockIdx.y + blockIdx.z == 0;
    __threadfence();
    before = __scoped_atomic_fetch_add(word, first ? 0x80000000u - (blocks - 1) : 1u, __ATOMIC_RELAXED, __MEMORY_SCOPE_DEVICE);
  }
  return before;
}

AW_DEVICE_INLINE void grid_wait(unsigned* word, unsigned before) {
  if (thread_rank_in_block() == 0) {
    while (((before ^ *(volatile unsigned*)word) & 0x80000000u) == 0) {
    }
    __threadfence();
  }
  __syncthreads();
}

}  // namespace details
}  // namespace cooperative_groups

#endif
