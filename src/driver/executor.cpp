// At most one idle thread spins; it is the one that takes the next queue without anybody being woken. When it takes
// one and more are pending, it calls for the next thread, and so on.
#include "driver/executor.h"

#include "base/log.h"
#include "driver/queue.h"
#include "observe/observe.h"

#include <pthread.h>
#include <signal.h>

namespace anywarp::driver {
namespace {

constexpr uint64_t kSpinNs = 50'000;
constexpr uint64_t kGraceNs = 1'500;

}  // namespace

void Executor::push(std::shared_ptr<Queue> queue) {
  const int level = queue->priority() < 0 ? kUrgent : kOrdinary;
  std::unique_lock lock(mutex_);
  ready_[level].push_back(std::move(queue));
  pending_.fetch_add(1, std::memory_order_release);
  if (!spinning_) add_hands(lock);
}

std::shared_ptr<Queue> Executor::take() {
  for (auto& level : ready_) {
    if (level.empty()) continue;
    std::shared_ptr<Queue> queue = std::move(level.front());
    level.pop_front();
    pending_.fetch_sub(1, std::memory_order_relaxed);
    return queue;
  }
  return nullptr;
}

// Sees to it that somebody takes what is pending. Unlocks.
void Executor::add_hands(std::unique_lock<std::mutex>& lock) {
  if (sleeping_ > woken_) {
    ++woken_;
    lock.unlock();
    wake_.notify_one();
    return;
  }
  if (woken_ > 0 && size_t(woken_) >= pending_.load(std::memory_order_relaxed)) return lock.unlock();
  if (threads_ == kMostThreads) return lock.unlock();
  ++threads_;
  lock.unlock();

  // The program's signals are for the program's threads. Faults of kernels must arrive where they happen.
  sigset_t blocked, before;
  sigfillset(&blocked);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF}) sigdelset(&blocked, fault);
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
  pthread_t thread;
  const int failed = pthread_create(&thread, nullptr, &Executor::thread_main, this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failed == 0) {
    pthread_detach(thread);
    return;
  }
  // Whoever waits does the work, and the threads that there are go on.
  log_once(LogLevel::Warning, "executor-thread", "The system gives no further thread for a stream; streams run one after the other.");
  lock.lock();
  --threads_;
  lock.unlock();
}

void* Executor::thread_main(void* executor) {
  pthread_setname_np(pthread_self(), "anywarp-stream");
  static_cast<Executor*>(executor)->work();
  return nullptr;
}

void Executor::spin() {
  const uint64_t end = observe::now_ns() + kSpinNs;
  while (observe::now_ns() < end)
    for (int i = 0; i < 32; ++i) {
      if (pending_.load(std::memory_order_acquire) != 0) {
        // Whoever launches often synchronises at once, and then does the work without any hand-over.
        const uint64_t grace = observe::now_ns() + kGraceNs;
        while (observe::now_ns() < grace) pause_processor();
        return;
      }
      pause_processor();
    }
}

void Executor::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (std::shared_ptr<Queue> queue = take()) {
      if (pending_.load(std::memory_order_relaxed) != 0 && !spinning_)
        add_hands(lock);
      else
        lock.unlock();
      queue->run_ready();
      queue.reset();
      lock.lock();
      continue;
    }
    if (!spinning_) {
      spinning_ = true;
      lock.unlock();
      spin();
      lock.lock();
      spinning_ = false;
      if (pending_.load(std::memory_order_relaxed) != 0) continue;
    }
    ++sleeping_;
    wake_.wait(lock, [&] { return woken_ > 0; });
    --sleeping_;
    --woken_;
  }
}

}  // namespace anywarp::driver
