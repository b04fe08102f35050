// How a worker runs a grid, and how it gets out of a kernel that fails.
//
//   run(grid) -> sigsetjmp -> loop over blocks -> generated code -> aw_trap, a fault, a deadlock
//                    ^------------------------------ siglongjmp -----------------'
//
// The frames that the jump skips belong to generated code and to the loops below, which own nothing: whatever has to be
// given back (fibers, blocks in flight) is reachable from the worker.
#include "exec/worker.h"

#include "exec/faults.h"
#include "exec/fiber_block.h"
#include "exec/slice_block.h"

#include <sched.h>

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace anywarp::exec {
namespace {

// Initial-exec, so that a signal handler can read it without allocating.
__attribute__((tls_model("initial-exec"))) thread_local Worker* this_worker = nullptr;

struct ThreadExit {
  ~ThreadExit() { delete std::exchange(this_worker, nullptr); }
};

void pause_processor() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Kernels start with the rounding mode and the denormals of IEEE 754, whatever the calling program has set.
class DefaultFloatingPoint {
 public:
#if defined(__x86_64__)
  DefaultFloatingPoint() : saved_(_mm_getcsr()) { _mm_setcsr(0x1f80); }
  ~DefaultFloatingPoint() { _mm_setcsr(saved_); }

 private:
  unsigned saved_;
#elif defined(__aarch64__)
  DefaultFloatingPoint() {
    asm volatile("mrs %0, fpcr" : "=r"(saved_));
    asm volatile("msr fpcr, xzr");
  }
  ~DefaultFloatingPoint() { asm volatile("msr fpcr, %0" : : "r"(saved_)); }

 private:
  uint64_t saved_;
#endif
};

/// How many blocks that walk over memory are in flight beside each other: as many as make a piece of memory that is worth going to,
/// as long as their shared memory stays in the processor's caches.
uint64_t walkers(const GridRun& run) {
  constexpr uint64_t kThreads = 16384, kMostBlocks = 128, kSharedBytes = 256 * 1024;
  if (!run.grid().code->walks) return 1;
  uint64_t blocks = std::clamp<uint64_t>(kThreads / run.threads(), 1, kMostBlocks);
  if (const uint32_t shared = run.launch().shared_bytes) blocks = std::min(blocks, std::max<uint64_t>(1, kSharedBytes / shared));
  return std::min(blocks, std::max<uint64_t>(1, run.blocks() / run.workers()));
}

}  // namespace

Worker* Worker::existing() { return this_worker; }

Worker* Worker::current() {
  if (!this_worker) {
    static thread_local ThreadExit exit;
    (void)exit;
    this_worker = new Worker;
  }
  return this_worker;
}

Worker::Worker() : signal_stack_(ensure_signal_stack()) {}

Worker::~Worker() {
  give_shared_slot(slot_);
  release_signal_stack(signal_stack_);
}

Result<char*> Worker::own_shared(uint32_t bytes) {
  if (!slot_) slot_ = take_shared_slot();
  if (!slot_)
    return Error{CUDA_ERROR_OUT_OF_MEMORY,
                 "There is no room below 4 GiB for a block's shared memory (" + std::to_string(bytes) + " bytes).", ""};
  return slot_.place(bytes);
}

void Worker::run(GridRun& run, unsigned number) {
  DefaultFloatingPoint floating_point;
  grid = &run;
  if (sigsetjmp(landing_, 0) == 0) {
    in_kernel_ = 1;
    switch (run.grid().code->form) {
      case Form::Block: run_blocks(run, number); break;
      case Form::Threads: run_threads(run, number); break;
      case Form::Slices:
      case Form::FiberThreads: run_resident(run, number); break;
    }
    in_kernel_ = 0;
  } else {
    land();
  }
  block = nullptr;
  grid = nullptr;
}

void Worker::run_blocks(GridRun& run, unsigned number) {
  auto shared = own_shared(run.launch().shared_bytes);
  if (!shared) return run.fail(shared.take_error());
  using Entry = void (*)(AwBlock*, uint32_t);
  const Entry entry = reinterpret_cast<Entry>(run.grid().code->entry);
  AwBlock& state = own_block_;
  state = {};
  state.launch = &run.launch();
  state.shared = *shared;
  block = &state;
  const uint64_t most = run.grid().code->most_blocks ? run.grid().code->most_blocks : UINT64_MAX;
  BlockSource source(run, number);
  for (uint64_t first, count; source.next_batch(first, count);) {
    while (count != 0) {
      place_block(state, run.launch(), first);
      const uint64_t row = std::min({count, run.launch().grid[0] - uint64_t(state.ctaid[0]), most});
      entry(&state, uint32_t(row));
      if (run.cancelled()) return;
      first += row;
      count -= row;
    }
  }
}

void Worker::run_threads(GridRun& run, unsigned number) {
  auto shared = own_shared(run.launch().shared_bytes);
  if (!shared) return run.fail(shared.take_error());
  using Entry = void (*)(AwThread*);
  const Entry entry = reinterpret_cast<Entry>(run.grid().code->entry);
  const uint32_t* ntid = run.launch().block;
  AwBlock& state = own_block_;
  state = {};
  state.launch = &run.launch();
  state.shared = *shared;
  block = &state;
  AwThread& one = own_thread_;
  one = {};
  one.block = &state;
  thread = &one;
  BlockSource source(run, number);
  for (uint64_t i; source.next(i) && !run.cancelled();) {
    place_block(state, run.launch(), i);
    one.index = 0;
    for (uint32_t z = 0; z < ntid[2]; ++z)
      for (uint32_t y = 0; y < ntid[1]; ++y)
        for (uint32_t x = 0; x < ntid[0]; ++x) {
          one.tid[0] = x, one.tid[1] = y, one.tid[2] = z;
          entry(&one);
          ++one.index;
        }
  }
  thread = nullptr;
}

ResidentBlock* Worker::acquire(GridRun& run) {
  const bool slices = run.grid().code->form == Form::Slices;
  auto& all = slices ? slice_blocks_ : fiber_blocks_;
  auto& idle = slices ? idle_slice_blocks_ : idle_fiber_blocks_;
  if (idle.empty()) {
    all.push_back(slices ? std::unique_ptr<ResidentBlock>(new SliceBlock) : std::unique_ptr<ResidentBlock>(new FiberBlock));
    idle.push_back(all.back().get());
  }
  ResidentBlock* found = idle.back();
  idle.pop_back();
  return found;
}

// Blocks start in index order. A block that stalls (every thread waits, some of them by spinning) stays in flight and is
// run again in turn, and after some turns in which nobody finishes the next block is started beside it. So whatever a
// block waits for, an earlier block (decoupled look-back) or all of them (grid sync), comes in the end, however few
// the workers are. A cooperative grid has no patience: its blocks wait for each other by design.
//
// Blocks that walk over memory (AW_WAIT_WALK) are in flight by many from the start, and take their turns in index order.
void Worker::run_resident(GridRun& run, unsigned number) {
  auto& idle = run.grid().code->form == Form::Slices ? idle_slice_blocks_ : idle_fiber_blocks_;
  stalled_.clear();
  const uint64_t side_by_side = walkers(run);
  BlockSource source(run, number, side_by_side);
  bool more = true;
  uint64_t rounds = 0;
  while (!run.cancelled()) {
    const uint64_t patience = run.grid().cooperative ? 0 : 8 * stalled_.size() * (1 + stalled_.size() / 16);
    if (more && (rounds >= patience || stalled_.size() < side_by_side)) {
      rounds = 0;
      uint64_t index = 0;
      if (!source.next(index)) {
        more = false;
        continue;
      }
      ResidentBlock* next = acquire(run);
      block = &next->block;
      if (auto started = next->start(*this, run, index); !started) {
        run.fail(started.take_error());
        break;
      }
      // Until it has finished the block counts as stalled, so that land() finds it.
      stalled_.push_back(next);
      const Progress progress = next->advance();
      if (progress == Progress::Deadlock) fail(CUDA_ERROR_LAUNCH_FAILED, next->deadlock());
      if (progress == Progress::Finished) {
        stalled_.pop_back();
        idle.push_back(next);
      }
      continue;
    }
    if (stalled_.empty()) break;
    size_t kept = 0;
    bool walking = false;
    const size_t before = stalled_.size();
    for (size_t i = 0; i < before && !run.cancelled(); ++i) {
      ResidentBlock* next = stalled_[i];
      block = &next->block;
      const Progress progress = next->advance();
      if (progress == Progress::Deadlock) fail(CUDA_ERROR_LAUNCH_FAILED, next->deadlock());
      walking |= progress == Progress::Walking;
      if (progress == Progress::Finished) {
        idle.push_back(next);
        stalled_[i] = nullptr;
      }
    }
    for (ResidentBlock* next : stalled_)
      if (next) stalled_[kept++] = next;
    stalled_.resize(kept);
    rounds = kept == before && !walking ? rounds + 1 : 0;
    if (run.workers() > 1 && rounds > 64) rounds > 2048 ? (void)sched_yield() : pause_processor();
  }
  if (run.cancelled()) recycle_all();
}

void Worker::recycle_all() {
  stalled_.clear();
  idle_slice_blocks_.clear();
  idle_fiber_blocks_.clear();
  for (auto& one : slice_blocks_) {
    one->abandon();
    idle_slice_blocks_.push_back(one.get());
  }
  for (auto& one : fiber_blocks_) {
    one->abandon();
    idle_fiber_blocks_.push_back(one.get());
  }
}

// --- the way out ----------------------------------------------------------------------------------------------------

void Worker::leave(CUresult code, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(left_message_, sizeof left_message_, format, arguments);
  va_end(arguments);
  left_with_ = code;
  in_kernel_ = 0;
  // From a fiber the way leads over the worker's own stack: run() of the block sees that nobody is in the kernel.
  if (fiber) fiber->suspend();
  leave_now();
}

void Worker::leave_now() { siglongjmp(landing_, 1); }

void Worker::leave_by_signal(int signo, const siginfo_t* info, const void* context) {
  in_kernel_ = 0;
  left_with_ = CUDA_ERROR_ILLEGAL_ADDRESS;
  // snprintf of numbers takes no lock and no memory.
  const int room = sizeof left_message_;
  if (signo == SIGFPE) {
    left_with_ = CUDA_ERROR_LAUNCH_FAILED;
    snprintf(left_message_, room, "an arithmetic operation trapped (an integer division by zero)");
  } else if (signo == SIGILL) {
    left_with_ = CUDA_ERROR_ILLEGAL_INSTRUCTION;
    snprintf(left_message_, room, "the code ran into an illegal instruction at %p", info->si_addr);
  } else if (stacks_.is_guard(info->si_addr)) {
    left_with_ = CUDA_ERROR_LAUNCH_FAILED;
    snprintf(left_message_, room, "a thread has used up its stack");
  } else if (info->si_code == SI_KERNEL) {
    snprintf(left_message_, room, "an access to an address that no processor has, or to a misaligned one");
  } else {
    snprintf(left_message_, room, "an access to the illegal address %p", info->si_addr);
  }
  // The jump keeps the mask of the handler. Ours is empty, but who has a hand in sigaction, as TSan has, may block more in it, and
  // a fault while its signal is blocked ends the process.
  pthread_sigmask(SIG_SETMASK, &static_cast<const ucontext_t*>(context)->uc_sigmask, nullptr);
  if (fiber) fiber->announce_jump_out();
  siglongjmp(landing_, 1);
}

void Worker::fail(CUresult code, const std::string& what) {
  char where[160] = "";
  int length = 0;
  if (block) length = snprintf(where, sizeof where, ", block (%u,%u,%u)", block->ctaid[0], block->ctaid[1], block->ctaid[2]);
  if (block && thread)
    snprintf(where + length, sizeof where - size_t(length), ", thread (%u,%u,%u)", thread->tid[0], thread->tid[1], thread->tid[2]);
  grid->fail(Error{code, "kernel '" + std::string(grid->grid().kernel) + "'" + where + ": " + what, ""});
}

void Worker::land() {
  fail(left_with_, left_message_);
  thread = nullptr;
  fiber = nullptr;
  recycle_all();
}

}  // namespace anywarp::exec
