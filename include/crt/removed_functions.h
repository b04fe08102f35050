// Functions of older CUDA versions that 13 has no longer. Programs that call them are still about, so they keep working here.
#ifndef ANYWARP_CRT_REMOVED_FUNCTIONS_H
#define ANYWARP_CRT_REMOVED_FUNCTIONS_H

#include "cuda_runtime_api.h"

#if !defined(__CUDACC_RTC__)

#define AW_REMOVED static __inline__ __attribute__((unused)) __host__ cudaError_t

AW_REMOVED cudaThreadSynchronize(void) { return cudaDeviceSynchronize(); }
AW_REMOVED cudaThreadExit(void) { return cudaDeviceReset(); }
AW_REMOVED cudaThreadSetLimit(enum cudaLimit limit, size_t value) { return cudaDeviceSetLimit(limit, value); }
AW_REMOVED cudaThreadGetLimit(size_t* value, enum cudaLimit limit) { return cudaDeviceGetLimit(value, limit); }
AW_REMOVED cudaThreadSetCacheConfig(enum cudaFuncCache config) { return cudaDeviceSetCacheConfig(config); }
AW_REMOVED cudaThreadGetCacheConfig(enum cudaFuncCache* config) { return cudaDeviceGetCacheConfig(config); }

#undef AW_REMOVED

#endif
#endif
