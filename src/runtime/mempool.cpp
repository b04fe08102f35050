#include "entry_points.h"
#include "runtime/enter.h"

namespace anywarp::runtime::api {

cudaError_t cudaMallocAsync(void** devPtr, size_t size, cudaStream_t hStream) {
  if (!devPtr) return cudaErrorInvalidValue;
  *devPtr = nullptr;
  if (size == 0) return cudaSuccess;
  CUdeviceptr address = 0;
  const CUresult result = driver().cuMemAllocAsync(&address, size, hStream);
  if (result == CUDA_SUCCESS) *devPtr = reinterpret_cast<void*>(address);
  return to_error(result);
}

}  // namespace anywarp::runtime::api
