// A stream is a queue of tasks that one thread at a time owns. Nobody holds a thread while waiting for another stream:
// a queue whose first task has to wait gives up its thread, and the queue that it waits for makes it ready again.
//
//   Idle --submit--> Ready --a thread of the executor, or one that waits--> Running --first task must wait--> Blocked
//     ^                ^                                                      |  |                               |
//     |                +------------------------------ position reached -----+--+-------------------------------+
//     +------------------------------------------------- no more tasks ------+
//
// Launch and synchronise of an empty kernel has 5 microseconds, and waking a sleeping thread costs as much. So:
// - a thread that synchronises does the work itself when the executor has not taken it yet;
// - one idle thread of the executor spins for a while before it sleeps, so that a program that launches and
//   synchronises in a loop wakes nobody: it only hands a task over through a cache line;
// - what is cheap (an event, a small copy) on an idle queue runs at once on the calling thread.
// Tasks that call the program (host functions) always run on the executor's threads, for a program may hold locks while it waits.
#include "driver/queue.h"

#include "base/log.h"
#include "driver/executor.h"
#include "observe/observe.h"

#include <sched.h>

#include <chrono>

namespace anywarp::driver {
namespace {

constexpr uint64_t kSpinNs = 30'000;

thread_local bool tls_in_program_callback = false;

}  // namespace

bool in_program_callback() { return tls_in_program_callback; }

void Status::fail(const Error& error) {
  std::lock_guard lock(mutex_);
  if (failed_.load(std::memory_order_relaxed)) return;
  error_ = error;
  failed_.store(true, std::memory_order_release);
}

Error Status::error() const {
  std::lock_guard lock(mutex_);
  return error_;
}

uint64_t Queue::submit(std::unique_ptr<Task> task, std::vector<Mark> after) {
  std::unique_lock lock(mutex_);
  const uint64_t position = submitted_.load(std::memory_order_relaxed) + 1;
  submitted_.store(position, std::memory_order_release);
  entries_.push_back({std::move(task), std::move(after)});
  if (state_ != State::Idle) return position;
  state_ = State::Ready;
  lock.unlock();
  executor_.push(shared_from_this());
  return position;
}

uint64_t Queue::claim_idle(const std::vector<Mark>& after) {
  for (const Mark& mark : after)
    if (!mark.reached()) return 0;
  std::lock_guard lock(mutex_);
  if (state_ != State::Idle) return 0;
  state_ = State::Running;
  const uint64_t position = submitted_.load(std::memory_order_relaxed) + 1;
  submitted_.store(position, std::memory_order_release);
  return position;
}

void Queue::run_claimed(Task& task) {
  execute(task);
  std::unique_lock lock(mutex_);
  complete_one(lock);
  drain(lock, 0);
}

void Queue::execute(Task& task) {
  if (status_->failed()) return task.skip(status_->error());
  tls_in_program_callback = task.calls_program();
  Result<> result = task.run();
  tls_in_program_callback = false;
  if (result) return;
  log_error("%s", result.error().text().c_str());
  status_->fail(result.error());
}

void Queue::complete_one(std::unique_lock<std::mutex>& lock) {
  const uint64_t completed = completed_.load(std::memory_order_relaxed) + 1;
  completed_.store(completed, std::memory_order_release);
  if (sleepers_ != 0) reached_.notify_all();
  if (waiters_.empty()) return;
  std::vector<std::shared_ptr<Queue>> resumed;
  std::erase_if(waiters_, [&](Waiter& waiter) {
    if (waiter.position > completed) return false;
    resumed.push_back(std::move(waiter.queue));
    return true;
  });
  lock.unlock();
  for (const auto& queue : resumed) queue->resume();
  lock.lock();
}

void Queue::drain(std::unique_lock<std::mutex>& lock, uint64_t until) {
  while (!entries_.empty()) {
    Entry& first = entries_.front();
    const bool ours = !first.task || !first.task->calls_program();
    if (until != kAll && (completed_.load(std::memory_order_relaxed) >= until || !ours)) {
      state_ = State::Ready;
      lock.unlock();
      executor_.push(shared_from_this());
      lock.lock();
      return;
    }
    if (!first.after.empty()) {
      const Mark mark = std::move(first.after.back());
      first.after.pop_back();
      if (mark.reached() || mark.queue.get() == this) continue;
      // Blocked before the other queue knows, for it may call resume() at once.
      state_ = State::Blocked;
      lock.unlock();
      const bool waits = mark.queue->resume_when_reached(mark.position, shared_from_this());
      lock.lock();
      if (waits) return;
      state_ = State::Running;
      continue;
    }
    std::unique_ptr<Task> task = std::move(first.task);
    entries_.pop_front();
    if (task) {
      lock.unlock();
      execute(*task);
      task.reset();
      lock.lock();
    }
    complete_one(lock);
  }
  state_ = State::Idle;
}

bool Queue::resume_when_reached(uint64_t position, std::shared_ptr<Queue> waiting) {
  std::lock_guard lock(mutex_);
  if (completed_.load(std::memory_order_relaxed) >= position) return false;
  waiters_.push_back({position, std::move(waiting)});
  return true;
}

void Queue::resume() {
  std::unique_lock lock(mutex_);
  if (state_ != State::Blocked) return;
  state_ = State::Ready;
  lock.unlock();
  executor_.push(shared_from_this());
}

void Queue::run_ready() {
  std::unique_lock lock(mutex_);
  if (state_ != State::Ready) return;  // somebody who waits has taken it
  state_ = State::Running;
  drain(lock, kAll);
}

void Queue::wait(uint64_t position, Patience patience) {
  if (reached(position)) return;
  {
    std::unique_lock lock(mutex_);
    if (state_ == State::Ready) {
      state_ = State::Running;
      drain(lock, position);
      if (reached(position)) return;
    }
  }
  if (patience != Patience::Block) {
    const uint64_t end = observe::now_ns() + kSpinNs;
    while (patience == Patience::Spin || observe::now_ns() < end) {
      for (int i = 0; i < 32; ++i) {
        if (reached(position)) return;
        pause_processor();
      }
      if (patience == Patience::Yield) sched_yield();
    }
  }
  std::unique_lock lock(mutex_);
  ++sleepers_;
  reached_.wait(lock, [&] { return reached(position); });
  --sleepers_;
}

}  // namespace anywarp::driver
