// A stream: a queue of tasks, and how it is ordered with the default stream.
#pragma once

#include "driver/graph.h"
#include "driver/object.h"
#include "driver/queue.h"

#include <cuda.h>

#include <memory>

namespace anywarp::driver {

class Capture;

class Stream final : public Object {
 public:
  using Handle = CUstream;
  static constexpr Kind kKind = Kind::Stream;

  Stream(Context& context, unsigned flags, int priority);
  ~Stream() override;

  /// Whether it is ordered with the legacy default stream.
  bool blocking() const { return (flags_ & CU_STREAM_NON_BLOCKING) == 0; }
  unsigned flags() const { return flags_; }
  int priority() const { return queue_->priority(); }
  uint64_t id() const { return id_; }
  const std::shared_ptr<Queue>& queue() const { return queue_; }

  /// Whether its calls become nodes of a graph; true for an invalidated capture too.
  bool capturing() const { return capture_.load(std::memory_order_acquire) != nullptr; }
  // Guarded by GraphLock; set by the capture.
  std::shared_ptr<Capture> capture() const { return capture_owner_; }
  void set_capture(std::shared_ptr<Capture> capture) {
    capture_owner_ = std::move(capture);
    capture_.store(capture_owner_.get(), std::memory_order_release);
  }
  std::vector<Edge> capture_dependencies;   // what the next node comes behind
  std::vector<CUgraphNode> told_nodes;      // what cuStreamGetCaptureInfo gave pointers to
  std::vector<CUgraphEdgeData> told_edges;

  CUlaunchAttributeValue access_policy{}, memory_domain{}, memory_domain_map{};  // hints that are told back
  CUsynchronizationPolicy synchronization = CU_SYNC_POLICY_AUTO;

 private:
  const unsigned flags_;
  const uint64_t id_;
  const std::shared_ptr<Queue> queue_;
  std::atomic<Capture*> capture_{nullptr};
  std::shared_ptr<Capture> capture_owner_;
};

/// What an entry point's stream argument means on this thread: 0, CU_STREAM_LEGACY, CU_STREAM_PER_THREAD or a handle.
/// Errors: INVALID_HANDLE; those of current_context(); the sticky error of the stream's context.
Result<Stream*> stream_of(CUstream handle);

/// Waits for all that is in the stream. Errors: the sticky error of its context.
Result<> synchronize(Stream& stream);

}  // namespace anywarp::driver
