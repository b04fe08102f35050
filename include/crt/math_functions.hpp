// Mathematics that CUDA offers beyond <cmath>: min and max for all pairs of types on both sides, and on the host the functions that
// the device library has and the C library lacks. clang includes this file twice and in odd macro states; the second time is empty.
#ifndef ANYWARP_CRT_MATH_FUNCTIONS_HPP
#define ANYWARP_CRT_MATH_FUNCTIONS_HPP

#include "crt/attributes.h"

#if defined(__CUDA__) && defined(__cplusplus)

#if !defined(__CUDACC_RTC__)
#include <math.h>
#endif

// --- min and max ----------------------------------------------------------------------------------------------------------------
// Of two integer types that differ, one unsigned makes both unsigned, as in an expression. Of floating-point numbers a NaN loses.

#define AW_MIN_MAX(result, a_type, b_type)                                                                  \
  AW_BOTH_INLINE result min(const a_type a, const b_type b) {                                               \
    return (result)a < (result)b ? (result)a : (result)b;                                                   \
  }                                                                                                         \
  AW_BOTH_INLINE result max(const a_type a, const b_type b) {                                               \
    return (result)a > (result)b ? (result)a : (result)b;                                                   \
  }
AW_MIN_MAX(unsigned, unsigned, unsigned)
AW_MIN_MAX(unsigned, int, unsigned)
AW_MIN_MAX(unsigned, unsigned, int)
AW_MIN_MAX(long, long, long)
AW_MIN_MAX(unsigned long, unsigned long, unsigned long)
AW_MIN_MAX(unsigned long, long, unsigned long)
AW_MIN_MAX(unsigned long, unsigned long, long)
AW_MIN_MAX(long long, long long, long long)
AW_MIN_MAX(unsigned long long, unsigned long long, unsigned long long)
AW_MIN_MAX(unsigned long long, long long, unsigned long long)
AW_MIN_MAX(unsigned long long, unsigned long long, long long)
#undef AW_MIN_MAX

// clang defines these for the device.
AW_HOST_INLINE int min(const int a, const int b) { return a < b ? a : b; }
AW_HOST_INLINE int max(const int a, const int b) { return a > b ? a : b; }
AW_HOST_INLINE unsigned umin(const unsigned a, const unsigned b) { return a < b ? a : b; }
AW_HOST_INLINE unsigned umax(const unsigned a, const unsigned b) { return a > b ? a : b; }
AW_HOST_INLINE long long llmin(const long long a, const long long b) { return a < b ? a : b; }
AW_HOST_INLINE long long llmax(const long long a, const long long b) { return a > b ? a : b; }
AW_HOST_INLINE unsigned long long ullmin(const unsigned long long a, const unsigned long long b) { return a < b ? a : b; }
AW_HOST_INLINE unsigned long long ullmax(const unsigned long long a, const unsigned long long b) { return a > b ? a : b; }

#define AW_MIN_MAX(result, a_type, b_type, suffix)                                                                          \
  AW_HOST_INLINE result min(const a_type a, const b_type b) { return __builtin_fmin##suffix(a, b); }                        \
  AW_HOST_INLINE result max(const a_type a, const b_type b) { return __builtin_fmax##suffix(a, b); }                        \
  AW_DEVICE_INLINE result min(const a_type a, const b_type b) { return __nv_fmin##suffix(a, b); }                           \
  AW_DEVICE_INLINE result max(const a_type a, const b_type b) { return __nv_fmax##suffix(a, b); }
AW_MIN_MAX(float, float, float, f)
AW_MIN_MAX(double, double, double, )
AW_MIN_MAX(double, float, double, )
AW_MIN_MAX(double, double, float, )
#undef AW_MIN_MAX

// clang declares these and calls them; the string chooses among NaNs that are all alike here.
AW_DEVICE_INLINE double nan(const char*) { return __builtin_nan(""); }
AW_DEVICE_INLINE float nanf(const char*) { return __builtin_nanf(""); }
// clang declares these overloads for float and leaves them to CUDA's header.
#define AW_FLOAT(name) AW_DEVICE_INLINE float name(float a) { return __nv_##name##f(a); }
AW_FLOAT(acosh) AW_FLOAT(asinh) AW_FLOAT(atanh) AW_FLOAT(cbrt) AW_FLOAT(erf) AW_FLOAT(erfc) AW_FLOAT(exp2) AW_FLOAT(expm1)
AW_FLOAT(lgamma) AW_FLOAT(log1p) AW_FLOAT(log2) AW_FLOAT(logb) AW_FLOAT(nearbyint) AW_FLOAT(rint) AW_FLOAT(round) AW_FLOAT(tgamma)
AW_FLOAT(trunc)
#undef AW_FLOAT
#define AW_FLOAT(name) AW_DEVICE_INLINE float name(float a, float b) { return __nv_##name##f(a, b); }
AW_FLOAT(copysign) AW_FLOAT(fdim) AW_FLOAT(fmax) AW_FLOAT(fmin) AW_FLOAT(hypot) AW_FLOAT(nextafter) AW_FLOAT(remainder)
#undef AW_FLOAT
AW_DEVICE_INLINE float fma(float a, float b, float c) { return __nv_fmaf(a, b, c); }
AW_DEVICE_INLINE float remquo(float a, float b, int* quotient) { return __nv_remquof(a, b, quotient); }
AW_DEVICE_INLINE float scalbn(float a, int n) { return __nv_scalbnf(a, n); }
AW_DEVICE_INLINE float scalbln(float a, long n) { return __nv_scalbnf(a, n > 1000 ? 1000 : n < -1000 ? -1000 : (int)n); }
AW_DEVICE_INLINE int ilogb(float a) { return __nv_ilogbf(a); }
AW_DEVICE_INLINE long lrint(float a) { return __nv_llrintf(a); }
AW_DEVICE_INLINE long lround(float a) { return __nv_llroundf(a); }
AW_DEVICE_INLINE long long llrint(float a) { return __nv_llrintf(a); }
AW_DEVICE_INLINE long long llround(float a) { return __nv_llroundf(a); }

#if !defined(__CUDACC_RTC__)

// --- On the host ----------------------------------------------------------------------------------------------------------------

AW_HOST_INLINE double rsqrt(double a) { return 1.0 / sqrt(a); }
AW_HOST_INLINE double rcbrt(double a) { return 1.0 / cbrt(a); }
AW_HOST_INLINE double fdivide(double a, double b) { return a / b; }
AW_HOST_INLINE double rhypot(double a, double b) { return 1.0 / hypot(a, b); }
AW_HOST_INLINE double norm3d(double a, double b, double c) { return hypot(hypot(a, b), c); }
AW_HOST_INLINE double norm4d(double a, double b, double c, double d) { return hypot(hypot(a, b), hypot(c, d)); }
AW_HOST_INLINE double rnorm3d(double a, double b, double c) { return 1.0 / norm3d(a, b, c); }
AW_HOST_INLINE double rnorm4d(double a, double b, double c, double d) { return 1.0 / norm4d(a, b, c, d); }
AW_HOST_INLINE double norm(int count, const double* values) {
  double result = 0;
  for (int i = 0; i < count; ++i) result = hypot(result, values[i]);
  return result;
}
AW_HOST_INLINE double rnorm(int count, const double* values) { return 1.0 / norm(count, values); }

/// sin(pi a) and cos(pi a), exact at multiples of a half: the argument is reduced before pi enters.
static __inline__ AW_HOST void sincospi(double a, double* sine, double* cosine) {
  double halves = nearbyint(2.0 * a);
  double rest = fma(-0.5, halves, a) * 3.14159265358979323846;
  double s = sin(rest), c = cos(rest);
  double quadrant = halves - 4.0 * floor(halves * 0.25);
  if (isinf(a)) s = c = a - a;
  *sine = quadrant == 0 ? s : quadrant == 1 ? c : quadrant == 2 ? -s : quadrant == 3 ? -c : s;
  *cosine = quadrant == 0 ? c : quadrant == 1 ? -s : quadrant == 2 ? -c : quadrant == 3 ? s : c;
  if (*sine == 0) *sine = a < 0 || (a == 0 && __builtin_signbit(a)) ? -0.0 : 0.0;
  if (*cosine == 0) *cosine = 0.0;
}
AW_HOST_INLINE double sinpi(double a) {
  double sine, cosine;
  sincospi(a, &sine, &cosine);
  return sine;
}
AW_HOST_INLINE double cospi(double a) {
  double sine, cosine;
  sincospi(a, &sine, &cosine);
  return cosine;
}

AW_HOST_INLINE double normcdf(double a) { return 0.5 * erfc(a * -0.70710678118654752440); }

/// The inverse of the normal distribution: Wichura's algorithm AS 241 (Applied Statistics 37, 1988), about 1e-16 relative.
static __inline__ AW_HOST double __aw_normal_quantile(double p, double q) {
  // q is 1 - p, given apart so that both tails keep their digits.
  double centre = 0.5 * (p - q);
  if (fabs(centre) <= 0.425) {
    double r = 0.180625 - centre * centre;
    return centre *
           (((((((2.5090809287301226727e+3 * r + 3.3430575583588128105e+4) * r + 6.7265770927008700853e+4) * r +
                4.5921953931549871457e+4) * r + 1.3731693765509461125e+4) * r + 1.9715909503065514427e+3) * r +
             1.3314166789178437745e+2) * r + 3.3871328727963666080e+0) /
           (((((((5.2264952788528545610e+3 * r + 2.8729085735721942674e+4) * r + 3.9307895800092710610e+4) * r +
                2.1213794301586595867e+4) * r + 5.3941960214247511077e+3) * r + 6.8718700749205790830e+2) * r +
             4.2313330701600911252e+1) * r + 1.0);
  }
  double tail = centre < 0 ? p : q;
  if (!(tail > 0)) return tail == 0 ? (centre < 0 ? -HUGE_VAL : HUGE_VAL) : (tail - tail) / (tail - tail);
  double r = sqrt(-log(tail));
  double value;
  if (r <= 5.0) {
    r -= 1.6;
    value = (((((((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r + 2.41780725177450611770e-1) * r +
                 1.27045825245236838258e+0) * r + 3.64784832476320460504e+0) * r + 5.76949722146069140550e+0) * r +
              4.63033784615654529590e+0) * r + 1.42343711074968357734e+0) /
            (((((((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r + 1.51986665636164571966e-2) * r +
                 1.48103976427480074590e-1) * r + 6.89767334985100004550e-1) * r + 1.67638483018380384940e+0) * r +
              2.05319162663775882187e+0) * r + 1.0);
  } else {
    r -= 5.0;
    value = (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 1.24266094738807843860e-3) * r +
                 2.65321895265761230930e-2) * r + 2.96560571828504891230e-1) * r + 1.78482653991729133580e+0) * r +
              5.46378491116411436990e+0) * r + 6.65790464350110377720e+0) /
            (((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r + 1.84631831751005468180e-5) * r +
                 7.86869131145613259100e-4) * r + 1.48753612908506148525e-2) * r + 1.36929880922735805310e-1) * r +
              5.99832206555887937690e-1) * r + 1.0);
  }
  return centre < 0 ? -value : value;
}
AW_HOST_INLINE double normcdfinv(double a) { return __aw_normal_quantile(a, 1.0 - a); }
AW_HOST_INLINE double erfcinv(double a) { return -0.70710678118654752440 * __aw_normal_quantile(0.5 * a, 1.0 - 0.5 * a); }
AW_HOST_INLINE double erfinv(double a) {
  double x = 0.70710678118654752440 * __aw_normal_quantile(0.5 + 0.5 * a, 0.5 - 0.5 * a);
  // One step of Newton, for 0.5 + 0.5 a has lost the digits of a small a.
  if (fabs(a) < 0.25) x -= (erf(x) - a) * 0.88622692545275801365 * exp(x * x);
  return a == 0 ? a : x;
}

/// exp(a^2) erfc(a): directly where neither factor leaves the range, by the continued fraction beyond.
static __inline__ AW_HOST double erfcx(double a) {
  if (a < 20.0) {
    double square = a * a;
    return exp(square) * (1.0 + fma(a, a, -square)) * erfc(a);
  }
  double fraction = a;
  for (int k = 20; k > 0; --k) fraction = a + 0.5 * k / fraction;
  return 0.56418958354775628695 / fraction;
}

/// The modified Bessel functions of the first kind, by their series; all terms are positive, so it is stable.
static __inline__ AW_HOST double __aw_bessel_i(int order, double a) {
  double quarter = 0.25 * a * a, term = order ? 0.5 * a : 1.0, sum = term;
  for (int k = 1; k < 2000 && fabs(term) > 1e-17 * fabs(sum); ++k) {
    term *= quarter / ((double)k * (k + order));
    sum += term;
  }
  return sum;
}
AW_HOST_INLINE double cyl_bessel_i0(double a) { return __aw_bessel_i(0, a); }
AW_HOST_INLINE double cyl_bessel_i1(double a) { return __aw_bessel_i(1, a); }

#define AW_FLOAT(name) \
  AW_HOST_INLINE float name##f(float a) { return (float)name((double)a); }
AW_FLOAT(rsqrt)
AW_FLOAT(rcbrt)
AW_FLOAT(sinpi)
AW_FLOAT(cospi)
AW_FLOAT(normcdf)
AW_FLOAT(normcdfinv)
AW_FLOAT(erfinv)
AW_FLOAT(erfcinv)
AW_FLOAT(erfcx)
AW_FLOAT(cyl_bessel_i0)
AW_FLOAT(cyl_bessel_i1)
#undef AW_FLOAT
AW_HOST_INLINE void sincospif(float a, float* sine, float* cosine) {
  double s, c;
  sincospi((double)a, &s, &c);
  *sine = (float)s;
  *cosine = (float)c;
}
AW_HOST_INLINE float fdividef(float a, float b) { return a / b; }
AW_HOST_INLINE float rhypotf(float a, float b) { return (float)rhypot((double)a, (double)b); }
AW_HOST_INLINE float norm3df(float a, float b, float c) { return (float)norm3d(a, b, c); }
AW_HOST_INLINE float norm4df(float a, float b, float c, float d) { return (float)norm4d(a, b, c, d); }
AW_HOST_INLINE float rnorm3df(float a, float b, float c) { return (float)rnorm3d(a, b, c); }
AW_HOST_INLINE float rnorm4df(float a, float b, float c, float d) { return (float)rnorm4d(a, b, c, d); }
AW_HOST_INLINE float normf(int count, const float* values) {
  double result = 0;
  for (int i = 0; i < count; ++i) result = hypot(result, (double)values[i]);
  return (float)result;
}
AW_HOST_INLINE float rnormf(int count, const float* values) { return 1.0f / normf(count, values); }

#endif

#endif
#endif
