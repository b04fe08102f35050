// Textures and surfaces: what fetches give, compared with the formulas of the CUDA programming guide ("Texture Fetching") in double
// precision; arrays and mipmapped arrays, texture references.
#include "driver_fixture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <vector>

namespace anywarp::test {
namespace {

/// Each thread reads four floats at places[4 * i] and writes the four 32-bit words of what is fetched to out[4 * i].
std::string fetch_kernel(const std::string& name, const std::string& fetch, const std::string& texture = "%rd1") {
  return ".visible .entry " + name + R"((.param .u64 texture, .param .u64 places, .param .u64 out) {
  .reg .b32 %r<9>; .reg .f32 %f<9>; .reg .b64 %rd<6>;
  ld.param.u64 %rd1, [texture]; ld.param.u64 %rd2, [places]; ld.param.u64 %rd3, [out];
  mov.u32 %r1, %tid.x;
  mul.wide.u32 %rd4, %r1, 16;
  add.u64 %rd5, %rd2, %rd4;
  ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd5];
  mov.b32 %r2, %f4;
  )" + fetch +
         R"(
  add.u64 %rd5, %rd3, %rd4;
  st.global.v4.b32 [%rd5], {%r5, %r6, %r7, %r8};
  ret;
}
)";
}

std::string texture_kernels() {
  const std::string head =
      ".version 8.0\n.target sm_80\n.address_size 64\n.visible .global .texref reference;\n.visible .global .surfref surface;\n";
  const std::string to = " {%r5, %r6, %r7, %r8}, ";
  return head + fetch_kernel("tex1", "tex.1d.v4.u32.f32" + to + "[%rd1, {%f1}];") +
         fetch_kernel("tex2", "tex.2d.v4.u32.f32" + to + "[%rd1, {%f1, %f2}];") +
         fetch_kernel("tex3", "tex.3d.v4.u32.f32" + to + "[%rd1, {%f1, %f2, %f3, %f3}];") +
         fetch_kernel("layered", "tex.a2d.v4.u32.f32" + to + "[%rd1, {%r2, %f1, %f2, %f2}];") +
         fetch_kernel("cube", "tex.cube.v4.u32.f32" + to + "[%rd1, {%f1, %f2, %f3, %f3}];") +
         fetch_kernel("level2", "tex.level.2d.v4.u32.f32" + to + "[%rd1, {%f1, %f2}], %f3;") +
         fetch_kernel("grad2", "tex.grad.2d.v4.u32.f32" + to + "[%rd1, {%f1, %f2}], {%f3, %f3}, {%f4, %f4};") +
         fetch_kernel("cubelevel", "tex.level.cube.v4.u32.f32" + to + "[%rd1, {%f1, %f2, %f3, %f3}], %f4;") +
         fetch_kernel("whole1", "mov.b32 %r3, %f1;\n tex.1d.v4.u32.s32" + to + "[%rd1, {%r3}];") +
         fetch_kernel("gather", "tld4.r.2d.v4.u32.f32" + to + "[%rd1, {%f1, %f2}];") +
         fetch_kernel("byreference", "tex.2d.v4.u32.f32" + to + "[reference, {%f1, %f2}];") +
         fetch_kernel("surfaces",
                      "mov.b32 %r3, %f1; mov.b32 %r4, %f2; mov.b32 %r6, %f3; mov.u32 %r7, 0; mov.u32 %r8, 0;\n"
                      "suld.b.2d.b32.zero %r5, [%rd1, {%r3, %r4}];\n sust.b.2d.b32.zero [%rd1, {%r3, %r4}], {%r6};") +
         fetch_kernel("sizes",
                      "txq.width.b32 %r5, [%rd1]; txq.height.b32 %r6, [%rd1]; txq.num_mipmap_levels.b32 %r7, [%rd1]; mov.u32 %r8, 0;");
}

using Texel = std::array<double, 4>;
using Place = std::array<float, 4>;

/// What the guide says of one axis: the two texels and the weight of the second, in 9 bits of which 8 are the fraction.
struct Taken {
  long low, high;
  double weight;
};
Taken taken(double c, long size, CUaddress_mode mode, bool normalized, bool linear) {
  if (normalized) {
    if (mode == CU_TR_ADDRESS_MODE_WRAP) c -= std::floor(c);
    if (mode == CU_TR_ADDRESS_MODE_MIRROR) c = std::fmod(std::floor(c), 2) == 0 ? c - std::floor(c) : 1 - (c - std::floor(c));
    c *= double(size);
  }
  if (!linear) return {long(std::floor(c)), long(std::floor(c)), 0};
  c -= 0.5;
  const double below = std::floor(c);
  return {long(below), long(below) + 1, std::nearbyint((c - below) * 256) / 256};
}
/// A texel's index inside of the array, or -1 for the border.
long inside(long i, long size, CUaddress_mode mode, bool normalized) {
  if (i >= 0 && i < size) return i;
  if (mode == CU_TR_ADDRESS_MODE_BORDER) return -1;
  if (mode == CU_TR_ADDRESS_MODE_WRAP && normalized) return (i + size) % size;
  return std::clamp(i, 0l, size - 1);
}

/// A picture of `channels` floats, of which values are small multiples of 1/8, so that blends are exact to a few bits.
struct Picture {
  long width, height, depth;
  std::vector<float> texels;  // 4 channels
  Texel at(long x, long y, long z) const {
    Texel texel;
    for (int c = 0; c < 4; ++c) texel[size_t(c)] = texels[size_t(((z * height + y) * width + x) * 4 + c)];
    return texel;
  }
};
Picture picture(long width, long height, long depth, unsigned seed) {
  Picture made{width, height, depth, {}};
  for (long i = 0; i < width * height * depth * 4; ++i) {
    seed = seed * 1664525u + 1013904223u;
    made.texels.push_back(float(seed >> 24) / 8);
  }
  return made;
}

constexpr float kBorder[4] = {1000, 2000, 3000, 4000};

Texel expected(const Picture& p, unsigned dimensions, const double* c, CUaddress_mode mode, bool normalized, bool linear, long layer = 0) {
  const long sizes[3] = {p.width, p.height, p.depth};
  Taken t[3] = {{0, 0, 0}, {0, 0, 0}, {layer, layer, 0}};
  for (unsigned d = 0; d < dimensions; ++d) t[d] = taken(c[d], sizes[d], mode, normalized, linear);
  Texel sum{};
  for (unsigned corner = 0; corner < 8; ++corner) {
    double weight = 1;
    long index[3];
    for (unsigned d = 0; d < 3; ++d) {
      const bool high = corner >> d & 1;
      weight *= high ? t[d].weight : 1 - t[d].weight;
      index[d] = high ? t[d].high : t[d].low;
      if (d < dimensions) index[d] = inside(index[d], sizes[d], mode, normalized);
    }
    if (weight == 0) continue;
    const bool border = index[0] < 0 || index[1] < 0 || index[2] < 0;
    const Texel texel = border ? Texel{kBorder[0], kBorder[1], kBorder[2], kBorder[3]} : p.at(index[0], index[1], index[2]);
    for (size_t i = 0; i < 4; ++i) sum[i] += weight * texel[i];
  }
  return sum;
}

class DriverTexture : public DriverTest {
 protected:
  void SetUp() override {
    DriverTest::SetUp();
    ASSERT_OK(cuModuleLoadData(&kernels_, texture_kernels().c_str()));
  }
  static CUDA_ARRAY3D_DESCRIPTOR shape(long width, long height, long depth, unsigned flags = 0) {
    CUDA_ARRAY3D_DESCRIPTOR is{};
    is.Width = size_t(width), is.Height = size_t(height), is.Depth = size_t(depth);
    is.Format = CU_AD_FORMAT_FLOAT, is.NumChannels = 4, is.Flags = flags;
    return is;
  }
  void fill(CUarray array, const void* from, size_t row_bytes, size_t rows, size_t layers) {
    CUDA_MEMCPY3D copy{};
    copy.srcMemoryType = CU_MEMORYTYPE_HOST;
    copy.srcHost = from;
    copy.srcPitch = row_bytes;
    copy.srcHeight = rows;
    copy.dstMemoryType = CU_MEMORYTYPE_ARRAY;
    copy.dstArray = array;
    copy.WidthInBytes = row_bytes, copy.Height = rows, copy.Depth = layers;
    EXPECT_OK(cuMemcpy3D(&copy));
  }
  CUarray array_of(const Picture& p, unsigned dimensions, unsigned flags = 0) {
    const bool layers = flags & (CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_CUBEMAP);
    const CUDA_ARRAY3D_DESCRIPTOR is = shape(p.width, dimensions >= 2 ? p.height : 0, dimensions == 3 || layers ? p.depth : 0, flags);
    CUarray array = nullptr;
    EXPECT_OK(cuArray3DCreate(&array, &is));
    fill(array, p.texels.data(), size_t(p.width) * 16, size_t(p.height), size_t(p.depth));
    return array;
  }
  static CUDA_RESOURCE_DESC resource_of(CUarray array) {
    CUDA_RESOURCE_DESC resource{};
    resource.resType = CU_RESOURCE_TYPE_ARRAY;
    resource.res.array.hArray = array;
    return resource;
  }
  static CUDA_TEXTURE_DESC reading(CUaddress_mode mode, bool normalized, bool linear) {
    CUDA_TEXTURE_DESC texture{};
    for (CUaddress_mode& each : texture.addressMode) each = mode;
    texture.filterMode = linear ? CU_TR_FILTER_MODE_LINEAR : CU_TR_FILTER_MODE_POINT;
    texture.flags = normalized ? CU_TRSF_NORMALIZED_COORDINATES : 0;
    std::copy_n(kBorder, 4, texture.borderColor);
    return texture;
  }
  CUtexObject texture_of(const CUDA_RESOURCE_DESC& resource, const CUDA_TEXTURE_DESC& texture,
                         const CUDA_RESOURCE_VIEW_DESC* view = nullptr) {
    CUtexObject object = 0;
    EXPECT_OK(cuTexObjectCreate(&object, &resource, &texture, view));
    return object;
  }
  std::vector<std::array<uint32_t, 4>> fetch(const char* kernel, CUtexObject texture, const std::vector<Place>& places) {
    const size_t bytes = places.size() * 16;
    CUdeviceptr in = allocate(bytes), out = allocate(bytes);
    EXPECT_OK(cuMemcpyHtoD(in, places.data(), bytes));
    CUfunction f = nullptr;
    EXPECT_OK(cuModuleGetFunction(&f, kernels_, kernel));
    void* arguments[] = {&texture, &in, &out};
    EXPECT_OK(cuLaunchKernel(f, 1, 1, 1, unsigned(places.size()), 1, 1, 0, nullptr, arguments, nullptr));
    std::vector<std::array<uint32_t, 4>> result(places.size());
    EXPECT_OK(cuMemcpyDtoH(result.data(), out, bytes));
    return result;
  }
  static float real(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
  }
  static float whole(int value) {
    float bits;
    memcpy(&bits, &value, 4);
    return bits;
  }
  static void expect_near(const std::array<uint32_t, 4>& got, const Texel& wanted, const std::string& where) {
    for (size_t c = 0; c < 4; ++c) EXPECT_NEAR(real(got[c]), wanted[c], 2e-3 + std::abs(wanted[c]) * 1e-5) << where << " channel " << c;
  }
  static std::string text_of(const Place& p) {
    return "(" + std::to_string(p[0]) + ", " + std::to_string(p[1]) + ", " + std::to_string(p[2]) + ", " + std::to_string(p[3]) + ")";
  }
  /// Places within the extent and far outside of it; none on an edge between texels, where the last bit would choose.
  static std::vector<Place> places(unsigned count, bool normalized, const Picture& p) {
    std::vector<Place> made;
    unsigned seed = 12345;
    const auto next = [&](long size) {
      seed = seed * 1664525u + 1013904223u;
      const float at = float(seed >> 20) / 4096 * 3 - 1 + 1.0f / 1000;  // -1 .. 2 extents
      return normalized ? at : at * float(size);
    };
    for (unsigned i = 0; i < count; ++i) made.push_back({next(p.width), next(p.height), next(p.depth), 0});
    return made;
  }

  CUmodule kernels_ = nullptr;
};

TEST_F(DriverTexture, EveryAddressAndFilterMode) {
  const CUaddress_mode modes[] = {CU_TR_ADDRESS_MODE_WRAP, CU_TR_ADDRESS_MODE_CLAMP, CU_TR_ADDRESS_MODE_MIRROR, CU_TR_ADDRESS_MODE_BORDER};
  const char* const kernels[] = {"", "tex1", "tex2", "tex3"};
  for (unsigned dimensions = 1; dimensions <= 3; ++dimensions) {
    const Picture p = picture(11, dimensions >= 2 ? 7 : 1, dimensions == 3 ? 5 : 1, dimensions);
    const CUarray array = array_of(p, dimensions);
    for (const CUaddress_mode mode : modes)
      for (const bool normalized : {false, true})
        for (const bool linear : {false, true}) {
          if (!normalized && (mode == CU_TR_ADDRESS_MODE_WRAP || mode == CU_TR_ADDRESS_MODE_MIRROR)) continue;  // not defined
          const CUtexObject texture = texture_of(resource_of(array), reading(mode, normalized, linear));
          const std::vector<Place> at = places(61, normalized, p);
          const auto got = fetch(kernels[dimensions], texture, at);
          for (size_t i = 0; i < at.size(); ++i) {
            const double c[3] = {at[i][0], at[i][1], at[i][2]};
            // Near the middle between two 256ths, or between two texels, floats may round the other way.
            bool sure = true;
            const long sizes[3] = {p.width, p.height, p.depth};
            for (unsigned d = 0; d < dimensions; ++d) {
              const double texels = c[d] * (normalized ? double(sizes[d]) : 1) * 512;
              sure &= std::abs(texels - std::nearbyint(texels)) > 0.01;
            }
            if (sure)
              expect_near(got[i], expected(p, dimensions, c, mode, normalized, linear),
                          std::to_string(dimensions) + "D mode " + std::to_string(mode) + (normalized ? " normalized" : "") +
                              (linear ? " linear " : " ") + text_of(at[i]));
          }
          EXPECT_OK(cuTexObjectDestroy(texture));
        }
    EXPECT_OK(cuArrayDestroy(array));
  }
}

TEST_F(DriverTexture, WeightsHaveEightBits) {
  Picture p{2, 1, 1, {0, 0, 0, 0, 256, 256, 256, 256}};
  const CUtexObject texture = texture_of(resource_of(array_of(p, 1)), reading(CU_TR_ADDRESS_MODE_CLAMP, false, true));
  std::vector<Place> at;
  for (int i = 0; i < 1024; ++i) at.push_back({0.5f + (float(i) + 0.3f) / 1024, 0, 0, 0});
  const auto got = fetch("tex1", texture, at);
  for (int i = 0; i < 1024; ++i) EXPECT_EQ(real(got[size_t(i)][0]), float((i + 2) / 4)) << i;
}

TEST_F(DriverTexture, LayersAndCubes) {
  const Picture p = picture(8, 8, 12, 99);
  const CUtexObject layered = texture_of(resource_of(array_of(p, 2, CUDA_ARRAY3D_LAYERED)), reading(CU_TR_ADDRESS_MODE_CLAMP, false, true));
  std::vector<Place> at;
  for (int layer = -1; layer < 13; ++layer) at.push_back({2.7f, 5.2f, 0, whole(layer)});
  auto got = fetch("layered", layered, at);
  for (int layer = -1; layer < 13; ++layer) {
    const double c[2] = {2.7f, 5.2f};
    expect_near(got[size_t(layer + 1)], expected(p, 2, c, CU_TR_ADDRESS_MODE_CLAMP, false, true, std::clamp(layer, 0, 11)),
                "layer " + std::to_string(layer));
  }

  // The middle of each texel of each face, by the table of faces in the programming guide.
  const Picture six = picture(4, 4, 6, 7);
  const CUtexObject cube = texture_of(resource_of(array_of(six, 2, CUDA_ARRAY3D_CUBEMAP)), reading(CU_TR_ADDRESS_MODE_CLAMP, true, false));
  at.clear();
  std::vector<Texel> wanted;
  for (int face = 0; face < 6; ++face)
    for (int y = 0; y < 4; ++y)
      for (int x = 0; x < 4; ++x) {
        const float s = (2 * float(x) + 1) / 4 - 1, t = (2 * float(y) + 1) / 4 - 1;
        const std::array<float, 3> directions[6] = {{1, -t, -s}, {-1, -t, s}, {s, 1, t}, {s, -1, -t}, {s, -t, 1}, {-s, -t, -1}};
        const auto& d = directions[face];
        at.push_back({d[0] * 3, d[1] * 3, d[2] * 3, 0});
        wanted.push_back(six.at(x, y, face));
      }
  got = fetch("cube", cube, at);
  for (size_t i = 0; i < at.size(); ++i) expect_near(got[i], wanted[i], "cube " + text_of(at[i]));
}

TEST_F(DriverTexture, ASeamlessCubeInterpolatesAcrossEdges) {
  // Faces of one colour each: on the edge between two of them there is half of both, and at a corner a third of three.
  Picture p{4, 4, 6, {}};
  for (int face = 0; face < 6; ++face) p.texels.insert(p.texels.end(), 64, float(face * 30));
  CUDA_TEXTURE_DESC how = reading(CU_TR_ADDRESS_MODE_CLAMP, true, true);
  const CUDA_RESOURCE_DESC array = resource_of(array_of(p, 2, CUDA_ARRAY3D_CUBEMAP));
  const std::vector<Place> at = {
      {1, 0.99999f, 0.1f, 0}, {0.99999f, 1, 0.1f, 0}, {-0.2f, 0.99999f, 1, 0}, {1, 0.99999f, 0.99999f, 0}, {1, 0, 0, 0}};
  how.flags |= CU_TRSF_SEAMLESS_CUBEMAP;
  const auto got = fetch("cube", texture_of(array, how), at);
  EXPECT_NEAR(real(got[0][0]), (0 + 60) / 2.0, 0.5);
  EXPECT_NEAR(real(got[1][0]), (0 + 60) / 2.0, 0.5);
  EXPECT_NEAR(real(got[2][0]), (60 + 120) / 2.0, 0.5);
  EXPECT_NEAR(real(got[3][0]), (0 + 60 + 120) / 3.0, 0.5);
  EXPECT_EQ(real(got[4][0]), 0);
  how.flags &= ~unsigned(CU_TRSF_SEAMLESS_CUBEMAP);
  EXPECT_EQ(real(fetch("cube", texture_of(array, how), at)[0][0]), 0);
}

TEST_F(DriverTexture, LevelsOfDetail) {
  // Every level has one colour, 100 * level, so what is fetched is the level.
  constexpr unsigned kLevels = 4;
  const CUDA_ARRAY3D_DESCRIPTOR is = shape(16, 8, 0);
  CUmipmappedArray mipmapped = nullptr;
  ASSERT_OK(cuMipmappedArrayCreate(&mipmapped, &is, kLevels));
  for (unsigned level = 0; level < kLevels; ++level) {
    CUarray array = nullptr;
    ASSERT_OK(cuMipmappedArrayGetLevel(&array, mipmapped, level));
    CUDA_ARRAY3D_DESCRIPTOR of_level{};
    EXPECT_OK(cuArray3DGetDescriptor(&of_level, array));
    EXPECT_EQ(of_level.Width, 16u >> level);
    EXPECT_EQ(of_level.Height, 8u >> level);
    const std::vector<float> texels(of_level.Width * of_level.Height * 4, float(level) * 100);
    fill(array, texels.data(), of_level.Width * 16, of_level.Height, 1);
    EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuArrayDestroy(array));
  }
  CUarray none = nullptr;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMipmappedArrayGetLevel(&none, mipmapped, kLevels));

  CUDA_RESOURCE_DESC resource{};
  resource.resType = CU_RESOURCE_TYPE_MIPMAPPED_ARRAY;
  resource.res.mipmap.hMipmappedArray = mipmapped;
  CUDA_TEXTURE_DESC how = reading(CU_TR_ADDRESS_MODE_CLAMP, true, true);
  how.maxMipmapLevelClamp = 100;
  const std::vector<Place> at = {
      {0.4f, 0.6f, -1, 0}, {0.4f, 0.6f, 0.3f, 0}, {0.4f, 0.6f, 1.45f, 0}, {0.4f, 0.6f, 1.55f, 0}, {0.4f, 0.6f, 7, 0}};
  const auto levels = [&](const CUDA_RESOURCE_VIEW_DESC* view = nullptr) {
    std::vector<float> result;
    for (const auto& texel : fetch("level2", texture_of(resource, how, view), at)) result.push_back(real(texel[0]) / 100);
    return result;
  };
  EXPECT_EQ(levels(), (std::vector<float>{0, 0, 1, 2, 3}));
  how.mipmapFilterMode = CU_TR_FILTER_MODE_LINEAR;
  const auto blended = levels();
  const double exact[] = {0, std::nearbyint(0.3 * 256) / 256, 1 + std::nearbyint(0.45 * 256) / 256, 1 + std::nearbyint(0.55 * 256) / 256,
                          3};
  for (size_t i = 0; i < 5; ++i) EXPECT_NEAR(blended[i], exact[i], 1e-5) << i;
  how.mipmapLevelBias = 1;
  EXPECT_NEAR(levels()[1], 1 + exact[1], 1e-5);
  how.mipmapLevelBias = 0;
  how.minMipmapLevelClamp = 0.5f;
  how.maxMipmapLevelClamp = 2;
  EXPECT_EQ(levels()[0], 0.5f);
  EXPECT_EQ(levels()[4], 2.0f);
  how.minMipmapLevelClamp = 0;
  how.maxMipmapLevelClamp = 100;

  // A view of levels 1 and 2.
  CUDA_RESOURCE_VIEW_DESC view{};
  view.format = CU_RES_VIEW_FORMAT_FLOAT_4X32;
  view.width = 16, view.height = 8;
  view.firstMipmapLevel = 1, view.lastMipmapLevel = 2;
  EXPECT_EQ(levels(&view)[0], 1.0f);
  EXPECT_EQ(levels(&view)[4], 2.0f);

  // Steps of four texels: level 2.
  how.mipmapFilterMode = CU_TR_FILTER_MODE_POINT;
  const CUtexObject texture = texture_of(resource, how);
  const float step = 4.0f / std::hypot(16.0f, 8.0f);
  const auto got =
      fetch("grad2", texture, {{0.5f, 0.5f, step, 0}, {0.5f, 0.5f, 0, step}, {0.5f, 0.5f, step / 4, step / 8}, {0.5f, 0.5f, 0, 0}});
  EXPECT_EQ(real(got[0][0]), 200);
  EXPECT_EQ(real(got[1][0]), 200);
  EXPECT_EQ(real(got[2][0]), 0);
  EXPECT_EQ(real(got[3][0]), 0);
  const auto sizes = fetch("sizes", texture, {{0, 0, 0, 0}});
  EXPECT_EQ(sizes[0], (std::array<uint32_t, 4>{16, 8, kLevels, 0}));
  EXPECT_OK(cuTexObjectDestroy(texture));
  EXPECT_OK(cuMipmappedArrayDestroy(mipmapped));
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuMipmappedArrayDestroy(mipmapped));
}

TEST_F(DriverTexture, IntegersAsFractionsAndSrgb) {
  const uint8_t bytes[4] = {0, 10, 128, 255};
  CUDA_ARRAY3D_DESCRIPTOR is = shape(1, 0, 0);
  is.Format = CU_AD_FORMAT_UNSIGNED_INT8;
  CUarray array = nullptr;
  ASSERT_OK(cuArray3DCreate(&array, &is));
  fill(array, bytes, 4, 1, 1);
  CUDA_TEXTURE_DESC how = reading(CU_TR_ADDRESS_MODE_CLAMP, false, false);
  auto got = fetch("tex1", texture_of(resource_of(array), how), {{0, 0, 0, 0}})[0];
  for (size_t c = 0; c < 4; ++c) EXPECT_FLOAT_EQ(real(got[c]), float(bytes[c]) / 255);
  how.flags = CU_TRSF_SRGB;
  got = fetch("tex1", texture_of(resource_of(array), how), {{0, 0, 0, 0}})[0];
  EXPECT_EQ(real(got[0]), 0);
  EXPECT_NEAR(real(got[1]), 10.0 / 255 / 12.92, 1e-7);
  EXPECT_NEAR(real(got[2]), std::pow((128.0 / 255 + 0.055) / 1.055, 2.4), 1e-6);
  EXPECT_EQ(real(got[3]), 1);
  how.flags = CU_TRSF_READ_AS_INTEGER;
  got = fetch("tex1", texture_of(resource_of(array), how), {{0, 0, 0, 0}})[0];
  EXPECT_EQ(got, (std::array<uint32_t, 4>{0, 10, 128, 255}));
  how.filterMode = CU_TR_FILTER_MODE_LINEAR;  // has no effect then, but is no error
  got = fetch("tex1", texture_of(resource_of(array), how), {{0.9f, 0, 0, 0}})[0];
  EXPECT_EQ(got, (std::array<uint32_t, 4>{0, 10, 128, 255}));
  CUtexObject none = 0;
  const CUDA_RESOURCE_DESC resource = resource_of(array);

  // The same bytes, seen as one 32-bit integer.
  CUDA_RESOURCE_VIEW_DESC view{};
  view.format = CU_RES_VIEW_FORMAT_UINT_1X32;
  view.width = 1;
  how.filterMode = CU_TR_FILTER_MODE_POINT;
  const CUtexObject word = texture_of(resource, how, &view);
  EXPECT_EQ(fetch("tex1", word, {{0, 0, 0, 0}})[0][0], 0xff800a00u);
  CUDA_RESOURCE_VIEW_DESC told{};
  EXPECT_OK(cuTexObjectGetResourceViewDesc(&told, word));
  EXPECT_EQ(told.format, CU_RES_VIEW_FORMAT_UINT_1X32);
  view.format = CU_RES_VIEW_FORMAT_UINT_1X16;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuTexObjectCreate(&none, &resource, &how, &view));
}

TEST_F(DriverTexture, LinearMemoryIsZeroOutside) {
  const float values[3] = {1, 2, 3};
  const CUdeviceptr memory = allocate(sizeof values);
  EXPECT_OK(cuMemcpyHtoD(memory, values, sizeof values));
  CUDA_RESOURCE_DESC resource{};
  resource.resType = CU_RESOURCE_TYPE_LINEAR;
  resource.res.linear = {memory, CU_AD_FORMAT_FLOAT, 1, sizeof values};
  const CUtexObject texture = texture_of(resource, reading(CU_TR_ADDRESS_MODE_CLAMP, false, false));
  std::vector<Place> at;
  for (int i = -1; i < 5; ++i) at.push_back({whole(i), 0, 0, 0});
  const auto got = fetch("whole1", texture, at);
  const float wanted[] = {0, 1, 2, 3, 0, 0};
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(real(got[i][0]), wanted[i]) << i;
}

TEST_F(DriverTexture, GatherTakesWhatInterpolationWould) {
  const Picture p = picture(4, 4, 1, 3);
  for (const bool linear : {false, true}) {
    const CUtexObject texture =
        texture_of(resource_of(array_of(p, 2, CUDA_ARRAY3D_TEXTURE_GATHER)), reading(CU_TR_ADDRESS_MODE_CLAMP, false, linear));
    const auto got = fetch("gather", texture, {{1.6f, 2.6f, 0, 0}})[0];
    // Anticlockwise from the lower left of a picture whose rows go up.
    EXPECT_EQ(real(got[0]), p.at(1, 3, 0)[0]);
    EXPECT_EQ(real(got[1]), p.at(2, 3, 0)[0]);
    EXPECT_EQ(real(got[2]), p.at(2, 2, 0)[0]);
    EXPECT_EQ(real(got[3]), p.at(1, 2, 0)[0]);
  }
}

TEST_F(DriverTexture, SurfacesAreReadAndWritten) {
  CUDA_ARRAY3D_DESCRIPTOR is = shape(4, 3, 0, CUDA_ARRAY3D_SURFACE_LDST);
  is.NumChannels = 1;
  CUarray array = nullptr;
  ASSERT_OK(cuArray3DCreate(&array, &is));
  std::vector<float> texels;
  for (int i = 0; i < 12; ++i) texels.push_back(float(i));
  fill(array, texels.data(), 16, 3, 1);
  const CUDA_RESOURCE_DESC resource = resource_of(array);
  CUsurfObject surface = 0;
  ASSERT_OK(cuSurfObjectCreate(&surface, &resource));
  std::vector<Place> at;
  for (int y = -1; y < 4; ++y)
    for (int x = -1; x < 5; ++x) at.push_back({whole(4 * x), whole(y), 100.0f + float(4 * y + x), 0});
  const auto got = fetch("surfaces", surface, at);
  for (int i = 0; i < 30; ++i) {
    const int x = i % 6 - 1, y = i / 6 - 1;
    const bool inside = x >= 0 && x < 4 && y >= 0 && y < 3;
    EXPECT_EQ(real(got[size_t(i)][0]), inside ? float(4 * y + x) : 0) << x << ", " << y;
  }
  std::vector<float> after(12);
  CUDA_MEMCPY2D copy{};
  copy.srcMemoryType = CU_MEMORYTYPE_ARRAY, copy.srcArray = array;
  copy.dstMemoryType = CU_MEMORYTYPE_HOST, copy.dstHost = after.data(), copy.dstPitch = 16;
  copy.WidthInBytes = 16, copy.Height = 3;
  ASSERT_OK(cuMemcpy2D(&copy));
  for (int i = 0; i < 12; ++i) EXPECT_EQ(after[size_t(i)], 100 + float(i));
}

TEST_F(DriverTexture, References) {
  const Picture p = picture(6, 5, 1, 11);
  CUtexref reference = nullptr, again = nullptr;
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
  ASSERT_OK(cuModuleGetTexRef(&reference, kernels_, "reference"));
  EXPECT_OK(cuModuleGetTexRef(&again, kernels_, "reference"));
  EXPECT_EQ(reference, again);
  EXPECT_CU(CUDA_ERROR_NOT_FOUND, cuModuleGetTexRef(&again, kernels_, "nothing"));
  EXPECT_CU(CUDA_ERROR_NOT_FOUND, cuModuleGetTexRef(&again, kernels_, "tex2"));
  const CUarray array = array_of(p, 2);
  EXPECT_OK(cuTexRefSetFilterMode(reference, CU_TR_FILTER_MODE_LINEAR));
  for (int d = 0; d < 2; ++d) EXPECT_OK(cuTexRefSetAddressMode(reference, d, CU_TR_ADDRESS_MODE_CLAMP));
  EXPECT_OK(cuTexRefSetArray(reference, array, CU_TRSA_OVERRIDE_FORMAT));
  const double c[2] = {2.7f, 3.1f};
  expect_near(fetch("byreference", 0, {{2.7f, 3.1f, 0, 0}})[0], expected(p, 2, c, CU_TR_ADDRESS_MODE_CLAMP, false, true), "array");
  CUarray bound = nullptr;
  EXPECT_OK(cuTexRefGetArray(&bound, reference));
  EXPECT_EQ(bound, array);
  CUfilter_mode filter = CU_TR_FILTER_MODE_POINT;
  EXPECT_OK(cuTexRefGetFilterMode(&filter, reference));
  EXPECT_EQ(filter, CU_TR_FILTER_MODE_LINEAR);

  // Rows of memory instead.
  const CUdeviceptr memory = allocate(p.texels.size() * 4);
  EXPECT_OK(cuMemcpyHtoD(memory, p.texels.data(), p.texels.size() * 4));
  const CUDA_ARRAY_DESCRIPTOR is{size_t(p.width), size_t(p.height), CU_AD_FORMAT_FLOAT, 4};
  EXPECT_OK(cuTexRefSetFilterMode(reference, CU_TR_FILTER_MODE_POINT));
  EXPECT_OK(cuTexRefSetAddress2D(reference, &is, memory, size_t(p.width) * 16));
  expect_near(fetch("byreference", 0, {{2.7f, 3.1f, 0, 0}})[0], p.at(2, 3, 0), "memory");
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuTexRefGetArray(&bound, reference));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuTexRefDestroy(reference));
  CUsurfref surface = nullptr;
  EXPECT_OK(cuModuleGetSurfRef(&surface, kernels_, "surface"));
  EXPECT_OK(cuSurfRefSetArray(surface, array, 0));
#pragma clang diagnostic pop
}

TEST_F(DriverTexture, WhatCannotBe) {
  CUDA_ARRAY3D_DESCRIPTOR is = shape(4, 4, 0);
  CUarray array = nullptr;
  is.Format = CU_AD_FORMAT_BC7_UNORM;
  EXPECT_CU(CUDA_ERROR_NOT_SUPPORTED, cuArray3DCreate(&array, &is));
  is = shape(4, 4, 0, CUDA_ARRAY3D_SPARSE);
  EXPECT_CU(CUDA_ERROR_NOT_SUPPORTED, cuArray3DCreate(&array, &is));
  is = shape(4, 4, 0);
  is.Format = CU_AD_FORMAT_UNORM_INT8X2;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuArray3DCreate(&array, &is));
  CUmipmappedArray mipmapped = nullptr;
  is = shape(4, 4, 0);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMipmappedArrayCreate(&mipmapped, &is, 0));
  ASSERT_OK(cuMipmappedArrayCreate(&mipmapped, &is, 50));  // as many as there can be: 4, 2, 1
  EXPECT_OK(cuMipmappedArrayGetLevel(&array, mipmapped, 2));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMipmappedArrayGetLevel(&array, mipmapped, 3));
  CUDA_ARRAY_SPARSE_PROPERTIES sparse;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMipmappedArrayGetSparseProperties(&sparse, mipmapped));
  EXPECT_OK(cuMipmappedArrayDestroy(mipmapped));
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuMipmappedArrayGetLevel(&array, mipmapped, 0));
}

}  // namespace
}  // namespace anywarp::test
