// The functions of abi.h.
#include "exec/abi.h"

#include "exec/device_heap.h"
#include "exec/fiber_block.h"
#include "exec/output.h"
#include "exec/worker.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

using namespace anywarp::exec;

namespace {

FiberBlock& block_of(AwThread* thread) { return *static_cast<FiberBlock*>(thread->executor); }

uint64_t clock_ns(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return uint64_t(now.tv_sec) * 1'000'000'000 + uint64_t(now.tv_nsec);
}

}  // namespace

extern "C" {

int32_t aw_vprintf(AwBlock*, const char* format, const void* arguments) { return print_formatted(format, arguments); }

void aw_assertfail(AwBlock* block, const uint32_t tid[3], const char* message, const char* file, uint32_t line, const char* function) {
  char text[2048];
  const int length = snprintf(text, sizeof text, "%s:%u: %s: block: [%u,%u,%u], thread: [%u,%u,%u] Assertion `%s` failed.\n",
                              file ? file : "?", line, function ? function : "?", block->ctaid[0], block->ctaid[1], block->ctaid[2], tid[0],
                              tid[1], tid[2], message ? message : "?");
  const size_t bytes = std::min(size_t(length > 0 ? length : 0), sizeof text - 1);
  (void)!write(STDERR_FILENO, text, bytes);
  Worker::existing()->leave(CUDA_ERROR_ASSERT, "assertion `%s` failed at %s:%u in thread (%u,%u,%u)", message ? message : "?",
                            file ? file : "?", line, tid[0], tid[1], tid[2]);
}

void aw_trap(AwBlock*) { Worker::existing()->leave(CUDA_ERROR_LAUNCH_FAILED, "the kernel executed trap"); }

void* aw_malloc(AwBlock*, uint64_t bytes) { return heap_allocate(bytes); }

void aw_free(AwBlock*, void* pointer) {
  if (!heap_release(pointer))
    Worker::existing()->leave(CUDA_ERROR_LAUNCH_FAILED,
                              "free was called with %p, which malloc in a kernel has not returned or which is free already", pointer);
}

uint64_t aw_clock64(void) {
#if defined(__x86_64__)
  return __rdtsc();
#elif defined(__aarch64__)
  uint64_t ticks;
  asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
  return ticks;
#else
  return clock_ns(CLOCK_MONOTONIC);
#endif
}

uint64_t aw_globaltimer(void) { return clock_ns(CLOCK_REALTIME); }

void aw_nanosleep(AwBlock*, uint32_t nanoseconds) {
  Worker* worker = Worker::existing();
  if (worker->fiber) {
    auto* thread = const_cast<AwThread*>(worker->thread);
    block_of(thread).yield(thread);
  }
  // PTX bounds the time by 1 ms. Shorter than what waking up takes is no sleep at all.
  const uint32_t bounded = std::min(nanoseconds, 1'000'000u);
  if (bounded < 50'000) {
    sched_yield();
    return;
  }
  const timespec time{0, long(bounded)};
  nanosleep(&time, nullptr);
}

void aw_barrier_arrive(AwBlock* block, uint32_t barrier, uint32_t count, uint32_t lanes) {
  // Blocks that never suspend have no barrier that anybody could wait at.
  if (block->executor) static_cast<ResidentBlock*>(block->executor)->arrive(barrier, count, lanes);
}

void aw_scalar_barrier(AwThread* thread, uint32_t barrier, uint32_t count) {
  block_of(thread).wait_at_barrier(thread, AW_WAIT_BARRIER, barrier, count, 0);
}

uint32_t aw_scalar_barrier_red(AwThread* thread, uint32_t kind, uint32_t barrier, uint32_t count, uint32_t predicate) {
  return block_of(thread).wait_at_barrier(thread, kind, barrier, count, predicate);
}

void aw_scalar_syncwarp(AwThread* thread, uint32_t mask) { block_of(thread).exchange(thread, {.kind = WarpKind::Sync, .mask = mask}); }

uint32_t aw_scalar_shfl(AwThread* thread, uint32_t mode, uint32_t mask, uint32_t value, uint32_t b, uint32_t c, uint32_t* in_range) {
  const WarpResult result =
      block_of(thread).exchange(thread, {.kind = WarpKind::Shuffle, .mode = mode, .mask = mask, .value = value, .b = b, .c = c});
  if (in_range) *in_range = result.flag;
  return result.value;
}

uint32_t aw_scalar_ballot(AwThread* thread, uint32_t mask, uint32_t predicate) {
  return block_of(thread).exchange(thread, {.kind = WarpKind::Ballot, .mask = mask, .value = predicate}).value;
}

uint32_t aw_scalar_match_any(AwThread* thread, uint32_t mask, uint64_t value) {
  return block_of(thread).exchange(thread, {.kind = WarpKind::MatchAny, .mask = mask, .value = value}).value;
}

uint32_t aw_scalar_match_all(AwThread* thread, uint32_t mask, uint64_t value, uint32_t* all_equal) {
  const WarpResult result = block_of(thread).exchange(thread, {.kind = WarpKind::MatchAll, .mask = mask, .value = value});
  if (all_equal) *all_equal = result.flag;
  return result.value;
}

uint32_t aw_scalar_redux(AwThread* thread, uint32_t mask, uint32_t op, uint32_t value) {
  return block_of(thread).exchange(thread, {.kind = WarpKind::Reduce, .mode = op, .mask = mask, .value = value}).value;
}

uint32_t aw_scalar_activemask(AwThread* thread) { return block_of(thread).active_lanes(thread, __builtin_return_address(0)); }

void aw_scalar_yield(AwThread* thread) { block_of(thread).yield(thread); }

AwThread* aw_scalar_this_thread(void) { return const_cast<AwThread*>(Worker::existing()->thread); }
}
