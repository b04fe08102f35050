#include "driver/stream.h"

#include "driver/capture.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/event.h"
#include "driver/graph_work.h"
#include "driver/process.h"
#include "driver/thread.h"

#include <algorithm>

namespace anywarp::driver {
namespace {

constexpr int kLeastPriority = 0, kGreatestPriority = -5;
std::atomic<uint64_t> next_id{1};

}  // namespace

Stream::Stream(Context& context, unsigned flags, int priority)
    : Object(kKind, context),
      flags_(flags),
      id_(next_id++),
      queue_(std::make_shared<Queue>(process()->executor(), context.status(), priority)) {
  context.add_queue(queue_, blocking());
}

// What is queued still runs: the queue lives until it is empty.
Stream::~Stream() {
  if (capturing()) abandon_capture(*this);
  context().retire_queue(*queue_);
}

Result<Stream*> stream_of(CUstream handle) {
  if (handle == nullptr || handle == CU_STREAM_LEGACY || handle == CU_STREAM_PER_THREAD) {
    AW_ASSIGN(Context * context, current_context());
    const bool per_thread = handle == CU_STREAM_PER_THREAD || (handle == nullptr && null_stream_is_per_thread());
    return per_thread ? &context->per_thread_stream() : &context->legacy_stream();
  }
  Stream* stream = find<Stream>(handle);
  if (!stream) return invalid_handle("stream");
  AW_TRY(stream->context().usable());
  return stream;
}

Result<> synchronize(Stream& stream) {
  const std::shared_ptr<Queue> queue = stream.queue();
  queue->wait(queue->submitted(), stream.context().patience());
  process()->backend().flush_output();
  if (queue->status()->failed()) return queue->status()->error();
  return {};
}

namespace api {
namespace {

class HostFunction final : public Task {
 public:
  HostFunction(CUhostFn function, void* data) : function_(function), data_(data) {}
  Result<> run() override {
    function_(data_);
    return {};
  }
  bool calls_program() const override { return true; }

 private:
  const CUhostFn function_;
  void* const data_;
};

class Callback final : public Task {
 public:
  Callback(CUstream stream, CUstreamCallback function, void* data) : stream_(stream), function_(function), data_(data) {}
  Result<> run() override {
    function_(stream_, CUDA_SUCCESS, data_);
    return {};
  }
  void skip(const Error& error) override { function_(stream_, error.code, data_); }
  bool calls_program() const override { return true; }

 private:
  const CUstream stream_;
  const CUstreamCallback function_;
  void* const data_;
};

Result<> create(CUstream* phStream, unsigned flags, int priority) {
  AW_TRY(need(phStream, "phStream"));
  if ((flags & ~unsigned(CU_STREAM_NON_BLOCKING)) != 0)
    return invalid_value("The flags " + std::to_string(flags) + " are not flags of a stream.");
  AW_ASSIGN(Context * context, current_context());
  // A priority outside of the range is brought into it.
  priority = std::clamp(priority, kGreatestPriority, kLeastPriority);
  AW_ASSIGN(Stream * stream, context->own(std::make_unique<Stream>(*context, flags, priority)));
  *phStream = static_cast<CUstream>(stream->handle());
  return {};
}

}  // namespace

Result<> cuStreamCreate(CUstream* phStream, unsigned int Flags) { return create(phStream, Flags, kLeastPriority); }

Result<> cuStreamCreateWithPriority(CUstream* phStream, unsigned int flags, int priority) { return create(phStream, flags, priority); }

Result<> cuStreamDestroy_v2(CUstream hStream) {
  Stream* stream = find<Stream>(hStream);
  if (!stream) return invalid_handle("stream");
  AW_TRY(stream->context().usable());
  stream->context().destroy(*stream);
  return {};
}

Result<> cuStreamGetPriority(CUstream hStream, int* priority) {
  AW_TRY(need(priority, "priority"));
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  *priority = stream->priority();
  return {};
}

Result<> cuStreamGetDevice(CUstream hStream, CUdevice* device) {
  AW_TRY(need(device, "device"));
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  *device = stream->context().device().ordinal();
  return {};
}

Result<> cuStreamGetFlags(CUstream hStream, unsigned int* flags) {
  AW_TRY(need(flags, "flags"));
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  *flags = stream->flags();
  return {};
}

Result<> cuStreamGetId(CUstream hStream, unsigned long long* streamId) {
  AW_TRY(need(streamId, "streamId"));
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  *streamId = stream->id();
  return {};
}

Result<> cuStreamGetCtx(CUstream hStream, CUcontext* pctx) {
  AW_TRY(need(pctx, "pctx"));
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  *pctx = stream->context().handle();
  return {};
}

Result<> cuStreamGetCtx_v2(CUstream hStream, CUcontext* pCtx, CUgreenCtx* pGreenCtx) {
  AW_TRY(api::cuStreamGetCtx(hStream, pCtx));
  if (pGreenCtx) *pGreenCtx = nullptr;
  return {};
}

Result<> cuStreamWaitEvent(CUstream hStream, CUevent hEvent, unsigned int Flags) {
  if ((Flags & ~unsigned(CU_EVENT_WAIT_EXTERNAL)) != 0)
    return invalid_value("The flags " + std::to_string(Flags) + " are not flags of a wait.");
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  AW_ASSIGN(Event * event, event_of(hEvent));
  if (stream->capturing() || event->captured()) return capture_wait(*stream, *event, (Flags & CU_EVENT_WAIT_EXTERNAL) != 0);
  return event->make_wait(*stream);
}

Result<> cuStreamAddCallback(CUstream hStream, CUstreamCallback callback, void* userData, unsigned int flags) {
  if (!callback) return invalid_value("The argument 'callback' is null.");
  if (flags != 0) return invalid_value("cuStreamAddCallback takes no flags, yet " + std::to_string(flags) + " was given.");
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  AW_TRY(stream->context().put(*stream, std::make_unique<Callback>(hStream, callback, userData), Manner::Queued));
  return {};
}

Result<> cuLaunchHostFunc(CUstream hStream, CUhostFn fn, void* userData) {
  if (!fn) return invalid_value("The argument 'fn' is null.");
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  if (stream->capturing()) return capture(*stream, std::make_shared<HostWork>(CUDA_HOST_NODE_PARAMS{fn, userData}));
  AW_TRY(stream->context().put(*stream, std::make_unique<HostFunction>(fn, userData), Manner::Queued));
  return {};
}

// Host and device see managed memory at all times, so attaching it has nothing to do.
Result<> cuStreamAttachMemAsync(CUstream hStream, CUdeviceptr dptr, size_t length, unsigned int flags) {
  if (flags != CU_MEM_ATTACH_GLOBAL && flags != CU_MEM_ATTACH_HOST && flags != CU_MEM_ATTACH_SINGLE)
    return invalid_value("The flags " + std::to_string(flags) + " are not one of the ways to attach memory.");
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  AW_TRY(may_put(*stream));
  if (flags == CU_MEM_ATTACH_SINGLE && stream == &stream->context().legacy_stream())
    return invalid_value("Memory cannot be attached to the default stream alone.");
  const auto found = process()->allocations().find(dptr);
  if (found && found->kind != MemoryKind::Managed) return invalid_value("The memory is not managed memory.");
  return {};
}

Result<> cuStreamQuery(CUstream hStream) {
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  AW_TRY(may_put(*stream));
  AW_TRY(unsafe_call());
  if (!stream->queue()->idle()) return Error{CUDA_ERROR_NOT_READY, "", ""};
  return stream->context().usable();
}

Result<> cuStreamSynchronize(CUstream hStream) {
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  AW_TRY(may_put(*stream));
  AW_TRY(unsafe_call());
  return synchronize(*stream);
}

Result<> cuStreamCopyAttributes(CUstream dstStream, CUstream srcStream) {
  AW_ASSIGN(Stream * to, stream_of(dstStream));
  AW_ASSIGN(Stream * from, stream_of(srcStream));
  to->access_policy = from->access_policy;
  to->memory_domain = from->memory_domain;
  to->memory_domain_map = from->memory_domain_map;
  to->synchronization = from->synchronization;
  return {};
}

Result<> cuStreamGetAttribute(CUstream hStream, CUstreamAttrID attr, CUstreamAttrValue* value) {
  AW_TRY(need(value, "value_out"));
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  switch (attr) {
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW: *value = stream->access_policy; return {};
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN: *value = stream->memory_domain; return {};
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP: *value = stream->memory_domain_map; return {};
    case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY: value->syncPolicy = stream->synchronization; return {};
    case CU_LAUNCH_ATTRIBUTE_PRIORITY: value->priority = stream->priority(); return {};
    default: return invalid_value("A stream has no attribute " + std::to_string(int(attr)) + ".");
  }
}

Result<> cuStreamSetAttribute(CUstream hStream, CUstreamAttrID attr, const CUstreamAttrValue* param) {
  AW_TRY(need(param, "value"));
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  switch (attr) {
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW: stream->access_policy = *param; return {};
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN: stream->memory_domain = *param; return {};
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP: stream->memory_domain_map = *param; return {};
    case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
      if (param->syncPolicy < CU_SYNC_POLICY_AUTO || param->syncPolicy > CU_SYNC_POLICY_BLOCKING_SYNC)
        return invalid_value("There is no synchronisation policy " + std::to_string(int(param->syncPolicy)) + ".");
      stream->synchronization = param->syncPolicy;
      return {};
    default: return invalid_value("The attribute " + std::to_string(int(attr)) + " of a stream cannot be set.");
  }
}

}  // namespace api
}  // namespace anywarp::driver
