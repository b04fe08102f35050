// Allocation. Where the driver calls a size of zero or a null pointer wrong, the runtime takes them: nothing is allocated, and
// nothing is freed.

#include "entry_points.h"
#include "runtime/enter.h"

namespace anywarp::runtime::api {
namespace {

cudaError_t allocate_host(void** ptr, size_t size, unsigned flags) {
  if (!ptr) return cudaErrorInvalidValue;
  *ptr = nullptr;
  if (flags & ~static_cast<unsigned>(cudaHostAllocPortable | cudaHostAllocMapped | cudaHostAllocWriteCombined))
    return cudaErrorInvalidValue;
  if (size == 0) return cudaSuccess;
  return to_error(driver().cuMemHostAlloc(ptr, size, flags));
}

cudaError_t allocate_rows(void** ptr, size_t* pitch, size_t width, size_t height) {
  *ptr = nullptr;
  *pitch = 0;
  if (width == 0 || height == 0) return cudaSuccess;
  CUdeviceptr address = 0;
  constexpr unsigned kLargestElement = 16;  // a pitch that suits it suits every type
  const CUresult result = driver().cuMemAllocPitch_v2(&address, pitch, width, height, kLargestElement);
  *ptr = reinterpret_cast<void*>(address);
  return to_error(result);
}

}  // namespace

cudaError_t cudaMalloc(void** devPtr, size_t size) {
  if (!devPtr) return cudaErrorInvalidValue;
  *devPtr = nullptr;
  if (size == 0) return cudaSuccess;
  CUdeviceptr address = 0;
  const CUresult result = driver().cuMemAlloc_v2(&address, size);
  if (result == CUDA_SUCCESS) *devPtr = reinterpret_cast<void*>(address);
  return to_error(result);
}

cudaError_t cudaFree(void* devPtr) { return devPtr ? to_error(driver().cuMemFree_v2(reinterpret_cast<CUdeviceptr>(devPtr))) : cudaSuccess; }

cudaError_t cudaMallocManaged(void** devPtr, size_t size, unsigned int flags) {
  if (!devPtr || size == 0 || (flags != cudaMemAttachGlobal && flags != cudaMemAttachHost)) return cudaErrorInvalidValue;
  CUdeviceptr address = 0;
  const CUresult result = driver().cuMemAllocManaged(&address, size, flags);
  if (result == CUDA_SUCCESS) *devPtr = reinterpret_cast<void*>(address);
  return to_error(result);
}

cudaError_t cudaMallocHost(void** ptr, size_t size) { return allocate_host(ptr, size, cudaHostAllocDefault); }

cudaError_t cudaHostAlloc(void** pHost, size_t size, unsigned int flags) { return allocate_host(pHost, size, flags); }

cudaError_t cudaFreeHost(void* ptr) { return ptr ? to_error(driver().cuMemFreeHost(ptr)) : cudaSuccess; }

cudaError_t cudaMallocPitch(void** devPtr, size_t* pitch, size_t width, size_t height) {
  return devPtr && pitch ? allocate_rows(devPtr, pitch, width, height) : cudaErrorInvalidValue;
}

cudaError_t cudaMalloc3D(struct cudaPitchedPtr* pitchedDevPtr, struct cudaExtent extent) {
  if (!pitchedDevPtr) return cudaErrorInvalidValue;
  size_t rows = 0;
  if (__builtin_mul_overflow(extent.height, extent.depth, &rows)) return cudaErrorMemoryAllocation;
  pitchedDevPtr->xsize = extent.width;
  pitchedDevPtr->ysize = extent.height;
  return allocate_rows(&pitchedDevPtr->ptr, &pitchedDevPtr->pitch, extent.width, rows);
}

cudaError_t cudaPointerGetAttributes(struct cudaPointerAttributes* attributes, const void* ptr) {
  if (!attributes) return cudaErrorInvalidValue;
  // Of a pointer that no allocation is known for, the driver leaves these as they are or clears them; both is "unregistered".
  unsigned type = 0, managed = 0;
  int device = cudaInvalidDeviceId;
  CUdeviceptr device_pointer = 0;
  void* host_pointer = nullptr;
  CUpointer_attribute which[] = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE, CU_POINTER_ATTRIBUTE_IS_MANAGED, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL,
                                 CU_POINTER_ATTRIBUTE_DEVICE_POINTER, CU_POINTER_ATTRIBUTE_HOST_POINTER};
  void* values[] = {&type, &managed, &device, &device_pointer, &host_pointer};
  if (const CUresult result = driver().cuPointerGetAttributes(5, which, values, reinterpret_cast<CUdeviceptr>(ptr)))
    return to_error(result);
  *attributes = {};
  attributes->type = managed                      ? cudaMemoryTypeManaged
                     : type == CU_MEMORYTYPE_HOST ? cudaMemoryTypeHost
                     : type == 0                  ? cudaMemoryTypeUnregistered
                                                  : cudaMemoryTypeDevice;
  const bool known = attributes->type != cudaMemoryTypeUnregistered;
  attributes->device = known ? device : cudaInvalidDeviceId;
  attributes->devicePointer = known ? reinterpret_cast<void*>(device_pointer) : nullptr;
  attributes->hostPointer = known ? host_pointer : const_cast<void*>(ptr);
  return cudaSuccess;
}

}  // namespace anywarp::runtime::api
