// The approximate instructions. The PTX ISA gives a bound for each; devicelib_test holds every one to it.
//
// Each is one polynomial (minimax with coefficients that are floats, found with Sollya) around an argument reduction that uses no
// conversion to integer: adding 1.5 * 2^23 leaves the rounded number in the low bits of the sum. Special values come out
// of the arithmetic or cost one select.
#include "elementary.h"
#include "half.h"

// --- division, roots -----------------------------------------------------------------------------------------------------
// 1/b of a large b is flushed on the way, so the quotient is zero (and NaN for an infinite a).
INLINE float divide_approximately(float a, float b) {
  const float q = a / b;
  return abs_f32(b) > 0x1p126f ? a * __builtin_copysignf(0.0f, b) : q;
}

OPERATION float __aw_div_approx_f32(float a, float b) { return divide_approximately(a, b); }
OPERATION float __aw_div_approx_ftz_f32(float a, float b) { return flush(divide_approximately(flush(a), flush(b))); }
OPERATION float __aw_div_full_f32(float a, float b) { return a / b; }
OPERATION float __aw_div_full_ftz_f32(float a, float b) { return flush(flush(a) / flush(b)); }
OPERATION float __aw_rcp_approx_f32(float a) { return 1 / a; }
OPERATION float __aw_rcp_approx_ftz_f32(float a) { return flush(1 / flush(a)); }
OPERATION float __aw_sqrt_approx_f32(float a) { return __builtin_sqrtf(a); }
OPERATION float __aw_sqrt_approx_ftz_f32(float a) { return __builtin_sqrtf(flush(a)); }

// To 14 bits or more: an instruction of most processors.
#ifdef __NVPTX__
__attribute__((const)) float inverse_root_to_14_bits(float) __asm__("aw.rsqrt_estimate");
#else
INLINE float inverse_root_to_14_bits(float a) { return float_of(bits_f32(1 / __builtin_sqrtf(a)) & ~0x1ffu); }
#endif

// One step of Newton's method. Of zeros and infinities it makes NaN.
INLINE float inverse_root(float a) {
  const float y = inverse_root_to_14_bits(a);
  const float better = fma_f32(0.5f * y, fma_f32(-(a * y), y, 1.0f), y);
  return better == better ? better : y;
}

OPERATION float __aw_rsqrt_approx_f32(float a) { return inverse_root(a); }
OPERATION float __aw_rsqrt_approx_ftz_f32(float a) { return inverse_root(flush(a)); }

INLINE double flush_f64(double x) { return abs_f64(x) < 0x1p-1022 ? __builtin_copysign(0.0, x) : x; }

// Only the upper half of the operand is read, and of the result only the upper half is not zero.
INLINE double upper_half(double x) { return double_of(bits_f64(x) & 0xffffffff00000000u); }
INLINE double rounded_half(double x) { return x - x == 0 ? double_of((bits_f64(x) + 0x80000000u) & 0xffffffff00000000u) : x; }

OPERATION double __aw_rcp_approx_ftz_f64(double a) { return flush_f64(rounded_half(1 / flush_f64(upper_half(a)))); }
OPERATION double __aw_rsqrt_approx_ftz_f64(double a) { return rounded_half(1 / __builtin_sqrt(flush_f64(upper_half(a)))); }
OPERATION double __aw_rsqrt_approx_f64(double a) { return 1 / __builtin_sqrt(a); }

// --- sin, cos ----------------------------------------------------------------------------------------------------------------
// x = k*pi + r with r in [-pi/2, pi/2]. Beyond 2^22 half turns k is not exact any more; the limit keeps the result in
// [-1, 1], which is all that is promised there. Both parts of pi are positive, so that -0 stays -0.
INLINE float sine_to_21_bits(float r, u32 sign) {
  r = limit(r, -0x1.921fb6p0f, 0x1.921fb6p0f);
  const float s = r * r;
  float p = fma_f32(0x1.5dc80cp-19f, s, -0x1.9f70e8p-13f);
  p = fma_f32(p, s, 0x1.110edap-7f);
  p = fma_f32(p, s, -0x1.55554cp-3f);
  return float_of(bits_f32(r * fma_f32(p, s, 1.0f)) ^ sign);
}

INLINE float minus_some_half_turns(float x, float k) { return fma_f32(-k, 0x1.4442d2p-23f, fma_f32(-k, 0x1.921fb4p1f, x)); }

INLINE float sine(float x) {
  const float t = fma_f32(x, 0x1.45f306p-2f, kMagic);
  return sine_to_21_bits(minus_some_half_turns(x, t - kMagic), bits_f32(t) << 31);
}

// cos x = -(-1)^n sin(x - (n + 1/2) pi)
INLINE float cosine(float x) {
  const float t = fma_f32(x, 0x1.45f306p-2f, -0.5f) + kMagic;
  return sine_to_21_bits(minus_some_half_turns(x, (t - kMagic) + 0.5f), ~bits_f32(t) << 31);
}

OPERATION float __aw_sin_approx_f32(float a) { return sine(a); }
OPERATION float __aw_sin_approx_ftz_f32(float a) { return sine(flush(a)); }
OPERATION float __aw_cos_approx_f32(float a) { return cosine(a); }
OPERATION float __aw_cos_approx_ftz_f32(float a) { return cosine(a); }

// --- lg2 -------------------------------------------------------------------------------------------------------------------
// a = 2^e * m with m in [sqrt(1/2), sqrt(2)); log2(m) = r * P(r), r = m - 1. Requires: a is not denormal.
INLINE float logarithm(float a, float exponent_offset) {
  const u32 base = 0x3f3504f3;  // sqrt(1/2)
  const u32 u = bits_f32(a) - base;
  const float e = (float)((s32)u >> 23) + exponent_offset;
  const float r = float_of((u & 0x7fffff) + base) - 1;
  float p = fma_f32(0x1.027af6p-3f, r, -0x1.a812e2p-3f);
  p = fma_f32(p, r, 0x1.b93f92p-3f);
  p = fma_f32(p, r, -0x1.e9655ap-3f);
  p = fma_f32(p, r, 0x1.26dcd2p-2f);
  p = fma_f32(p, r, -0x1.715c5p-2f);
  p = fma_f32(p, r, 0x1.ec736ep-2f);
  p = fma_f32(p, r, -0x1.71547p-1f);
  p = fma_f32(p, r, 0x1.715476p0f);
  return fma_f32(p, r, e);
}

INLINE float logarithm_of_any(float a, float value, int is_zero) {
  value = a < __builtin_inff() ? value : a;  // infinity, NaN
  value = a < 0 ? __builtin_nanf("") : value;
  return is_zero ? -__builtin_inff() : value;
}

OPERATION float __aw_lg2_approx_f32(float a) {
  const int is_small = a < 0x1p-126f;
  const float value = logarithm(is_small ? a * 0x1p24f : a, is_small ? -24.0f : 0.0f);
  return logarithm_of_any(a, value, a == 0);
}
OPERATION float __aw_lg2_approx_ftz_f32(float a) { return logarithm_of_any(a, logarithm(a, 0), abs_f32(a) < 0x1p-126f); }

// --- ex2 -------------------------------------------------------------------------------------------------------------------
// 2^x = 2^n * 2^f with n = floor(x). The exponent's bits are the low bits of n + magic + 127, so 128 gives infinity and -127 zero.
// Requires: -127 <= x <= 128, or NaN.
INLINE float exponential(float x) {
  const float n = __builtin_floorf(x), f = x - n;
  float p = fma_f32(0x1.c41242p-13f, f, 0x1.4748aep-10f);
  p = fma_f32(p, f, 0x1.3cfb6p-7f);
  p = fma_f32(p, f, 0x1.c68b2ep-5f);
  p = fma_f32(p, f, 0x1.ebfd38p-3f);
  p = fma_f32(p, f, 0x1.62e42cp-1f);
  p = fma_f32(p, f, 1.0f);
  return p * float_of(bits_f32(n + (kMagic + 127)) << 23);
}

INLINE float exponential_ftz(float a) { return exponential(limit(a, -127.0f, 128.0f)); }

INLINE float exponential_with_denormals(float a) {
  const int is_small = a < -126;
  return exponential(limit(is_small ? a + 24 : a, -127.0f, 128.0f)) * (is_small ? 0x1p-24f : 1.0f);
}

OPERATION float __aw_ex2_approx_f32(float a) { return exponential_with_denormals(a); }
OPERATION float __aw_ex2_approx_ftz_f32(float a) { return exponential_ftz(a); }
OPERATION f16 __aw_ex2_approx_f16(f16 a) { return (f16)exponential_ftz((float)a); }
OPERATION f16 __aw_ex2_approx_ftz_f16(f16 a) {
  const f16 result = (f16)exponential_ftz((float)a);
  return (float)result < 0x1p-14f ? (f16)0 : result;
}
OPERATION __bf16 __aw_ex2_approx_ftz_bf16(__bf16 a) { return bfloat_nearest(exponential_ftz(float_of_bfloat(a))); }

// --- tanh ------------------------------------------------------------------------------------------------------------------
// x * P(x^2) / Q(x^2), with an error of 2^-14.3; from 4.97 on 1 is nearer than that.
INLINE float tangent(float x) {
  const float s = x * x;
  const float p = fma_f32(fma_f32(0.0006735100408f, s, 0.102512855f), s, 0.9999502786f);
  const float q = fma_f32(fma_f32(0.01284905358f, s, 0.4355376444f), s, 1.0f);
  return abs_f32(x) > 4.97f ? __builtin_copysignf(1.0f, x) : x * p / q;
}

OPERATION float __aw_tanh_approx_f32(float a) { return tangent(a); }
OPERATION f16 __aw_tanh_approx_f16(f16 a) { return (f16)tangent((float)a); }
OPERATION __bf16 __aw_tanh_approx_bf16(__bf16 a) { return bfloat_nearest(tangent(float_of_bfloat(a))); }
