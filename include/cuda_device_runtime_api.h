// The part of the runtime API that kernels may call. Launching kernels from kernels is not supported: its streams have their
// values here, but no function takes them on the device.
#ifndef __CUDA_DEVICE_RUNTIME_API_H__
#define __CUDA_DEVICE_RUNTIME_API_H__

#include "crt/host_defines.h"
#include "driver_types.h"

#define cudaStreamTailLaunch ((cudaStream_t)0x3)
#define cudaStreamFireAndForget ((cudaStream_t)0x4)
#define cudaStreamGraphTailLaunch ((cudaStream_t)0x0100000000000000)
#define cudaStreamGraphFireAndForget ((cudaStream_t)0x0200000000000000)
#define cudaStreamGraphFireAndForgetAsSibling ((cudaStream_t)0x0300000000000000)

#if defined(__cplusplus) && defined(__CUDA__) && defined(__clang__)

extern "C" {

// Programmatic dependent launch: a grid lets the next one in its stream begin, which waits for what it needs.
static __inline__ __attribute__((device, unused)) void cudaTriggerProgrammaticLaunchCompletion(void) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;");
#endif
}

static __inline__ __attribute__((device, unused)) void cudaGridDependencySynchronize(void) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// What a conditional node of a graph looks at when it comes to it.
__attribute__((device)) void cudaGraphSetConditional(cudaGraphConditionalHandle handle, unsigned int value);

// CUB waits by this name for what its kernels have launched, which is nothing.
static __inline__ __attribute__((host, device, unused)) cudaError_t __cudaDeviceSynchronizeDeprecationAvoidance(void) {
  return cudaErrorNotSupported;
}

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ == 9999  // so clang has it in host code, while it reads this
// Thrust names these in device functions that only a compilation of host code reads. In device code they do not exist, so that
// a kernel that launches kernels is refused when it is compiled.
__attribute__((device)) void* cudaGetParameterBuffer(size_t alignment, size_t size);
__attribute__((device)) cudaError_t cudaLaunchDevice(void* func, void* parameterBuffer, struct dim3 gridDimension, struct dim3 blockDimension,
                                                     unsigned int sharedMemSize, cudaStream_t stream);
#endif

}  // extern "C"

#endif

#endif
