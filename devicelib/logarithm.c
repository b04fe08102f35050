// log, log2, log10, log1p, the inverse hyperbolic functions and powf, in the code of kernels. x = 2^e m with m in [sqrt(1/2), sqrt(2)),
// and log(m) is a minimax polynomial (Sollya) of f = m - 1, or in double of f / (2 + f).
#include "elementary.h"

/// x = 2^e (1 + f)
typedef struct {
  float e, f;
} Split;

/// Requires: 0 < x < infinity.
INLINE Split split(float x) {
  const int is_small = x < 0x1p-126f;
  const u32 base = 0x3f3504f3;  // sqrt(1/2)
  const u32 u = bits_f32(is_small ? x * 0x1p24f : x) - base;
  return (Split){(float)((s32)u >> 23) - (is_small ? 24.0f : 0.0f), float_of((u & 0x7fffff) + base) - 1};
}

/// What the formula does not give: infinity and NaN give themselves, negative numbers NaN, and zero -infinity.
INLINE float log_of_any(float x, float value) {
  value = x < __builtin_inff() ? value : x;
  value = x < 0 ? __builtin_nanf("") : value;
  return x == 0 ? -__builtin_inff() : value;
}
INLINE double log_of_any_f64(double x, double value) {
  value = x < __builtin_inf() ? value : x;
  value = x < 0 ? __builtin_nan("") : value;
  return x == 0 ? -__builtin_inf() : value;
}

/// log(1 + f) - f + f^2 / 2
INLINE float log_beyond_second(float f, float square) {
  float q = fma_f32(-0x1.45561ep-4f, f, 0x1.02d7a4p-3f);
  q = fma_f32(q, f, -0x1.0a1966p-3f);
  q = fma_f32(q, f, 0x1.231308p-3f);
  q = fma_f32(q, f, -0x1.54d14p-3f);
  q = fma_f32(q, f, 0x1.999f42p-3f);
  q = fma_f32(q, f, -0x1.0000ccp-2f);
  q = fma_f32(q, f, 0x1.555554p-2f);
  return f * square * q;
}

/// log(1 + f) + low + e ln2
INLINE float natural_log(float e, float f, float low) {
  const float square = f * f;
  const float rest = fma_f32(-0.5f, square, log_beyond_second(f, square) + fma_f32(e, 0x1.7f7d1cp-20f, low));
  // Twice rounded, the sum would err by an ulp and more for e = -1, so the error of its first step is kept.
  const float sum = fma_f32(e, 0x1.62e4p-1f, f), lost = f - fma_f32(-e, 0x1.62e4p-1f, sum);
  return sum + (rest + lost);
}

OPERATION float __aw_logf(float x) {
  const Split a = split(x);
  return log_of_any(x, natural_log(a.e, a.f, 0));
}

OPERATION float __aw_log2f(float x) {
  const Split a = split(x);
  const float f = a.f, square = f * f;
  const float rest = fma_f32(-0.5f, square, log_beyond_second(f, square));
  const float low = fma_f32(rest, 0x1.715476p0f, f * 0x1.4ae0cp-26f);
  return log_of_any(x, a.e + fma_f32(f, 0x1.715476p0f, low));
}

OPERATION float __aw_log10f(float x) {
  const Split a = split(x);
  const float f = a.f, square = f * f;
  float q = fma_f32(0x1.3dfc84p-5f, f, -0x1.fa556cp-5f);
  q = fma_f32(q, f, 0x1.078decp-4f);
  q = fma_f32(q, f, -0x1.26e7aap-4f);
  q = fma_f32(q, f, 0x1.6349c4p-4f);
  q = fma_f32(q, f, -0x1.bcbeaep-4f);
  q = fma_f32(q, f, 0x1.287b38p-3f);
  q = fma_f32(q, f, -0x1.bcb7aep-3f);
  const float rest = fma_f32(square, q, fma_f32(f, -0x1.5b235ep-27f, a.e * 0x1.3509f8p-18f));
  return log_of_any(x, fma_f32(a.e, 0x1.344p-2f, fma_f32(f, 0x1.bcb7b2p-2f, rest)));
}

/// log(u + lost) + doublings ln2, where u is 1 + x rounded, if x is not too large to tell: log(u) + lost / u.
INLINE float log_of_sum(float u, float lost, float x, float doublings) {
  const Split a = split(u);
  const int is_plain = a.e == 0;
  return natural_log(a.e + doublings, is_plain ? x : a.f, is_plain || a.e > 26 ? 0 : lost / u);
}

// 1 + x is rounded; what that loses comes back as the lower part of f.
OPERATION float __aw_log1pf(float x) {
  const float limited = x < -0x1.fffffep-1f ? -0x1.fffffep-1f : x, u = 1 + limited;
  const float value = log_of_sum(u, limited - (u - 1), limited, 0);
  const float special = x == -1 ? -__builtin_inff() : x < -1 ? __builtin_nanf("") : x < __builtin_inff() ? value : x;
  return abs_f32(x) < 0x1p-25f ? x : special;
}

// asinh(x) = log1p(|x| + x^2 / (1 + sqrt(1 + x^2))), and log(2|x|) where x^2 leaves 1 behind.
OPERATION float __aw_asinhf(float x) {
  const float magnitude = abs_f32(x), square = x * x;
  const int is_large = magnitude > 0x1p14f;
  const float argument = magnitude + square / (1 + __builtin_sqrtf(1 + square));
  const float u = is_large ? magnitude : 1 + argument;
  const float value = log_of_sum(u, is_large ? 0 : argument - (u - 1), is_large ? 0 : argument, is_large ? 1 : 0);
  return magnitude < 0x1p-13f || !(magnitude < __builtin_inff()) ? x : with_sign(value, x);
}

OPERATION float __aw_acoshf(float x) {
  const float less = x - 1;
  const int is_large = x > 0x1p14f;
  const float argument = less + __builtin_sqrtf(less * (x + 1));
  const float u = is_large ? x : 1 + argument;
  const float value = log_of_sum(u, is_large ? 0 : argument - (u - 1), is_large ? 0 : argument, is_large ? 1 : 0);
  return x < 1 ? __builtin_nanf("") : x < __builtin_inff() ? value : x;
}

// --- double -----------------------------------------------------------------------------------------------------------------
typedef struct {
  double e, f;
} Split64;

INLINE Split64 split_f64(double x) {
  const int is_small = x < 0x1p-1022;
  const u64 base = 0x3fe6a09e667f3bcdu;  // sqrt(1/2)
  const u64 u = bits_f64(is_small ? x * 0x1p54 : x) + (0x3ff0000000000000u - base);
  // The exponent as the mantissa of a number near 2^52 becomes a double without a conversion.
  const double e = double_of(u >> 52 | 0x4330000000000000u) - (0x1p52 + 1023);
  return (Split64){e - (is_small ? 54.0 : 0.0), double_of((u & 0xfffffffffffffu) + base) - 1};
}

/// log(1 + f) = f - (f^2/2 - s (f^2/2 + R)), s = f / (2 + f)
INLINE double natural_log_f64(double e, double f, double low) {
  const double s = f / (2 + f), z = s * s, half_square = 0.5 * f * f;
  double r = fma_f64(0x1.10239a54c97ebp-3, z, 0x1.0f4a17f83fda4p-3);
  r = fma_f64(r, z, 0x1.3b21591c23639p-3);
  r = fma_f64(r, z, 0x1.745cdb7583301p-3);
  r = fma_f64(r, z, 0x1.c71c725c5e2c1p-3);
  r = fma_f64(r, z, 0x1.249249242ee1fp-2);
  r = fma_f64(r, z, 0x1.9999999999d59p-2);
  r = fma_f64(r, z, 0x1.5555555555555p-1);
  low = fma_f64(e, 0x1.473de6af278edp-34, low);
  const double rest = half_square - fma_f64(s, fma_f64(z, r, half_square), low);
  return fma_f64(e, 0x1.62e42fefp-1, f - rest);
}

OPERATION double __aw_log(double x) {
  const Split64 a = split_f64(x);
  return log_of_any_f64(x, natural_log_f64(a.e, a.f, 0));
}

INLINE double log_of_sum_f64(double u, double lost, double x, double doublings) {
  const Split64 a = split_f64(u);
  const int is_plain = a.e == 0;
  return natural_log_f64(a.e + doublings, is_plain ? x : a.f, is_plain || a.e > 55 ? 0 : lost / u);
}

OPERATION double __aw_log1p(double x) {
  const double limited = x < -0x1.fffffffffffffp-1 ? -0x1.fffffffffffffp-1 : x, u = 1 + limited;
  const double value = log_of_sum_f64(u, limited - (u - 1), limited, 0);
  const double special = x == -1 ? -__builtin_inf() : x < -1 ? __builtin_nan("") : x < __builtin_inf() ? value : x;
  return abs_f64(x) < 0x1p-54 ? x : special;
}

OPERATION double __aw_asinh(double x) {
  const double magnitude = abs_f64(x), square = x * x;
  const int is_large = magnitude > 0x1p28;
  const double argument = magnitude + square / (1 + __builtin_sqrt(1 + square));
  const double u = is_large ? magnitude : 1 + argument;
  const double value = log_of_sum_f64(u, is_large ? 0 : argument - (u - 1), is_large ? 0 : argument, is_large ? 1 : 0);
  return magnitude < 0x1p-27 || !(magnitude < __builtin_inf()) ? x : with_sign_f64(value, x);
}

OPERATION double __aw_acosh(double x) {
  const double less = x - 1;
  const int is_large = x > 0x1p28;
  const double argument = less + __builtin_sqrt(less * (x + 1));
  const double u = is_large ? x : 1 + argument;
  const double value = log_of_sum_f64(u, is_large ? 0 : argument - (u - 1), is_large ? 0 : argument, is_large ? 1 : 0);
  return x < 1 ? __builtin_nan("") : x < __builtin_inf() ? value : x;
}

// --- powf ----------------------------------------------------------------------------------------------------------------------
// 2^(y log2|x|), with the logarithm and the product in double: 128 log2's error must stay below an ulp of float.
INLINE double log2_f64_of(float magnitude) {
  const Split a = split(magnitude);
  const double f = (double)a.f;
  double p = fma_f64(0x1.3ce8eb76103eep-4, f, -0x1.24890331f8ecp-3);
  p = fma_f64(p, f, 0x1.2871db1396069p-3);
  p = fma_f64(p, f, -0x1.252f320aa10b8p-3);
  p = fma_f64(p, f, 0x1.45291a1aaed63p-3);
  p = fma_f64(p, f, -0x1.7141718ea75c2p-3);
  p = fma_f64(p, f, 0x1.a63f4458f063fp-3);
  p = fma_f64(p, f, -0x1.ec72b58df196p-3);
  p = fma_f64(p, f, 0x1.277651fc52a1dp-2);
  p = fma_f64(p, f, -0x1.71547097b507ep-2);
  p = fma_f64(p, f, 0x1.ec709ebb93d13p-2);
  p = fma_f64(p, f, -0x1.715476565d24ep-1);
  p = fma_f64(p, f, 0x1.71547652a1e9ap0);
  return fma_f64(p, f, (double)a.e);
}

OPERATION float __aw_powf(float x, float y) {
  const float magnitude = abs_f32(x), infinity = __builtin_inff();
  double logarithm = log2_f64_of(magnitude);
  logarithm = magnitude == 0 ? -__builtin_inf() : logarithm;
  logarithm = magnitude == infinity ? __builtin_inf() : logarithm;
  const double t = limit_f64((double)y * logarithm, -152, 129);
  const double n = t + kMagic64;
  const float r = (float)(t - (n - kMagic64)), shifted = (float)(n - kMagic64) + kMagic;
  float p = fma_f32(0x1.3f9068p-13f, r, 0x1.5f0a66p-10f);
  p = fma_f32(p, r, 0x1.3b30bp-7f);
  p = fma_f32(p, r, 0x1.c6af78p-5f);
  p = fma_f32(p, r, 0x1.ebfbd8p-3f);
  p = fma_f32(p, r, 0x1.62e43p-1f);
  p = fma_f32(p, r, 1.0f);
  float value = times_power(p, shifted, t < -60);

  const int is_whole = __builtin_truncf(y) == y, is_odd = is_whole && __builtin_truncf(0.5f * y) != 0.5f * y;
  value = is_odd ? with_sign(value, x) : value;
  value = x < 0 && x > -infinity && !is_whole ? __builtin_nanf("") : value;
  value = magnitude == 1 && abs_f32(y) == infinity ? 1 : value;
  value = x != x || y != y ? x + y : value;
  return x == 1 || y == 0 ? 1 : value;
}

// --- pow -----------------------------------------------------------------------------------------------------------------------
// The vector function overflows 710 ulp before the largest number. There the square of the root is near enough.
OPERATION double __aw_pow_core(double x, double y);

OPERATION double __aw_pow(double x, double y) {
  const double value = __aw_pow_core(x, y);
  if (abs_f64(value) != __builtin_inf() || abs_f64(x) == __builtin_inf() || abs_f64(y) == __builtin_inf()) return value;
  const double root = __aw_pow_core(abs_f64(x), 0.5 * y);
  return __builtin_copysign(root * root, value);
}
