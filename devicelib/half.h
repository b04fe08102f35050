// Rounding to binary16 and bfloat16.
#pragma once

#include "number.h"

/// To binary16 as `direction` says. Requires: `x` is a float, or stands for a longer number that was rounded to odd.
INLINE f16 half_directed(float x, enum Direction direction) {
  const f16 near = (f16)x;
  const u16 bits = bits_f16(near);
  return half_of((u16)(bits + step(bits >> 15, (double)(x - (float)near), direction)));
}

/// The upper half of the float, and one more where the lower half asks for it. Infinities have nothing below; a NaN stays one.
INLINE __bf16 bfloat_directed(float x, enum Direction direction) {
  const u32 bits = bits_f32(x), is_negative = bits >> 31;
  const u32 away = direction == kZero ? 0 : direction == kUp ? !is_negative : is_negative;
  const u32 rounded = (bits + (away ? 0xffffu : 0)) >> 16;
  return bfloat_of((u16)(x == x ? rounded : 0x7fff));
}

INLINE __bf16 bfloat_nearest(float x) {
  const u32 bits = bits_f32(x);
  const u32 rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  return bfloat_of((u16)(x == x ? rounded : 0x7fff));
}
