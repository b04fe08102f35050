// The 8-bit floating-point formats: e4m3 (4 bits of exponent, no infinities, up to 448) and e5m2 (5 bits, up to 57344), their pairs
// and quadruples. They are storage: arithmetic is done in float or half.
#ifndef ANYWARP_CUDA_FP8_H
#define ANYWARP_CUDA_FP8_H

#include "cuda_bf16.h"
#include "cuda_fp16.h"
#include "vector_types.h"

typedef unsigned char __nv_fp8_storage_t;
typedef unsigned short int __nv_fp8x2_storage_t;
typedef unsigned int __nv_fp8x4_storage_t;

/// What becomes of numbers beyond the largest: infinity or NaN, or the largest.
typedef enum __nv_saturation_t { __NV_NOSAT, __NV_SATFINITE } __nv_saturation_t;
typedef enum __nv_fp8_interpretation_t { __NV_E4M3, __NV_E5M2 } __nv_fp8_interpretation_t;

#if defined(__cplusplus)

/// Rounds to nearest, ties to even.
AW_NARROW __nv_fp8_storage_t __nv_cvt_double_to_fp8(const double value, const __nv_saturation_t saturate,
                                                    const __nv_fp8_interpretation_t format) {
  unsigned long long bits;
  __builtin_memcpy(&bits, &value, 8);
  bool e4m3 = format == __NV_E4M3;
  int fraction = e4m3 ? 3 : 2, bias = e4m3 ? 7 : 15, exponent = (int)(bits >> 52 & 0x7ff) - 1023;
  unsigned sign = (unsigned)(bits >> 63) << 7, largest = e4m3 ? 0x7e : 0x7b;
  unsigned long long significand = bits & 0xfffffffffffffull;
  if (exponent == 1024 && significand) return 0x7f;
  unsigned beyond = saturate == __NV_SATFINITE ? sign | largest : e4m3 ? sign | 0x7f : sign | 0x7c;
  if (exponent == 1024) return (__nv_fp8_storage_t)beyond;
  if (exponent == -1023) return (__nv_fp8_storage_t)sign;  // far below half of the smallest number
  significand |= 0x10000000000000ull;
  int shift = 52 - fraction;
  bool subnormal = exponent < 1 - bias;
  if (subnormal) shift += 1 - bias - exponent;
  if (shift > 63) shift = 63;
  unsigned long long kept = significand >> shift, rest = significand & ((1ull << shift) - 1), half = 1ull << (shift - 1);
  kept += rest > half || (rest == half && (kept & 1));
  if (!subnormal) kept += (unsigned long long)(exponent + bias - 1) << fraction;
  return (__nv_fp8_storage_t)(kept > largest ? beyond : sign | (unsigned)kept);
}
AW_NARROW __nv_fp8_storage_t __nv_cvt_float_to_fp8(const float value, const __nv_saturation_t saturate,
                                                   const __nv_fp8_interpretation_t format) {
  return __nv_cvt_double_to_fp8(value, saturate, format);
}
AW_NARROW __nv_fp8_storage_t __nv_cvt_halfraw_to_fp8(const __half_raw value, const __nv_saturation_t saturate,
                                                     const __nv_fp8_interpretation_t format) {
  return __nv_cvt_double_to_fp8(__aw_float_of_half(value.x), saturate, format);
}
AW_NARROW __nv_fp8_storage_t __nv_cvt_bfloat16raw_to_fp8(const __nv_bfloat16_raw value, const __nv_saturation_t saturate,
                                                         const __nv_fp8_interpretation_t format) {
  return __nv_cvt_double_to_fp8(__aw_float_of_bfloat16(value.x), saturate, format);
}
AW_NARROW __nv_fp8x2_storage_t __nv_cvt_float2_to_fp8x2(const float2 value, const __nv_saturation_t saturate,
                                                        const __nv_fp8_interpretation_t format) {
  return (__nv_fp8x2_storage_t)(__nv_cvt_float_to_fp8(value.x, saturate, format) |
                                __nv_cvt_float_to_fp8(value.y, saturate, format) << 8);
}
AW_NARROW __nv_fp8x2_storage_t __nv_cvt_double2_to_fp8x2(const double2 value, const __nv_saturation_t saturate,
                                                         const __nv_fp8_interpretation_t format) {
  return (__nv_fp8x2_storage_t)(__nv_cvt_double_to_fp8(value.x, saturate, format) |
                                __nv_cvt_double_to_fp8(value.y, saturate, format) << 8);
}
AW_NARROW __nv_fp8x2_storage_t __nv_cvt_halfraw2_to_fp8x2(const __half2_raw value, const __nv_saturation_t saturate,
                                                          const __nv_fp8_interpretation_t format) {
  float2 two;
  two.x = __aw_float_of_half(value.x);
  two.y = __aw_float_of_half(value.y);
  return __nv_cvt_float2_to_fp8x2(two, saturate, format);
}
AW_NARROW __nv_fp8x2_storage_t __nv_cvt_bfloat16raw2_to_fp8x2(const __nv_bfloat162_raw value, const __nv_saturation_t saturate,
                                                              const __nv_fp8_interpretation_t format) {
  float2 two;
  two.x = __aw_float_of_bfloat16(value.x);
  two.y = __aw_float_of_bfloat16(value.y);
  return __nv_cvt_float2_to_fp8x2(two, saturate, format);
}

/// Every 8-bit number is a half: e5m2 is the upper byte of one, e4m3 has an exponent that is 8 smaller.
AW_NARROW __half_raw __nv_cvt_fp8_to_halfraw(const __nv_fp8_storage_t value, const __nv_fp8_interpretation_t format) {
  __half_raw result;
  if (format == __NV_E5M2) {
    result.x = (unsigned short)((value & 0x7f) > 0x7c ? 0x7fff : value << 8);
  } else {
    unsigned magnitude = value & 0x7f, sign = (unsigned)(value & 0x80) << 8;
    if (magnitude == 0x7f)
      result.x = 0x7fff;
    else if (magnitude >= 8)
      result.x = (unsigned short)(sign | ((magnitude << 7) + (8 << 10)));
    else
      result.x = (unsigned short)(sign | __aw_half_of_float((float)magnitude * 0x1p-9f));
  }
  return result;
}
AW_NARROW __half2_raw __nv_cvt_fp8x2_to_halfraw2(const __nv_fp8x2_storage_t value, const __nv_fp8_interpretation_t format) {
  __half2_raw result;
  result.x = __nv_cvt_fp8_to_halfraw((__nv_fp8_storage_t)value, format).x;
  result.y = __nv_cvt_fp8_to_halfraw((__nv_fp8_storage_t)(value >> 8), format).x;
  return result;
}

#define AW_FP8(one, two, four, format)                                                                                                      \
  struct one {                                                                                                                              \
    __nv_fp8_storage_t __x;                                                                                                                 \
    one() = default;                                                                                                                        \
    explicit AW_BOTH_MEMBER one(const __half value) : __x(__nv_cvt_halfraw_to_fp8(value, __NV_SATFINITE, format)) {}                        \
    explicit AW_BOTH_MEMBER one(const __nv_bfloat16 value) : __x(__nv_cvt_bfloat16raw_to_fp8(value, __NV_SATFINITE, format)) {}             \
    explicit AW_BOTH_MEMBER one(const float value) : __x(__nv_cvt_float_to_fp8(value, __NV_SATFINITE, format)) {}                           \
    explicit AW_BOTH_MEMBER one(const double value) : __x(__nv_cvt_double_to_fp8(value, __NV_SATFINITE, format)) {}                         \
    explicit AW_BOTH_MEMBER one(const int value) : __x(__nv_cvt_double_to_fp8(value, __NV_SATFINITE, format)) {}                            \
    explicit AW_BOTH_MEMBER one(const unsigned value) : __x(__nv_cvt_double_to_fp8(value, __NV_SATFINITE, format)) {}                       \
    explicit AW_BOTH_MEMBER one(const short value) : __x(__nv_cvt_double_to_fp8(value, __NV_SATFINITE, format)) {}                          \
    explicit AW_BOTH_MEMBER one(const unsigned short value) : __x(__nv_cvt_double_to_fp8(value, __NV_SATFINITE, format)) {}                 \
    explicit AW_BOTH_MEMBER one(const long value) : __x(__nv_cvt_double_to_fp8((double)value, __NV_SATFINITE, format)) {}                   \
    explicit AW_BOTH_MEMBER one(const long long value) : __x(__nv_cvt_double_to_fp8((double)value, __NV_SATFINITE, format)) {}              \
    explicit AW_BOTH_MEMBER operator __half() const { return __half(__nv_cvt_fp8_to_halfraw(__x, format)); }                                \
    explicit AW_BOTH_MEMBER operator float() const { return __aw_float_of_half(__nv_cvt_fp8_to_halfraw(__x, format).x); }                   \
    explicit AW_BOTH_MEMBER operator double() const { return (double)operator float(); }                                                    \
    explicit AW_BOTH_MEMBER operator __nv_bfloat16() const { return __float2bfloat16(operator float()); }                                   \
    explicit AW_BOTH_MEMBER operator int() const { return (int)operator float(); }                                                          \
    explicit AW_BOTH_MEMBER operator unsigned() const { return (unsigned)operator float(); }                                                \
    explicit AW_BOTH_MEMBER operator bool() const { return (__x & 0x7f) != 0; }                                                             \
  };                                                                                                                                        \
  struct __attribute__((aligned(2))) two {                                                                                                  \
    __nv_fp8x2_storage_t __x;                                                                                                               \
    two() = default;                                                                                                                        \
    explicit AW_BOTH_MEMBER two(const __half2 value)                                                                                        \
        : __x(__nv_cvt_halfraw2_to_fp8x2(value, __NV_SATFINITE, format)) {}                                                                 \
    explicit AW_BOTH_MEMBER two(const __nv_bfloat162 value)                                                                                 \
        : __x(__nv_cvt_bfloat16raw2_to_fp8x2(value, __NV_SATFINITE, format)) {}                                                             \
    explicit AW_BOTH_MEMBER two(const float2 value)                                                                                         \
        : __x(__nv_cvt_float2_to_fp8x2(value, __NV_SATFINITE, format)) {}                                                                   \
    explicit AW_BOTH_MEMBER two(const double2 value)                                                                                        \
        : __x(__nv_cvt_double2_to_fp8x2(value, __NV_SATFINITE, format)) {}                                                                  \
    explicit AW_BOTH_MEMBER operator __half2() const { return __half2(__nv_cvt_fp8x2_to_halfraw2(__x, format)); }                           \
    explicit AW_BOTH_MEMBER operator float2() const { return __half22float2(operator __half2()); }                                          \
  };                                                                                                                                        \
  struct __attribute__((aligned(4))) four {                                                                                                 \
    __nv_fp8x4_storage_t __x;                                                                                                               \
    four() = default;                                                                                                                       \
    explicit AW_BOTH_MEMBER four(const __half2 low, const __half2 high)                                                                     \
        : __x(__nv_cvt_halfraw2_to_fp8x2(low, __NV_SATFINITE, format) |                                                                     \
              (unsigned)__nv_cvt_halfraw2_to_fp8x2(high, __NV_SATFINITE, format) << 16) {}                                                  \
    explicit AW_BOTH_MEMBER four(const float4 value)                                                                                        \
        : __x(__nv_cvt_float_to_fp8(value.x, __NV_SATFINITE, format) |                                                                      \
              (unsigned)__nv_cvt_float_to_fp8(value.y, __NV_SATFINITE, format) << 8 |                                                       \
              (unsigned)__nv_cvt_float_to_fp8(value.z, __NV_SATFINITE, format) << 16 |                                                      \
              (unsigned)__nv_cvt_float_to_fp8(value.w, __NV_SATFINITE, format) << 24) {}                                                    \
    explicit AW_BOTH_MEMBER operator float4() const {                                                                                       \
      float4 result;                                                                                                                        \
      result.x = __aw_float_of_half(__nv_cvt_fp8_to_halfraw((__nv_fp8_storage_t)__x, format).x);                                            \
      result.y = __aw_float_of_half(__nv_cvt_fp8_to_halfraw((__nv_fp8_storage_t)(__x >> 8), format).x);                                     \
      result.z = __aw_float_of_half(__nv_cvt_fp8_to_halfraw((__nv_fp8_storage_t)(__x >> 16), format).x);                                    \
      result.w = __aw_float_of_half(__nv_cvt_fp8_to_halfraw((__nv_fp8_storage_t)(__x >> 24), format).x);                                    \
      return result;                                                                                                                        \
    }                                                                                                                                       \
  };
AW_FP8(__nv_fp8_e4m3, __nv_fp8x2_e4m3, __nv_fp8x4_e4m3, __NV_E4M3)
AW_FP8(__nv_fp8_e5m2, __nv_fp8x2_e5m2, __nv_fp8x4_e5m2, __NV_E5M2)
#undef AW_FP8

#endif
#endif
