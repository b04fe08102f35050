#include "observe/observe.h"

#include "base/environment.h"
#include "observe/trace.h"

#include <time.h>

#include <mutex>

namespace anywarp::observe {
namespace {

constexpr size_t kMost = 16;
std::mutex adding;
std::atomic<size_t> count{0};
Listener* listeners[kMost];

template <class Event>
void tell(void (Listener::*method)(const Event&), const Event& event) {
  const size_t all = count.load(std::memory_order_acquire);
  for (size_t i = 0; i < all; ++i) (listeners[i]->*method)(event);
}

}  // namespace

void add(Listener* listener) {
  std::lock_guard lock(adding);
  const size_t at = count.load(std::memory_order_relaxed);
  if (at == kMost) return;
  listeners[at] = listener;
  count.store(at + 1, std::memory_order_release);
  someone_listens.store(true, std::memory_order_relaxed);
}

void add_from_environment() {
  if (env::trace() == "api") add(make_trace());
}

void call_began(const Call& call) { tell(&Listener::call_began, call); }
void call_ended(const Call& call) { tell(&Listener::call_ended, call); }
void launch_began(const Launch& launch) { tell(&Listener::launch_began, launch); }
void launch_ended(const Launch& launch) { tell(&Listener::launch_ended, launch); }
void memory_changed(const Memory& memory) { tell(&Listener::memory_changed, memory); }

uint64_t now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return uint64_t(now.tv_sec) * 1'000'000'000 + uint64_t(now.tv_nsec);
}

}  // namespace anywarp::observe
