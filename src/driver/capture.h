// Stream capture: a set of streams whose calls become nodes of a graph instead of tasks.
#pragma once

#include "base/result.h"
#include "driver/graph.h"
#include "driver/launch.h"

#include <cuda.h>

#include <atomic>
#include <memory>
#include <span>
#include <vector>

namespace anywarp::driver {

class Context;
class Event;
class MemoryPool;
class Stream;
class Work;

/// What an event holds that was recorded in a stream while it was captured.
struct CapturedPlace {
  std::weak_ptr<Capture> capture;
  std::vector<Edge> dependencies;  // nodes live as long as the capture does
};

class Capture {
 public:
  Capture(Stream& origin, CUstreamCaptureMode mode, std::unique_ptr<Graph> own, Graph& graph);
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  // Guarded by GraphLock.
  const uint64_t id;
  const CUstreamCaptureMode mode;
  const uint64_t thread;
  Stream& origin;
  std::unique_ptr<Graph> own;  // null when the graph is the program's
  Graph& graph;
  bool invalidated = false;
  std::vector<Stream*> streams;  // the origin, and those that were forked from it
  std::vector<Edge> departed;    // what forked streams depended on that were destroyed meanwhile
};

extern std::atomic<unsigned> live_captures;

// What calls ask before they do anything. Each costs one load while nothing is captured.

/// Before a task is put in the stream, or the stream is asked how far it is. Errors: STREAM_CAPTURE_UNSUPPORTED when the stream is
/// captured; STREAM_CAPTURE_IMPLICIT when it is the legacy stream, and a stream that is ordered with it is. The capture is
/// invalidated.
Result<> may_put_while_capturing(const Stream& stream);
inline Result<> may_put(const Stream& stream) {
  if (live_captures.load(std::memory_order_acquire) == 0) [[likely]]
    return {};
  return may_put_while_capturing(stream);
}
/// Before all streams of a context are waited for. The same errors.
Result<> may_synchronize(const Context& context);
/// Before a call that is unsafe while anything is captured, such as cuMemAlloc: what the capture modes are about.
/// Errors: STREAM_CAPTURE_UNSUPPORTED, and captures are invalidated.
Result<> unsafe_call_while_capturing();
inline Result<> unsafe_call() {
  if (live_captures.load(std::memory_order_acquire) == 0) [[likely]]
    return {};
  return unsafe_call_while_capturing();
}
/// Errors: CAPTURED_EVENT; the capture is invalidated.
Result<> check_not_captured(const Event& event);

// What calls do instead when their stream is captured. Errors: STREAM_CAPTURE_INVALIDATED.

Result<> capture(Stream& stream, std::shared_ptr<const Work> work);
/// `kernel` is null, or the kernel of a library that the function came from.
Result<> capture_kernel(Stream& stream, const Function& function, CUkernel kernel, const backend::Launch& launch,
                        std::span<const CUlaunchAttribute> attributes);
Result<> capture_record(Event& event, Stream& stream);
/// Also for an event of a capture in a stream that is not captured yet: it becomes so.
/// Errors: STREAM_CAPTURE_ISOLATION, STREAM_CAPTURE_MERGE, STREAM_CAPTURE_IMPLICIT, CAPTURED_EVENT.
Result<> capture_wait(Stream& stream, const Event& event, bool external);
Result<> capture_allocation(Stream& stream, const MemoryPool& pool, size_t bytes, CUdeviceptr* address);
Result<> capture_free(Stream& stream, CUdeviceptr address);
Result<> capture_launch(Stream& stream, CUgraphExec exec);

/// A stream goes that is captured. The capture ends if it began there; otherwise the stream must have been joined, or be joined yet by
/// an event.
void abandon_capture(Stream& stream);

}  // namespace anywarp::driver
