// An event: a place in a stream, and when it was reached.
#pragma once

#include "driver/object.h"
#include "driver/queue.h"

#include <cuda.h>

#include <memory>
#include <mutex>

namespace anywarp::driver {

class SharedEvent;
class Stream;
struct CapturedPlace;

class Event final : public Object {
 public:
  using Handle = CUevent;
  static constexpr Kind kKind = Kind::Event;

  /// `shared` is what it shares with other processes, if it is an event of several.
  Event(Context& context, unsigned flags, std::shared_ptr<SharedEvent> shared = nullptr)
      : Object(kKind, context), flags_(flags), shared_(std::move(shared)) {}

  unsigned flags() const { return flags_; }
  const std::shared_ptr<SharedEvent>& shared() const { return shared_; }
  /// Puts into the stream the waiting for what is recorded now.
  Result<> make_wait(Stream& stream) const;
  /// One recording of an event, shared with whoever completes it.
  struct Recording {
    Mark mark;
    std::atomic<uint64_t> time{0};
    std::shared_ptr<SharedEvent> shared;  // of an event of several processes, and its number there
    uint64_t number = 0;
    /// Requires that it came from begin_recording().
    void complete();
  };
  /// Records all that is in the stream now, or while the stream is captured what it depends on.
  Result<> record(Stream& stream);
  /// Records what these marks stand for. Requires: they are of that context, in which no stream of theirs is being captured.
  Result<> record_behind(Context& context, std::vector<Mark> marks);
  /// A recording that whoever gets it completes: a graph while it runs.
  std::shared_ptr<Recording> begin_recording();
  /// What a graph waits for.
  struct Place {
    Mark mark;
    std::shared_ptr<SharedEvent> shared;
    uint64_t number = 0;
    void wait() const;
  };
  Place place() const;
  /// Takes the place of the last recording: the event is a part of a capture.
  void set_captured(std::shared_ptr<const CapturedPlace> place);
  /// What it was last recorded in while that stream was captured; null if it was not.
  std::shared_ptr<const CapturedPlace> captured() const;
  /// Where it was last recorded; without a queue if it never was.
  Mark mark() const;
  /// When that was reached, in nanoseconds; 0 if it has not been.
  uint64_t time() const;

 private:
  class Record;
  class SharedRecord;
  class SharedWait;

  const unsigned flags_;
  const std::shared_ptr<SharedEvent> shared_;
  mutable std::mutex mutex_;
  std::shared_ptr<Recording> last_;
  std::shared_ptr<const CapturedPlace> captured_;
};

/// The same for the calls that ask an event what it has seen. Errors: CAPTURED_EVENT too.
Result<Event*> recorded_event_of(CUevent handle);
/// Errors: INVALID_HANDLE; the sticky error of the event's context.
Result<Event*> event_of(CUevent handle);

}  // namespace anywarp::driver
