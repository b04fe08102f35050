// The engine of a stream: tasks in order, each after the tasks of other queues that it has to wait for.
#pragma once

#include "base/result.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace anywarp::driver {

class Executor;
class Queue;

/// One unit of work.
class Task {
 public:
  virtual ~Task() = default;
  /// An error is sticky: it becomes the status of the queue's context.
  virtual Result<> run() = 0;
  /// Called instead of run() when the context has failed.
  virtual void skip(const Error& error) {}
  /// Calls the program's code, so it must not run on a thread of the program's that happens to wait.
  virtual bool calls_program() const { return false; }
};

/// The sticky error of a context, shared by all that may set it.
class Status {
 public:
  bool failed() const { return failed_.load(std::memory_order_acquire); }
  /// The first error stays.
  void fail(const Error& error);
  Error error() const;

 private:
  std::atomic<bool> failed_{false};
  mutable std::mutex mutex_;
  Error error_;
};

/// A place in a queue: reached when the task of that number, and all before it, have ended.
struct Mark {
  std::shared_ptr<Queue> queue;
  uint64_t position = 0;
  bool reached() const;
};

enum class Patience : uint8_t { Auto, Spin, Yield, Block };  // CU_CTX_SCHED_*

class Queue : public std::enable_shared_from_this<Queue> {
 public:
  Queue(Executor& executor, std::shared_ptr<Status> status, int priority)
      : executor_(executor), status_(std::move(status)), priority_(priority) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  int priority() const { return priority_; }
  const std::shared_ptr<Status>& status() const { return status_; }

  /// Appends a task, or nothing but what it would wait for when `task` is null. Returns its position.
  /// Callers of one queue order themselves.
  uint64_t submit(std::unique_ptr<Task> task, std::vector<Mark> after);
  /// When the queue is idle and nothing in `after` is pending, takes it for the calling thread, which must then call
  /// run_claimed. Returns the position, or 0 when the task has to be submitted.
  uint64_t claim_idle(const std::vector<Mark>& after);
  void run_claimed(Task& task);

  bool reached(uint64_t position) const { return completed_.load(std::memory_order_acquire) >= position; }
  bool idle() const { return reached(submitted()); }
  uint64_t submitted() const { return submitted_.load(std::memory_order_acquire); }
  Mark mark() { return {shared_from_this(), submitted()}; }

  /// Returns when the position is reached; the calling thread does the work if nobody has begun to.
  void wait(uint64_t position, Patience patience);

  /// For the executor: runs tasks until there are none or one has to wait.
  void run_ready();

 private:
  enum class State : uint8_t {
    Idle,     // no tasks
    Ready,    // tasks, and the executor knows
    Running,  // a thread owns it
    Blocked,  // the first task waits for another queue, which will call resume()
  };
  struct Entry {
    std::unique_ptr<Task> task;
    std::vector<Mark> after;
  };
  struct Waiter {
    uint64_t position;
    std::shared_ptr<Queue> queue;
  };
  static constexpr uint64_t kAll = ~uint64_t{0};

  /// Requires: the state is Running, and this thread made it so. A `until` below kAll belongs to a waiting thread.
  void drain(std::unique_lock<std::mutex>& lock, uint64_t until);
  void execute(Task& task);
  /// Counts a task as completed and tells who waits. Unlocks in between.
  void complete_one(std::unique_lock<std::mutex>& lock);
  /// False if the position is reached already.
  bool resume_when_reached(uint64_t position, std::shared_ptr<Queue> waiting);
  void resume();

  Executor& executor_;
  const std::shared_ptr<Status> status_;
  const int priority_;
  std::atomic<uint64_t> submitted_{0}, completed_{0};
  std::mutex mutex_;
  std::condition_variable reached_;
  int sleepers_ = 0;
  State state_ = State::Idle;
  std::deque<Entry> entries_;
  std::vector<Waiter> waiters_;
};

inline bool Mark::reached() const { return queue->reached(position); }

/// True while this thread runs code that the program gave to a stream; it must then not call the driver.
bool in_program_callback();

}  // namespace anywarp::driver
