// A launch is checked and compiled on the calling thread, so that its call returns what is wrong with it; then it is one
// task in the stream, with its own copy of the parameters. What goes wrong while it runs is sticky for the context.
#include "driver/launch.h"

#include "driver/capture.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/event.h"
#include "driver/export_tables.h"
#include "driver/graph_work.h"
#include "driver/process.h"
#include "observe/observe.h"

#include <algorithm>
#include <cstring>

namespace anywarp::driver {
namespace {

std::string text(const backend::Dim3& extent) {
  return "(" + std::to_string(extent.x) + "," + std::to_string(extent.y) + "," + std::to_string(extent.z) + ")";
}

Error refused(const Function& function, CUresult code, std::string why) {
  return {code, std::move(why), "kernel '" + function.kernel().name() + "'"};
}

// A shape that no device takes is an invalid value for the driver's callers. NVIDIA's runtime, which launches kernels of
// libraries, has a code of its own for it and passes on what it gets, so it must get that code, which has no name in cuda.h.
CUresult code_of_bad_shape(const Function& function) {
  constexpr auto kInvalidConfiguration = CUresult(9);
  return function.module().library() && nvidia_runtime_is_here() ? kInvalidConfiguration : CUDA_ERROR_INVALID_VALUE;
}

class LaunchTask final : public Task {
 public:
  LaunchTask(std::shared_ptr<LoadedProgram> program, const backend::Launch& launch, uint64_t stream)
      : call_(std::move(program), launch), stream_(stream) {}
  Result<> run() override { return call_.run(stream_); }

 private:
  const KernelCall call_;
  const uint64_t stream_;
};

}  // namespace

KernelCall::KernelCall(std::shared_ptr<LoadedProgram> program, const backend::Launch& launch)
    : program_(std::move(program)), launch_(launch), params_(allocate(launch.params.size())) {
  if (!launch.params.empty()) memcpy(params_, launch.params.data(), launch.params.size());
  launch_.params = {params_, launch.params.size()};
}

KernelCall::~KernelCall() {
  if (params_ != small_) ::operator delete(params_, std::align_val_t(16));
}

std::byte* KernelCall::allocate(size_t bytes) {
  return bytes <= sizeof small_ ? small_ : static_cast<std::byte*>(::operator new(bytes, std::align_val_t(16)));
}

Result<> KernelCall::run(uint64_t stream) const {
  backend::Backend& backend = process()->backend();
  if (!observe::active()) return backend.launch(launch_);
  observe::Launch seen{launch_.kernel->name(),
                       {launch_.grid.x, launch_.grid.y, launch_.grid.z},
                       {launch_.block.x, launch_.block.y, launch_.block.z},
                       launch_.dynamic_shared,
                       stream};
  seen.begin_ns = observe::now_ns();
  observe::launch_began(seen);
  Result<> result = backend.launch(launch_);
  seen.end_ns = observe::now_ns();
  if (!result) seen.result = result.error().code;
  observe::launch_ended(seen);
  return result;
}

Result<> Parameters::gather(const Function& function, void** kernelParams, void** extra) {
  const backend::Kernel& kernel = function.kernel();
  const size_t bytes = kernel.parameter_bytes();
  if (kernelParams && extra) return refused(function, CUDA_ERROR_INVALID_VALUE, "Parameters are given both by kernelParams and by extra.");
  if (extra) return from_buffer(function, extra, bytes);
  data_ = small_;
  if (bytes > sizeof small_) {
    large_.resize(bytes);
    data_ = large_.data();
  }
  bytes_ = bytes;
  memset(data_, 0, bytes);
  if (bytes != 0 && !kernelParams) return refused(function, CUDA_ERROR_INVALID_VALUE, "The kernel has parameters, and none are given.");
  const auto parameters = kernel.parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].size == 0) continue;
    if (!kernelParams[i]) return refused(function, CUDA_ERROR_INVALID_VALUE, "The pointer to parameter " + std::to_string(i) + " is null.");
    memcpy(data_ + parameters[i].offset, kernelParams[i], parameters[i].size);
  }
  return {};
}

Result<> Parameters::from_buffer(const Function& function, void** extra, size_t bytes) {
  const void* buffer = nullptr;
  const size_t* size = nullptr;
  for (size_t i = 0; extra[i] != CU_LAUNCH_PARAM_END; i += 2) {
    if (extra[i] == CU_LAUNCH_PARAM_BUFFER_POINTER)
      buffer = extra[i + 1];
    else if (extra[i] == CU_LAUNCH_PARAM_BUFFER_SIZE)
      size = static_cast<const size_t*>(extra[i + 1]);
    else
      return refused(function, CUDA_ERROR_INVALID_VALUE,
                     "The list 'extra' holds an option that does not exist, or does not end with CU_LAUNCH_PARAM_END.");
  }
  if (bytes != 0 && (!buffer || !size))
    return refused(function, CUDA_ERROR_INVALID_VALUE, "The list 'extra' holds no buffer, or not its size.");
  if (size && *size < bytes)
    return refused(function, CUDA_ERROR_INVALID_VALUE,
                   "The buffer of parameters has " + std::to_string(*size) + " bytes; the kernel takes " + std::to_string(bytes) + ".");
  bytes_ = bytes;
  // The task makes its own copy.
  data_ = static_cast<std::byte*>(const_cast<void*>(buffer));
  return {};
}

Result<> check_shape(const Function& function, const backend::Launch& launch) {
  const Device& device = function.context().device();
  const auto limit = [&](CUdevice_attribute which) { return uint32_t(device.attribute(which)); };
  const backend::Dim3 &grid = launch.grid, &block = launch.block;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > limit(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X) ||
      grid.y > limit(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y) || grid.z > limit(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z))
    return refused(function, code_of_bad_shape(function), "The grid " + text(grid) + " is not within (1..2147483647, 1..65535, 1..65535).");
  const uint64_t threads = uint64_t(block.x) * block.y * block.z;
  if (threads == 0 || block.x > limit(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X) || block.y > limit(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y) ||
      block.z > limit(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z) || threads > limit(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK))
    return refused(function, code_of_bad_shape(function),
                   "The block " + text(block) + " is not within (1..1024, 1..1024, 1..64), or has more than 1024 threads.");
  if (threads > function.kernel().attributes().max_threads_per_block)
    return refused(function, CUDA_ERROR_INVALID_VALUE,
                   "The block " + text(block) + " has " + std::to_string(threads) + " threads; the kernel was built for at most " +
                       std::to_string(function.kernel().attributes().max_threads_per_block) + ".");
  if (launch.dynamic_shared > function.most_dynamic_shared())
    return refused(function, CUDA_ERROR_INVALID_VALUE,
                   "The launch asks for " + std::to_string(launch.dynamic_shared) + " bytes of dynamic shared memory; the kernel may use " +
                       std::to_string(function.most_dynamic_shared()) + " (CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES raises it).");
  const backend::Dim3& cluster = launch.cluster;
  const uint64_t blocks = uint64_t(cluster.x) * cluster.y * cluster.z;
  if (blocks == 1) return {};
  if (blocks == 0 || blocks > 16 || (blocks > 8 && function.settings().non_portable_cluster == 0))
    return refused(function, CUDA_ERROR_INVALID_CLUSTER_SIZE, "The cluster " + text(cluster) + " has not 1 to 8 blocks.");
  if (grid.x % cluster.x != 0 || grid.y % cluster.y != 0 || grid.z % cluster.z != 0)
    return refused(function, CUDA_ERROR_INVALID_VALUE,
                   "The grid " + text(grid) + " is not a multiple of the cluster " + text(cluster) + ".");
  return {};
}

Result<> apply(const CUlaunchAttribute& attribute, backend::Launch& launch, std::vector<Event*>& completion_events) {
  switch (attribute.id) {
    case CU_LAUNCH_ATTRIBUTE_COOPERATIVE: launch.cooperative = attribute.value.cooperative != 0; return {};
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
      launch.cluster = {attribute.value.clusterDim.x, attribute.value.clusterDim.y, attribute.value.clusterDim.z};
      return {};
    case CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT: {
      AW_ASSIGN(Event * event, event_of(attribute.value.launchCompletionEvent.event));
      completion_events.push_back(event);
      return {};
    }
    case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT: {
      AW_ASSIGN(Event * event, event_of(attribute.value.programmaticEvent.event));
      completion_events.push_back(event);
      return {};
    }
    // A kernel that may begin before its predecessor has ended may as well begin after it; the rest are hints.
    case CU_LAUNCH_ATTRIBUTE_IGNORE:
    case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION:
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
    case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    case CU_LAUNCH_ATTRIBUTE_PRIORITY:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION:
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    case CU_LAUNCH_ATTRIBUTE_NVLINK_UTIL_CENTRIC_SCHEDULING: return {};
    case CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE:
      if (attribute.value.deviceUpdatableKernelNode.deviceUpdatable == 0) return {};
      return Error{CUDA_ERROR_NOT_SUPPORTED, "Kernel nodes that the device updates are not supported.", ""};
    default: return invalid_value("There is no launch attribute " + std::to_string(int(attribute.id)) + ".");
  }
}

backend::Dim3 required_cluster(const Function& function) {
  const auto& required = function.settings().cluster_required;
  if (required[0] == 0) return {};
  return {uint32_t(required[0]), uint32_t(std::max(1, required[1].load())), uint32_t(std::max(1, required[2].load()))};
}

namespace {

Result<> launch(CUfunction handle, Function& function, backend::Launch& launch, CUstream hStream, void** kernelParams, void** extra,
                std::span<const CUlaunchAttribute> attributes = {}) {
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  Context& context = function.context();
  if (&stream->context() != &context)
    return refused(function, CUDA_ERROR_INVALID_HANDLE, "The stream belongs to another context than the function.");
  launch.kernel = &function.kernel();
  AW_TRY(check_shape(function, launch));
  Parameters parameters;
  AW_TRY(parameters.gather(function, kernelParams, extra));
  launch.params = parameters.bytes();
  if (stream->capturing()) {
    const auto kernel = handle == function.handle() ? nullptr : reinterpret_cast<CUkernel>(handle);
    return capture_kernel(*stream, function, kernel, launch, attributes);
  }
  AW_TRY(process()->backend().prepare(launch));
  auto task = std::make_unique<LaunchTask>(function.module().program(), launch, stream->id());
  const bool blocking = process()->launch_blocking();
  AW_TRY(context.put(*stream, std::move(task), blocking ? Manner::Waited : Manner::Queued));
  if (blocking) process()->backend().flush_output();
  return {};
}

}  // namespace

namespace api {

Result<> cuLaunchKernel(CUfunction f, unsigned int gridDimX, unsigned int gridDimY, unsigned int gridDimZ, unsigned int blockDimX,
                        unsigned int blockDimY, unsigned int blockDimZ, unsigned int sharedMemBytes, CUstream hStream, void** kernelParams,
                        void** extra) {
  AW_ASSIGN(Function * function, function_of(f));
  backend::Launch wanted{};
  wanted.grid = {gridDimX, gridDimY, gridDimZ};
  wanted.block = {blockDimX, blockDimY, blockDimZ};
  wanted.dynamic_shared = sharedMemBytes;
  return launch(f, *function, wanted, hStream, kernelParams, extra);
}

Result<> cuLaunchKernelEx(const CUlaunchConfig* config, CUfunction f, void** kernelParams, void** extra) {
  AW_TRY(need(config, "config"));
  AW_ASSIGN(Function * function, function_of(f));
  backend::Launch wanted{};
  wanted.grid = {config->gridDimX, config->gridDimY, config->gridDimZ};
  wanted.block = {config->blockDimX, config->blockDimY, config->blockDimZ};
  wanted.dynamic_shared = config->sharedMemBytes;
  wanted.cluster = required_cluster(*function);
  std::vector<Event*> completion_events;
  if (config->numAttrs != 0) AW_TRY(need(config->attrs, "config->attrs"));
  for (unsigned i = 0; i < config->numAttrs; ++i) AW_TRY(apply(config->attrs[i], wanted, completion_events));
  AW_TRY(launch(f, *function, wanted, config->hStream, kernelParams, extra, {config->attrs, config->numAttrs}));
  if (completion_events.empty()) return {};
  AW_ASSIGN(Stream * stream, stream_of(config->hStream));
  for (Event* event : completion_events) AW_TRY(event->record(*stream));
  return {};
}

Result<> cuLaunchCooperativeKernel(CUfunction f, unsigned int gridDimX, unsigned int gridDimY, unsigned int gridDimZ,
                                   unsigned int blockDimX, unsigned int blockDimY, unsigned int blockDimZ, unsigned int sharedMemBytes,
                                   CUstream hStream, void** kernelParams) {
  AW_ASSIGN(Function * function, function_of(f));
  backend::Launch wanted{};
  wanted.grid = {gridDimX, gridDimY, gridDimZ};
  wanted.block = {blockDimX, blockDimY, blockDimZ};
  wanted.dynamic_shared = sharedMemBytes;
  wanted.cooperative = true;
  return launch(f, *function, wanted, hStream, kernelParams, nullptr);
}

}  // namespace api
}  // namespace anywarp::driver
