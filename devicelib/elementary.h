// What approximations of elementary functions share: limits, rounding without conversions, scaling by powers of two.
#pragma once

#include "number.h"

/// Adding it leaves the nearest integer in the low bits of the sum.
static const float kMagic = 0x1.8p23f;
static const double kMagic64 = 0x1.8p52;

/// x limited to low .. high. NaN stays NaN.
INLINE float limit(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}
INLINE double limit_f64(double x, double low, double high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

/// The sign bit of `sign`, if that of x is clear.
INLINE float with_sign(float x, float sign) { return float_of(bits_f32(x) | (bits_f32(sign) & 0x80000000u)); }
INLINE double with_sign_f64(double x, double sign) { return double_of(bits_f64(x) | (bits_f64(sign) & 0x8000000000000000u)); }

/// p * 2^n, rounded once, where `shifted` is n + kMagic. Requires: 1/2 <= p <= 2; -190 <= n <= 129, and n < -64 only if `is_small`.
INLINE float times_power(float p, float shifted, int is_small) {
  const u32 biased = bits_f32(shifted) + (is_small ? 126 + 64 : 126);
  return p * float_of(biased << 23) * (is_small ? 0x1p-63f : 2.0f);
}
/// The same in double. Requires: -1500 <= n <= 1025, and n < -500 only if `is_small`.
INLINE double times_power_f64(double p, double shifted, int is_small) {
  const u64 biased = bits_f64(shifted) + (is_small ? 1022 + 512 : 1022);
  return p * double_of(biased << 52) * (is_small ? 0x1p-511 : 2.0);
}
