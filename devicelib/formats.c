// tf32 (a float whose lower 13 bits are zero), e4m3 and e5m2 (in pairs, the first operand in the upper byte).
#include "number.h"

enum Nearest { kEven, kAway, kTruncate };

INLINE u32 tf32(float x, enum Nearest nearest, int saturates, int is_relu) {
  const u32 bits = bits_f32(is_relu && !(x > 0) && x == x ? 0.0f : x);
  const u32 bias = nearest == kEven ? 0xfff + (bits >> 13 & 1) : nearest == kAway ? 0x1000 : 0;
  u32 rounded = (bits + bias) & 0xffffe000u;
  const u32 sign = bits & 0x80000000u, largest = 0x7f7fe000;
  rounded = saturates && (rounded & 0x7fffffff) > largest ? sign | largest : rounded;
  return x == x ? rounded : 0x7fffffff;
}

OPERATION u32 __aw_cvt_rna_tf32_f32(float x) { return tf32(x, kAway, 0, 0); }
OPERATION u32 __aw_cvt_rn_tf32_f32(float x) { return tf32(x, kEven, 0, 0); }
OPERATION u32 __aw_cvt_rz_tf32_f32(float x) { return tf32(x, kTruncate, 0, 0); }
OPERATION u32 __aw_cvt_rn_relu_tf32_f32(float x) { return tf32(x, kEven, 0, 1); }
OPERATION u32 __aw_cvt_rz_relu_tf32_f32(float x) { return tf32(x, kTruncate, 0, 1); }
OPERATION u32 __aw_cvt_rna_satfinite_tf32_f32(float x) { return tf32(x, kAway, 1, 0); }
OPERATION u32 __aw_cvt_rn_satfinite_tf32_f32(float x) { return tf32(x, kEven, 1, 0); }
OPERATION u32 __aw_cvt_rz_satfinite_tf32_f32(float x) { return tf32(x, kTruncate, 1, 0); }
OPERATION u32 __aw_cvt_rn_satfinite_relu_tf32_f32(float x) { return tf32(x, kEven, 1, 1); }
OPERATION u32 __aw_cvt_rz_satfinite_relu_tf32_f32(float x) { return tf32(x, kTruncate, 1, 1); }

/// An 8-bit float with `fraction` bits of mantissa and exponents biased by `bias`, whose largest finite number is `largest`.
/// Denormals: adding a power of two whose ulp is the smallest denormal rounds to even, and leaves the number in the sum's bits.
INLINE u32 byte_of(float x, int fraction, int bias, float largest, int is_relu) {
  const float a = abs_f32(x), limited = a > largest ? largest : a;
  const u32 bits = bits_f32(limited), shift = 23 - (u32)fraction;
  const u32 normal = ((bits + (1u << (shift - 1)) - 1 + (bits >> shift & 1)) >> shift) - ((127u - (u32)bias) << fraction);
  const float power = float_of((u32)(127 + 1 - bias - fraction + 23) << 23);
  const u32 denormal = bits_f32(limited + power) - bits_f32(power);
  const u32 magnitude = bits < (u32)(127 + 1 - bias) << 23 ? denormal : normal;
  const u32 negative = is_relu ? 0 : magnitude | 0x80;
  const u32 value = (s32)bits_f32(x) < 0 ? negative : magnitude;
  return x == x ? value : 0x7f;
}

INLINE u32 e4m3(float x, int is_relu) { return byte_of(x, 3, 7, 448.0f, is_relu); }
INLINE u32 e5m2(float x, int is_relu) { return byte_of(x, 2, 15, 57344.0f, is_relu); }

// Placed as a float's, exponents of e4m3 are too small by 120.
INLINE f16 half_of_e4m3(u32 byte) {
  const float value = float_of((byte & 0x7f) << 20) * 0x1p120f;
  const u16 bits = (byte & 0x7f) == 0x7f ? 0x7fff : bits_f16((f16)value);
  return half_of((u16)(bits | (byte & 0x80) << 8));
}
INLINE f16 half_of_e5m2(u32 byte) { return half_of((u16)(byte << 8)); }
INLINE f16 half_relu(f16 x) { return (float)x <= 0 ? (f16)0 : x; }

#define BYTES(format)                                                                                                                     \
  OPERATION u16 __aw_cvt_rn_satfinite_##format##x2_f32(float a, float b) { return (u16)(format(a, 0) << 8 | format(b, 0)); }              \
  OPERATION u16 __aw_cvt_rn_satfinite_relu_##format##x2_f32(float a, float b) { return (u16)(format(a, 1) << 8 | format(b, 1)); }         \
  OPERATION u16 __aw_cvt_rn_satfinite_##format##x2_f16x2(f16x2 a) { return (u16)(format((float)a[1], 0) << 8 | format((float)a[0], 0)); } \
  OPERATION u16 __aw_cvt_rn_satfinite_relu_##format##x2_f16x2(f16x2 a) {                                                                  \
    return (u16)(format((float)a[1], 1) << 8 | format((float)a[0], 1));                                                                   \
  }                                                                                                                                       \
  OPERATION f16x2 __aw_cvt_rn_f16x2_##format##x2(u16 a) { return (f16x2){half_of_##format(a & 0xff), half_of_##format(a >> 8)}; }         \
  OPERATION f16x2 __aw_cvt_rn_relu_f16x2_##format##x2(u16 a) {                                                                            \
    return (f16x2){half_relu(half_of_##format(a & 0xff)), half_relu(half_of_##format(a >> 8))};                                           \
  }
BYTES(e4m3)
BYTES(e5m2)
