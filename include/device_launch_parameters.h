// threadIdx, blockIdx, blockDim, gridDim and warpSize are known to the compiler in CUDA sources; editors and host compilers see
// these declarations.
#ifndef ANYWARP_DEVICE_LAUNCH_PARAMETERS_H
#define ANYWARP_DEVICE_LAUNCH_PARAMETERS_H

#include "vector_types.h"

#if defined(__cplusplus) && !defined(__CUDA__)
extern const uint3 threadIdx;
extern const uint3 blockIdx;
extern const dim3 blockDim;
extern const dim3 gridDim;
extern const int warpSize;
#endif

#endif
