// NVTX names for objects of CUDA: accepted, and of no effect without a profiler.
#ifndef ANYWARP_NVTX3_NVTOOLSEXT_CUDART_H
#define ANYWARP_NVTX3_NVTOOLSEXT_CUDART_H

#include "cuda_runtime_api.h"
#include "nvtx3/nvToolsExt.h"

#ifdef __cplusplus
extern "C" {
#endif

AW_NVTX void nvtxNameCudaDeviceA(int object, const char* name) { (void)object, (void)name; }
AW_NVTX void nvtxNameCudaDeviceW(int object, const wchar_t* name) { (void)object, (void)name; }
AW_NVTX void nvtxNameCudaStreamA(cudaStream_t object, const char* name) { (void)object, (void)name; }
AW_NVTX void nvtxNameCudaStreamW(cudaStream_t object, const wchar_t* name) { (void)object, (void)name; }
AW_NVTX void nvtxNameCudaEventA(cudaEvent_t object, const char* name) { (void)object, (void)name; }
AW_NVTX void nvtxNameCudaEventW(cudaEvent_t object, const wchar_t* name) { (void)object, (void)name; }

#ifdef __cplusplus
}
#endif

#define nvtxNameCudaDevice nvtxNameCudaDeviceA
#define nvtxNameCudaStream nvtxNameCudaStreamA
#define nvtxNameCudaEvent nvtxNameCudaEventA

#endif
