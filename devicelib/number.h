// Numbers as bits, and the two steps that directed rounding is made of: the error of an operation, and one ulp up or down.
//
// Everything here is straight-line code without calls, tables or branches, because it is inlined into kernels and then
// runs once for all lanes of a slice. Nothing depends on the rounding mode or on flags.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;
typedef _Float16 f16;
typedef f16 f16x2 __attribute__((ext_vector_type(2)));

#define INLINE static inline __attribute__((always_inline))
#define OPERATION __attribute__((visibility("default"), const, nothrow))

INLINE u32 bits_f32(float x) { return __builtin_bit_cast(u32, x); }
INLINE u64 bits_f64(double x) { return __builtin_bit_cast(u64, x); }
INLINE u16 bits_f16(f16 x) { return __builtin_bit_cast(u16, x); }
INLINE float float_of(u32 bits) { return __builtin_bit_cast(float, bits); }
INLINE double double_of(u64 bits) { return __builtin_bit_cast(double, bits); }
INLINE f16 half_of(u16 bits) { return __builtin_bit_cast(f16, bits); }
INLINE __bf16 bfloat_of(u16 bits) { return __builtin_bit_cast(__bf16, bits); }
INLINE float float_of_bfloat(__bf16 x) { return float_of((u32) __builtin_bit_cast(u16, x) << 16); }

INLINE float abs_f32(float x) { return __builtin_fabsf(x); }
INLINE double abs_f64(double x) { return __builtin_fabs(x); }
INLINE float fma_f32(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
INLINE double fma_f64(double a, double b, double c) { return __builtin_fma(a, b, c); }

/// Denormals become zeros of the same sign.
INLINE float flush(float x) { return abs_f32(x) < 0x1p-126f ? __builtin_copysignf(0.0f, x) : x; }

/// Rounding modes of PTX: to zero, to minus infinity, to plus infinity. A parameter that is constant wherever it is used.
enum Direction { kZero, kDown, kUp };

/// -1, 0 or +1: which neighbour of a number that was rounded to nearest is the directed result, in steps of the number's
/// magnitude. `rest` has the sign of exact - rounded; zero and NaN mean that nothing is left to do.
INLINE s32 step(int is_negative, double rest, enum Direction direction) {
  const s32 above = rest > 0, below = rest < 0;
  if (direction == kUp) return is_negative ? -above : above;
  if (direction == kDown) return is_negative ? below : -below;
  return is_negative ? -above : -below;
}

/// To float, when the exact value is `sum` + `error` and |error| is at most half an ulp of `sum`.
INLINE float narrow(double sum, double error, enum Direction direction) {
  const float near = (float)sum;
  const double rest = sum - (double)near;
  const u32 bits = bits_f32(near);
  return float_of(bits + (u32)step((s32)bits < 0, rest != 0 ? rest : error, direction));
}

/// The same as a double.
INLINE double nudge(double near, double rest, enum Direction direction) {
  const u64 bits = bits_f64(near);
  return double_of(bits + (u64)(s64)step((s64)bits < 0, rest, direction));
}

/// Rounded to odd: what lies between two floats becomes the one with the odd mantissa. Rounding that again, to a format with at
/// least two bits less, is as good as rounding once.
INLINE float narrow_odd(double sum, double error) {
  const float near = (float)sum;
  double rest = sum - (double)near;
  rest = rest != 0 ? rest : error;
  const u32 bits = bits_f32(near);
  const s32 away = (s32)bits < 0 ? (rest < 0) - (rest > 0) : (rest > 0) - (rest < 0);
  return float_of(bits & 1 ? bits : bits + (u32)away);
}

/// The error of s = a + b, exactly (Knuth). Requires: no overflow.
INLINE double sum_error(double a, double b, double s) {
  const double b_part = s - a;
  return (a - (s - b_part)) + (b - b_part);
}
INLINE float sum_error_f32(float a, float b, float s) {
  const float b_part = s - a;
  return (a - (s - b_part)) + (b - b_part);
}

/// The error of s = a + b, exactly, also where a or b is the largest number (Dekker, with the operands in order).
INLINE double ordered_sum_error(double a, double b, double s) {
  const int in_order = abs_f64(a) >= abs_f64(b);
  const double large = in_order ? a : b, small = in_order ? b : a;
  return small - (s - large);
}

/// A sum that is exactly zero is -0 when rounding down, unless both parts were +0.
INLINE float zero_sign_f32(float sum, float a_sign, float b_sign) {
  return sum == 0 ? float_of((bits_f32(a_sign) | bits_f32(b_sign)) & 0x80000000u) : sum;
}
INLINE double zero_sign_f64(double sum, double a_sign, double b_sign) {
  return sum == 0 ? double_of((bits_f64(a_sign) | bits_f64(b_sign)) & 0x8000000000000000u) : sum;
}
