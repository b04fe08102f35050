// A block whose threads or slices may wait for each other: one of several that a worker keeps in flight.
#pragma once

#include "base/result.h"
#include "exec/barriers.h"
#include "exec/grid_run.h"
#include "exec/shared_memory.h"

namespace anywarp::exec {

class Worker;

enum class Progress : uint8_t {
  Finished,
  Walking,   // some slices have let their neighbours in the next blocks go on; they wait for nobody
  Stalled,   // every thread waits, and at least one of them spins: somebody else has to do something
  Deadlock,  // every thread waits for another one of the block
};

class ResidentBlock {
 public:
  virtual ~ResidentBlock() { give_shared_slot(slot_); }

  /// Makes ready to run block `index`. Errors: OUT_OF_MEMORY.
  Result<> start(Worker& worker, GridRun& run, uint64_t index);
  /// Runs until the block has finished or stalls.
  virtual Progress advance() = 0;
  /// After Deadlock: who waits for what, a full sentence.
  virtual std::string deadlock() const = 0;
  /// bar.arrive by the slice or thread that runs.
  virtual void arrive(uint32_t barrier, uint32_t count, uint32_t lanes) = 0;
  /// Gives up what the block holds of the worker, wherever its threads are.
  virtual void abandon() = 0;

  AwBlock block{};

 protected:
  virtual Result<> prepare() = 0;
  Worker* worker_ = nullptr;
  GridRun* run_ = nullptr;
  Barriers barriers_;

 private:
  SharedSlot slot_;
};

}  // namespace anywarp::exec
