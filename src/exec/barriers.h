// The 16 barriers of a block, as both engines use them: counting only; who waits is the engine's to know.
#pragma once

#include "exec/abi.h"

#include <array>
#include <cstdint>

namespace anywarp::exec {

class Barriers {
 public:
  struct Barrier {
    uint32_t expected = 0;  // threads; 0: all of the block
    uint32_t arrived = 0;
    uint32_t sum = 0;       // bar.red: lanes whose predicate holds
    bool all = true;        // bar.red: it holds in every lane
  };
  struct Arrival {
    uint32_t barrier = 0;
    uint32_t count = 0;     // as the instruction says; 0: all of the block
    uint32_t lanes = 0;     // threads that arrive
    uint32_t covers = 0;    // threads that count at a whole-block barrier: `lanes` and those that have exited beside them
    bool last = false;      // the block's last thread is among them
    uint32_t value = 0;     // bar.red
  };

  void reset(uint32_t threads);

  /// True when the barrier is complete: the engine resumes its waiters with result(), and the barrier is as new.
  bool arrive(const Arrival& arrival);
  /// `threads` exit; returns the barriers (bit b: barrier b) that are complete now.
  uint32_t exit(uint32_t threads);

  /// What a waiter of `kind` gets from the barrier's last completion.
  uint32_t result(uint32_t barrier, uint32_t kind) const;
  /// Whether no barrier holds an arrival.
  bool idle() const { return used_ == 0; }
  const Barrier& state(uint32_t barrier) const { return barriers_[barrier & 15]; }
  /// Threads that a barrier still expects, for messages.
  uint32_t expected(uint32_t barrier) const;

 private:
  bool complete(uint32_t id);

  std::array<Barrier, 16> barriers_;
  struct Outcome {
    uint32_t sum = 0;
    bool all = false;
  };
  std::array<Outcome, 16> outcomes_;
  uint32_t threads_ = 0, padded_ = 0, exited_ = 0;
  uint32_t used_ = 0;  // barriers with arrivals
};

}  // namespace anywarp::exec
