// cvt with a rounding mode, between integers and the floating-point formats that LLVM has a type for; fma of the short ones.
//
// A 64-bit integer is the sum of two doubles, upper and lower word, with an error that is known exactly; whatever is rounded
// twice goes through a float that was rounded to odd.
#include "half.h"

/// An integer as sum + error.
typedef struct {
  double sum, error;
} Parts;

INLINE Parts parts_s32(s32 x) { return (Parts){(double)x, 0}; }
INLINE Parts parts_u32(u32 x) { return (Parts){(double)x, 0}; }
INLINE Parts parts_of(double upper, u32 lower) {
  const double high = upper * 0x1p32, low = (double)lower;
  const double sum = high + low;
  return (Parts){sum, high == 0 ? 0 : low - (sum - high)};
}
INLINE Parts parts_s64(s64 x) { return parts_of((double)(s32)(x >> 32), (u32)x); }
INLINE Parts parts_u64(u64 x) { return parts_of((double)(u32)(x >> 32), (u32)x); }

#define FROM_INTEGER(word, direction, integer, type)                       \
  OPERATION float __aw_cvt_##word##_f32_##integer(type x) {                \
    const Parts parts = parts_##integer(x);                                \
    return narrow(parts.sum, parts.error, direction);                      \
  }                                                                        \
  OPERATION double __aw_cvt_##word##_f64_##integer(type x) {               \
    const Parts parts = parts_##integer(x);                                \
    return nudge(parts.sum, parts.error, direction);                       \
  }                                                                        \
  OPERATION f16 __aw_cvt_##word##_f16_##integer(type x) {                  \
    const Parts parts = parts_##integer(x);                                \
    return half_directed(narrow_odd(parts.sum, parts.error), direction);   \
  }                                                                        \
  OPERATION __bf16 __aw_cvt_##word##_bf16_##integer(type x) {              \
    const Parts parts = parts_##integer(x);                                \
    return bfloat_directed(narrow_odd(parts.sum, parts.error), direction); \
  }
#define FROM_INTEGERS(word, direction)    \
  FROM_INTEGER(word, direction, s32, s32) \
  FROM_INTEGER(word, direction, u32, u32) \
  FROM_INTEGER(word, direction, s64, s64) \
  FROM_INTEGER(word, direction, u64, u64)

FROM_INTEGERS(rz, kZero)
FROM_INTEGERS(rm, kDown)
FROM_INTEGERS(rp, kUp)

#define TO_NEAREST(integer, type)                              \
  OPERATION __bf16 __aw_cvt_rn_bf16_##integer(type x) {        \
    const Parts parts = parts_##integer(x);                    \
    return bfloat_nearest(narrow_odd(parts.sum, parts.error)); \
  }
TO_NEAREST(s32, s32)
TO_NEAREST(u32, u32)
TO_NEAREST(s64, s64)
TO_NEAREST(u64, u64)

#define FROM_FLOAT(word, direction)                                                                        \
  OPERATION float __aw_cvt_##word##_f32_f64(double x) { return narrow(x, 0, direction); }                  \
  OPERATION f16 __aw_cvt_##word##_f16_f32(float x) { return half_directed(x, direction); }                 \
  OPERATION f16 __aw_cvt_##word##_f16_f64(double x) { return half_directed(narrow_odd(x, 0), direction); } \
  OPERATION __bf16 __aw_cvt_##word##_bf16_f32(float x) { return bfloat_directed(x, direction); }           \
  OPERATION __bf16 __aw_cvt_##word##_bf16_f64(double x) { return bfloat_directed(narrow_odd(x, 0), direction); }

FROM_FLOAT(rz, kZero)
FROM_FLOAT(rm, kDown)
FROM_FLOAT(rp, kUp)

OPERATION f16 __aw_cvt_rn_f16_f64(double x) { return (f16)narrow_odd(x, 0); }
OPERATION __bf16 __aw_cvt_rn_bf16_f64(double x) { return bfloat_nearest(narrow_odd(x, 0)); }

// .satfinite: what is beyond the largest finite number becomes that number.
INLINE float limit_magnitude(float x, float largest) { return abs_f32(x) > largest ? __builtin_copysignf(largest, x) : x; }

OPERATION f16 __aw_cvt_rn_satfinite_f16_f32(float x) { return (f16)limit_magnitude(x, 0x1.ffcp15f); }
OPERATION f16 __aw_cvt_rz_satfinite_f16_f32(float x) { return half_directed(limit_magnitude(x, 0x1.ffcp15f), kZero); }
OPERATION __bf16 __aw_cvt_rn_satfinite_bf16_f32(float x) { return bfloat_nearest(limit_magnitude(x, 0x1.fep127f)); }
OPERATION __bf16 __aw_cvt_rz_satfinite_bf16_f32(float x) { return bfloat_directed(limit_magnitude(x, 0x1.fep127f), kZero); }

// The product of two short numbers is exact in the next format but one; the sum is rounded to odd there.
OPERATION f16 __aw_fma_rn_f16(f16 a, f16 b, f16 c) {
  const float p = (float)a * (float)b, s = p + (float)c;
  const float error = sum_error_f32(p, (float)c, s);
  const u32 bits = bits_f32(s);
  const s32 away = (s32)bits < 0 ? (error < 0) - (error > 0) : (error > 0) - (error < 0);
  return (f16)float_of(bits & 1 ? bits : bits + (u32)away);
}

OPERATION __bf16 __aw_fma_rn_bf16(__bf16 a, __bf16 b, __bf16 c) {
  const double p = (double)float_of_bfloat(a) * (double)float_of_bfloat(b), addend = float_of_bfloat(c), s = p + addend;
  return bfloat_nearest(narrow_odd(s, sum_error(p, addend, s)));
}
