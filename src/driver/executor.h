// The threads that run streams.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

namespace anywarp::driver {

class Queue;

inline void pause_processor() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Starts a thread whenever a queue is ready and no thread is free, up to 128: as many kernels as CUDA's devices run at
/// once, for kernels may wait for each other or for a host function. Threads never end; the process ends with them.
class Executor {
 public:
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Queues of a lower priority number go first.
  void push(std::shared_ptr<Queue> queue);

 private:
  static constexpr int kMostThreads = 128;
  static constexpr int kUrgent = 0, kOrdinary = 1;

  static void* thread_main(void* executor);
  void work();
  std::shared_ptr<Queue> take();       // requires the lock; null when there is none
  void add_hands(std::unique_lock<std::mutex>& lock);
  void spin();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<size_t> pending_{0};
  std::deque<std::shared_ptr<Queue>> ready_[2];
  int threads_ = 0;
  int sleeping_ = 0;
  int woken_ = 0;                      // told to wake up, and not awake yet
  bool spinning_ = false;
};

}  // namespace anywarp::driver
