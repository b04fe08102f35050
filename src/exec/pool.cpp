// The hand-off. The calling thread runs blocks itself, always: a grid that is over within the few microseconds that
// waking somebody takes (43 us where a thread sleeps) never meets another thread. Others are asked to help when the
// grid is larger than that, by what its code has shown in earlier runs, or when nothing is known of it.
//
// A worker that has run out of work looks for more for kSpin, since kernels come in sequences, and then sleeps.
#include "exec/faults.h"
#include "exec/worker.h"

#include <pthread.h>
#include <signal.h>

#include <condition_variable>
#include <deque>
#include <string>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace anywarp::exec {
namespace {

constexpr uint64_t kSpinNs = 30'000;
constexpr uint64_t kAloneNs = 10'000;              // a grid that takes less is run by its caller alone
constexpr size_t kStackBytes = 64u << 20;

void relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Whether the workers should hear of this grid before its caller has begun.
bool worth_help(const GridRun& run) {
  if (run.blocks() <= 1) return false;
  if (!run.grid().history) return true;
  const uint64_t block_ps = run.grid().history->block_picoseconds.load(std::memory_order_relaxed);
  return block_ps == 0 || run.blocks() >= kAloneNs * 1000 / block_ps;
}

}  // namespace

class PoolState {
 public:
  std::atomic<uint32_t> changes{0};   // bumped for every grid that is published; sleepers wait for it to move
  std::atomic<uint32_t> published{0}; // grids in the queue
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::deque<GridRun*> queue;         // guarded by mutex; oldest first
  std::vector<pthread_t> threads;

  std::atomic<unsigned> started{0};

  static void* thread_main(void* self);
  void work(unsigned number);
  GridRun* join_oldest();
  void publish(GridRun& run);
  void withdraw(GridRun& run);
};

void* PoolState::thread_main(void* self) {
  auto* pool = static_cast<PoolState*>(self);
  // The thread that calls is number 0 of every run.
  pool->work(1 + pool->started.fetch_add(1, std::memory_order_relaxed));
  return nullptr;
}

GridRun* PoolState::join_oldest() {
  if (published.load(std::memory_order_acquire) == 0) return nullptr;
  std::lock_guard lock(mutex);
  for (GridRun* run : queue) {
    if (run->exhausted()) continue;
    run->helpers.fetch_add(1, std::memory_order_relaxed);
    return run;
  }
  return nullptr;
}

void PoolState::work(unsigned number) {
  Worker* worker = Worker::current();
  uint32_t seen = changes.load(std::memory_order_acquire);
  uint64_t idle_since = 0;
  while (!stopping.load(std::memory_order_acquire)) {
    if (GridRun* run = join_oldest()) {
      worker->run(*run, number);
      // The caller may be gone, and the run with it, as soon as the count is down.
      run->helpers.fetch_sub(1, std::memory_order_release);
      idle_since = 0;
      continue;
    }
    const uint64_t now = now_ns();
    if (idle_since == 0) idle_since = now;
    if (now - idle_since < kSpinNs) {
      for (int i = 0; i < 32 && changes.load(std::memory_order_relaxed) == seen; ++i) relax();
    } else {
      changes.wait(seen, std::memory_order_acquire);
      idle_since = 0;
    }
    seen = changes.load(std::memory_order_acquire);
  }
}

void PoolState::publish(GridRun& run) {
  {
    std::lock_guard lock(mutex);
    queue.push_back(&run);
    published.store(uint32_t(queue.size()), std::memory_order_release);
  }
  changes.fetch_add(1, std::memory_order_release);
  if (run.blocks() == 2)
    changes.notify_one();
  else
    changes.notify_all();
}

void PoolState::withdraw(GridRun& run) {
  {
    std::lock_guard lock(mutex);
    std::erase(queue, &run);
    published.store(uint32_t(queue.size()), std::memory_order_release);
  }
  // Helpers are in the middle of their last batch, which is short unless its blocks are long.
  for (uint32_t turns = 0; run.helpers.load(std::memory_order_acquire) != 0; ++turns) {
    if (turns < 2000)
      relax();
    else
      sched_yield();
  }
}

Pool::Pool(unsigned workers) : workers_(std::max(1u, workers)), state_(std::make_unique<PoolState>()) {
  install_fault_handlers();
  // Signals that are meant for the program go to the program's own threads.
  sigset_t all, before;
  sigfillset(&all);
  for (int signo : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP}) sigdelset(&all, signo);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  for (unsigned i = 1; i < workers_; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, &attributes, &PoolState::thread_main, state_.get()) != 0) break;
    pthread_setname_np(thread, ("anywarp-" + std::to_string(i)).c_str());
    state_->threads.push_back(thread);
  }
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Pool::~Pool() {
  state_->stopping.store(true, std::memory_order_release);
  state_->changes.fetch_add(1, std::memory_order_release);
  state_->changes.notify_all();
  for (pthread_t thread : state_->threads) pthread_join(thread, nullptr);
}

Result<> Pool::run(const Grid& grid) {
  if (grid.static_shared + uint64_t(grid.dynamic_shared) > kMaxSharedBytes)
    return Error{CUDA_ERROR_INVALID_VALUE,
                 "kernel '" + std::string(grid.kernel) + "' asks for " +
                     std::to_string(grid.static_shared + uint64_t(grid.dynamic_shared)) + " bytes of shared memory; a block has " +
                     std::to_string(kMaxSharedBytes) + ".",
                 ""};
  Worker* worker = Worker::current();
  GridRun run(grid, unsigned(state_->threads.size()) + 1);
  if (state_->threads.empty() || !worth_help(run)) {
    worker->run(run, 0);
    return run.result();
  }
  run.share_out();
  state_->publish(run);
  worker->run(run, 0);
  state_->withdraw(run);
  return run.result();
}

}  // namespace anywarp::exec
