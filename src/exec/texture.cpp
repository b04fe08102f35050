// Fetches from textures, by the tables of the CUDA programming guide ("Texture Fetching"): the lanes of a slice at once, all channels.
//
// A fetch is made of three choices: a level of a mipmapped array (pick), a place on each axis of that level with the weight of its
// upper neighbour (axis), and how a texel's bits are read. The last is the innermost, so it is a template: the lanes of one texture
// are read by one instance.
#include "devicelib/texture.h"

#include "exec/abi.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace anywarp::exec {
namespace {

// --- How a texel's channel is read: integers extended to 32 bits, or a float's bits.

template <class T>
T at(uint64_t address) {
  T value;
  memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  return value;
}

uint32_t bits(float value) { return std::bit_cast<uint32_t>(value); }
float real(uint32_t value) { return std::bit_cast<float>(value); }

template <class T>
struct Whole {
  static constexpr unsigned kBytes = sizeof(T);
  static uint32_t read(const AwTexture&, uint64_t address, unsigned) { return static_cast<uint32_t>(int64_t{at<T>(address)}); }
};
struct Half {
  static constexpr unsigned kBytes = 2;
  static uint32_t read(const AwTexture&, uint64_t address, unsigned) { return bits(static_cast<float>(at<_Float16>(address))); }
};
/// A fraction of the largest value: [0, 1], or [-1, 1].
template <class T, unsigned largest>
struct Fraction {
  static constexpr unsigned kBytes = sizeof(T);
  static uint32_t read(const AwTexture&, uint64_t address, unsigned) {
    const float value = static_cast<float>(at<T>(address)) / static_cast<float>(largest);
    return bits(value < -1.0f ? -1.0f : value);
  }
};
struct Srgb {
  static constexpr unsigned kBytes = 1;
  static uint32_t read(const AwTexture& t, uint64_t address, unsigned channel) {
    const uint8_t byte = at<uint8_t>(address);
    return channel == 3 ? bits(static_cast<float>(byte) / 255.0f) : at<uint32_t>(t.srgb + 4 * uint64_t{byte});
  }
};

// --- Where.

/// Two neighbouring texels of one dimension, and the weight of the upper one in 1/256; equal and 0 without interpolation.
struct Axis {
  int32_t low = 0, high = 0;
  bool low_exists = true, high_exists = true;
  float weight = 0;
};

/// Places beyond this are as far outside as any.
constexpr float kFar = 1e9f;

int32_t floor_of(float value) {
  const auto whole = static_cast<int32_t>(value);
  return whole - (static_cast<float>(whole) > value);
}
float nearest_256th(float value) { return static_cast<float>(__builtin_lrintf(value * 256.0f)) * 0x1p-8f; }
int32_t within(int32_t index, int32_t last) { return index < 0 ? 0 : index > last ? last : index; }
float bounded(float value) {
  value = value > -kFar ? value : -kFar;  // also what is no number
  return value < kFar ? value : kFar;
}

Axis axis(const AwTexture& t, float c, uint32_t size, uint32_t mode) {
  const bool is_linear = t.flags & AW_TEXTURE_LINEAR, is_normalized = t.flags & AW_TEXTURE_NORMALIZED;
  const int32_t last = static_cast<int32_t>(size) - 1;
  if (is_normalized) {
    if (mode == 0 || mode == 2) {
      const int32_t whole = floor_of(bounded(c));
      const float rest = std::abs(c) < kFar ? c - static_cast<float>(whole) : 0.0f;
      c = mode == 2 && (whole & 1) ? 1.0f - rest : rest;
    }
    c *= static_cast<float>(size);
  }
  c = bounded(is_linear ? c - 0.5f : c);
  Axis a;
  a.low = a.high = floor_of(c);
  if (is_linear) {
    a.weight = nearest_256th(c - static_cast<float>(a.low));
    ++a.high;
  }
  if (is_normalized && mode == 0) {
    a.low = a.low < 0 ? last : a.low;
    a.high = a.high > last ? 0 : a.high;
  }
  if (mode == 3) {
    a.low_exists = a.low >= 0 && a.low <= last;
    a.high_exists = a.high >= 0 && a.high <= last;
  }
  a.low = within(a.low, last);
  a.high = within(a.high, last);
  return a;
}

Axis fixed(int32_t index, uint32_t size) {
  Axis a;
  a.low = a.high = within(index, static_cast<int32_t>(size) - 1);
  return a;
}

/// The levels that a level of detail stands between, and the weight of the higher one in 1/256.
struct Pick {
  const AwTextureLevel *low, *high;
  float weight;
};

Pick pick(const AwTexture& t, float lod) {
  if (!(t.flags & AW_TEXTURE_LEVELS)) return {&t.base, &t.base, 0};
  const auto last = static_cast<float>(t.level_count - 1);
  lod += t.bias;
  lod = lod > t.least_level ? lod : t.least_level;  // also what is no number
  lod = lod < t.most_level ? lod : t.most_level;
  lod = lod > 0 ? lod : 0.0f;
  lod = lod < last ? lod : last;
  const auto* levels = reinterpret_cast<const AwTextureLevel*>(t.levels);
  if (!(t.flags & AW_TEXTURE_BLEND)) {
    const AwTextureLevel* nearest = levels + static_cast<uint32_t>(lod + 0.5f);
    return {nearest, nearest, 0};
  }
  lod = nearest_256th(lod);
  const auto below = static_cast<uint32_t>(lod);
  return {levels + below, levels + (below + 1 < t.level_count ? below + 1 : below), lod - static_cast<float>(below)};
}

/// A direction's largest part chooses the face of a cube, the others are the place on it, from 0 to 1.
struct Facet {
  int32_t face;
  float u, v;
};

Facet facet(float x, float y, float z) {
  const float ax = std::abs(x), ay = std::abs(y), az = std::abs(z);
  if (ax >= ay && ax >= az) return {x < 0, ((x < 0 ? z : -z) / ax + 1) * 0.5f, (-y / ax + 1) * 0.5f};
  if (ay >= az) return {2 + (y < 0), (x / ay + 1) * 0.5f, ((y < 0 ? -z : z) / ay + 1) * 0.5f};
  return {4 + (z < 0), ((z < 0 ? -x : x) / az + 1) * 0.5f, (-y / az + 1) * 0.5f};
}

struct Place {
  float x, y, z;
  int32_t layer;
};

// --- A fetch.

float blend(float low, float high, float weight) { return low + (high - low) * weight; }

template <class Channel>
struct Reader {
  const AwTexture& t;
  const AwTextureLevel& l;

  uint64_t address(int32_t x, int32_t y, int32_t z) const {
    return l.data + static_cast<uint64_t>(z) * l.slice + static_cast<uint64_t>(y) * l.pitch +
           static_cast<uint64_t>(x) * (t.channels * Channel::kBytes);
  }
  uint32_t read(uint64_t texel, unsigned channel) const { return Channel::read(t, texel + channel * Channel::kBytes, channel); }
  uint32_t read(uint64_t texel, unsigned channel, bool exists) const { return exists ? read(texel, channel) : bits(t.border[channel]); }

  void sample(unsigned dimensions, const Axis& x, const Axis& y, const Axis& z, uint32_t result[4]) const {
    if (!(t.flags & AW_TEXTURE_LINEAR)) {
      const bool exists = x.low_exists && y.low_exists && z.low_exists;
      const uint64_t texel = address(x.low, y.low, z.low);
      for (unsigned c = 0; c < t.channels; ++c) result[c] = read(texel, c, exists);
      return;
    }
    float value[2][4];
    for (unsigned k = 0; k < (dimensions == 3 ? 2u : 1u); ++k) {
      const int32_t iz = k ? z.high : z.low;
      const bool ez = k ? z.high_exists : z.low_exists;
      for (unsigned j = 0; j < (dimensions >= 2 ? 2u : 1u); ++j) {
        const int32_t iy = j ? y.high : y.low;
        const bool ey = ez && (j ? y.high_exists : y.low_exists);
        const uint64_t low = address(x.low, iy, iz), high = address(x.high, iy, iz);
        for (unsigned c = 0; c < t.channels; ++c) {
          const float row = blend(real(read(low, c, ey && x.low_exists)), real(read(high, c, ey && x.high_exists)), x.weight);
          value[k][c] = j ? blend(value[k][c], row, y.weight) : row;
        }
      }
    }
    for (unsigned c = 0; c < t.channels; ++c) result[c] = bits(dimensions == 3 ? blend(value[0][c], value[1][c], z.weight) : value[0][c]);
  }

  void flat(unsigned dimensions, const Place& p, uint32_t result[4]) const {
    const Axis x = axis(t, p.x, l.width, t.address[0]);
    const Axis y = dimensions >= 2 ? axis(t, p.y, l.height, t.address[1]) : Axis();
    const Axis z = dimensions == 3 ? axis(t, p.z, l.depth, t.address[2]) : fixed(p.layer, l.depth);
    sample(dimensions, x, y, z, result);
  }

  /// Coordinates that are whole numbers: never interpolated, and outside of linear memory there is 0.
  void whole(unsigned dimensions, const Place& p, uint32_t result[4]) const {
    const auto x = std::bit_cast<int32_t>(p.x), y = dimensions >= 2 ? std::bit_cast<int32_t>(p.y) : 0;
    const int32_t z = dimensions == 3 ? std::bit_cast<int32_t>(p.z) : p.layer;
    const bool is_outside = static_cast<uint32_t>(x) >= l.width || (dimensions >= 2 && static_cast<uint32_t>(y) >= l.height) ||
                            (dimensions == 3 && static_cast<uint32_t>(z) >= l.depth);
    if (is_outside && (t.flags & AW_TEXTURE_MEMORY)) return;
    sample_texel(fixed(x, l.width).low, fixed(y, l.height).low, fixed(z, l.depth).low, result);
  }
  void sample_texel(int32_t x, int32_t y, int32_t z, uint32_t result[4]) const {
    const uint64_t texel = address(x, y, z);
    for (unsigned c = 0; c < t.channels; ++c) result[c] = read(texel, c);
  }

  void cube(const Place& p, uint32_t result[4]) const {
    const Facet on = facet(p.x, p.y, p.z);
    constexpr unsigned kSeamless = AW_TEXTURE_SEAMLESS | AW_TEXTURE_LINEAR;
    if ((t.flags & kSeamless) == kSeamless) return seamless(on, p.layer, result);
    const bool is_normalized = t.flags & AW_TEXTURE_NORMALIZED;
    const float scale_x = is_normalized ? 1.0f : static_cast<float>(l.width), scale_y = is_normalized ? 1.0f : static_cast<float>(l.height);
    constexpr uint32_t kClamp = 1;
    sample(2, axis(t, on.u * scale_x, l.width, kClamp), axis(t, on.v * scale_y, l.height, kClamp), fixed(p.layer * 6 + on.face, l.depth),
           result);
  }

  /// The texel of a cube at a place on a face, or one step beyond an edge of it, where it is the neighbour's. None beyond a corner,
  /// where three faces meet.
  bool texel_of_cube(int32_t layer, int32_t face, int32_t column, int32_t row, uint32_t result[4]) const {
    const auto size = static_cast<int32_t>(l.width), last = size - 1;
    const bool beyond_x = column < 0 || column > last, beyond_y = row < 0 || row > last;
    if (beyond_x && beyond_y) return false;
    if (beyond_x || beyond_y) {
      // The centre of a texel beyond an edge lies half a texel, 1 / size, down the next face.
      const auto to_edge = [&](int32_t i) { return static_cast<float>(2 * within(i, last) + 1) / static_cast<float>(size) - 1; };
      const float down = 1 - 1 / static_cast<float>(size);
      const float s = beyond_x ? (column < 0 ? -1.0f : 1.0f) : to_edge(column), r = beyond_y ? (row < 0 ? -1.0f : 1.0f) : to_edge(row);
      const float directions[6][3] = {{down, -r, -s}, {-down, -r, s}, {s, down, r}, {s, -down, -r}, {s, -r, down}, {-s, -r, -down}};
      const Facet on = facet(directions[face][0], directions[face][1], directions[face][2]);
      face = on.face;
      column = static_cast<int32_t>(on.u * static_cast<float>(size));
      row = static_cast<int32_t>(on.v * static_cast<float>(size));
    }
    sample_texel(within(column, last), within(row, last), fixed(layer * 6 + face, l.depth).low, result);
    return true;
  }

  /// Where three faces meet the fourth texel is the mean of the others.
  void seamless(const Facet& on, int32_t layer, uint32_t result[4]) const {
    const float x = on.u * static_cast<float>(l.width) - 0.5f, y = on.v * static_cast<float>(l.height) - 0.5f;
    const int32_t column = floor_of(bounded(x)), row = floor_of(bounded(y));
    const float right = nearest_256th(x - static_cast<float>(column)), below = nearest_256th(y - static_cast<float>(row));
    uint32_t texels[4][4];
    int missing = -1;
    for (int i = 0; i < 4; ++i)
      if (!texel_of_cube(layer, on.face, column + (i & 1), row + (i >> 1), texels[i])) missing = i;
    for (unsigned c = 0; c < t.channels; ++c) {
      float value[4], sum = 0;
      for (int i = 0; i < 4; ++i) {
        value[i] = i == missing ? 0 : real(texels[i][c]);
        sum += value[i];
      }
      if (missing >= 0) value[missing] = sum / 3;
      result[c] = bits(blend(blend(value[0], value[1], right), blend(value[2], value[3], right), below));
    }
  }

  /// The four texels that an interpolation would take, of one channel, in the order of the instruction's result.
  void gather(unsigned channel, const Place& p, uint32_t result[4]) const {
    if (channel >= t.channels) return;
    const bool is_linear = t.flags & AW_TEXTURE_LINEAR, is_normalized = t.flags & AW_TEXTURE_NORMALIZED;
    const auto pair = [&](float c, uint32_t size, uint32_t mode) {
      if (is_linear) return axis(t, c, size, mode);
      const float half = is_normalized ? 0.5f / static_cast<float>(size) : 0.5f;
      Axis both = axis(t, c - half, size, mode);
      const Axis high = axis(t, c + half, size, mode);
      both.high = high.low;
      both.high_exists = high.low_exists;
      return both;
    };
    const Axis x = pair(p.x, l.width, t.address[0]), y = pair(p.y, l.height, t.address[1]);
    const int32_t z = fixed(p.layer, l.depth).low;
    for (unsigned i = 0; i < 4; ++i) {
      const bool right = i == 1 || i == 2, below = i < 2;
      const bool exists = (right ? x.high_exists : x.low_exists) && (below ? y.high_exists : y.low_exists);
      result[i] = read(address(right ? x.high : x.low, below ? y.high : y.low, z), channel, exists);
    }
  }

  void any(uint32_t how, const Place& p, uint32_t result[4]) const {
    const unsigned dimensions = how & AW_FETCH_DIMENSIONS;
    if (how & AW_FETCH_GATHER) return gather(how >> AW_FETCH_CHANNEL_SHIFT, p, result);
    if (how & AW_FETCH_CUBE) return cube(p, result);
    if (how & AW_FETCH_WHOLE) return whole(dimensions, p, result);
    flat(dimensions, p, result);
  }
};

template <class Channel>
void fetch_lanes(const AwTexture& t, AwFetch& fetch, uint32_t lanes, uint32_t how) {
  for (; lanes != 0; lanes &= lanes - 1) {
    const auto lane = static_cast<unsigned>(std::countr_zero(lanes));
    const Place p{fetch.x[lane], how & (2 | AW_FETCH_CUBE) ? fetch.y[lane] : 0, (how & AW_FETCH_DIMENSIONS) == 3 ? fetch.z[lane] : 0,
                  how & AW_FETCH_LAYER ? fetch.layer[lane] : 0};
    uint32_t result[4] = {};
    if (!(how & AW_FETCH_LEVEL)) {
      Reader<Channel>{t, t.base}.any(how, p, result);
    } else {
      const Pick levels = pick(t, fetch.lod[lane]);
      Reader<Channel>{t, *levels.low}.any(how, p, result);
      if (levels.weight != 0) {
        uint32_t high[4] = {};
        Reader<Channel>{t, *levels.high}.any(how, p, high);
        for (unsigned c = 0; c < t.channels; ++c) result[c] = bits(blend(real(result[c]), real(high[c]), levels.weight));
      }
    }
    for (unsigned c = 0; c < 4; ++c) fetch.result[c][lane] = result[c];
  }
}

using FetchLanes = void (*)(const AwTexture&, AwFetch&, uint32_t, uint32_t);

FetchLanes fetcher(const AwTexture& t) {
  const bool to_float = t.flags & AW_TEXTURE_TO_FLOAT;
  if (t.flags & AW_TEXTURE_SRGB) return fetch_lanes<Srgb>;
  switch (t.kind << 4 | t.channel_bytes) {
    case AW_TEXTURE_UNSIGNED << 4 | 1: return to_float ? fetch_lanes<Fraction<uint8_t, 255>> : fetch_lanes<Whole<uint8_t>>;
    case AW_TEXTURE_UNSIGNED << 4 | 2: return to_float ? fetch_lanes<Fraction<uint16_t, 65535>> : fetch_lanes<Whole<uint16_t>>;
    case AW_TEXTURE_SIGNED << 4 | 1: return to_float ? fetch_lanes<Fraction<int8_t, 127>> : fetch_lanes<Whole<int8_t>>;
    case AW_TEXTURE_SIGNED << 4 | 2: return to_float ? fetch_lanes<Fraction<int16_t, 32767>> : fetch_lanes<Whole<int16_t>>;
    case AW_TEXTURE_FLOATING << 4 | 2: return fetch_lanes<Half>;
    default: return fetch_lanes<Whole<uint32_t>>;
  }
}

}  // namespace
}  // namespace anywarp::exec

void aw_texture(AwFetch* fetch, uint32_t mask, uint32_t how) {
  using namespace anywarp::exec;
  // As a rule all lanes read one texture.
  while (mask != 0) {
    const uint64_t handle = fetch->handle[std::countr_zero(mask)];
    uint32_t lanes = 0;
    for (uint32_t rest = mask; rest != 0; rest &= rest - 1)
      if (fetch->handle[std::countr_zero(rest)] == handle) lanes |= rest & -rest;
    const AwTexture& texture = *reinterpret_cast<const AwTexture*>(handle);
    fetcher(texture)(texture, *fetch, lanes, how);
    mask &= ~lanes;
  }
}
