// What kernels are like, and what may be set for them.

#include <string.h>

#include "entry_points.h"
#include "runtime/enter.h"
#include "runtime/registry.h"

namespace anywarp::runtime::api {
namespace {

/// The kernel and the device of the current context.
cudaError_t find(const void* func, CUkernel& kernel, CUdevice& device) {
  if (const cudaError_t error = find_kernel(func, kernel)) return error;
  return to_error(driver().cuCtxGetDevice(&device));
}

}  // namespace

cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes* attr, const void* func) {
  if (!attr) return cudaErrorInvalidValue;
  CUkernel kernel = nullptr;
  CUdevice device;
  if (const cudaError_t error = find(func, kernel, device)) return error;
  memset(attr, 0, sizeof *attr);
  CUresult failed = CUDA_SUCCESS;
  const auto get = [&](CUfunction_attribute which) {
    int value = 0;
    const CUresult result = driver().cuKernelGetAttribute(&value, which, kernel, device);
    if (failed == CUDA_SUCCESS) failed = result;
    return value;
  };
  attr->sharedSizeBytes = get(CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
  attr->constSizeBytes = get(CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES);
  attr->localSizeBytes = get(CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
  attr->maxThreadsPerBlock = get(CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
  attr->numRegs = get(CU_FUNC_ATTRIBUTE_NUM_REGS);
  attr->ptxVersion = get(CU_FUNC_ATTRIBUTE_PTX_VERSION);
  attr->binaryVersion = get(CU_FUNC_ATTRIBUTE_BINARY_VERSION);
  attr->cacheModeCA = get(CU_FUNC_ATTRIBUTE_CACHE_MODE_CA);
  attr->maxDynamicSharedSizeBytes = get(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
  attr->preferredShmemCarveout = get(CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT);
  attr->clusterDimMustBeSet = get(CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET);
  attr->requiredClusterWidth = get(CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH);
  attr->requiredClusterHeight = get(CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT);
  attr->requiredClusterDepth = get(CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH);
  attr->clusterSchedulingPolicyPreference = get(CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE);
  attr->nonPortableClusterSizeAllowed = get(CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED);
  return to_error(failed);
}

cudaError_t cudaFuncSetAttribute(const void* func, enum cudaFuncAttribute attr, int value) {
  CUkernel kernel = nullptr;
  CUdevice device;
  if (const cudaError_t error = find(func, kernel, device)) return error;
  return to_error(driver().cuKernelSetAttribute(static_cast<CUfunction_attribute>(attr), value, kernel, device));
}

cudaError_t cudaFuncSetCacheConfig(const void* func, enum cudaFuncCache cacheConfig) {
  CUkernel kernel = nullptr;
  CUdevice device;
  if (const cudaError_t error = find(func, kernel, device)) return error;
  return to_error(driver().cuKernelSetCacheConfig(kernel, static_cast<CUfunc_cache>(cacheConfig), device));
}

cudaError_t cudaFuncSetSharedMemConfig(const void* func, enum cudaSharedMemConfig config) {
  CUkernel kernel = nullptr;
  if (static_cast<unsigned>(config) > cudaSharedMemBankSizeEightByte) return cudaErrorInvalidValue;
  return find_kernel(func, kernel);  // no device since compute capability 5.0 has banks of other sizes: there is nothing to set
}

cudaError_t cudaFuncGetName(const char** name, const void* func) {
  CUkernel kernel = nullptr;
  if (!name) return cudaErrorInvalidValue;
  if (const cudaError_t error = find_kernel(func, kernel)) return error;
  return to_error(driver().cuKernelGetName(name, kernel));
}

cudaError_t cudaFuncGetParamInfo(const void* func, size_t paramIndex, size_t* paramOffset, size_t* paramSize) {
  CUkernel kernel = nullptr;
  if (const cudaError_t error = find_kernel(func, kernel)) return error;
  return to_error(driver().cuKernelGetParamInfo(kernel, paramIndex, paramOffset, paramSize));
}

cudaError_t cudaGetFuncBySymbol(cudaFunction_t* functionPtr, const void* symbolPtr) {
  return functionPtr ? find_function(symbolPtr, *functionPtr) : cudaErrorInvalidValue;
}

cudaError_t cudaGetKernel(cudaKernel_t* kernelPtr, const void* entryFuncAddr) {
  if (!kernelPtr) return cudaErrorInvalidValue;
  CUkernel kernel = nullptr;
  if (const cudaError_t error = find_kernel(entryFuncAddr, kernel)) return error;
  *kernelPtr = kernel;
  return remember_kernel(kernel, nullptr);
}

}  // namespace anywarp::runtime::api
