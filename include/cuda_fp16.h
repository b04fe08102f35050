// __half and __half2: IEEE numbers of 16 bits, with all their functions and operators on host and device.
#ifndef ANYWARP_CUDA_FP16_H
#define ANYWARP_CUDA_FP16_H
// The names by which other headers learn that the types exist.
#ifndef __CUDA_FP16_H__
#define __CUDA_FP16_H__
#define __CUDA_FP16_TYPES_EXIST__
#endif

#include "vector_types.h"

typedef struct __attribute__((aligned(2))) {
  unsigned short x;
} __half_raw;
typedef struct __attribute__((aligned(4))) {
  unsigned short x, y;
} __half2_raw;

#if defined(__cplusplus)

#include "crt/narrow_float.h"

struct __nv_bfloat16;

#define AW_T __half
#define AW_T2 __half2
#define AW_RAW __half_raw
#define AW_RAW2 __half2_raw
#define AW_W half
#define AW_W2 half2
#define AW_NATIVE _Float16
#define AW_OTHER_T __nv_bfloat16
#define AW_PTX_TYPE "f16"
#define AW_ATOMIC_ARCH 700
#if defined(__CUDA_NO_HALF_CONVERSIONS__)
#define AW_NO_CONVERSIONS 1
#else
#define AW_NO_CONVERSIONS 0
#endif
#if defined(__CUDA_NO_HALF_OPERATORS__)
#define AW_NO_OPERATORS 1
#else
#define AW_NO_OPERATORS 0
#endif
#if defined(__CUDA_NO_HALF2_OPERATORS__)
#define AW_NO_OPERATORS2 1
#else
#define AW_NO_OPERATORS2 0
#endif
#include "crt/narrow_float_types.inc"
#include "crt/narrow_float_functions.inc"

typedef __half half;
typedef __half2 half2;
typedef __half nv_half;
typedef __half __nv_half;
typedef __half2 nv_half2;
typedef __half2 __nv_half2;
typedef __half_raw __nv_half_raw;
typedef __half2_raw __nv_half2_raw;

#define CUDART_INF_FP16 __ushort_as_half((unsigned short)0x7c00)
#define CUDART_NAN_FP16 __ushort_as_half((unsigned short)0x7fff)
#define CUDART_MIN_DENORM_FP16 __ushort_as_half((unsigned short)0x0001)
#define CUDART_MAX_NORMAL_FP16 __ushort_as_half((unsigned short)0x7bff)
#define CUDART_NEG_ZERO_FP16 __ushort_as_half((unsigned short)0x8000)
#define CUDART_ZERO_FP16 __ushort_as_half((unsigned short)0x0000)
#define CUDART_ONE_FP16 __ushort_as_half((unsigned short)0x3c00)

#endif
#endif
