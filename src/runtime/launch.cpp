// Launching kernels. The driver knows one error for whatever is wrong with a launch's numbers; the runtime tells a grid or block
// that no device could run (cudaErrorInvalidConfiguration) from other bad arguments.

#include "runtime/launch.h"

#include "entry_points.h"
#include "runtime/enter.h"
#include "runtime/registry.h"

namespace anywarp::runtime {

static_assert(sizeof(CUlaunchAttribute) == sizeof(cudaLaunchAttribute) && alignof(CUlaunchAttribute) == alignof(cudaLaunchAttribute));

CUlaunchConfig launch_config(const cudaLaunchConfig_t& config) {
  return {
      .gridDimX = config.gridDim.x,
      .gridDimY = config.gridDim.y,
      .gridDimZ = config.gridDim.z,
      .blockDimX = config.blockDim.x,
      .blockDimY = config.blockDim.y,
      .blockDimZ = config.blockDim.z,
      .sharedMemBytes = static_cast<unsigned>(config.dynamicSmemBytes),
      .hStream = config.stream,
      .attrs = reinterpret_cast<CUlaunchAttribute*>(config.attrs),
      .numAttrs = config.numAttrs,
  };
}

namespace api {
namespace {

bool within(unsigned value, CUdevice_attribute limit, CUdevice device) {
  int most = 0;
  return driver().cuDeviceGetAttribute(&most, limit, device) != CUDA_SUCCESS || (value >= 1 && value <= static_cast<unsigned>(most));
}

bool is_possible(dim3 grid, dim3 block) {
  CUdevice device;
  if (driver().cuCtxGetDevice(&device) != CUDA_SUCCESS) return true;
  return within(grid.x, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, device) && within(grid.y, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y, device) &&
         within(grid.z, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z, device) && within(block.x, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X, device) &&
         within(block.y, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y, device) && within(block.z, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z, device) &&
         within(block.x * block.y * block.z, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, device);
}

cudaError_t launch_error(CUresult result, dim3 grid, dim3 block) {
  if (result == CUDA_ERROR_INVALID_VALUE && !is_possible(grid, block)) return cudaErrorInvalidConfiguration;
  return to_error(result);
}

/// A shared memory size beyond 32 bits is beyond every device's as well.
bool too_large(size_t shared_bytes) { return shared_bytes > 0xFFFFFFFFu; }

}  // namespace

cudaError_t cudaLaunchKernel(const void* func, dim3 gridDim, dim3 blockDim, void** args, size_t sharedMem, cudaStream_t stream) {
  CUkernel kernel = nullptr;
  if (const cudaError_t error = find_kernel(func, kernel)) return error;
  if (too_large(sharedMem)) return cudaErrorInvalidValue;
  const CUresult result = driver().cuLaunchKernel(reinterpret_cast<CUfunction>(kernel), gridDim.x, gridDim.y, gridDim.z, blockDim.x,
                                                  blockDim.y, blockDim.z, static_cast<unsigned>(sharedMem), stream, args, nullptr);
  return __builtin_expect(result == CUDA_SUCCESS, 1) ? cudaSuccess : launch_error(result, gridDim, blockDim);
}

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* func, void** args, bool per_thread) {
  if (!config || (config->numAttrs > 0 && !config->attrs)) return cudaErrorInvalidValue;
  CUkernel kernel = nullptr;
  if (const cudaError_t error = find_kernel(func, kernel)) return error;
  if (too_large(config->dynamicSmemBytes)) return cudaErrorInvalidValue;
  CUlaunchConfig passed = launch_config(*config);
  if (per_thread) passed.hStream = per_thread_stream(passed.hStream);
  const CUresult result = driver().cuLaunchKernelEx(&passed, reinterpret_cast<CUfunction>(kernel), args, nullptr);
  return result == CUDA_SUCCESS ? cudaSuccess : launch_error(result, config->gridDim, config->blockDim);
}

cudaError_t cudaLaunchCooperativeKernel(const void* func, dim3 gridDim, dim3 blockDim, void** args, size_t sharedMem, cudaStream_t stream) {
  CUkernel kernel = nullptr;
  if (const cudaError_t error = find_kernel(func, kernel)) return error;
  if (too_large(sharedMem)) return cudaErrorInvalidValue;
  const CUresult result =
      driver().cuLaunchCooperativeKernel(reinterpret_cast<CUfunction>(kernel), gridDim.x, gridDim.y, gridDim.z, blockDim.x, blockDim.y,
                                         blockDim.z, static_cast<unsigned>(sharedMem), stream, args);
  return result == CUDA_SUCCESS ? cudaSuccess : launch_error(result, gridDim, blockDim);
}

}  // namespace api
}  // namespace anywarp::runtime
