// Most kernels that suspend do it in one way: every slice of the block waits at barrier 0. Then the block runs in
// lockstep, and a barrier costs one resume a slice and nothing else:
//
//   resume slice 0, 1, 2, ... all wait at barrier 0 -> resume slice 0, 1, 2, ...
//
// So do blocks whose slices all walk (AW_WAIT_WALK), but between two passes the other blocks in flight have their turn.
//
// As soon as a slice does anything else (another barrier, a count, a reduction, bar.arrive, a yield) the pass is settled: every
// slice gets a state, arrivals are counted, and passes run whoever is ready, in slice order, until all are ready again.
#include "exec/slice_block.h"

#include "exec/worker.h"

#include <cstdlib>
#include <cstring>

namespace anywarp::exec {
namespace {

// Word 0 of a coroutine handle is its resume function, null once it has finished.
bool finished(void* handle) { return !handle || *static_cast<void**>(handle) == nullptr; }

bool waits_in_lockstep(const AwSlice& slice) { return slice.wait == AW_WAIT_BARRIER && slice.barrier == 0 && slice.count == 0; }

}  // namespace

SliceBlock::~SliceBlock() { std::free(frames_); }

Result<> SliceBlock::prepare() {
  const Code& code = *run_->grid().code;
  width_ = code.width;
  count_ = (run_->threads() + width_ - 1) / width_;
  const size_t align = std::max<size_t>(code.frame_align, 64);
  frame_step_ = (std::max<size_t>(code.frame_bytes, 16) + align - 1) / align * align;
  if (frame_step_ * count_ > frames_bytes_ || align > frames_align_) {
    std::free(frames_);
    frames_bytes_ = frame_step_ * count_;
    frames_align_ = align;
    frames_ = static_cast<char*>(std::aligned_alloc(align, frames_bytes_));
    if (!frames_) {
      const size_t asked = std::exchange(frames_bytes_, 0);
      return Error{CUDA_ERROR_OUT_OF_MEMORY, "No memory for the " + std::to_string(asked) + " bytes of state that a suspended block needs.",
                   ""};
    }
  }
  slices_.assign(count_, AwSlice{});
  handles_.assign(count_, nullptr);
  states_.assign(count_, State::Ready);
  live_.resize(count_);
  for (uint32_t i = 0; i < count_; ++i) {
    slices_[i].index = i;
    live_[i] = i;
  }
  barriers_.reset(run_->threads());
  arrivals_.clear();
  next_arrival_ = 0;
  lockstep_ = true;
  return {};
}

uint32_t SliceBlock::threads_of(uint32_t i) const { return std::min(width_, run_->threads() - i * width_); }

void* SliceBlock::start_slice(uint32_t i) {
  using Ramp = void* (*)(AwBlock*, AwSlice*, void*);
  return reinterpret_cast<Ramp>(run_->grid().code->entry)(&block, &slices_[i], frames_ + i * frame_step_);
}

// Runs slice i until it suspends; false when it has finished.
bool SliceBlock::run_slice(uint32_t i) {
  running_ = i;
  slices_[i].wait = AW_WAIT_NONE;
  if (!handles_[i]) {
    handles_[i] = start_slice(i);
  } else {
    __builtin_coro_resume(handles_[i]);
  }
  return !finished(handles_[i]);
}

Barriers::Arrival SliceBlock::arrival_of(uint32_t i) const {
  const AwSlice& slice = slices_[i];
  Barriers::Arrival arrival;
  arrival.barrier = slice.barrier;
  arrival.count = slice.count;
  arrival.lanes = slice.lanes;
  arrival.covers = threads_of(i);
  arrival.last = i + 1 == count_;
  arrival.value = slice.value;
  return arrival;
}

void SliceBlock::release(uint32_t barriers) {
  for (const uint32_t i : live_) {
    AwSlice& slice = slices_[i];
    if (states_[i] != State::Waiting || !(barriers >> (slice.barrier & 15) & 1)) continue;
    slice.result = barriers_.result(slice.barrier, slice.wait);
    states_[i] = State::Ready;
  }
}

void SliceBlock::arrive(uint32_t barrier, uint32_t count, uint32_t lanes) { arrivals_.push_back({running_, barrier, count, lanes}); }

// What slice i has done by bar.arrive since it was last settled.
void SliceBlock::settle_arrivals(uint32_t i) {
  for (; next_arrival_ < arrivals_.size() && arrivals_[next_arrival_].slice == i; ++next_arrival_) {
    const PendingArrival& pending = arrivals_[next_arrival_];
    Barriers::Arrival arrival;
    arrival.barrier = pending.barrier;
    arrival.count = pending.count;
    arrival.lanes = arrival.covers = pending.lanes;
    arrival.last = i + 1 == count_;
    if (barriers_.arrive(arrival)) release(1u << (pending.barrier & 15));
  }
  if (next_arrival_ == arrivals_.size()) {
    arrivals_.clear();
    next_arrival_ = 0;
  }
}

// Gives slice i the state that follows from how it suspended.
void SliceBlock::settle(uint32_t i) {
  settle_arrivals(i);
  if (finished(handles_[i])) {
    states_[i] = State::Done;
    release(barriers_.exit(threads_of(i)));
    return;
  }
  const AwSlice& slice = slices_[i];
  if (slice.wait == AW_WAIT_YIELD || slice.wait == AW_WAIT_WALK || slice.wait == AW_WAIT_NONE) {
    states_[i] = State::Yielded;
    return;
  }
  states_[i] = State::Waiting;
  if (barriers_.arrive(arrival_of(i))) release(1u << (slice.barrier & 15));
}

Progress SliceBlock::advance() {
  for (;;) {
    if (lockstep_) {
      size_t waiting = 0, walking = 0;
      for (const uint32_t i : live_) {
        if (!run_slice(i)) continue;
        waiting += waits_in_lockstep(slices_[i]);
        walking += slices_[i].wait == AW_WAIT_WALK;
      }
      if (waiting == live_.size() && arrivals_.empty()) continue;
      if (walking == live_.size() && arrivals_.empty()) return Progress::Walking;
      lockstep_ = false;
      // A barrier that completes while we settle must not release a slice that has not been counted yet.
      for (const uint32_t i : live_) states_[i] = State::Unsettled;
      for (const uint32_t i : live_) settle(i);
    } else {
      for (size_t k = 0; k < live_.size(); ++k) {
        const uint32_t i = live_[k];
        if (states_[i] != State::Ready) continue;
        run_slice(i);
        settle(i);
      }
    }

    size_t kept = 0, ready = 0, yielded = 0, walking = 0;
    for (const uint32_t i : live_) {
      if (states_[i] == State::Done) continue;
      ready += states_[i] == State::Ready;
      yielded += states_[i] == State::Yielded;
      walking += states_[i] == State::Yielded && slices_[i].wait == AW_WAIT_WALK;
      live_[kept++] = i;
    }
    live_.resize(kept);
    if (kept == 0) return Progress::Finished;
    if (ready == kept) {
      lockstep_ = barriers_.idle();
      continue;
    }
    if (ready != 0) continue;
    if (yielded == 0) return Progress::Deadlock;
    for (const uint32_t i : live_)
      if (states_[i] == State::Yielded) states_[i] = State::Ready;
    lockstep_ = yielded == kept && barriers_.idle();
    return walking != 0 ? Progress::Walking : Progress::Stalled;
  }
}

std::string SliceBlock::deadlock() const {
  std::string text = "the block cannot go on:";
  for (uint32_t barrier = 0; barrier < 16; ++barrier) {
    std::string who;
    uint32_t last_warp = ~0u;
    for (const uint32_t i : live_) {
      const uint32_t warp = i * width_ / kWarpSize;
      if (states_[i] != State::Waiting || (slices_[i].barrier & 15) != barrier || warp == last_warp) continue;
      who += (who.empty() ? "" : ", ") + std::to_string(warp);
      last_warp = warp;
    }
    if (who.empty()) continue;
    text += " warps " + who + " wait at barrier " + std::to_string(barrier) + ", where " +
            std::to_string(barriers_.state(barrier).arrived) + " of " + std::to_string(barriers_.expected(barrier)) +
            " threads have arrived;";
  }
  return text + " every other thread has exited.";
}

}  // namespace anywarp::exec
