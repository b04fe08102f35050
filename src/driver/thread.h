// What the driver knows of a thread of the program: its stack of contexts and its default streams.
#pragma once

#include <cuda.h>

#include <cstdint>
#include <vector>

namespace anywarp::driver {

/// Never registered with the C++ runtime: calls come after thread_local destructors have run, from exit handlers.
struct Thread {
  std::vector<CUcontext> contexts;  // the last one is current; may be stale handles
  uint64_t id = 0;                  // unique in the process, and never 0
};

/// This thread's own.
Thread& this_thread();

/// True within an entry point whose null stream is the thread's own default stream (the _ptds and _ptsz twins).
bool null_stream_is_per_thread();

class NullStreamScope {
 public:
  explicit NullStreamScope(bool per_thread);
  ~NullStreamScope();
  NullStreamScope(const NullStreamScope&) = delete;
  NullStreamScope& operator=(const NullStreamScope&) = delete;

 private:
  bool before_;
};

}  // namespace anywarp::driver
