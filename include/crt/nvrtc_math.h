// Mathematics under the names of <cmath> in sources that include no <cmath>: the overloads for float, and for integers, which are
// computed in double precision.
#ifndef ANYWARP_CRT_NVRTC_MATH_H
#define ANYWARP_CRT_NVRTC_MATH_H

#include "crt/attributes.h"

AW_DEVICE_INLINE long long abs(long long a) { return ::llabs(a); }
AW_DEVICE_INLINE long abs(long a) { return ::labs(a); }
AW_DEVICE_INLINE float abs(float a) { return ::fabsf(a); }
AW_DEVICE_INLINE double abs(double a) { return ::fabs(a); }

#define AW_ONE(name) AW_DEVICE_INLINE float name(float a) { return ::name##f(a); }
AW_ONE(acos) AW_ONE(asin) AW_ONE(atan) AW_ONE(ceil) AW_ONE(cos) AW_ONE(cosh) AW_ONE(exp) AW_ONE(fabs) AW_ONE(floor) AW_ONE(log)
AW_ONE(log10) AW_ONE(sin) AW_ONE(sinh) AW_ONE(sqrt) AW_ONE(tan) AW_ONE(tanh)
AW_ONE(rsqrt) AW_ONE(rcbrt) AW_ONE(sinpi) AW_ONE(cospi) AW_ONE(erfinv) AW_ONE(erfcinv) AW_ONE(normcdf) AW_ONE(normcdfinv)
AW_ONE(erfcx) AW_ONE(exp10) AW_ONE(j0) AW_ONE(j1) AW_ONE(y0) AW_ONE(y1) AW_ONE(cyl_bessel_i0) AW_ONE(cyl_bessel_i1)
#undef AW_ONE
AW_DEVICE_INLINE float atan2(float a, float b) { return ::atan2f(a, b); }
AW_DEVICE_INLINE float fmod(float a, float b) { return ::fmodf(a, b); }
AW_DEVICE_INLINE float pow(float a, float b) { return ::powf(a, b); }
AW_DEVICE_INLINE float pow(float a, int b) { return ::powif(a, b); }
AW_DEVICE_INLINE double pow(double a, int b) { return ::powi(a, b); }
AW_DEVICE_INLINE float frexp(float a, int* exponent) { return ::frexpf(a, exponent); }
AW_DEVICE_INLINE float ldexp(float a, int exponent) { return ::ldexpf(a, exponent); }
AW_DEVICE_INLINE float modf(float a, float* whole) { return ::modff(a, whole); }
AW_DEVICE_INLINE float jn(int n, float a) { return ::jnf(n, a); }
AW_DEVICE_INLINE float yn(int n, float a) { return ::ynf(n, a); }
AW_DEVICE_INLINE void sincos(float a, float* sine, float* cosine) { ::sincosf(a, sine, cosine); }
AW_DEVICE_INLINE void sincospi(float a, float* sine, float* cosine) { ::sincospif(a, sine, cosine); }
AW_DEVICE_INLINE float fdivide(float a, float b) { return ::fdividef(a, b); }
AW_DEVICE_INLINE float rhypot(float a, float b) { return ::rhypotf(a, b); }
AW_DEVICE_INLINE float norm3d(float a, float b, float c) { return ::norm3df(a, b, c); }
AW_DEVICE_INLINE float norm4d(float a, float b, float c, float d) { return ::norm4df(a, b, c, d); }
AW_DEVICE_INLINE float rnorm3d(float a, float b, float c) { return ::rnorm3df(a, b, c); }
AW_DEVICE_INLINE float rnorm4d(float a, float b, float c, float d) { return ::rnorm4df(a, b, c, d); }

AW_DEVICE_INLINE bool isinf(float a) { return ::__isinff(a); }
AW_DEVICE_INLINE bool isinf(double a) { return ::__isinf(a); }
AW_DEVICE_INLINE bool isnan(float a) { return ::__isnanf(a); }
AW_DEVICE_INLINE bool isnan(double a) { return ::__isnan(a); }
AW_DEVICE_INLINE bool isfinite(float a) { return ::__finitef(a); }
AW_DEVICE_INLINE bool isfinite(double a) { return ::__isfinited(a); }
AW_DEVICE_INLINE bool isnormal(float a) { return __builtin_isnormal(a); }
AW_DEVICE_INLINE bool isnormal(double a) { return __builtin_isnormal(a); }
AW_DEVICE_INLINE bool signbit(float a) { return ::__signbitf(a); }
AW_DEVICE_INLINE bool signbit(double a) { return ::__signbitd(a); }
#define AW_COMPARE(name)                                                                        \
  AW_DEVICE_INLINE bool name(float a, float b) { return __builtin_##name(a, b); }               \
  AW_DEVICE_INLINE bool name(double a, double b) { return __builtin_##name(a, b); }
AW_COMPARE(isgreater) AW_COMPARE(isgreaterequal) AW_COMPARE(isless) AW_COMPARE(islessequal) AW_COMPARE(islessgreater)
AW_COMPARE(isunordered)
#undef AW_COMPARE

// --- Of integers ----------------------------------------------------------------------------------------------------------------

// `number` is true for the types that arithmetic knows, `type` is there for the integers among them.
template <class T>
struct __aw_arithmetic {
  static const bool number = false;
};
#define AW_INTEGER(integer)         \
  template <>                       \
  struct __aw_arithmetic<integer> { \
    static const bool number = true; \
    typedef double type;            \
  };
AW_INTEGER(bool)
AW_INTEGER(char)
AW_INTEGER(signed char)
AW_INTEGER(unsigned char)
AW_INTEGER(short)
AW_INTEGER(unsigned short)
AW_INTEGER(int)
AW_INTEGER(unsigned)
AW_INTEGER(long)
AW_INTEGER(unsigned long)
AW_INTEGER(long long)
AW_INTEGER(unsigned long long)
#undef AW_INTEGER
template <>
struct __aw_arithmetic<float> {
  static const bool number = true;
};
template <>
struct __aw_arithmetic<double> {
  static const bool number = true;
};
template <bool>
struct __aw_double_if {};
template <>
struct __aw_double_if<true> {
  typedef double type;
};

#define AW_ONE(name)   \
  template <class T>   \
  AW_DEVICE_INLINE typename __aw_arithmetic<T>::type name(T a) { return ::name((double)a); }
AW_ONE(acos) AW_ONE(acosh) AW_ONE(asin) AW_ONE(asinh) AW_ONE(atan) AW_ONE(atanh) AW_ONE(cbrt) AW_ONE(ceil) AW_ONE(cos) AW_ONE(cosh)
AW_ONE(erf) AW_ONE(erfc) AW_ONE(exp) AW_ONE(exp2) AW_ONE(expm1) AW_ONE(fabs) AW_ONE(floor) AW_ONE(lgamma) AW_ONE(log) AW_ONE(log10)
AW_ONE(log1p) AW_ONE(log2) AW_ONE(logb) AW_ONE(nearbyint) AW_ONE(rint) AW_ONE(round) AW_ONE(sin) AW_ONE(sinh) AW_ONE(sqrt) AW_ONE(tan)
AW_ONE(tanh) AW_ONE(tgamma) AW_ONE(trunc) AW_ONE(rsqrt)
#undef AW_ONE

// Of two types that differ.
#define AW_TWO(name)                                                                                                          \
  template <class T, class U>                                                                                                 \
  AW_DEVICE_INLINE typename __aw_double_if<__aw_arithmetic<T>::number && __aw_arithmetic<U>::number>::type name(T a, U b) {   \
    return ::name((double)a, (double)b);                                                                                      \
  }
AW_TWO(atan2) AW_TWO(copysign) AW_TWO(fdim) AW_TWO(fmax) AW_TWO(fmin) AW_TWO(fmod) AW_TWO(hypot) AW_TWO(nextafter) AW_TWO(pow)
AW_TWO(remainder)
#undef AW_TWO

#endif
