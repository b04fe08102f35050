#include "driver/event.h"

#include "driver/capture.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/graph_work.h"
#include "driver/ipc.h"
#include "driver/process.h"
#include "observe/observe.h"

namespace anywarp::driver {

namespace {

/// Nanoseconds on the device's clock, which stands still while the device waits for code.
uint64_t device_time() { return observe::now_ns() - process()->backend().waited_for_code(); }

}  // namespace

// A recording is shared with its task, so that the event may be recorded again, or destroyed, while the task is queued.
class Event::Record final : public Task {
 public:
  explicit Record(std::shared_ptr<Recording> recording) : recording_(std::move(recording)) {}
  Result<> run() override {
    recording_->time.store(device_time(), std::memory_order_release);
    return {};
  }
  void skip(const Error&) override { (void)run(); }

 private:
  const std::shared_ptr<Recording> recording_;
};

class Event::SharedRecord final : public Task {
 public:
  explicit SharedRecord(std::shared_ptr<SharedEvent> shared) : shared_(std::move(shared)), number_(shared_->submit()) {}
  Result<> run() override {
    shared_->reach(number_);
    return {};
  }
  void skip(const Error&) override { shared_->reach(number_); }

 private:
  const std::shared_ptr<SharedEvent> shared_;
  const uint64_t number_;
};

class Event::SharedWait final : public Task {
 public:
  explicit SharedWait(std::shared_ptr<SharedEvent> shared) : shared_(std::move(shared)), number_(shared_->last()) {}
  Result<> run() override {
    shared_->wait(number_);
    return {};
  }

 private:
  const std::shared_ptr<SharedEvent> shared_;
  const uint64_t number_;
};

Result<> Event::make_wait(Stream& stream) const {
  if (shared_) {
    if (shared_->reached(shared_->last())) return {};
    AW_TRY(stream.context().put(stream, std::make_unique<SharedWait>(shared_), Manner::Queued));
    return {};
  }
  const Mark last = mark();
  if (!last.queue || last.reached()) return {};
  AW_TRY(stream.context().put(stream, nullptr, Manner::Queued, {last}));
  return {};
}

// Whoever waits for such a recording waits for a queue of its own, which is held as if a task were running in it.
std::shared_ptr<Event::Recording> Event::begin_recording() {
  auto recording = std::make_shared<Recording>();
  if (shared_) {
    recording->shared = shared_;
    recording->number = shared_->submit();
    return recording;
  }
  const auto queue = std::make_shared<Queue>(process()->executor(), context().status(), 0);
  recording->mark = {queue, queue->claim_idle({})};
  std::lock_guard lock(mutex_);
  last_ = recording;
  captured_ = nullptr;
  return recording;
}

Event::Place Event::place() const { return shared_ ? Place{{}, shared_, shared_->last()} : Place{mark(), nullptr, 0}; }

void Event::Place::wait() const {
  if (shared) return shared->wait(number);
  if (mark.queue) mark.queue->wait(mark.position, Patience::Auto);
}

void Event::Recording::complete() {
  if (shared) return shared->reach(number);
  class Done final : public Task {
   public:
    explicit Done(Recording& recording) : recording_(recording) {}
    Result<> run() override {
      recording_.time.store(device_time(), std::memory_order_release);
      return {};
    }
    void skip(const Error&) override { (void)run(); }

   private:
    Recording& recording_;
  } done(*this);
  if (!mark.reached()) mark.queue->run_claimed(done);
}

void Event::set_captured(std::shared_ptr<const CapturedPlace> place) {
  std::lock_guard lock(mutex_);
  captured_ = std::move(place);
}

std::shared_ptr<const CapturedPlace> Event::captured() const {
  std::lock_guard lock(mutex_);
  return captured_;
}

Result<> Event::record(Stream& stream) {
  if (stream.capturing()) return capture_record(*this, stream);
  if (shared_) {
    AW_TRY(stream.context().put(stream, std::make_unique<SharedRecord>(shared_), Manner::Cheap));
    set_captured(nullptr);
    return {};
  }
  auto recording = std::make_shared<Recording>();
  AW_ASSIGN(recording->mark, stream.context().put(stream, std::make_unique<Record>(recording), Manner::Cheap));
  std::lock_guard lock(mutex_);
  last_ = std::move(recording);
  captured_ = nullptr;
  return {};
}

Result<> Event::record_behind(Context& context, std::vector<Mark> marks) {
  // A queue of its own: no stream's later work may come before it, or wait for it.
  const auto owned = std::make_unique<Stream>(context, CU_STREAM_NON_BLOCKING, 0);
  if (!owned->handle()) return Error{CUDA_ERROR_OUT_OF_MEMORY, "There are four million live handles, and there can be no more.", ""};
  std::unique_ptr<Task> task;
  auto recording = std::make_shared<Recording>();
  if (shared_)
    task = std::make_unique<SharedRecord>(shared_);
  else
    task = std::make_unique<Record>(recording);
  AW_ASSIGN(recording->mark, context.put(*owned, std::move(task), Manner::Queued, std::move(marks)));
  std::lock_guard lock(mutex_);
  if (!shared_) last_ = std::move(recording);
  captured_ = nullptr;
  return {};
}

Mark Event::mark() const {
  std::lock_guard lock(mutex_);
  return last_ ? last_->mark : Mark{};
}

uint64_t Event::time() const {
  std::lock_guard lock(mutex_);
  return last_ && last_->mark.reached() ? last_->time.load(std::memory_order_acquire) : 0;
}

Result<Event*> event_of(CUevent handle) {
  Event* event = find<Event>(handle);
  if (!event) return invalid_handle("event");
  AW_TRY(event->context().usable());
  return event;
}

Result<Event*> recorded_event_of(CUevent handle) {
  AW_ASSIGN(Event * event, event_of(handle));
  AW_TRY(check_not_captured(*event));
  return event;
}

namespace api {
namespace {

Result<> record(CUevent hEvent, CUstream hStream) {
  AW_ASSIGN(Event * event, event_of(hEvent));
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  if (&event->context() != &stream->context())
    return Error{CUDA_ERROR_INVALID_HANDLE, "The event and the stream belong to different contexts.", ""};
  return event->record(*stream);
}

}  // namespace

Result<> cuEventCreate(CUevent* phEvent, unsigned int Flags) {
  AW_TRY(need(phEvent, "phEvent"));
  constexpr unsigned kKnown = CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING | CU_EVENT_INTERPROCESS;
  if ((Flags & ~kKnown) != 0) return invalid_value("The flags " + std::to_string(Flags) + " are not flags of an event.");
  if ((Flags & CU_EVENT_INTERPROCESS) != 0 && (Flags & CU_EVENT_DISABLE_TIMING) == 0)
    return invalid_value("An event of several processes cannot take times.");
  AW_ASSIGN(Context * context, current_context());
  std::shared_ptr<SharedEvent> shared;
  if ((Flags & CU_EVENT_INTERPROCESS) != 0) {
    AW_ASSIGN(shared, SharedEvent::create());
  }
  AW_ASSIGN(Event * event, context->own(std::make_unique<Event>(*context, Flags, std::move(shared))));
  *phEvent = static_cast<CUevent>(event->handle());
  return {};
}

Result<> cuEventRecord(CUevent hEvent, CUstream hStream) { return record(hEvent, hStream); }

Result<> cuEventRecordWithFlags(CUevent hEvent, CUstream hStream, unsigned int flags) {
  if ((flags & ~unsigned(CU_EVENT_RECORD_EXTERNAL)) != 0)
    return invalid_value("The flags " + std::to_string(flags) + " are not flags of a recording.");
  if ((flags & CU_EVENT_RECORD_EXTERNAL) == 0) return record(hEvent, hStream);
  AW_ASSIGN(Event * event, event_of(hEvent));
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  if (!stream->capturing()) return invalid_value("An external recording exists only while a stream is captured.");
  return capture(*stream, std::make_shared<EventRecordWork>(static_cast<CUevent>(event->handle())));
}

Result<> cuEventQuery(CUevent hEvent) {
  AW_ASSIGN(Event * event, recorded_event_of(hEvent));
  AW_TRY(unsafe_call());
  if (event->shared() && !event->shared()->reached(event->shared()->last())) return Error{CUDA_ERROR_NOT_READY, "", ""};
  const Mark mark = event->mark();
  if (mark.queue && !mark.reached()) return Error{CUDA_ERROR_NOT_READY, "", ""};
  return event->context().usable();
}

Result<> cuEventSynchronize(CUevent hEvent) {
  AW_ASSIGN(Event * event, recorded_event_of(hEvent));
  AW_TRY(unsafe_call());
  if (event->shared()) {
    event->shared()->wait(event->shared()->last());
    process()->backend().flush_output();
    return event->context().usable();
  }
  const Mark mark = event->mark();
  if (!mark.queue) return {};
  mark.queue->wait(mark.position, (event->flags() & CU_EVENT_BLOCKING_SYNC) != 0 ? Patience::Block : event->context().patience());
  process()->backend().flush_output();
  if (mark.queue->status()->failed()) return mark.queue->status()->error();
  return {};
}

Result<> cuEventDestroy_v2(CUevent hEvent) {
  AW_ASSIGN(Event * event, event_of(hEvent));
  event->context().destroy(*event);
  return {};
}

Result<> cuEventElapsedTime_v2(float* pMilliseconds, CUevent hStart, CUevent hEnd) {
  AW_TRY(need(pMilliseconds, "pMilliseconds"));
  AW_ASSIGN(Event * start, recorded_event_of(hStart));
  AW_ASSIGN(Event * end, recorded_event_of(hEnd));
  for (const Event* event : {start, end}) {
    if ((event->flags() & CU_EVENT_DISABLE_TIMING) != 0)
      return Error{CUDA_ERROR_INVALID_HANDLE, "One of the events was created with CU_EVENT_DISABLE_TIMING.", ""};
    if (!event->mark().queue) return Error{CUDA_ERROR_INVALID_HANDLE, "One of the events was never recorded.", ""};
  }
  const uint64_t from = start->time(), to = end->time();
  if (from == 0 || to == 0) return Error{CUDA_ERROR_NOT_READY, "", ""};
  *pMilliseconds = float(double(int64_t(to - from)) / 1e6);
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
