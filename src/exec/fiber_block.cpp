// The plain engine: every CUDA thread is a fiber that runs until it waits for somebody, in thread order, warp by warp.
// It is the oracle of the differential tests, so it is simple and never optimised.
//
//   thread 0: shfl.sync -> waits     thread 1: shfl.sync -> waits   ...   thread 31: shfl.sync -> the last of the mask:
//   all values are exchanged, all 32 are ready again, and thread 0 runs on.
//
// Lanes that have exited, or that a partial warp never had, are not waited for (PTX ISA, "all non-exited threads corresponding to
// membermask"). A lane that the mask names and that never comes is a deadlock, which is reported.
//
// activemask: the engine has no lockstep. A lane that asks waits until no lane of its warp can run; the lanes that then
// stand at the same place in the code are the active ones. That is what lockstep gives wherever the paths of a warp
// have met again.
#include "exec/fiber_block.h"

#include "exec/worker.h"

#include <bit>
#include <cstring>

namespace anywarp::exec {

Result<> FiberBlock::prepare() {
  const uint32_t count = run_->threads();
  if (threads_.size() < count) threads_.resize(count);
  const uint32_t* ntid = run_->launch().block;
  for (uint32_t i = 0; i < count; ++i) {
    Thread& thread = threads_[i];
    thread.thread = {&block, {i % ntid[0], i / ntid[0] % ntid[1], i / ntid[0] / ntid[1]}, i, this};
  }
  warps_.assign((count + kWarpSize - 1) / kWarpSize, Warp{});
  for (uint32_t w = 0; w < warps_.size(); ++w) {
    const uint32_t lanes = std::min(kWarpSize, count - w * kWarpSize);
    warps_[w].exists = warps_[w].ready = lanes == 32 ? ~0u : (1u << lanes) - 1;
  }
  barriers_.reset(count);
  live_ = count;
  return {};
}

void FiberBlock::body(void* argument) {
  auto& thread = *static_cast<Thread*>(argument);
  auto* self = static_cast<FiberBlock*>(thread.thread.executor);
  using Entry = void (*)(AwThread*);
  reinterpret_cast<Entry>(self->run_->grid().code->entry)(&thread.thread);
  self->exited(thread.thread.index);
}

void FiberBlock::run(uint32_t index) {
  Thread& thread = threads_[index];
  if (!thread.fiber.stack) {
    const Stack stack = worker_->stacks().take(std::max<size_t>(run_->grid().code->stack_bytes, 64 * 1024));
    if (!stack) worker_->leave(CUDA_ERROR_OUT_OF_MEMORY, "there is no memory for the stack of thread %u of the block", index);
    thread.fiber.start(stack, body, &thread);
  }
  worker_->thread = &thread.thread;
  worker_->fiber = &thread.fiber;
  thread.fiber.resume();
  if (!worker_->in_kernel()) worker_->leave_now();
  worker_->fiber = nullptr;
  worker_->thread = nullptr;
  if (warp_of(index).exited >> (index % kWarpSize) & 1) {
    worker_->stacks().give(thread.fiber.stack);
    thread.fiber.stack = {};
  }
}

void FiberBlock::abandon() {
  for (Thread& thread : threads_) {
    if (!thread.fiber.stack) continue;
    thread.fiber.abandon();
    worker_->stacks().give(thread.fiber.stack);
    thread.fiber.stack = {};
  }
}

void FiberBlock::suspend(Thread& thread) { thread.fiber.suspend(); }

Progress FiberBlock::advance() {
  for (;;) {
    bool ran = false;
    for (uint32_t w = 0; w < warps_.size(); ++w) {
      Warp& warp = warps_[w];
      while (warp.ready != 0 || warp.asking_active != 0) {
        ran = true;
        if (warp.ready != 0)
          run(w * kWarpSize + uint32_t(std::countr_zero(warp.ready)));
        else
          answer_active(warp, w * kWarpSize);
      }
    }
    if (live_ == 0) return Progress::Finished;
    if (ran) continue;
    uint32_t yielded = 0;
    for (Warp& warp : warps_) {
      yielded |= warp.yielded;
      warp.ready |= warp.yielded;
      warp.yielded = 0;
    }
    return yielded ? Progress::Stalled : Progress::Deadlock;
  }
}

void FiberBlock::exited(uint32_t index) {
  Warp& warp = warp_of(index);
  const uint32_t bit = 1u << (index % kWarpSize);
  warp.ready &= ~bit;
  warp.exited |= bit;
  --live_;
  release(barriers_.exit(1));
  // Somebody may have waited for this lane.
  for (uint32_t rest = warp.exchanging; rest != 0; rest &= rest - 1) {
    const uint32_t lane = uint32_t(std::countr_zero(rest));
    if (warp.exchanging >> lane & 1) try_exchange(warp, index / kWarpSize * kWarpSize, lane);
  }
}

// --- barriers -------------------------------------------------------------------------------------------------------

Barriers::Arrival FiberBlock::arrival(uint32_t index, uint32_t barrier, uint32_t count, uint32_t value) const {
  return {.barrier = barrier, .count = count, .lanes = 1, .covers = 1, .last = index + 1 == run_->threads(), .value = value};
}

void FiberBlock::release(uint32_t barriers) {
  if (barriers == 0) return;
  for (uint32_t w = 0; w < warps_.size(); ++w) {
    Warp& warp = warps_[w];
    for (uint32_t rest = warp.at_barrier; rest != 0; rest &= rest - 1) {
      const uint32_t lane = uint32_t(std::countr_zero(rest));
      Thread& thread = threads_[w * kWarpSize + lane];
      if (!(barriers >> thread.barrier & 1)) continue;
      thread.result.value = barriers_.result(thread.barrier, thread.kind);
      warp.at_barrier &= ~(1u << lane);
      warp.ready |= 1u << lane;
    }
  }
}

void FiberBlock::arrive(uint32_t barrier, uint32_t count, uint32_t lanes) {
  Barriers::Arrival what = arrival(worker_->thread->index, barrier, count, 0);
  what.lanes = what.covers = lanes;
  if (barriers_.arrive(what)) release(1u << (barrier & 15));
}

uint32_t FiberBlock::wait_at_barrier(AwThread* caller, uint32_t kind, uint32_t barrier, uint32_t count, uint32_t predicate) {
  Thread& thread = of(caller);
  Warp& warp = warp_of(caller->index);
  const uint32_t bit = 1u << (caller->index % kWarpSize);
  thread.barrier = barrier & 15;
  thread.kind = kind;
  warp.ready &= ~bit;
  warp.at_barrier |= bit;
  if (barriers_.arrive(arrival(caller->index, barrier, count, predicate != 0))) release(1u << thread.barrier);
  suspend(thread);
  return thread.result.value;
}

// --- the warp -------------------------------------------------------------------------------------------------------

// Exchanges if all lanes that `lane` waits for are there with the same operation.
bool FiberBlock::try_exchange(Warp& warp, uint32_t first, uint32_t lane) {
  const WarpOperation& mine = threads_[first + lane].operation;
  const uint32_t wanted = (mine.mask | 1u << lane) & warp.exists & ~warp.exited;
  if ((wanted & ~warp.exchanging) != 0) return false;
  const WarpOperation* operations[32] = {};
  WarpResult* results[32] = {};
  for (uint32_t rest = wanted; rest != 0; rest &= rest - 1) {
    const uint32_t other = uint32_t(std::countr_zero(rest));
    Thread& thread = threads_[first + other];
    if (thread.operation.kind != mine.kind || thread.operation.mode != mine.mode || thread.operation.mask != mine.mask) return false;
    operations[other] = &thread.operation;
    results[other] = &thread.result;
  }
  perform(wanted, operations, results);
  warp.exchanging &= ~wanted;
  warp.ready |= wanted;
  return true;
}

WarpResult FiberBlock::exchange(AwThread* caller, const WarpOperation& operation) {
  Thread& thread = of(caller);
  Warp& warp = warp_of(caller->index);
  const uint32_t lane = caller->index % kWarpSize;
  thread.operation = operation;
  warp.ready &= ~(1u << lane);
  warp.exchanging |= 1u << lane;
  try_exchange(warp, caller->index - lane, lane);
  suspend(thread);
  return thread.result;
}

uint32_t FiberBlock::active_lanes(AwThread* caller, const void* place) {
  Thread& thread = of(caller);
  Warp& warp = warp_of(caller->index);
  const uint32_t bit = 1u << (caller->index % kWarpSize);
  thread.place = place;
  warp.ready &= ~bit;
  warp.asking_active |= bit;
  suspend(thread);
  return thread.result.value;
}

// The lowest lane that asks, and all that ask at the same place.
void FiberBlock::answer_active(Warp& warp, uint32_t first) {
  const void* place = threads_[first + uint32_t(std::countr_zero(warp.asking_active))].place;
  uint32_t active = 0;
  for (uint32_t rest = warp.asking_active; rest != 0; rest &= rest - 1) {
    const uint32_t lane = uint32_t(std::countr_zero(rest));
    if (threads_[first + lane].place == place) active |= 1u << lane;
  }
  for (uint32_t rest = active; rest != 0; rest &= rest - 1) threads_[first + uint32_t(std::countr_zero(rest))].result.value = active;
  warp.asking_active &= ~active;
  warp.ready |= active;
}

void FiberBlock::yield(AwThread* caller) {
  Warp& warp = warp_of(caller->index);
  const uint32_t bit = 1u << (caller->index % kWarpSize);
  warp.ready &= ~bit;
  warp.yielded |= bit;
  suspend(of(caller));
}

// --- messages -------------------------------------------------------------------------------------------------------

std::string FiberBlock::deadlock() const {
  std::string text = "the block cannot go on:";
  char line[200];
  for (uint32_t barrier = 0; barrier < 16; ++barrier) {
    std::string who;
    for (uint32_t w = 0; w < warps_.size(); ++w) {
      bool waits = false;
      for (uint32_t rest = warps_[w].at_barrier; rest != 0; rest &= rest - 1)
        waits |= threads_[w * kWarpSize + uint32_t(std::countr_zero(rest))].barrier == barrier;
      if (waits) who += (who.empty() ? "" : ", ") + std::to_string(w);
    }
    if (who.empty()) continue;
    snprintf(line, sizeof line, " wait at barrier %u, where %u of %u threads have arrived;", barrier, barriers_.state(barrier).arrived,
             barriers_.expected(barrier));
    text += " warps " + who + line;
  }
  for (uint32_t w = 0; w < warps_.size(); ++w) {
    if (warps_[w].exchanging == 0) continue;
    const uint32_t lane = uint32_t(std::countr_zero(warps_[w].exchanging));
    const WarpOperation& operation = threads_[w * kWarpSize + lane].operation;
    snprintf(line, sizeof line, " lane %u of warp %u waits in %s for the lanes of its mask 0x%08x, and lanes 0x%08x of them have not come;",
             lane, w, name_of(operation.kind), operation.mask,
             operation.mask & warps_[w].exists & ~warps_[w].exited & ~warps_[w].exchanging);
    text += line;
    if (text.size() > 400) break;
  }
  return text + " nobody else can run.";
}

}  // namespace anywarp::exec
