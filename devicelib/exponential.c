// exp, exp2, exp10, expm1, sinh, cosh, tanh and erf, in the code of kernels. e^x = 2^n e^r with |r| <= ln2 / 2, where e^r is a minimax
// polynomial (Sollya) and ln2 has two parts. CUDA's bounds and what is reached: docs/math.md.
#include "elementary.h"

/// x = n ln2 + r. `shifted` is n + kMagic.
typedef struct {
  float shifted, r;
} Reduced;

INLINE Reduced reduce(float x) {
  const float shifted = fma_f32(x, 0x1.715476p0f, kMagic), n = shifted - kMagic;
  return (Reduced){shifted, fma_f32(-n, 0x1.7f7d1cp-20f, fma_f32(-n, 0x1.62e4p-1f, x))};
}

/// e^r - 1
INLINE float expm1_of_rest(float r) {
  float q = fma_f32(0x1.685148p-10f, r, 0x1.123bd8p-7f);
  q = fma_f32(q, r, 0x1.555b98p-5f);
  q = fma_f32(q, r, 0x1.55548ep-3f);
  q = fma_f32(q, r, 0x1.fffff8p-2f);
  return fma_f32(r * r, q, r);
}

typedef struct {
  double shifted, r;
} Reduced64;

INLINE Reduced64 reduce_f64(double x) {
  const double shifted = fma_f64(x, 0x1.71547652b82fep0, kMagic64), n = shifted - kMagic64;
  return (Reduced64){shifted, fma_f64(-n, 0x1.473de6af278edp-34, fma_f64(-n, 0x1.62e42fefp-1, x))};
}

INLINE double expm1_of_rest_f64(double r) {
  double q = fma_f64(0x1.ae07d18cfc0dap-26, r, 0x1.28b0a7e6bddc4p-22);
  q = fma_f64(q, r, 0x1.71dece4f4ed23p-19);
  q = fma_f64(q, r, 0x1.a019960d54875p-16);
  q = fma_f64(q, r, 0x1.a01a0151c6745p-13);
  q = fma_f64(q, r, 0x1.6c16c185eb9b4p-10);
  q = fma_f64(q, r, 0x1.1111111120588p-7);
  q = fma_f64(q, r, 0x1.555555554fe61p-5);
  q = fma_f64(q, r, 0x1.5555555555518p-3);
  q = fma_f64(q, r, 0x1.000000000000cp-1);
  return fma_f64(r * r, q, r);
}

// --- exp, exp2, exp10 ---------------------------------------------------------------------------------------------------
OPERATION float __aw_expf(float x) {
  x = limit(x, -105, 89);
  const Reduced a = reduce(x);
  return times_power(1 + expm1_of_rest(a.r), a.shifted, x < -40);
}

OPERATION double __aw_exp(double x) {
  x = limit_f64(x, -750, 710);
  const Reduced64 a = reduce_f64(x);
  return times_power_f64(1 + expm1_of_rest_f64(a.r), a.shifted, x < -300);
}

OPERATION float __aw_exp2f(float x) {
  x = limit(x, -151, 129);
  const float shifted = x + kMagic, r = x - (shifted - kMagic);
  float p = fma_f32(0x1.3f9068p-13f, r, 0x1.5f0a66p-10f);
  p = fma_f32(p, r, 0x1.3b30bp-7f);
  p = fma_f32(p, r, 0x1.c6af78p-5f);
  p = fma_f32(p, r, 0x1.ebfbd8p-3f);
  p = fma_f32(p, r, 0x1.62e43p-1f);
  p = fma_f32(p, r, 1.0f);
  return times_power(p, shifted, x < -60);
}

OPERATION double __aw_exp2(double x) {
  x = limit_f64(x, -1080, 1025);
  const double shifted = x + kMagic64, r = x - (shifted - kMagic64);
  double p = fma_f64(0x1.e9506e7458f2ep-32, r, 0x1.e61c16c1056fp-28);
  p = fma_f64(p, r, 0x1.b525395b42f4fp-24);
  p = fma_f64(p, r, 0x1.62bfc71b3397fp-20);
  p = fma_f64(p, r, 0x1.ffcbfc5c18559p-17);
  p = fma_f64(p, r, 0x1.4309130f14ca6p-13);
  p = fma_f64(p, r, 0x1.5d87fe78a08fdp-10);
  p = fma_f64(p, r, 0x1.3b2ab6fb9ffafp-7);
  p = fma_f64(p, r, 0x1.c6b08d704a124p-5);
  p = fma_f64(p, r, 0x1.ebfbdff82c5a5p-3);
  p = fma_f64(p, r, 0x1.62e42fefa39efp-1);
  p = fma_f64(p, r, 1.0);
  return times_power_f64(p, shifted, x < -450);
}

OPERATION float __aw_exp10f(float x) {
  x = limit(x, -46, 38.8f);
  const float shifted = fma_f32(x, 0x1.a934fp1f, kMagic), n = shifted - kMagic;
  const float r = fma_f32(-n, 0x1.3509f8p-18f, fma_f32(-n, 0x1.344p-2f, x));
  float p = fma_f32(0x1.a491fp-3f, r, 0x1.156bb2p-1f);
  p = fma_f32(p, r, 0x1.2bdbdep0f);
  p = fma_f32(p, r, 0x1.046f9ap1f);
  p = fma_f32(p, r, 0x1.535248p1f);
  p = fma_f32(p, r, 0x1.26bb1cp1f);
  p = fma_f32(p, r, 1.0f);
  return times_power(p, shifted, x < -15);
}

// --- expm1 ------------------------------------------------------------------------------------------------------------------
// 2^n (e^r - 1) + (2^n - 1), all of it halved, because 2^128 is no float.
OPERATION float __aw_expm1f(float x) {
  const float limited = limit(x, -30, 89);
  const Reduced a = reduce(limited);
  const float half = float_of((bits_f32(a.shifted) + 126) << 23);
  const float value = 2 * fma_f32(half, expm1_of_rest(a.r), half - 0.5f);
  return abs_f32(x) < 0x1p-25f ? x : value;
}

// --- hyperbolic functions ------------------------------------------------------------------------------------------------
/// e^x / 2, for 0 <= x <= 90
INLINE float half_exp(float x) {
  const Reduced a = reduce(x);
  return (1 + expm1_of_rest(a.r)) * float_of((bits_f32(a.shifted) + 125) << 23) * 2;
}
INLINE double half_exp_f64(double x) {
  const Reduced64 a = reduce_f64(x);
  return (1 + expm1_of_rest_f64(a.r)) * double_of((bits_f64(a.shifted) + 1021) << 52) * 2;
}

OPERATION float __aw_coshf(float x) {
  const float e = half_exp(limit(abs_f32(x), 0, 90));
  return e + 0.25f / e;
}

OPERATION double __aw_cosh(double x) {
  const double e = half_exp_f64(limit_f64(abs_f64(x), 0, 711));
  return e + 0.25 / e;
}

OPERATION float __aw_sinhf(float x) {
  const float magnitude = abs_f32(x), e = half_exp(limit(magnitude, 0, 90)), s = x * x;
  float p = fma_f32(0x1.720e84p-19f, s, 0x1.a036dap-13f);
  p = fma_f32(p, s, 0x1.1110c4p-7f);
  p = fma_f32(p, s, 0x1.555556p-3f);
  const float small = fma_f32(magnitude * s, p, magnitude);
  return with_sign(magnitude < 1 ? small : e - 0.25f / e, x);
}

OPERATION double __aw_sinh(double x) {
  const double magnitude = abs_f64(x), e = half_exp_f64(limit_f64(magnitude, 0, 711)), s = x * x;
  double p = fma_f64(0x1.b2502d89eacf5p-41, s, 0x1.612265e4b9794p-33);
  p = fma_f64(p, s, 0x1.ae6452c7cecbep-26);
  p = fma_f64(p, s, 0x1.71de3a5f0db9dp-19);
  p = fma_f64(p, s, 0x1.a01a01a00b33ep-13);
  p = fma_f64(p, s, 0x1.111111111119ap-7);
  p = fma_f64(p, s, 0x1.5555555555555p-3);
  const double small = fma_f64(magnitude * s, p, magnitude);
  return with_sign_f64(magnitude < 1 ? small : e - 0.25 / e, x);
}

// 1 - 2 / (e^(2|x|) + 1), and a polynomial where that would lose digits.
OPERATION float __aw_tanhf(float x) {
  const float magnitude = abs_f32(x), s = x * x;
  const Reduced a = reduce(limit(2 * magnitude, 0, 40));
  const float e = (1 + expm1_of_rest(a.r)) * float_of((bits_f32(a.shifted) + 127) << 23);
  float p = fma_f32(-0x1.9bf2p-8f, s, 0x1.5a1ab2p-6f);
  p = fma_f32(p, s, -0x1.b95d98p-5f);
  p = fma_f32(p, s, 0x1.110f12p-3f);
  p = fma_f32(p, s, -0x1.555554p-2f);
  const float small = fma_f32(magnitude * s, p, magnitude);
  return with_sign(magnitude < 0.6f ? small : 1 - 2 / (e + 1), x);
}

// --- erf -------------------------------------------------------------------------------------------------------------------
// 1 - e^(-t R(t)), and a polynomial where that would lose digits.
OPERATION float __aw_erff(float x) {
  const float magnitude = abs_f32(x), s = x * x, t = limit(magnitude, 0, 4);
  float p = fma_f32(0x1.50962ap-14f, s, -0x1.a66154p-11f);
  p = fma_f32(p, s, 0x1.54531cp-8f);
  p = fma_f32(p, s, -0x1.b801e2p-6f);
  p = fma_f32(p, s, 0x1.ce2d6ap-4f);
  p = fma_f32(p, s, -0x1.81274p-2f);
  p = fma_f32(p, s, 0x1.06eba8p-3f);
  const float small = fma_f32(magnitude, p, magnitude);
  float r = fma_f32(-0x1.b387d8p-21f, t, 0x1.fe236ep-16f);
  r = fma_f32(r, t, -0x1.edc1dap-12f);
  r = fma_f32(r, t, 0x1.132fa2p-8f);
  r = fma_f32(r, t, -0x1.982f5ap-6f);
  r = fma_f32(r, t, 0x1.b8a24ep-4f);
  r = fma_f32(r, t, 0x1.44c6f2p-1f);
  r = fma_f32(r, t, 0x1.20fc9ap0f);
  const Reduced a = reduce(-t * r);
  const float tail = (1 + expm1_of_rest(a.r)) * float_of((bits_f32(a.shifted) + 127) << 23);
  return with_sign(magnitude < 0.97f ? small : 1 - tail, x);
}
