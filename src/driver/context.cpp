// The legacy default stream waits for every blocking stream of its context, and they for it:
//
//   kernel A in stream 1; kernel B in the default stream; kernel C in stream 2       runs as A, B, C
//
// Each put() adds exactly those waits, under one lock, so that all streams of a context agree about the order. A stream
// that is idle adds none, which is the usual case and costs one load for each stream.
//
// A context whose kernel failed is failed for good: what is queued is skipped, and every call returns the error, until the
// context is destroyed or, if it is the primary one, reset.
#include "driver/context.h"

#include "driver/capture.h"
#include "driver/entry_points.h"
#include "driver/process.h"
#include "driver/thread.h"

namespace anywarp::driver {
namespace {

std::atomic<uint64_t> next_id{1};

}  // namespace

Object::Object(Kind kind, Context& context) : context_(context), handle_(process()->handles().add(kind, this)) {}
Object::~Object() { process()->handles().remove(handle_); }

Context::Context(Device& device, Primary)
    : device_(device),
      is_primary_(true),
      id_(next_id++),
      handle_(static_cast<CUcontext>(process()->handles().add(kKind, this))),
      flags_(CU_CTX_SCHED_AUTO) {
  process()->add_context(*this);
}

Context::Context(Device& device, unsigned flags)
    : device_(device),
      is_primary_(false),
      id_(next_id++),
      handle_(static_cast<CUcontext>(process()->handles().add(kKind, this))),
      flags_(flags) {
  process()->add_context(*this);
  begin();
}

Context::~Context() {
  process()->remove_context(*this);
  end();
  process()->handles().remove(handle_);
}

Patience Context::patience() const {
  switch (flags() & CU_CTX_SCHED_MASK) {
    case CU_CTX_SCHED_SPIN: return Patience::Spin;
    case CU_CTX_SCHED_YIELD: return Patience::Yield;
    case CU_CTX_SCHED_BLOCKING_SYNC: return Patience::Block;
    default: return Patience::Auto;
  }
}

void Context::begin() {
  if (active()) return;
  status_ = std::make_shared<Status>();
  legacy_ = std::make_unique<Stream>(*this, CU_STREAM_DEFAULT, 0);
  active_.store(true, std::memory_order_release);
}

void Context::end() {
  if (!active()) return;
  if (process()->exiting()) {
    active_.store(false, std::memory_order_release);
    return;
  }
  (void)synchronize();
  active_.store(false, std::memory_order_release);
  storage_.clear(handle_);
  std::unordered_map<Object*, std::unique_ptr<Object>> objects;
  {
    std::lock_guard lock(objects_mutex_);
    objects.swap(objects_);
  }
  objects.clear();
  std::unordered_map<uint64_t, std::unique_ptr<Stream>> streams;
  {
    std::lock_guard lock(order_);
    streams.swap(per_thread_);
  }
  streams.clear();
  legacy_.reset();
  {
    std::lock_guard lock(order_);
    queues_.clear();
  }
  process()->allocations().release_all_of(*this);
  bool others = false;
  process()->for_each_context([&](const Context& other) { others |= &other != this && other.active(); });
  if (!others) process()->backend().reset_heap();
}

Result<> Context::usable() const {
  if (!active())
    return Error{CUDA_ERROR_CONTEXT_IS_DESTROYED,
                 is_primary_ ? "The primary context is not active; it has to be retained first." : "The context is destroyed.", ""};
  if (status_->failed()) return status_->error();
  return {};
}

void Context::retain() {
  std::lock_guard lock(life_);
  if (retained_++ == 0) begin();
}

bool Context::release() {
  std::lock_guard lock(life_);
  if (retained_ == 0) return false;
  if (--retained_ == 0) end();
  return true;
}

void Context::reset() {
  std::lock_guard lock(life_);
  retained_ = 0;
  end();
}

Stream& Context::per_thread_stream() {
  const uint64_t thread = this_thread().id;
  {
    std::lock_guard lock(order_);
    if (const auto found = per_thread_.find(thread); found != per_thread_.end()) return *found->second;
  }
  auto made = std::make_unique<Stream>(*this, CU_STREAM_DEFAULT, 0);
  std::lock_guard lock(order_);
  return *per_thread_.emplace(thread, std::move(made)).first->second;
}

void Context::end_of_thread(uint64_t thread) {
  std::unique_ptr<Stream> gone;
  std::lock_guard lock(order_);
  const auto found = per_thread_.find(thread);
  if (found == per_thread_.end()) return;
  // Its destructor takes the lock of the order, so it must not run under it.
  gone = std::move(found->second);
  per_thread_.erase(found);
}

void Context::add_queue(std::shared_ptr<Queue> queue, bool blocking) {
  std::lock_guard lock(order_);
  forget_idle_retired();
  queues_.push_back({std::move(queue), blocking, false});
}

void Context::retire_queue(const Queue& queue) {
  std::lock_guard lock(order_);
  for (Member& member : queues_)
    if (member.queue.get() == &queue) member.retired = true;
  forget_idle_retired();
}

void Context::forget_idle_retired() {
  std::erase_if(queues_, [](const Member& member) { return member.retired && member.queue->idle(); });
}

void Context::add_default_order(const Stream& stream, std::vector<Mark>& after) {
  if (!stream.blocking()) return;
  if (&stream != legacy_.get()) {
    if (!legacy_->queue()->idle()) after.push_back(legacy_->queue()->mark());
    return;
  }
  for (const Member& member : queues_)
    if (member.blocking && member.queue != legacy_->queue() && !member.queue->idle()) after.push_back(member.queue->mark());
}

Result<Mark> Context::put(Stream& stream, std::unique_ptr<Task> task, Manner manner, std::vector<Mark> after) {
  AW_TRY(may_put(stream));
  return put_unchecked(stream, std::move(task), manner, std::move(after));
}

Result<Mark> Context::put_unchecked(Stream& stream, std::unique_ptr<Task> task, Manner manner, std::vector<Mark> after) {
  const std::shared_ptr<Queue> queue = stream.queue();
  Mark mark{queue, 0};
  bool claimed = false;
  {
    std::lock_guard lock(order_);
    add_default_order(stream, after);
    if (manner != Manner::Queued && task && !task->calls_program()) mark.position = queue->claim_idle(after);
    claimed = mark.position != 0;
    if (!claimed) mark.position = queue->submit(std::move(task), std::move(after));
  }
  if (claimed)
    queue->run_claimed(*task);  // NOLINT(bugprone-use-after-move): what was claimed was not submitted
  else if (manner == Manner::Waited)
    queue->wait(mark.position, patience());
  if (manner != Manner::Queued && status_->failed()) return status_->error();
  return mark;
}

std::vector<Mark> Context::marks() {
  std::vector<Mark> pending;
  std::lock_guard lock(order_);
  for (const Member& member : queues_)
    if (!member.queue->idle()) pending.push_back(member.queue->mark());
  return pending;
}

Result<> Context::synchronize() {
  for (const Mark& mark : marks()) mark.queue->wait(mark.position, patience());
  process()->backend().flush_output();
  if (status_->failed()) return status_->error();
  return {};
}

Result<> Context::own_object(std::unique_ptr<Object> object) {
  if (!object->handle()) return Error{CUDA_ERROR_OUT_OF_MEMORY, "There are four million live handles, and there can be no more.", ""};
  std::lock_guard lock(objects_mutex_);
  objects_.emplace(object.get(), std::move(object));
  return {};
}

void Context::destroy(Object& object) {
  std::unique_ptr<Object> gone;
  std::lock_guard lock(objects_mutex_);
  const auto found = objects_.find(&object);
  if (found == objects_.end()) return;
  gone = std::move(found->second);
  objects_.erase(found);
}

Context* current_or_null() {
  const Thread& thread = this_thread();
  if (thread.contexts.empty()) return nullptr;
  return find<Context>(thread.contexts.back());
}

Result<Context*> current_context() {
  const Thread& thread = this_thread();
  if (thread.contexts.empty()) return Error{CUDA_ERROR_INVALID_CONTEXT, "No context is current on this thread.", ""};
  Context* context = find<Context>(thread.contexts.back());
  if (!context) return Error{CUDA_ERROR_CONTEXT_IS_DESTROYED, "The context that is current on this thread is destroyed.", ""};
  AW_TRY(context->usable());
  return context;
}

Result<Context*> context_of(CUcontext handle) {
  if (!handle) return current_context();
  Context* context = find<Context>(handle);
  if (!context) return Error{CUDA_ERROR_INVALID_CONTEXT, "The handle is not one of a live context.", ""};
  AW_TRY(context->usable());
  return context;
}

namespace api {
namespace {

Result<> check_flags(unsigned flags) {
  const unsigned schedule = flags & CU_CTX_SCHED_MASK;
  if ((flags & ~unsigned(CU_CTX_FLAGS_MASK)) != 0 || (schedule != 0 && (schedule & (schedule - 1)) != 0))
    return invalid_value("The flags " + std::to_string(flags) + " are not flags of a context.");
  return {};
}

Result<> create(CUcontext* pctx, unsigned flags, CUdevice dev) {
  AW_TRY(need(pctx, "pctx"));
  AW_TRY(check_flags(flags));
  AW_ASSIGN(Device * device, device_of(dev));
  auto* context = new Context(*device, flags);
  if (!context->handle()) {
    delete context;
    return Error{CUDA_ERROR_OUT_OF_MEMORY, "There are four million live handles, and there can be no more.", ""};
  }
  this_thread().contexts.push_back(context->handle());
  *pctx = context->handle();
  return {};
}

Result<Context*> any_context(CUcontext handle) {
  Context* context = find<Context>(handle);
  if (!context) return Error{CUDA_ERROR_INVALID_CONTEXT, "The handle is not one of a live context.", ""};
  return context;
}

}  // namespace

Result<> cuDevicePrimaryCtxRetain(CUcontext* pctx, CUdevice dev) {
  AW_TRY(need(pctx, "pctx"));
  AW_ASSIGN(Device * device, device_of(dev));
  device->primary().retain();
  *pctx = device->primary().handle();
  return {};
}

Result<> cuDevicePrimaryCtxRelease_v2(CUdevice dev) {
  AW_ASSIGN(Device * device, device_of(dev));
  if (!device->primary().release())
    return Error{CUDA_ERROR_INVALID_CONTEXT, "The primary context of device " + std::to_string(dev) + " is not retained.", ""};
  return {};
}

Result<> cuDevicePrimaryCtxSetFlags_v2(CUdevice dev, unsigned int flags) {
  AW_TRY(check_flags(flags));
  AW_ASSIGN(Device * device, device_of(dev));
  device->primary().set_flags(flags);
  return {};
}

Result<> cuDevicePrimaryCtxGetState(CUdevice dev, unsigned int* flags, int* active) {
  AW_TRY(need(flags, "flags"));
  AW_TRY(need(active, "active"));
  AW_ASSIGN(Device * device, device_of(dev));
  *flags = device->primary().flags();
  *active = device->primary().active();
  return {};
}

Result<> cuDevicePrimaryCtxReset_v2(CUdevice dev) {
  AW_ASSIGN(Device * device, device_of(dev));
  device->primary().reset();
  return {};
}

Result<> cuCtxCreate_v2(CUcontext* pctx, unsigned int flags, CUdevice dev) { return create(pctx, flags, dev); }

Result<> cuCtxCreate_v3(CUcontext* pctx, CUexecAffinityParam* paramsArray, int numParams, unsigned int flags, CUdevice dev) {
  if (numParams != 0 || paramsArray)
    return Error{CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY, "The device does not support execution affinity.", ""};
  return create(pctx, flags, dev);
}

Result<> cuCtxCreate_v4(CUcontext* pctx, CUctxCreateParams* ctxCreateParams, unsigned int flags, CUdevice dev) {
  if (ctxCreateParams && ctxCreateParams->cigParams)
    return Error{CUDA_ERROR_NOT_SUPPORTED, "Contexts that share a queue with a graphics API are not supported.", ""};
  if (ctxCreateParams)
    return api::cuCtxCreate_v3(pctx, ctxCreateParams->execAffinityParams, ctxCreateParams->numExecAffinityParams, flags, dev);
  return create(pctx, flags, dev);
}

Result<> cuCtxDestroy_v2(CUcontext ctx) {
  AW_ASSIGN(Context * context, any_context(ctx));
  if (context->is_primary())
    return Error{CUDA_ERROR_INVALID_CONTEXT, "The primary context is released by cuDevicePrimaryCtxRelease, not destroyed.", ""};
  std::vector<CUcontext>& stack = this_thread().contexts;
  if (!stack.empty() && stack.back() == ctx) stack.pop_back();
  if (process()->exiting()) {
    context->end();
    return {};
  }
  delete context;
  return {};
}

Result<> cuCtxPushCurrent_v2(CUcontext ctx) {
  AW_TRY(any_context(ctx));
  this_thread().contexts.push_back(ctx);
  return {};
}

Result<> cuCtxPopCurrent_v2(CUcontext* pctx) {
  std::vector<CUcontext>& stack = this_thread().contexts;
  if (stack.empty()) return Error{CUDA_ERROR_INVALID_CONTEXT, "No context is current on this thread.", ""};
  if (pctx) *pctx = stack.back();
  stack.pop_back();
  return {};
}

Result<> cuCtxSetCurrent(CUcontext ctx) {
  std::vector<CUcontext>& stack = this_thread().contexts;
  if (ctx) AW_TRY(any_context(ctx));
  if (!stack.empty()) stack.pop_back();
  if (ctx) stack.push_back(ctx);
  return {};
}

Result<> cuCtxGetCurrent(CUcontext* pctx) {
  AW_TRY(need(pctx, "pctx"));
  const std::vector<CUcontext>& stack = this_thread().contexts;
  *pctx = stack.empty() ? nullptr : stack.back();
  return {};
}

Result<> cuCtxGetDevice(CUdevice* device) {
  AW_TRY(need(device, "device"));
  AW_ASSIGN(Context * context, current_context());
  *device = context->device().ordinal();
  return {};
}

Result<> cuCtxGetDevice_v2(CUdevice* device, CUcontext ctx) {
  AW_TRY(need(device, "device"));
  AW_ASSIGN(Context * context, context_of(ctx));
  *device = context->device().ordinal();
  return {};
}

Result<> cuCtxGetFlags(unsigned int* flags) {
  AW_TRY(need(flags, "flags"));
  // The flags of a primary context are there before it is active; that it maps host memory is implicit for the runtime.
  Context* context = current_or_null();
  if (!context || !context->is_primary()) {
    AW_ASSIGN(context, current_context());
  }
  *flags = context->flags() | (context->is_primary() ? CU_CTX_MAP_HOST : 0);
  return {};
}

Result<> cuCtxSetFlags(unsigned int flags) {
  AW_TRY(check_flags(flags));
  AW_ASSIGN(Context * context, current_context());
  context->set_flags(flags);
  return {};
}

Result<> cuCtxGetId(CUcontext ctx, unsigned long long* ctxId) {
  AW_TRY(need(ctxId, "ctxId"));
  AW_ASSIGN(Context * context, context_of(ctx));
  *ctxId = context->id();
  return {};
}

Result<> cuCtxSynchronize() {
  AW_ASSIGN(Context * context, current_context());
  AW_TRY(may_synchronize(*context));
  return context->synchronize();
}

Result<> cuCtxSynchronize_v2(CUcontext ctx) {
  AW_ASSIGN(Context * context, context_of(ctx));
  AW_TRY(may_synchronize(*context));
  return context->synchronize();
}

Result<> cuCtxSetLimit(CUlimit limit, size_t value) {
  AW_ASSIGN(Context * context, current_context());
  switch (limit) {
    case CU_LIMIT_MAX_L2_FETCH_GRANULARITY:
      if (value > 128) return invalid_value("The granularity " + std::to_string(value) + " is above 128.");
      context->l2_fetch_granularity = value;
      return {};
    case CU_LIMIT_PERSISTING_L2_CACHE_SIZE: context->persisting_l2_bytes = value; return {};
    default: break;
  }
  AW_TRY(context->synchronize());
  return process()->backend().set_limit(limit, value);
}

Result<> cuCtxGetLimit(size_t* pvalue, CUlimit limit) {
  AW_TRY(need(pvalue, "pvalue"));
  AW_ASSIGN(Context * context, current_context());
  switch (limit) {
    case CU_LIMIT_MAX_L2_FETCH_GRANULARITY: *pvalue = context->l2_fetch_granularity; return {};
    case CU_LIMIT_PERSISTING_L2_CACHE_SIZE: *pvalue = context->persisting_l2_bytes; return {};
    default: break;
  }
  AW_ASSIGN(*pvalue, process()->backend().limit(limit));
  return {};
}

Result<> cuCtxGetCacheConfig(CUfunc_cache* pconfig) {
  AW_TRY(need(pconfig, "pconfig"));
  AW_ASSIGN(Context * context, current_context());
  *pconfig = context->cache_config;
  return {};
}

Result<> cuCtxSetCacheConfig(CUfunc_cache config) {
  if (int(config) < 0 || config > CU_FUNC_CACHE_PREFER_EQUAL)
    return invalid_value("There is no cache configuration " + std::to_string(int(config)) + ".");
  AW_ASSIGN(Context * context, current_context());
  context->cache_config = config;
  return {};
}

Result<> cuCtxGetApiVersion(CUcontext ctx, unsigned int* version) {
  AW_TRY(need(version, "version"));
  // A context that has failed tells as well: cudaDeviceReset asks before it resets one.
  if (ctx) {
    AW_TRY(any_context(ctx));
  } else if (!current_or_null()) {
    return Error{CUDA_ERROR_INVALID_CONTEXT, "No context is current on this thread.", ""};
  }
  *version = 3020;
  return {};
}

Result<> cuCtxGetStreamPriorityRange(int* leastPriority, int* greatestPriority) {
  AW_TRY(current_context());
  if (leastPriority) *leastPriority = 0;
  if (greatestPriority) *greatestPriority = -5;
  return {};
}

Result<> cuCtxResetPersistingL2Cache() {
  AW_TRY(current_context());
  return {};
}

Result<> cuCtxAttach(CUcontext* pctx, unsigned int flags) {
  AW_TRY(need(pctx, "pctx"));
  if (flags != 0) return invalid_value("cuCtxAttach takes no flags, yet " + std::to_string(flags) + " was given.");
  AW_ASSIGN(Context * context, current_context());
  ++context->attached;
  *pctx = context->handle();
  return {};
}

Result<> cuCtxDetach(CUcontext ctx) {
  AW_ASSIGN(Context * context, any_context(ctx));
  if (context->attached > 1) {
    --context->attached;
    return {};
  }
  return api::cuCtxDestroy_v2(ctx);
}

Result<> cuCtxGetSharedMemConfig(CUsharedconfig* pConfig) {
  AW_TRY(need(pConfig, "pConfig"));
  AW_ASSIGN(Context * context, current_context());
  *pConfig = context->shared_config;
  return {};
}

Result<> cuCtxSetSharedMemConfig(CUsharedconfig config) {
  if (int(config) < 0 || config > CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE)
    return invalid_value("There is no shared memory configuration " + std::to_string(int(config)) + ".");
  AW_ASSIGN(Context * context, current_context());
  context->shared_config = config;
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
