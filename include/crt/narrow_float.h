// Conversions between float, double, integers and the two 16-bit floating-point formats, as bits. In device code the rounding to
// nearest is the machine's; the rest, and the host, compute: no host library is needed and every compiler can do it.
#ifndef ANYWARP_CRT_NARROW_FLOAT_H
#define ANYWARP_CRT_NARROW_FLOAT_H

#include "crt/attributes.h"

#if defined(__CUDA__) && defined(__CUDA_ARCH__)
#define AW_ON_DEVICE 1
#else
#define AW_ON_DEVICE 0
#endif

#if defined(__CUDA__)
#define AW_NARROW AW_BOTH_INLINE
#else
#define AW_NARROW static inline
#endif

enum __aw_rounding { __aw_nearest, __aw_to_zero, __aw_down, __aw_up };

AW_NARROW unsigned __aw_float_bits(float value) {
  unsigned bits;
  __builtin_memcpy(&bits, &value, 4);
  return bits;
}
AW_NARROW float __aw_float_of_bits(unsigned bits) {
  float value;
  __builtin_memcpy(&value, &bits, 4);
  return value;
}

/// Rounds to a format with `fraction` bits of fraction, exponents from 1 - bias to bias, infinities and NaN.
AW_NARROW unsigned short __aw_narrow(double value, int fraction, int bias, __aw_rounding rounding) {
  unsigned long long bits;
  __builtin_memcpy(&bits, &value, 8);
  unsigned sign = (unsigned)(bits >> 63) << 15;
  int exponent = (int)(bits >> 52 & 0x7ff) - 1023;
  unsigned long long significand = bits & 0xfffffffffffffull;
  unsigned infinity = (unsigned)(2 * bias + 1) << fraction;
  if (exponent == 1024) return (unsigned short)(significand ? 0x7fff : sign | infinity);
  if (exponent == -1023) {
    if (!significand) return (unsigned short)sign;
    exponent = -1022;
  } else {
    significand |= 0x10000000000000ull;
  }
  // Subnormal results have the exponent of the smallest normal number and fewer bits.
  int shift = 52 - fraction;
  bool subnormal = exponent < 1 - bias;
  if (subnormal) shift += 1 - bias - exponent;
  if (shift > 63) shift = 63;
  unsigned long long kept = significand >> shift, rest = significand & ((1ull << shift) - 1), half = 1ull << (shift - 1);
  bool up = rounding == __aw_nearest ? rest > half || (rest == half && (kept & 1)) : rounding == __aw_to_zero ? false
            : rest != 0 && (rounding == __aw_up) == !sign;
  kept += up;
  if (!subnormal) kept += (unsigned long long)(long long)(exponent + bias - 1) << fraction;
  if (kept >= infinity) {
    bool finite = rounding == __aw_to_zero || (rounding != __aw_nearest && (rounding == __aw_up) != !sign);
    kept = finite ? infinity - 1 : infinity;
  }
  return (unsigned short)(sign | (unsigned)kept);
}

AW_NARROW unsigned short __aw_half_of_float(float value) {
#if AW_ON_DEVICE
  return __builtin_bit_cast(unsigned short, (_Float16)value);
#else
  unsigned bits = __aw_float_bits(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x47800000) return (unsigned short)(magnitude > 0x7f800000 ? 0x7fff : sign | 0x7c00);
  if (magnitude < 0x38800000) {
    // Adding 0.5 moves the last bit of a subnormal half to the last bit of the sum, which the addition rounds.
    return (unsigned short)(sign | (__aw_float_bits(__aw_float_of_bits(magnitude) + 0.5f) - 0x3f000000));
  }
  return (unsigned short)(sign | ((magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1)) >> 13));
#endif
}

AW_NARROW float __aw_float_of_half(unsigned short bits) {
#if AW_ON_DEVICE
  return (float)__builtin_bit_cast(_Float16, bits);
#else
  unsigned sign = (unsigned)(bits & 0x8000) << 16, magnitude = bits & 0x7fff;
  if (magnitude >= 0x7c00) return __aw_float_of_bits(sign | 0x7f800000 | (magnitude & 0x3ff) << 13);
  if (magnitude >= 0x400) return __aw_float_of_bits(sign | ((magnitude << 13) + 0x38000000));
  float value = (float)magnitude * 0x1p-24f;
  return sign ? -value : value;
#endif
}

AW_NARROW unsigned short __aw_bfloat16_of_float(float value) {
#if AW_ON_DEVICE
  return __builtin_bit_cast(unsigned short, (__bf16)value);
#else
  unsigned bits = __aw_float_bits(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fff;
  return (unsigned short)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
#endif
}

AW_NARROW float __aw_float_of_bfloat16(unsigned short bits) { return __aw_float_of_bits((unsigned)bits << 16); }

// Once for each format; integers of up to 32 bits and floats are exact as doubles. Of 64-bit integers that are not, the lower bits
// matter only as a whole, so they are gathered into one bit first.
AW_NARROW double __aw_double_of_ull(unsigned long long value) {
  if (value >> 53) value = (value & ~0x7ffull) | ((value & 0x7ff) != 0) << 11;
  return (double)value;
}
AW_NARROW double __aw_double_of_ll(long long value) {
  return value < 0 ? -__aw_double_of_ull(0 - (unsigned long long)value) : __aw_double_of_ull((unsigned long long)value);
}

AW_NARROW unsigned short __aw_half_of_double(double value) {
#if AW_ON_DEVICE
  return __builtin_bit_cast(unsigned short, (_Float16)value);
#else
  return __aw_narrow(value, 10, 15, __aw_nearest);
#endif
}
AW_NARROW unsigned short __aw_bfloat16_of_double(double value) { return __aw_narrow(value, 7, 127, __aw_nearest); }
AW_NARROW unsigned short __aw_half_rounded(double value, __aw_rounding rounding) { return __aw_narrow(value, 10, 15, rounding); }
AW_NARROW unsigned short __aw_bfloat16_rounded(double value, __aw_rounding rounding) {
  return __aw_narrow(value, 7, 127, rounding);
}

/// The nearest integer in the rounding's direction, within the limits; NaN gives 0.
AW_NARROW long long __aw_integer_of_float(float value, __aw_rounding rounding, float low, float high, long long lowest,
                                          long long highest) {
  if (value != value) return 0;
  if (rounding == __aw_nearest) value = __builtin_rintf(value);
  if (rounding == __aw_down) value = __builtin_floorf(value);
  if (rounding == __aw_up) value = __builtin_ceilf(value);
  if (rounding == __aw_to_zero) value = __builtin_truncf(value);
  return value <= low ? lowest : value >= high ? highest : (long long)value;
}

#endif
