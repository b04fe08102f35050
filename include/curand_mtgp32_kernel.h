// The device side of the MTGP32 generator: clang includes this file in every CUDA source, and curand_kernel.h includes what it needs.
#ifndef ANYWARP_CURAND_MTGP32_KERNEL_H
#define ANYWARP_CURAND_MTGP32_KERNEL_H
#endif
