// sin, cos, sinpi and cospi in the code of kernels. x is reduced by a multiple of pi (double) or pi/2 (float), which has three parts, so
// that the product with the first is exact; then comes a minimax polynomial (Sollya). Arguments beyond kLargest are rare, and
// go to a function that knows more digits of pi.
#include "elementary.h"

static const float kLargest = 105615.0f;
static const double kLargest64 = 0x1p30;

// They do not look at `near`, what the kernel's own code gives. But because they take it, that code stays in front of the branch, and
// there is one branch for all lanes instead of one for each side.
OPERATION float __aw_sin_largef(float x, float near);
OPERATION float __aw_cos_largef(float x, float near);
OPERATION double __aw_sin_large(double x, double near);
OPERATION double __aw_cos_large(double x, double near);

INLINE double minus_half_turns_f64(double x, double k) {
  return fma_f64(-k, 0x1.c1cd129024e09p-106, fma_f64(-k, 0x1.1a62633145c06p-53, fma_f64(-k, 0x1.921fb54442d18p1, x)));
}

/// sin of k quarter turns and r more, where |r| <= pi/4 and k is in the low bits of `quarter`. Never beyond 1.
INLINE float sine_from(float r, u32 quarter) {
  const float s = r * r;
  float p = fma_f32(-0x1.9aaf9p-13f, s, 0x1.110bdep-7f);
  p = fma_f32(p, s, -0x1.555552p-3f);
  float q = fma_f32(0x1.9bc4f8p-16f, s, -0x1.6c129ap-10f);
  q = fma_f32(q, s, 0x1.555554p-5f);
  const float sine = fma_f32(r * s, p, r), cosine = fma_f32(s * s, q, fma_f32(-0.5f, s, 1));
  return float_of(bits_f32(quarter & 1 ? cosine : sine) ^ (quarter & 2) << 30);
}

/// |x| - k pi/2, `shifted` being k + kMagic.
INLINE float minus_quarter_turns(float magnitude, float shifted) {
  const float k = shifted - kMagic;
  return fma_f32(-k, 0x1.84698ap-48f, fma_f32(-k, 0x1.4442dp-24f, fma_f32(-k, 0x1.921fb4p0f, magnitude)));
}

/// sin(r), |r| <= pi/2
INLINE double sine_of_rest_f64(double r) {
  const double s = r * r;
  double p = fma_f64(0x1.883bf52034ad5p-49, s, -0x1.ae43db60cdb96p-41);
  p = fma_f64(p, s, 0x1.6123ce4d6d35ap-33);
  p = fma_f64(p, s, -0x1.ae6454d95576bp-26);
  p = fma_f64(p, s, 0x1.71de3a52aaa9dp-19);
  p = fma_f64(p, s, -0x1.a01a01a014eb5p-13);
  p = fma_f64(p, s, 0x1.11111111110c9p-7);
  p = fma_f64(p, s, -0x1.5555555555555p-3);
  return fma_f64(r * s, p, r);
}

// The magnitude's sine, with both signs put on at the end: so -0 stays -0.
OPERATION float __aw_sinf(float x) {
  const float magnitude = abs_f32(x), shifted = fma_f32(magnitude, 0x1.45f306p-1f, kMagic);
  const float value = sine_from(minus_quarter_turns(magnitude, shifted), bits_f32(shifted));
  const float near = float_of(bits_f32(value) ^ (bits_f32(x) & 0x80000000u));
  return magnitude > kLargest ? __aw_sin_largef(x, near) : near;
}
OPERATION double __aw_sin(double x) {
  const double magnitude = abs_f64(x), shifted = fma_f64(magnitude, 0x1.45f306dc9c883p-2, kMagic64);
  const double value = sine_of_rest_f64(minus_half_turns_f64(magnitude, shifted - kMagic64));
  const u64 sign = bits_f64(shifted) << 63 ^ (bits_f64(x) & 0x8000000000000000u);
  const double near = double_of(bits_f64(value) ^ sign);
  return magnitude > kLargest64 ? __aw_sin_large(x, near) : near;
}

OPERATION float __aw_cosf(float x) {
  const float magnitude = abs_f32(x), shifted = fma_f32(magnitude, 0x1.45f306p-1f, kMagic);
  const float near = sine_from(minus_quarter_turns(magnitude, shifted), bits_f32(shifted) + 1);
  return magnitude > kLargest ? __aw_cos_largef(x, near) : near;
}
// cos x = -(-1)^n sin(x - (n + 1/2) pi)
OPERATION double __aw_cos(double x) {
  const double shifted = fma_f64(x, 0x1.45f306dc9c883p-2, -0.5) + kMagic64;
  const double value = sine_of_rest_f64(minus_half_turns_f64(x, (shifted - kMagic64) + 0.5));
  const double near = double_of(bits_f64(value) ^ ~bits_f64(shifted) << 63);
  return abs_f64(x) > kLargest64 ? __aw_cos_large(x, near) : near;
}

// --- sinpi, cospi -------------------------------------------------------------------------------------------------------------
// Reduced to a quarter of a half turn without error; the sine for even quarters, the cosine for odd ones.
INLINE float sinpi_of_rest(float r) {
  const float s = r * r;
  float p = fma_f32(0x1.3efdeap-4f, s, -0x1.329df4p-1f);
  p = fma_f32(p, s, 0x1.466b62p1f);
  p = fma_f32(p, s, -0x1.4abbcep2f);
  return fma_f32(r, 0x1.921fb6p1f, r * fma_f32(p, s, -0x1.777a5cp-24f));
}
INLINE float cospi_of_rest(float r) {
  const float s = r * r;
  float p = fma_f32(0x1.d09c24p-3f, s, -0x1.55a5cp0f);
  p = fma_f32(p, s, 0x1.03c19ep2f);
  p = fma_f32(p, s, -0x1.3bd3ccp2f);
  return fma_f32(p, s, 1.0f);
}
INLINE double sinpi_of_rest_f64(double r) {
  const double s = r * r;
  double p = fma_f64(0x1.e4a8056842ebfp-12, s, -0x1.e3027937f90cep-8);
  p = fma_f64(p, s, 0x1.507832043a9a2p-4);
  p = fma_f64(p, s, -0x1.32d2cce4fceecp-1);
  p = fma_f64(p, s, 0x1.466bc6775a458p1);
  p = fma_f64(p, s, -0x1.4abbce625be52p2);
  return fma_f64(r, 0x1.921fb54442d18p1, r * fma_f64(p, s, 0x1.1a62633145c07p-53));
}
INLINE double cospi_of_rest_f64(double r) {
  const double s = r * r;
  double p = fma_f64(-0x1.ac2eafdab58a4p-14, s, 0x1.f9b8188b33d45p-10);
  p = fma_f64(p, s, -0x1.a6d1d35595a88p-6);
  p = fma_f64(p, s, 0x1.e1f506654c60bp-3);
  p = fma_f64(p, s, -0x1.55d3c7e3b7b01p0);
  p = fma_f64(p, s, 0x1.03c1f081b5a24p2);
  p = fma_f64(p, s, -0x1.3bd3cc9be45dep2);
  return fma_f64(p, s, 1.0);
}

/// |x| as r + q/2, with |r| <= 1/4; `quarter` holds q in its low bits. Numbers from 2^24 on are even, infinity gives NaN.
typedef struct {
  float r;
  u32 quarter;
} Quarters;
INLINE Quarters quarters(float x) {
  const float magnitude = abs_f32(x), turn = magnitude - 2 * __builtin_floorf(0.5f * magnitude);
  const float shifted = 2 * turn + kMagic;
  return (Quarters){fma_f32(-0.5f, shifted - kMagic, turn), bits_f32(shifted)};
}
typedef struct {
  double r;
  u64 quarter;
} Quarters64;
INLINE Quarters64 quarters_f64(double x) {
  const double magnitude = abs_f64(x), turn = magnitude - 2 * __builtin_floor(0.5 * magnitude);
  const double shifted = 2 * turn + kMagic64;
  return (Quarters64){fma_f64(-0.5, shifted - kMagic64, turn), bits_f64(shifted)};
}

OPERATION float __aw_sinpif(float x) {
  const Quarters a = quarters(x);
  const float value = a.quarter & 1 ? cospi_of_rest(a.r) : sinpi_of_rest(a.r);
  return float_of(bits_f32(value) ^ (a.quarter & 2) << 30 ^ (bits_f32(x) & 0x80000000u));
}
OPERATION float __aw_cospif(float x) {
  const Quarters a = quarters(x);
  const float value = a.quarter & 1 ? -sinpi_of_rest(a.r) : cospi_of_rest(a.r);
  return float_of(bits_f32(value) ^ (a.quarter & 2) << 30);
}
OPERATION double __aw_sinpi(double x) {
  const Quarters64 a = quarters_f64(x);
  const double value = a.quarter & 1 ? cospi_of_rest_f64(a.r) : sinpi_of_rest_f64(a.r);
  return double_of(bits_f64(value) ^ (a.quarter & 2) << 62 ^ (bits_f64(x) & 0x8000000000000000u));
}
OPERATION double __aw_cospi(double x) {
  const Quarters64 a = quarters_f64(x);
  const double value = a.quarter & 1 ? -sinpi_of_rest_f64(a.r) : cospi_of_rest_f64(a.r);
  return double_of(bits_f64(value) ^ (a.quarter & 2) << 62);
}
