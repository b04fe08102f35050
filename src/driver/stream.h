// A stream: a queue of tasks, and how it is ordered with the default stream.
#pragma once

#include "driver/object.h"
#include "driver/queue.h"

#include <cuda.h>

#include <memory>

namespace anywarp::driver {

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

  CUlaunchAttributeValue access_policy{}, memory_domain{}, memory_domain_map{};  // hints that are told back
  CUsynchronizationPolicy synchronization = CU_SYNC_POLICY_AUTO;

 private:
  const unsigned flags_;
  const uint64_t id_;
  const std::shared_ptr<Queue> queue_;
};

/// What an entry point's stream argument means on this thread: 0, CU_STREAM_LEGACY, CU_STREAM_PER_THREAD or a handle.
/// Errors: INVALID_HANDLE; those of current_context(); the sticky error of the stream's context.
Result<Stream*> stream_of(CUstream handle);

/// Waits for all that is in the stream. Errors: the sticky error of its context.
Result<> synchronize(Stream& stream);

}  // namespace anywarp::driver
