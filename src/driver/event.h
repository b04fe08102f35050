// An event: a place in a stream, and when it was reached.
#pragma once

#include "driver/object.h"
#include "driver/queue.h"

#include <cuda.h>

#include <memory>
#include <mutex>

namespace anywarp::driver {

class Stream;

class Event final : public Object {
 public:
  using Handle = CUevent;
  static constexpr Kind kKind = Kind::Event;

  Event(Context& context, unsigned flags) : Object(kKind, context), flags_(flags) {}

  unsigned flags() const { return flags_; }
  /// Records all that is in the stream now.
  Result<> record(Stream& stream);
  /// Where it was last recorded; without a queue if it never was.
  Mark mark() const;
  /// When that was reached, in nanoseconds; 0 if it has not been.
  uint64_t time() const;

 private:
  struct Recording {
    Mark mark;
    std::atomic<uint64_t> time{0};
  };
  class Record;

  const unsigned flags_;
  mutable std::mutex mutex_;
  std::shared_ptr<Recording> last_;
};

/// Errors: INVALID_HANDLE; the sticky error of the event's context.
Result<Event*> event_of(CUevent handle);

}  // namespace anywarp::driver
