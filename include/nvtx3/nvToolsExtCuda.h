// NVTX names for objects of CUDA: accepted, and of no effect without a profiler.
#ifndef ANYWARP_NVTX3_NVTOOLSEXT_CUDA_H
#define ANYWARP_NVTX3_NVTOOLSEXT_CUDA_H

#include "cuda.h"
#include "nvtx3/nvToolsExt.h"

#ifdef __cplusplus
extern "C" {
#endif

AW_NVTX void nvtxNameCuDeviceA(CUdevice object, const char* name) { (void)object, (void)name; }
AW_NVTX void nvtxNameCuDeviceW(CUdevice object, const wchar_t* name) { (void)object, (void)name; }
AW_NVTX void nvtxNameCuContextA(CUcontext object, const char* name) { (void)object, (void)name; }
AW_NVTX void nvtxNameCuContextW(CUcontext object, const wchar_t* name) { (void)object, (void)name; }
AW_NVTX void nvtxNameCuStreamA(CUstream object, const char* name) { (void)object, (void)name; }
AW_NVTX void nvtxNameCuStreamW(CUstream object, const wchar_t* name) { (void)object, (void)name; }
AW_NVTX void nvtxNameCuEventA(CUevent object, const char* name) { (void)object, (void)name; }
AW_NVTX void nvtxNameCuEventW(CUevent object, const wchar_t* name) { (void)object, (void)name; }

#ifdef __cplusplus
}
#endif

#define nvtxNameCuDevice nvtxNameCuDeviceA
#define nvtxNameCuContext nvtxNameCuContextA
#define nvtxNameCuStream nvtxNameCuStreamA
#define nvtxNameCuEvent nvtxNameCuEventA

#endif
