// What compiled host code calls to make its kernels and variables known and to launch them. clang declares these itself; they
// are here for sources that do by hand what a compiler does.
#ifndef __CUDA_INTERNAL_HOST_RUNTIME_H__
#define __CUDA_INTERNAL_HOST_RUNTIME_H__

#include "builtin_types.h"
#include "crt/host_defines.h"

#if defined(__cplusplus)

extern "C" {

extern __host__ void** CUDARTAPI __cudaRegisterFatBinary(void* fatCubin);
extern __host__ void CUDARTAPI __cudaRegisterFatBinaryEnd(void** fatCubinHandle);
extern __host__ void CUDARTAPI __cudaUnregisterFatBinary(void** fatCubinHandle);
extern __host__ void CUDARTAPI __cudaRegisterFunction(void** fatCubinHandle, const char* hostFun, char* deviceFun, const char* deviceName,
                                                      int thread_limit, uint3* tid, uint3* bid, dim3* bDim, dim3* gDim, int* wSize);
extern __host__ void CUDARTAPI __cudaRegisterVar(void** fatCubinHandle, char* hostVar, char* deviceAddress, const char* deviceName, int ext,
                                                 size_t size, int constant, int global);
extern __host__ void CUDARTAPI __cudaRegisterManagedVar(void** fatCubinHandle, void** hostVarPtrAddress, char* deviceAddress,
                                                        const char* deviceName, int ext, size_t size, int constant, int global);
extern __host__ char CUDARTAPI __cudaInitModule(void** fatCubinHandle);
extern __host__ cudaError_t CUDARTAPI __cudaPopCallConfiguration(dim3* gridDim, dim3* blockDim, size_t* sharedMem, void* stream);
extern __host__ cudaError_t CUDARTAPI __cudaGetKernel(cudaKernel_t* kernel, const void* hostFun);
extern __host__ cudaError_t CUDARTAPI __cudaLaunchKernel(cudaKernel_t kernel, dim3 gridDim, dim3 blockDim, void** args, size_t sharedMem,
                                                         cudaStream_t stream);
extern __host__ cudaError_t CUDARTAPI __cudaLaunchKernel_ptsz(cudaKernel_t kernel, dim3 gridDim, dim3 blockDim, void** args,
                                                              size_t sharedMem, cudaStream_t stream);

#if defined(__CUDA__) && defined(__clang__) && (!defined(__CUDA_ARCH__) || __CUDA_ARCH__ == 9999)
#define __ANYWARP_HOST_PASS  // clang's wrapper has the host's code see 9999
// The linker's bounds of the section that __managed__ puts host variables into; null where there are none. Another CUDA's runtime
// does not take them.
extern char __start_aw_managed[] __attribute__((weak, visibility("hidden")));
extern char __stop_aw_managed[] __attribute__((weak, visibility("hidden")));
extern __attribute__((host, weak)) void __anywarpRegisterManagedSection(void* begin, void* end);
#endif

}  // extern "C"

#if defined(__ANYWARP_HOST_PASS)
// Before the constructors in which the compiler registers the variables.
__attribute__((host, constructor(101))) static void __anywarp_register_managed(void) {
  if (__start_aw_managed && __anywarpRegisterManagedSection) __anywarpRegisterManagedSection(__start_aw_managed, __stop_aw_managed);
}
#endif

#endif

#endif
