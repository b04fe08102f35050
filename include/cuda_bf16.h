// __nv_bfloat16 and __nv_bfloat162: the upper halves of floats, with all their functions and operators on host and device.
#ifndef ANYWARP_CUDA_BF16_H
#define ANYWARP_CUDA_BF16_H
// The names by which other headers learn that the types exist.
#ifndef __CUDA_BF16_H__
#define __CUDA_BF16_H__
#define __CUDA_BF16_TYPES_EXIST__
#endif

#include "cuda_fp16.h"

typedef struct __attribute__((aligned(2))) {
  unsigned short x;
} __nv_bfloat16_raw;
typedef struct __attribute__((aligned(4))) {
  unsigned short x, y;
} __nv_bfloat162_raw;

#if defined(__cplusplus)

#define AW_T __nv_bfloat16
#define AW_T2 __nv_bfloat162
#define AW_RAW __nv_bfloat16_raw
#define AW_RAW2 __nv_bfloat162_raw
#define AW_W bfloat16
#define AW_W2 bfloat162
#define AW_NATIVE __bf16
#define AW_OTHER_T __half
#define AW_PTX_TYPE "bf16"
#define AW_ATOMIC_ARCH 900
#if defined(__CUDA_NO_BFLOAT16_CONVERSIONS__)
#define AW_NO_CONVERSIONS 1
#else
#define AW_NO_CONVERSIONS 0
#endif
#if defined(__CUDA_NO_BFLOAT16_OPERATORS__)
#define AW_NO_OPERATORS 1
#else
#define AW_NO_OPERATORS 0
#endif
#if defined(__CUDA_NO_BFLOAT162_OPERATORS__)
#define AW_NO_OPERATORS2 1
#else
#define AW_NO_OPERATORS2 0
#endif
#include "crt/narrow_float_types.inc"
#include "crt/narrow_float_functions.inc"

#if !defined(__CUDA_NO_BFLOAT16_CONVERSIONS__)
AW_HOST_DEVICE inline __nv_bfloat16::__nv_bfloat16(const __half other) : __x(__bfloat16_as_ushort(__float2bfloat16(__half2float(other)))) {}
#endif
#if !defined(__CUDA_NO_HALF_CONVERSIONS__)
AW_HOST_DEVICE inline __half::__half(const __nv_bfloat16 other) : __x(__half_as_ushort(__float2half(__bfloat162float(other)))) {}
#endif

typedef __nv_bfloat16 nv_bfloat16;
typedef __nv_bfloat162 nv_bfloat162;

#define CUDART_INF_BF16 __ushort_as_bfloat16((unsigned short)0x7f80)
#define CUDART_NAN_BF16 __ushort_as_bfloat16((unsigned short)0x7fff)
#define CUDART_MIN_DENORM_BF16 __ushort_as_bfloat16((unsigned short)0x0001)
#define CUDART_MAX_NORMAL_BF16 __ushort_as_bfloat16((unsigned short)0x7f7f)
#define CUDART_NEG_ZERO_BF16 __ushort_as_bfloat16((unsigned short)0x8000)
#define CUDART_ZERO_BF16 __ushort_as_bfloat16((unsigned short)0x0000)
#define CUDART_ONE_BF16 __ushort_as_bfloat16((unsigned short)0x3f80)

#endif
#endif
