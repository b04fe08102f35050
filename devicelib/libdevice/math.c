// The math functions. Transcendentals are pure functions of the driver, which inlines its own code for some of them and calls vector
// math for the others; what is a few operations stands here.
#include "nvvm.h"

#define UNARY(name)                                                \
  OPERATION float __aw_##name##f(float);                           \
  OPERATION double __aw_##name(double);                            \
  PURE float __nv_##name##f(float a) { return __aw_##name##f(a); } \
  PURE double __nv_##name(double a) { return __aw_##name(a); }
#define BINARY(name)                                                           \
  OPERATION float __aw_##name##f(float, float);                                \
  OPERATION double __aw_##name(double, double);                                \
  PURE float __nv_##name##f(float a, float b) { return __aw_##name##f(a, b); } \
  PURE double __nv_##name(double a, double b) { return __aw_##name(a, b); }
#define OF_ORDER(name)                                                       \
  OPERATION float __aw_##name##f(int, float);                                \
  OPERATION double __aw_##name(int, double);                                 \
  PURE float __nv_##name##f(int n, float a) { return __aw_##name##f(n, a); } \
  PURE double __nv_##name(int n, double a) { return __aw_##name(n, a); }

UNARY(acos)
UNARY(acosh)
UNARY(asin)
UNARY(asinh)
UNARY(atan)
UNARY(atanh)
UNARY(cbrt)
UNARY(cos)
UNARY(cosh)
UNARY(cospi)
UNARY(cyl_bessel_i0)
UNARY(cyl_bessel_i1)
UNARY(erf)
UNARY(erfc)
UNARY(erfcinv)
UNARY(erfcx)
UNARY(erfinv)
UNARY(exp)
UNARY(exp10)
UNARY(exp2)
UNARY(expm1)
UNARY(j0)
UNARY(j1)
UNARY(lgamma)
UNARY(log)
UNARY(log10)
UNARY(log1p)
UNARY(log2)
UNARY(normcdf)
UNARY(normcdfinv)
UNARY(rcbrt)
UNARY(sin)
UNARY(sinh)
UNARY(sinpi)
UNARY(tan)
UNARY(tanh)
UNARY(y0)
UNARY(y1)
BINARY(atan2)
BINARY(fmod)
BINARY(pow)
BINARY(remainder)
OF_ORDER(jn)
OF_ORDER(yn)

// In double, for a float of the same formula would err by several ulp where the result is denormal.
OPERATION double __aw_tgamma(double);
PURE float __nv_tgammaf(float a) { return (float)__aw_tgamma((double)a); }
PURE double __nv_tgamma(double a) { return __aw_tgamma(a); }

// --- results in two parts ------------------------------------------------------------------------------------------------------
NV void __nv_sincosf(float a, float* sine, float* cosine) {
  *sine = __aw_sinf(a);
  *cosine = __aw_cosf(a);
}
NV void __nv_sincos(double a, double* sine, double* cosine) {
  *sine = __aw_sin(a);
  *cosine = __aw_cos(a);
}
NV void __nv_sincospif(float a, float* sine, float* cosine) {
  *sine = __aw_sinpif(a);
  *cosine = __aw_cospif(a);
}
NV void __nv_sincospi(double a, double* sine, double* cosine) {
  *sine = __aw_sinpi(a);
  *cosine = __aw_cospi(a);
}
OPERATION float __aw_remquo_quotientf(float, float);
OPERATION double __aw_remquo_quotient(double, double);
NV float __nv_remquof(float a, float b, int* quotient) {
  *quotient = (int)__aw_remquo_quotientf(a, b);
  return __aw_remainderf(a, b);
}
NV double __nv_remquo(double a, double b, int* quotient) {
  *quotient = (int)__aw_remquo_quotient(a, b);
  return __aw_remainder(a, b);
}

// --- powers with an integer exponent ------------------------------------------------------------------------------------------
PURE float __nv_powif(float a, int n) { return (float)__aw_pow((double)a, (double)n); }
PURE double __nv_powi(double a, int n) { return __aw_pow(a, (double)n); }

// --- roots of sums of squares ----------------------------------------------------------------------------------------------------
// float: the squares are exact in double, and cannot overflow there.
INLINE double square(float a) { return (double)a * (double)a; }
INLINE int is_infinite(double a) { return abs_f64(a) == __builtin_inf(); }

PURE float __nv_rsqrtf(float a) { return FTZ1(rsqrt_approx, a); }
INLINE float root_f32(double sum, int is_inf) { return is_inf ? __builtin_inff() : (float)__builtin_sqrt(sum); }
INLINE float inverse_root_f32(double sum, int is_inf) { return is_inf ? 0 : (float)(1 / __builtin_sqrt(sum)); }

PURE float __nv_hypotf(float a, float b) { return root_f32(square(a) + square(b), is_infinite(a) | is_infinite(b)); }
PURE float __nv_rhypotf(float a, float b) { return inverse_root_f32(square(a) + square(b), is_infinite(a) | is_infinite(b)); }
PURE float __nv_norm3df(float a, float b, float c) {
  return root_f32(square(a) + square(b) + square(c), is_infinite(a) | is_infinite(b) | is_infinite(c));
}
PURE float __nv_rnorm3df(float a, float b, float c) {
  return inverse_root_f32(square(a) + square(b) + square(c), is_infinite(a) | is_infinite(b) | is_infinite(c));
}
PURE float __nv_norm4df(float a, float b, float c, float d) {
  return root_f32(square(a) + square(b) + square(c) + square(d), is_infinite(a) | is_infinite(b) | is_infinite(c) | is_infinite(d));
}
PURE float __nv_rnorm4df(float a, float b, float c, float d) {
  return inverse_root_f32(square(a) + square(b) + square(c) + square(d), is_infinite(a) | is_infinite(b) | is_infinite(c) | is_infinite(d));
}
NV float __nv_normf(int n, const float* a) {
  double sum = 0;
  int is_inf = 0;
  for (int i = 0; i < n; ++i) {
    sum += square(a[i]);
    is_inf |= is_infinite(a[i]);
  }
  return root_f32(sum, is_inf);
}
NV float __nv_rnormf(int n, const float* a) {
  double sum = 0;
  int is_inf = 0;
  for (int i = 0; i < n; ++i) {
    sum += square(a[i]);
    is_inf |= is_infinite(a[i]);
  }
  return inverse_root_f32(sum, is_inf);
}

// double: scaled by the power of two of the largest, and summed with the errors of squares and sums.
typedef struct {
  double value, error;
  double scale;       // the true sum is (value + error) / scale^2
  int is_inf;
} Sum;

INLINE Sum sum_for(double largest) {
  const u64 exponent = bits_f64(largest) >> 52 & 0x7ff;
  // 2^-e, kept a normal number at both ends of the range.
  const u64 inverse = 2046 - exponent < 1 ? 1 : 2046 - exponent > 2045 ? 2045 : 2046 - exponent;
  return (Sum){0, 0, double_of(inverse << 52), 0};
}
INLINE Sum plus_square(Sum sum, double a) {
  const double scaled = a * sum.scale, product = scaled * scaled, rest = fma_f64(scaled, scaled, -product);
  const double next = sum.value + product;
  return (Sum){next, sum.error + (sum_error(sum.value, product, next) + rest), sum.scale, sum.is_inf | is_infinite(a)};
}
INLINE double root_of(Sum sum) {
  const double root = __builtin_sqrt(sum.value), rest = fma_f64(-root, root, sum.value) + sum.error;
  const double better = root + rest * (0.5 / root);
  return sum.is_inf ? __builtin_inf() : sum.value > 0 ? better / sum.scale : sum.value;
}
/// 1/sqrt(value + error), by one step of Newton's from 1/sqrt(value).
INLINE double better_inverse_root(double value, double guess, double rest) {
  const double product = value * guess;
  rest = fma_f64(-product, guess, 1) - fma_f64(value, guess, -product) * guess - rest;
  return fma_f64(0.5 * guess, rest, guess);
}
INLINE double inverse_root_of(Sum sum) {
  const double guess = 1 / __builtin_sqrt(sum.value);
  const double better = better_inverse_root(sum.value, guess, sum.error * guess * guess);
  return sum.is_inf ? 0 : sum.value > 0 ? better * sum.scale : guess;
}
INLINE double larger(double a, double b) { return abs_f64(a) > abs_f64(b) ? a : b; }

INLINE Sum squares2(double a, double b) {
  const Sum sum = sum_for(larger(a, b));
  return plus_square(plus_square(sum, a), b);
}
INLINE Sum squares3(double a, double b, double c) {
  const Sum sum = sum_for(larger(larger(a, b), c));
  return plus_square(plus_square(plus_square(sum, a), b), c);
}
INLINE Sum squares4(double a, double b, double c, double d) {
  const Sum sum = sum_for(larger(larger(a, b), larger(c, d)));
  return plus_square(plus_square(plus_square(plus_square(sum, a), b), c), d);
}
INLINE Sum squares_of(int n, const double* a) {
  double largest = 0;
  for (int i = 0; i < n; ++i) largest = larger(largest, a[i]);
  Sum sum = sum_for(largest);
  for (int i = 0; i < n; ++i) sum = plus_square(sum, a[i]);
  return sum;
}

PURE double __nv_rsqrt(double a) {
  const int is_small = a < 0x1p-1000;
  const double value = is_small ? a * 0x1p200 : a, guess = 1 / __builtin_sqrt(value);
  const double better = better_inverse_root(value, guess, 0) * (is_small ? 0x1p100 : 1);
  return a > 0 && a < __builtin_inf() ? better : guess;
}
PURE double __nv_hypot(double a, double b) { return root_of(squares2(a, b)); }
PURE double __nv_rhypot(double a, double b) { return inverse_root_of(squares2(a, b)); }
PURE double __nv_norm3d(double a, double b, double c) { return root_of(squares3(a, b, c)); }
PURE double __nv_rnorm3d(double a, double b, double c) { return inverse_root_of(squares3(a, b, c)); }
PURE double __nv_norm4d(double a, double b, double c, double d) { return root_of(squares4(a, b, c, d)); }
PURE double __nv_rnorm4d(double a, double b, double c, double d) { return inverse_root_of(squares4(a, b, c, d)); }
NV double __nv_norm(int n, const double* a) { return root_of(squares_of(n, a)); }
NV double __nv_rnorm(int n, const double* a) { return inverse_root_of(squares_of(n, a)); }

// --- fast functions: the approximate instructions ------------------------------------------------------------------------------
PURE float __nv_fast_sinf(float a) { return FTZ1(sin_approx, a); }
PURE float __nv_fast_cosf(float a) { return FTZ1(cos_approx, a); }
NV void __nv_fast_sincosf(float a, float* sine, float* cosine) {
  *sine = __nv_fast_sinf(a);
  *cosine = __nv_fast_cosf(a);
}
PURE float __nv_fast_fdividef(float a, float b) { return FTZ2(div_approx, a, b); }
PURE float __nv_fast_tanf(float a) { return __nv_fast_fdividef(__nv_fast_sinf(a), __nv_fast_cosf(a)); }
PURE float __nv_fast_log2f(float a) { return FTZ1(lg2_approx, a); }
PURE float __nv_fast_logf(float a) { return FTZ1(lg2_approx, a) * 0x1.62e43p-1f; }
PURE float __nv_fast_log10f(float a) { return FTZ1(lg2_approx, a) * 0x1.344136p-2f; }
PURE float __nv_fast_expf(float a) { return FTZ1(ex2_approx, a * 0x1.715476p0f); }
PURE float __nv_fast_exp10f(float a) { return FTZ1(ex2_approx, a * 0x1.a934fp1f); }
PURE float __nv_fast_powf(float a, float b) { return FTZ1(ex2_approx, b * FTZ1(lg2_approx, a)); }
