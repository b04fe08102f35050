// Libraries that a program loads itself. Their kernels may be passed wherever a host stub may, so the runtime keeps note of them.

#include "entry_points.h"
#include "runtime/enter.h"
#include "runtime/registry.h"

namespace anywarp::runtime::api {

cudaError_t cudaLibraryUnload(cudaLibrary_t library) {
  const CUresult result = driver().cuLibraryUnload(library);
  if (result == CUDA_SUCCESS) forget_kernels(library);
  return to_error(result);
}

cudaError_t cudaLibraryGetKernel(cudaKernel_t* pKernel, cudaLibrary_t library, const char* name) {
  if (const CUresult result = driver().cuLibraryGetKernel(pKernel, library, name)) return to_error(result);
  return remember_kernel(*pKernel, library);
}

cudaError_t cudaLibraryEnumerateKernels(cudaKernel_t* kernels, unsigned int numKernels, cudaLibrary_t lib) {
  unsigned count = 0;
  if (const CUresult result = driver().cuLibraryGetKernelCount(&count, lib)) return to_error(result);
  if (const CUresult result = driver().cuLibraryEnumerateKernels(kernels, numKernels, lib)) return to_error(result);
  for (unsigned i = 0; i < numKernels && i < count; ++i) {
    if (const cudaError_t error = remember_kernel(kernels[i], lib)) return error;
  }
  return cudaSuccess;
}

cudaError_t cudaKernelSetAttributeForDevice(cudaKernel_t kernel, enum cudaFuncAttribute attr, int value, int device) {
  CUdevice handle;
  if (const CUresult result = driver().cuDeviceGet(&handle, device)) return to_error(result);
  return to_error(driver().cuKernelSetAttribute(static_cast<CUfunction_attribute>(attr), value, kernel, handle));
}

}  // namespace anywarp::runtime::api
