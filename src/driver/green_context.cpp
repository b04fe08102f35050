// Green contexts: a part of a device's multiprocessors, in which streams run. Here the workers that run blocks belong to all streams,
// and lend themselves to whoever has work, so a part is told and counted but holds nobody back: programs get at least what they asked
// for. A green context is a list of streams of the device's primary context, which is also what cuCtxFromGreenCtx gives.
//
// A device's multiprocessors can be split one by one.
#include "driver/green_context.h"

#include "driver/context.h"
#include "driver/device.h"
#include "driver/entry_points.h"
#include "driver/event.h"
#include "driver/process.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>

namespace anywarp::driver {

GreenContext::GreenContext(Context& primary, unsigned multiprocessors)
    : Object(kKind, primary), multiprocessors_(multiprocessors), id_([] {
        static std::atomic<uint64_t> last{0};
        return ++last;
      }()) {}

void GreenContext::add(CUstream stream) {
  std::lock_guard lock(mutex_);
  streams_.push_back(stream);
}

bool GreenContext::has(CUstream stream) const {
  std::lock_guard lock(mutex_);
  return std::find(streams_.begin(), streams_.end(), stream) != streams_.end();
}

std::vector<Stream*> GreenContext::streams() const {
  std::lock_guard lock(mutex_);
  std::vector<Stream*> live;
  for (CUstream handle : streams_)
    if (Stream* stream = find<Stream>(handle)) live.push_back(stream);
  return live;
}

namespace api {
namespace {

/// What cuDevResourceGenerateDesc makes; nothing ends one, so it is as small as a number.
class Description final : public Object {
 public:
  static constexpr Kind kKind = Kind::ResourceDescription;
  Description(Context& context, unsigned multiprocessors) : Object(kKind, context), multiprocessors(multiprocessors) {}
  const unsigned multiprocessors;
};

unsigned multiprocessors_of(const Device& device) {
  return static_cast<unsigned>(device.attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT));
}

CUdevResource resource_of(unsigned multiprocessors) {
  CUdevResource resource{};
  resource.type = CU_DEV_RESOURCE_TYPE_SM;
  resource.sm = {.smCount = multiprocessors, .minSmPartitionSize = 1, .smCoscheduledAlignment = 1};
  return resource;
}

Result<> check_type(CUdevResourceType type) {
  if (type == CU_DEV_RESOURCE_TYPE_SM) return {};
  return Error{CUDA_ERROR_INVALID_RESOURCE_TYPE, "There is no resource of the type " + std::to_string(int(type)) + ".", ""};
}

Result<GreenContext*> green_context_of(CUgreenCtx handle) {
  auto* green = process()->handles().find<GreenContext>(handle);
  if (!green) return Error{CUDA_ERROR_INVALID_CONTEXT, "The handle is not that of a green context.", ""};
  AW_TRY(green->context().usable());
  return green;
}

}  // namespace

Result<> cuDeviceGetDevResource(CUdevice device, CUdevResource* resource, CUdevResourceType type) {
  AW_TRY(need(resource, "resource"));
  AW_TRY(check_type(type));
  AW_ASSIGN(Device * is, device_of(device));
  *resource = resource_of(multiprocessors_of(*is));
  return {};
}

Result<> cuCtxGetDevResource(CUcontext hCtx, CUdevResource* resource, CUdevResourceType type) {
  AW_TRY(need(resource, "resource"));
  AW_TRY(check_type(type));
  AW_ASSIGN(Context * context, context_of(hCtx));
  *resource = resource_of(multiprocessors_of(context->device()));
  return {};
}

Result<> cuGreenCtxGetDevResource(CUgreenCtx hCtx, CUdevResource* resource, CUdevResourceType type) {
  AW_TRY(need(resource, "resource"));
  AW_TRY(check_type(type));
  AW_ASSIGN(GreenContext * green, green_context_of(hCtx));
  *resource = resource_of(green->multiprocessors());
  return {};
}

Result<> cuDevSmResourceSplitByCount(CUdevResource* result, unsigned int* nbGroups, const CUdevResource* input, CUdevResource* remaining,
                                     unsigned int useFlags, unsigned int minCount) {
  AW_TRY(need(nbGroups, "nbGroups"));
  AW_TRY(need(input, "input"));
  AW_TRY(check_type(input->type));
  constexpr unsigned kFlags = CU_DEV_SM_RESOURCE_SPLIT_IGNORE_SM_COSCHEDULING | CU_DEV_SM_RESOURCE_SPLIT_MAX_POTENTIAL_CLUSTER_SIZE;
  if ((useFlags & ~kFlags) != 0) return invalid_value("The flags " + std::to_string(useFlags) + " are not flags of a split.");
  const unsigned all = input->sm.smCount, each = std::max(minCount, 1u);
  if (each > all)
    return Error{CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION,
                 "Groups of " + std::to_string(each) + " multiprocessors are wanted, and there are " + std::to_string(all) + ".", ""};
  const unsigned most = all / each;
  if (!result) {  // how many there can be
    *nbGroups = most;
    return {};
  }
  const unsigned groups = std::min(*nbGroups, most);
  for (unsigned i = 0; i < groups; ++i) result[i] = resource_of(each);
  *nbGroups = groups;
  if (remaining) {
    *remaining = resource_of(all - groups * each);
    if (remaining->sm.smCount == 0) remaining->type = CU_DEV_RESOURCE_TYPE_INVALID;
  }
  return {};
}

Result<> cuDevResourceGenerateDesc(CUdevResourceDesc* phDesc, CUdevResource* resources, unsigned int nbResources) {
  AW_TRY(need(phDesc, "phDesc"));
  AW_TRY(need(resources, "resources"));
  if (nbResources == 0) return invalid_value("There are no resources to describe.");
  unsigned multiprocessors = 0;
  for (unsigned i = 0; i < nbResources; ++i) {
    AW_TRY(check_type(resources[i].type));
    multiprocessors += resources[i].sm.smCount;
  }
  Context& primary = process()->devices().front()->primary();
  auto made = primary.own(std::make_unique<Description>(primary, multiprocessors));
  if (!made) return made.take_error();
  *phDesc = static_cast<CUdevResourceDesc>((*made)->handle());
  return {};
}

Result<> cuGreenCtxCreate(CUgreenCtx* phCtx, CUdevResourceDesc desc, CUdevice dev, unsigned int flags) {
  AW_TRY(need(phCtx, "phCtx"));
  AW_ASSIGN(Device * device, device_of(dev));
  auto* description = process()->handles().find<Description>(desc);
  if (!description) return Error{CUDA_ERROR_INVALID_HANDLE, "The handle is not that of a description of resources.", ""};
  if (flags != CU_GREEN_CTX_DEFAULT_STREAM) return invalid_value("The flags of a green context must be CU_GREEN_CTX_DEFAULT_STREAM.");
  if (description->multiprocessors > multiprocessors_of(*device))
    return Error{CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION, "The device has fewer multiprocessors than are described.", ""};
  Context& primary = device->primary();
  primary.retain();
  auto green = primary.own(std::make_unique<GreenContext>(primary, description->multiprocessors));
  if (!green) {
    primary.release();
    return green.take_error();
  }
  *phCtx = static_cast<CUgreenCtx>((*green)->handle());
  return {};
}

Result<> cuGreenCtxDestroy(CUgreenCtx hCtx) {
  AW_ASSIGN(GreenContext * green, green_context_of(hCtx));
  Context& primary = green->context();
  primary.destroy(*green);
  primary.release();
  return {};
}

Result<> cuCtxFromGreenCtx(CUcontext* pContext, CUgreenCtx hCtx) {
  AW_TRY(need(pContext, "pContext"));
  AW_ASSIGN(GreenContext * green, green_context_of(hCtx));
  *pContext = green->context().handle();
  return {};
}

Result<> cuGreenCtxGetId(CUgreenCtx greenCtx, unsigned long long* greenCtxId) {
  AW_TRY(need(greenCtxId, "greenCtxId"));
  AW_ASSIGN(GreenContext * green, green_context_of(greenCtx));
  *greenCtxId = green->id();
  return {};
}

Result<> cuGreenCtxStreamCreate(CUstream* phStream, CUgreenCtx greenCtx, unsigned int flags, int priority) {
  AW_TRY(need(phStream, "phStream"));
  AW_ASSIGN(GreenContext * green, green_context_of(greenCtx));
  if (flags != CU_STREAM_NON_BLOCKING) return invalid_value("The streams of a green context are made with CU_STREAM_NON_BLOCKING.");
  Context& primary = green->context();
  AW_ASSIGN(Stream * stream, primary.own(std::make_unique<Stream>(primary, flags, priority)));
  *phStream = static_cast<CUstream>(stream->handle());
  green->add(*phStream);
  return {};
}

Result<> cuStreamGetGreenCtx(CUstream hStream, CUgreenCtx* phCtx) {
  AW_TRY(need(phCtx, "phCtx"));
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  *phCtx = nullptr;
  stream->context().for_each_object([&](Object& object) {
    auto* green = process()->handles().find<GreenContext>(object.handle());
    if (green && green->has(static_cast<CUstream>(stream->handle()))) *phCtx = static_cast<CUgreenCtx>(green->handle());
  });
  return {};
}

Result<> cuGreenCtxRecordEvent(CUgreenCtx hCtx, CUevent hEvent) {
  AW_ASSIGN(GreenContext * green, green_context_of(hCtx));
  AW_ASSIGN(Event * event, event_of(hEvent));
  if (&event->context() != &green->context())
    return Error{CUDA_ERROR_INVALID_HANDLE, "The event and the green context belong to different contexts.", ""};
  std::vector<Mark> marks;
  for (Stream* stream : green->streams()) {
    if (stream->capturing()) return Error{CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "A stream of the green context is being captured.", ""};
    marks.push_back(stream->queue()->mark());
  }
  return event->record_behind(green->context(), std::move(marks));
}

Result<> cuGreenCtxWaitEvent(CUgreenCtx hCtx, CUevent hEvent) {
  AW_ASSIGN(GreenContext * green, green_context_of(hCtx));
  AW_ASSIGN(Event * event, event_of(hEvent));
  for (Stream* stream : green->streams()) {
    if (stream->capturing()) return Error{CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "A stream of the green context is being captured.", ""};
    AW_TRY(event->make_wait(*stream));
  }
  return {};
}

// --- The same of whole contexts.

Result<> cuCtxRecordEvent(CUcontext hCtx, CUevent hEvent) {
  AW_ASSIGN(Context * context, context_of(hCtx));
  AW_ASSIGN(Event * event, event_of(hEvent));
  if (&event->context() != context) return Error{CUDA_ERROR_INVALID_HANDLE, "The event belongs to another context.", ""};
  return event->record_behind(*context, context->marks());
}

/// Streams that are made later are no part of what waits.
Result<> cuCtxWaitEvent(CUcontext hCtx, CUevent hEvent) {
  AW_ASSIGN(Context * context, context_of(hCtx));
  AW_ASSIGN(Event * event, event_of(hEvent));
  std::vector<Stream*> streams{&context->legacy_stream(), &context->per_thread_stream()};
  context->for_each_object([&](Object& object) {
    if (Stream* stream = find<Stream>(static_cast<CUstream>(object.handle()))) streams.push_back(stream);
  });
  for (Stream* stream : streams)
    if (stream->capturing()) return Error{CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "A stream of the context is being captured.", ""};
  for (Stream* stream : streams) AW_TRY(event->make_wait(*stream));
  return {};
}

Result<> cuCtxGetExecAffinity(CUexecAffinityParam* pExecAffinity, CUexecAffinityType type) {
  AW_TRY(need(pExecAffinity, "pExecAffinity"));
  AW_ASSIGN([[maybe_unused]] Context * context, current_context());
  return Error{
      CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY,
      "The device has no execution affinity of the type " + std::to_string(int(type)) + ": no context is bound to multiprocessors.", ""};
}

}  // namespace api
}  // namespace anywarp::driver
