// Levels of detail, the addresses of suld and sust, and what txq and suq ask for. Fetches themselves are calls of the executor
// (src/exec/texture.cpp): inlined they would make megabytes of code of a kernel that takes sixteen of them for a pixel.
//
// Unlike the other operations these read memory and branch, on properties of the texture, which all lanes share as a rule.
#include "texture.h"
#include "half.h"

typedef const __attribute__((address_space(1))) struct AwTexture* Texture;
typedef const __attribute__((address_space(1))) struct AwTextureLevel* Level;
#define FETCH __attribute__((visibility("default"), pure, nothrow))

INLINE float length3(float x, float y, float z) { return __builtin_sqrtf(x * x + y * y + z * z); }

/// log2 to about 2^-16, which a level of detail's 1/256 hide: the exponent, and a series of atanh for the rest.
INLINE float log2_of(float value) {
  if (!(value > 0x1p-100f)) return -100.0f;
  const u32 bits = bits_f32(value);
  float fraction = float_of((bits & 0x007fffffu) | 0x3f800000u);
  float exponent = (float)((s32)(bits >> 23) - 127);
  if (fraction > 1.41421356f) {
    fraction *= 0.5f;
    exponent += 1.0f;
  }
  const float q = (fraction - 1.0f) / (fraction + 1.0f), q2 = q * q;
  return exponent + 2.88539008f * q * (1.0f + q2 * (0.333333333f + q2 * (0.2f + q2 * 0.142857143f)));
}

/// tex.grad: the level of detail by which the longer of two steps is one texel long. A cube's steps are those of its direction.
FETCH float __aw_tex_lod(u64 handle, u32 dimensions, u32 is_cube, float dx0, float dx1, float dx2, float dy0, float dy1, float dy2) {
  const Texture t = (Texture)handle;
  const u32 in_texels = !(t->flags & AW_TEXTURE_NORMALIZED) && !is_cube;
  const float w = in_texels ? 1.0f : (float)t->base.width * (is_cube ? 0.5f : 1.0f);
  const float h = dimensions < 2 ? 0.0f : in_texels ? 1.0f : (float)t->base.height * (is_cube ? 0.5f : 1.0f);
  const float d = dimensions < 3 ? 0.0f : in_texels ? 1.0f : is_cube ? w : (float)t->base.depth;
  const float a = length3(dx0 * w, dx1 * h, dx2 * d), b = length3(dy0 * w, dy1 * h, dy2 * d);
  return log2_of(a > b ? a : b);
}

INLINE s32 within(s32 index, u32 size) {
  const s32 last = (s32)size - 1;
  return index < 0 ? 0 : index > last ? last : index;
}

/// The address of `bytes` bytes at byte x of a row, or 0 when they are outside and `clamps` is not set; then the nearest.
FETCH u64 __aw_surface_address(u64 handle, u32 bytes, u32 clamps, s32 x, s32 y, s32 z) {
  const Texture t = (Texture)handle;
  const Level l = &t->base;
  const s32 row_bytes = (s32)(l->width * t->channels * t->channel_bytes), last = row_bytes - (s32)bytes;
  const u32 inside = x >= 0 && x <= last && (u32)y < l->height && (u32)z < l->depth;
  const s32 cx = x < 0 ? 0 : x > last ? last : x;
  const u64 at = l->data + (u64)within(z, l->depth) * l->slice + (u64)within(y, l->height) * l->pitch + (u64)cx;
  return inside || clamps ? at : 0;
}

/// txq and suq: 0 width, 1 height, 2 depth or layers, 3 normalized coordinates, 4 channels, 5 levels; `level` for the first three.
FETCH u32 __aw_txq(u64 handle, u32 what, u32 level) {
  const Texture t = (Texture)handle;
  const Level l = (t->flags & AW_TEXTURE_LEVELS) && level < t->level_count ? (Level)t->levels + level : &t->base;
  return what == 0   ? l->width
         : what == 1 ? l->height
         : what == 2 ? l->depth
         : what == 3 ? (t->flags & AW_TEXTURE_NORMALIZED) != 0
         : what == 4 ? t->channels
                     : t->level_count;
}
