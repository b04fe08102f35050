// add, sub, mul, div, fma, rcp, sqrt with .rz, .rm and .rp.
//
// Each one rounds to nearest first and then moves by one ulp if what was rounded away asks for it:
//
//   float:   the operation in double has an error of its own that is either zero or known exactly, and the sign of
//            (double result - float result) is always right, since float values lie on double's grid;
//   double:  the sign of the error comes from an error-free transformation, with operands scaled where the error would
//            be too small for double's range. An infinity that was rounded up to has an error that points back.
#include "number.h"

INLINE float add_f32(float a, float b, enum Direction direction) {
  const double s = (double)a + (double)b;
  const float result = narrow(s, sum_error(a, b, s), direction);
  return direction == kDown ? zero_sign_f32(result, a, b) : result;
}

INLINE double add_f64(double a, double b, enum Direction direction) {
  const double s = a + b;
  const int overflows = abs_f64(s) == __builtin_inf() && abs_f64(a) < __builtin_inf() && abs_f64(b) < __builtin_inf();
  const double result = nudge(s, overflows ? -s : ordered_sum_error(a, b, s), direction);
  return direction == kDown ? zero_sign_f64(result, a, b) : result;
}

INLINE float mul_f32(float a, float b, enum Direction direction) { return narrow((double)a * (double)b, 0, direction); }

INLINE double mul_f64(double a, double b, enum Direction direction) {
  const double p = a * b;
  // The error of a small product may be smaller than the smallest double.
  const int is_small = abs_f64(p) < 0x1p-800;
  const int in_order = abs_f64(a) >= abs_f64(b);
  const double scale = is_small ? 0x1p600 : 1.0;
  const double large = in_order ? a : b, small = (in_order ? b : a) * scale;
  double rest = fma_f64(large, small, -(p * scale));
  rest = p == 0 && a != 0 && b != 0 ? __builtin_copysign(1.0, p) : rest;
  return nudge(p, rest, direction);
}

// A quotient or root of 24-bit numbers cannot come nearer than 2^-49 to a 24-bit number without being it, so the double quotient
// lies on the right side.
INLINE float div_f32(float a, float b, enum Direction direction) { return narrow((double)a / (double)b, 0, direction); }

INLINE double div_f64(double a, double b, enum Direction direction) {
  const double q = a / b;
  const int is_small = abs_f64(a) < 0x1p-400, scale_divisor = abs_f64(b) < 1;
  const double a_scale = is_small ? 0x1p600 : 1, b_scale = is_small && scale_divisor ? 0x1p600 : 1,
               q_scale = is_small && !scale_divisor ? 0x1p600 : 1;
  const double rest = fma_f64(-(q * q_scale), b * b_scale, a * a_scale);
  return nudge(q, __builtin_copysign(1.0, b) * rest, direction);
}

INLINE float sqrt_f32(float a, enum Direction direction) { return narrow(__builtin_sqrt((double)a), 0, direction); }

INLINE double sqrt_f64(double a, enum Direction direction) {
  const double root = __builtin_sqrt(a);
  const int is_small = a < 0x1p-500;
  const double scaled_root = root * (is_small ? 0x1p300 : 1), scaled = a * (is_small ? 0x1p600 : 1);
  return nudge(root, fma_f64(-scaled_root, scaled_root, scaled), direction);
}

INLINE float ffma_f32(float a, float b, float c, enum Direction direction) {
  const double p = (double)a * (double)b, s = p + (double)c;
  const double error = sum_error(p, c, s);
  const float result = narrow(s, error, direction);
  if (direction != kDown) return result;
  // Not where the sum only vanished in the rounding.
  return s == 0 && error == 0 ? zero_sign_f32(result, (float)__builtin_copysign(1.0, p), c) : result;
}

/// a = mantissa * 2^exponent with 1 <= |mantissa| < 2. Requires: a is finite and not zero.
INLINE double mantissa(double a, s32* exponent) {
  const int is_small = abs_f64(a) < 0x1p-1022;
  const u64 bits = bits_f64(a * (is_small ? 0x1p64 : 1));
  *exponent = (s32)(bits >> 52 & 0x7ff) - (is_small ? 1023 + 64 : 1023);
  return double_of((bits & 0x800fffffffffffffu) | 0x3ff0000000000000u);
}

/// 2^e. Requires: -1022 <= e <= 1023.
INLINE double power(s32 e) { return double_of((u64)(e + 1023) << 52); }

// The rest a*b + c - s, where s is the sum rounded to nearest, lies anywhere in a range of 6000 binary orders. So
// everything is scaled by the exponent of the product. Then either c is so large that the product alone decides, or all
// terms lie within double's range, and their exact sum is that of a few error-free additions.
INLINE double ffma_f64(double a, double b, double c, enum Direction direction) {
  const double s = fma_f64(a, b, c), product_sign = __builtin_copysign(1.0, a) * __builtin_copysign(1.0, b);
  s32 a_exponent, b_exponent, c_exponent;
  const double a1 = mantissa(a, &a_exponent), b1 = mantissa(b, &b_exponent);
  const double c1 = mantissa(c, &c_exponent);
  const s32 e = a_exponent + b_exponent;
  const int c_dominates = c != 0 && c_exponent - e > 200, c_vanishes = c_exponent - e < -200;

  const s32 shift = e > 2044 ? -2044 : e < -2044 ? 2044 : -e;
  const double scale1 = power(shift >> 1), scale2 = power(shift - (shift >> 1));
  const double scaled_s = s * scale1 * scale2;
  double scaled_c = c * scale1 * scale2;
  scaled_c = c == 0 ? 0 : c_vanishes ? __builtin_copysign(0x1p-200, c1) : scaled_c;

  const double p = a1 * b1, p_error = fma_f64(a1, b1, -p);
  const double t = p + scaled_c, t_error = sum_error(p, scaled_c, t);
  const double w = t - scaled_s;
  const double v = t_error + p_error, v_error = sum_error(t_error, p_error, v);
  const double z = w + v, z_error = sum_error(w, v, z);
  double rest = z + (z_error + v_error);

  const int is_finite = abs_f64(a) < __builtin_inf() && abs_f64(b) < __builtin_inf() && abs_f64(c) < __builtin_inf();
  rest = c_dominates ? product_sign : rest;
  rest = abs_f64(s) == __builtin_inf() ? -s : rest;
  rest = a == 0 || b == 0 || !is_finite ? 0 : rest;
  const double result = nudge(s, rest, direction);
  if (direction != kDown) return result;
  return s == 0 && rest == 0 ? zero_sign_f64(result, product_sign, c) : result;
}

#define DIRECTED(word, direction)                                                                               \
  OPERATION float __aw_add_##word##_f32(float a, float b) { return add_f32(a, b, direction); }                  \
  OPERATION double __aw_add_##word##_f64(double a, double b) { return add_f64(a, b, direction); }               \
  OPERATION float __aw_sub_##word##_f32(float a, float b) { return add_f32(a, -b, direction); }                 \
  OPERATION double __aw_sub_##word##_f64(double a, double b) { return add_f64(a, -b, direction); }              \
  OPERATION float __aw_mul_##word##_f32(float a, float b) { return mul_f32(a, b, direction); }                  \
  OPERATION double __aw_mul_##word##_f64(double a, double b) { return mul_f64(a, b, direction); }               \
  OPERATION float __aw_div_##word##_f32(float a, float b) { return div_f32(a, b, direction); }                  \
  OPERATION double __aw_div_##word##_f64(double a, double b) { return div_f64(a, b, direction); }               \
  OPERATION float __aw_fma_##word##_f32(float a, float b, float c) { return ffma_f32(a, b, c, direction); }     \
  OPERATION double __aw_fma_##word##_f64(double a, double b, double c) { return ffma_f64(a, b, c, direction); } \
  OPERATION float __aw_rcp_##word##_f32(float a) { return div_f32(1, a, direction); }                           \
  OPERATION double __aw_rcp_##word##_f64(double a) { return div_f64(1, a, direction); }                         \
  OPERATION float __aw_sqrt_##word##_f32(float a) { return sqrt_f32(a, direction); }                            \
  OPERATION double __aw_sqrt_##word##_f64(double a) { return sqrt_f64(a, direction); }

DIRECTED(rz, kZero)
DIRECTED(rm, kDown)
DIRECTED(rp, kUp)
