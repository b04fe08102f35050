// tex, tld4 and the addresses of suld and sust: one 32-bit component of what a fetch returns, by the tables of the CUDA programming
// guide ("Texture Fetching"). A kernel's four calls share their common part once they are inlined.
//
// Unlike the other operations these read memory and branch, on properties of the texture, which all lanes share as a rule.
#include "texture.h"
#include "half.h"

typedef const __attribute__((address_space(1))) struct AwTexture* Texture;
#define FETCH __attribute__((visibility("default"), pure, nothrow))
#define AT(type, address) (*(const __attribute__((address_space(1))) type*)(address))

/// Bits of a channel of a texel that exists: an integer extended to 32 bits, or a float.
INLINE u32 channel(Texture t, s32 x, s32 y, s32 z, u32 component) {
  const u64 at = t->data + (u64)z * t->slice + (u64)y * t->pitch + (u64)((u32)x * t->channels + component) * t->channel_bytes;
  switch (t->kind << 4 | t->channel_bytes) {
    case AW_TEXTURE_UNSIGNED << 4 | 1: return AT(u8, at);
    case AW_TEXTURE_UNSIGNED << 4 | 2: return AT(u16, at);
    case AW_TEXTURE_SIGNED << 4 | 1: return (u32)AT(s8, at);
    case AW_TEXTURE_SIGNED << 4 | 2: return (u32)AT(s16, at);
    case AW_TEXTURE_FLOATING << 4 | 2: return bits_f32((float)half_of(AT(u16, at)));
    default: return AT(u32, at);
  }
}

/// The same as a float of [0, 1] or [-1, 1] where the texture reads integers so; else the bits.
INLINE u32 texel(Texture t, s32 x, s32 y, s32 z, u32 component) {
  const u32 bits = channel(t, x, y, z, component);
  if (!(t->flags & AW_TEXTURE_TO_FLOAT)) return bits;
  const float largest =
      t->kind == AW_TEXTURE_SIGNED ? (t->channel_bytes == 1 ? 127.0f : 32767.0f) : (t->channel_bytes == 1 ? 255.0f : 65535.0f);
  const float value = (t->kind == AW_TEXTURE_SIGNED ? (float)(s32)bits : (float)bits) / largest;
  return bits_f32(value < -1.0f ? -1.0f : value);
}

/// Two neighbouring texels of one dimension, and the weight of the upper one in 1/256; equal and 0 without interpolation.
typedef struct {
  s32 low, high;
  u32 low_exists, high_exists;
  float weight;
} Axis;

INLINE Axis axis(Texture t, float c, u32 size, u32 mode) {
  const u32 linear = t->flags & AW_TEXTURE_LINEAR, normalized = t->flags & AW_TEXTURE_NORMALIZED;
  const s32 last = (s32)size - 1;
  if (normalized) {
    const float whole = __builtin_floorf(c), rest = c - whole;
    const float half_whole = whole * 0.5f;
    const float mirrored = half_whole != __builtin_floorf(half_whole) ? 1.0f - rest : rest;
    c = (mode == 0 ? rest : mode == 2 ? mirrored : c) * (float)size;
  }
  c = linear ? c - 0.5f : c;
  c = c > -1e9f ? c : -1e9f;
  c = c < 1e9f ? c : 1e9f;
  const float below = __builtin_floorf(c);
  Axis a;
  a.weight = linear ? __builtin_rintf((c - below) * 256.0f) * 0x1p-8f : 0.0f;
  a.low = (s32)below;
  a.high = linear ? a.low + 1 : a.low;
  if (normalized && mode == 0) {
    a.low = a.low < 0 ? last : a.low;
    a.high = a.high > last ? 0 : a.high;
  }
  a.low_exists = (u32)a.low <= (u32)last || mode != 3;
  a.high_exists = (u32)a.high <= (u32)last || mode != 3;
  a.low = a.low < 0 ? 0 : a.low > last ? last : a.low;
  a.high = a.high < 0 ? 0 : a.high > last ? last : a.high;
  return a;
}

INLINE u32 texel_or_border(Texture t, s32 x, s32 y, s32 z, u32 exists, u32 component) {
  const u32 bits = texel(t, x, y, z, component);
  return exists ? bits : bits_f32(t->border[component]);
}
INLINE float blend(float low, float high, float weight) { return low + (high - low) * weight; }

INLINE u32 sample(Texture t, u32 dimensions, Axis x, Axis y, Axis z, u32 component) {
  const u32 exists = x.low_exists & y.low_exists & z.low_exists;
  if (!(t->flags & AW_TEXTURE_LINEAR)) return texel_or_border(t, x.low, y.low, z.low, exists, component);
#define TEXEL(i, j, k) float_of(texel_or_border(t, x.i, y.j, z.k, x.i##_exists& y.j##_exists& z.k##_exists, component))
  float value = blend(TEXEL(low, low, low), TEXEL(high, low, low), x.weight);
  if (dimensions >= 2) {
    value = blend(value, blend(TEXEL(low, high, low), TEXEL(high, high, low), x.weight), y.weight);
    if (dimensions == 3) {
      const float front = blend(TEXEL(low, low, high), TEXEL(high, low, high), x.weight);
      const float back = blend(TEXEL(low, high, high), TEXEL(high, high, high), x.weight);
      value = blend(value, blend(front, back, y.weight), z.weight);
    }
  }
#undef TEXEL
  return bits_f32(value);
}

INLINE Axis fixed(s32 index, u32 size) {
  const s32 last = (s32)size - 1;
  const s32 clamped = index < 0 ? 0 : index > last ? last : index;
  return (Axis){clamped, clamped, 1, 1, 0.0f};
}

/// tex with float coordinates. `dimensions` and `component` are constants at every call; `layer` counts for layered textures, where
/// it chooses among what is depth else.
FETCH u32 __aw_tex_f32(u64 handle, u32 dimensions, u32 component, s32 layer, float x, float y, float z) {
  const Texture t = (Texture)handle;
  if (component >= t->channels) return 0;
  const Axis none = {0, 0, 1, 1, 0.0f};
  const Axis ax = axis(t, x, t->width, t->address[0]);
  const Axis ay = dimensions >= 2 ? axis(t, y, t->height, t->address[1]) : none;
  const Axis az = dimensions == 3 ? axis(t, z, t->depth, t->address[2]) : fixed(layer, t->depth);
  return sample(t, dimensions, ax, ay, az, component);
}

/// tex with integer coordinates: never interpolated.
FETCH u32 __aw_tex_s32(u64 handle, u32 dimensions, u32 component, s32 layer, s32 x, s32 y, s32 z) {
  const Texture t = (Texture)handle;
  if (component >= t->channels) return 0;
  const u32 outside = (u32)x >= t->width || (dimensions >= 2 && (u32)y >= t->height) || (dimensions == 3 && (u32)z >= t->depth);
  const Axis ax = fixed(x, t->width), ay = fixed(dimensions >= 2 ? y : 0, t->height);
  const Axis az = fixed(dimensions == 3 ? z : layer, t->depth);
  const u32 bits = texel(t, ax.low, ay.low, az.low, component);
  return outside && (t->flags & AW_TEXTURE_MEMORY) ? 0 : bits;
}

/// tex.cube and tex.acube: the direction's largest part chooses the face, the others are the place on it.
FETCH u32 __aw_tex_cube(u64 handle, u32 component, s32 layer, float x, float y, float z) {
  const Texture t = (Texture)handle;
  if (component >= t->channels) return 0;
  const float ax = abs_f32(x), ay = abs_f32(y), az = abs_f32(z);
  const u32 on_x = ax >= ay && ax >= az, on_y = !on_x && ay >= az;
  const float m = on_x ? ax : on_y ? ay : az;
  const s32 face = on_x ? (x < 0) : on_y ? 2 + (y < 0) : 4 + (z < 0);
  const float s = on_x ? (x < 0 ? z : -z) : on_y ? x : (z < 0 ? -x : x);
  const float r = on_y ? (y < 0 ? -z : z) : -y;
  const float u = (s / m + 1.0f) * 0.5f, v = (r / m + 1.0f) * 0.5f;
  const float scale_x = t->flags & AW_TEXTURE_NORMALIZED ? 1.0f : (float)t->width;
  const float scale_y = t->flags & AW_TEXTURE_NORMALIZED ? 1.0f : (float)t->height;
  return sample(t, 2, axis(t, u * scale_x, t->width, 1), axis(t, v * scale_y, t->height, 1), fixed(layer * 6 + face, t->depth), component);
}

/// tld4: the four texels that an interpolation would take, of one channel; `which` counts as the instruction's result does.
FETCH u32 __aw_tld4(u64 handle, u32 component, u32 which, s32 layer, float x, float y) {
  const Texture t = (Texture)handle;
  if (component >= t->channels) return 0;
  const float half_x = t->flags & AW_TEXTURE_LINEAR ? 0.0f : 0.5f;
  const float sx = t->flags & AW_TEXTURE_NORMALIZED ? half_x / (float)t->width : half_x;
  const float sy = t->flags & AW_TEXTURE_NORMALIZED ? half_x / (float)t->height : half_x;
  Axis ax = axis(t, x - sx, t->width, t->address[0]), ay = axis(t, y - sy, t->height, t->address[1]);
  if (!(t->flags & AW_TEXTURE_LINEAR)) {
    ax.high = axis(t, x + sx, t->width, t->address[0]).low;
    ay.high = axis(t, y + sy, t->height, t->address[1]).low;
  }
  const Axis az = fixed(layer, t->depth);
  const s32 column = which == 1 || which == 2 ? ax.high : ax.low, row = which < 2 ? ay.high : ay.low;
  return texel(t, column, row, az.low, component);
}

/// The address of `bytes` bytes at byte x of a row, or 0 when they are outside and `clamps` is not set; then the nearest.
FETCH u64 __aw_surface_address(u64 handle, u32 bytes, u32 clamps, s32 x, s32 y, s32 z) {
  const Texture t = (Texture)handle;
  const s32 row_bytes = (s32)(t->width * t->channels * t->channel_bytes), last = row_bytes - (s32)bytes;
  const u32 inside = x >= 0 && x <= last && (u32)y < t->height && (u32)z < t->depth;
  const s32 cx = x < 0 ? 0 : x > last ? last : x;
  const Axis cy = fixed(y, t->height), cz = fixed(z, t->depth);
  const u64 at = t->data + (u64)cz.low * t->slice + (u64)cy.low * t->pitch + (u64)cx;
  return inside || clamps ? at : 0;
}

/// txq and suq: 0 width, 1 height, 2 depth or layers, 3 normalized coordinates, 4 channels.
FETCH u32 __aw_txq(u64 handle, u32 what) {
  const Texture t = (Texture)handle;
  return what == 0   ? t->width
         : what == 1 ? t->height
         : what == 2 ? t->depth
         : what == 3 ? (t->flags & AW_TEXTURE_NORMALIZED) != 0
                     : t->channels;
}
