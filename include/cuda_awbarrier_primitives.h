// Split arrive/wait barriers of the threads of a block in their C form.
#ifndef ANYWARP_CUDA_AWBARRIER_PRIMITIVES_H
#define ANYWARP_CUDA_AWBARRIER_PRIMITIVES_H

#include <stdint.h>

#include "cuda/barrier"

#if defined(__CUDA__)

/// The upper half is the number of the phase, then 16 bits each of arrivals that a phase wants and that this one still wants.
typedef uint64_t __mbarrier_t;
typedef uint64_t __mbarrier_token_t;

AW_DEVICE_INLINE uint32_t __mbarrier_maximum_count() { return 0xffff; }
AW_DEVICE_INLINE void __mbarrier_init(__mbarrier_t* barrier, uint32_t expected) {
  *(volatile __mbarrier_t*)barrier = (uint64_t)expected << 16 | expected;
}
AW_DEVICE_INLINE void __mbarrier_inval(__mbarrier_t*) {}

AW_DEVICE_INLINE __mbarrier_token_t __aw_mbarrier_arrive(__mbarrier_t* barrier, uint64_t arrivals, uint64_t drops) {
  cuda::atomic_ref<uint64_t, cuda::thread_scope_block> state(*barrier);
  uint64_t before = state.load(cuda::memory_order_relaxed), after;
  do {
    uint64_t expected = (before >> 16 & 0xffff) - drops, left = (before & 0xffff) - arrivals, phase = before >> 32;
    if (left == 0) left = expected, phase += 1;
    after = phase << 32 | expected << 16 | left;
  } while (!state.compare_exchange_weak(before, after, cuda::memory_order_acq_rel));
  return before;
}
AW_DEVICE_INLINE __mbarrier_token_t __mbarrier_arrive(__mbarrier_t* barrier) { return __aw_mbarrier_arrive(barrier, 1, 0); }
AW_DEVICE_INLINE __mbarrier_token_t __mbarrier_arrive_and_drop(__mbarrier_t* barrier) { return __aw_mbarrier_arrive(barrier, 1, 1); }
AW_DEVICE_INLINE bool __mbarrier_test_wait(__mbarrier_t* barrier, __mbarrier_token_t token) {
  return cuda::atomic_ref<uint64_t, cuda::thread_scope_block>(*barrier).load(cuda::memory_order_acquire) >> 32 != token >> 32;
}
AW_DEVICE_INLINE bool __mbarrier_test_wait_parity(__mbarrier_t* barrier, bool parity) {
  uint64_t state = cuda::atomic_ref<uint64_t, cuda::thread_scope_block>(*barrier).load(cuda::memory_order_acquire);
  return (state >> 32 & 1) != (uint64_t)parity;
}
AW_DEVICE_INLINE bool __mbarrier_try_wait(__mbarrier_t* barrier, __mbarrier_token_t token, uint32_t) {
  return __mbarrier_test_wait(barrier, token);
}
AW_DEVICE_INLINE bool __mbarrier_try_wait_parity(__mbarrier_t* barrier, bool parity, uint32_t) {
  return __mbarrier_test_wait_parity(barrier, parity);
}
AW_DEVICE_INLINE uint32_t __mbarrier_token_pending_count(__mbarrier_token_t token) { return (uint32_t)(token & 0xffff); }

#endif
#endif
