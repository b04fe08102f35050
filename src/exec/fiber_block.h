// A block of the scalar engine: one fiber a thread.
#pragma once

#include "exec/fiber.h"
#include "exec/resident_block.h"
#include "exec/warp_operation.h"

#include <string>
#include <vector>

namespace anywarp::exec {

class FiberBlock final : public ResidentBlock {
 public:
  Progress advance() override;
  std::string deadlock() const override;
  void arrive(uint32_t barrier, uint32_t count, uint32_t lanes) override;
  void abandon() override;

  // The collectives, called on the fiber of `thread`; they return when it may go on.
  uint32_t wait_at_barrier(AwThread* thread, uint32_t kind, uint32_t barrier, uint32_t count, uint32_t predicate);
  WarpResult exchange(AwThread* thread, const WarpOperation& operation);
  uint32_t active_lanes(AwThread* thread, const void* place);
  void yield(AwThread* thread);

 protected:
  Result<> prepare() override;

 private:
  struct Thread {
    AwThread thread;
    Fiber fiber;
    WarpOperation operation;   // while it waits for its warp
    WarpResult result;
    uint32_t barrier = 0, kind = 0;
    const void* place = nullptr;
  };
  // What the lanes of a warp do; every lane that exists is in exactly one of these masks.
  struct Warp {
    uint32_t ready = 0, at_barrier = 0, exchanging = 0, asking_active = 0, yielded = 0, exited = 0;
    uint32_t exists = 0;
  };

  static void body(void* thread);
  void run(uint32_t index);
  void suspend(Thread& thread);
  Thread& of(AwThread* thread) { return threads_[thread->index]; }
  Warp& warp_of(uint32_t index) { return warps_[index / kWarpSize]; }
  Barriers::Arrival arrival(uint32_t index, uint32_t barrier, uint32_t count, uint32_t value) const;
  void release(uint32_t barriers);
  bool try_exchange(Warp& warp, uint32_t first, uint32_t lane);
  void exited(uint32_t index);
  void answer_active(Warp& warp, uint32_t first);

  std::vector<Thread> threads_;
  std::vector<Warp> warps_;
  uint32_t live_ = 0;
};

}  // namespace anywarp::exec
