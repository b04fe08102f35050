// A thread that runs blocks: a pool thread, or a caller of Pool::run while it takes part. Also the ways out of a kernel.
#pragma once

#include "exec/fiber.h"
#include "exec/grid_run.h"
#include "exec/resident_block.h"
#include "exec/shared_memory.h"

#include <csetjmp>
#include <csignal>
#include <memory>
#include <vector>

namespace anywarp::exec {

class FiberBlock;
class SliceBlock;

class Worker {
 public:
  /// This thread's worker, made at its first use. Null when its stack for signals cannot be mapped.
  static Worker* current();
  /// The same, but never makes one; safe in signal handlers.
  static Worker* existing();

  Worker();
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Runs blocks of the grid until none is left or it is cancelled. Errors go to the run. `number`: 0 to run.workers() - 1, another one
  /// for each worker of a run.
  void run(GridRun& run, unsigned number);

  /// Shared memory for blocks that run one at a time.
  Result<char*> own_shared(uint32_t bytes);
  StackPool& stacks() { return stacks_; }

  /// Leaves the kernel with an error: to be called on this thread, inside generated code or what it calls.
  [[noreturn]] void leave(CUresult code, const char* format, ...) __attribute__((format(printf, 3, 4)));
  /// From a signal handler: the same, with what the signal says.
  [[noreturn]] void leave_by_signal(int signo, const siginfo_t* info, const void* context);
  /// Goes on with leave(), once it has come back from a fiber to the worker's own stack.
  [[noreturn]] void leave_now();
  bool in_kernel() const { return in_kernel_ != 0; }

  // Where this worker is, for messages and for the runtime functions.
  GridRun* grid = nullptr;
  const AwBlock* block = nullptr;
  const AwThread* thread = nullptr;   // scalar engine
  Fiber* fiber = nullptr;             // the fiber that runs, null on the worker's own stack

 private:
  void run_blocks(GridRun& run, unsigned number);
  void run_threads(GridRun& run, unsigned number);
  void run_resident(GridRun& run, unsigned number);
  ResidentBlock* acquire(GridRun& run);
  void recycle_all();
  void land();
  void fail(CUresult code, const std::string& what);

  sigjmp_buf landing_;
  volatile sig_atomic_t in_kernel_ = 0;
  CUresult left_with_ = CUDA_SUCCESS;
  char left_message_[768];

  // Of forms that run one block at a time. They are no locals, for land() looks at them when the frames are gone.
  AwBlock own_block_{};
  AwThread own_thread_{};
  SharedSlot slot_;
  StackPool stacks_;
  // Blocks in flight: `stalled_` in index order; the others wait for reuse.
  std::vector<std::unique_ptr<ResidentBlock>> slice_blocks_, fiber_blocks_;
  std::vector<ResidentBlock*> idle_slice_blocks_, idle_fiber_blocks_;
  std::vector<ResidentBlock*> stalled_;
  void* signal_stack_ = nullptr;
};

}  // namespace anywarp::exec
