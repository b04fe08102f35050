// Filters a photograph: Gaussian blur, sharpening or edges. The blur is separable, and each block keeps its
// row or column with the neighbours in shared memory. Reads and writes what stb_image does (JPEG, PNG, BMP, ...).
#include "../example.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image.h>
#include <stb/stb_image_write.h>
#include <algorithm>
#include <cmath>

constexpr int most_radius = 32;
constexpr int segment = 128;
__constant__ float weights[2 * most_radius + 1];

__host__ __device__ inline int clamp_to(int value, int size) { return value < 0 ? 0 : value >= size ? size - 1 : value; }

/// One direction of the blur: along x where `stride` is 1, along y where it is the width. Threads run along the line.
__global__ void blur(const float3* in, float3* out, int length, int stride, int line_stride, int radius) {
  __shared__ float3 line[segment + 2 * most_radius];
  const float3* row = in + blockIdx.y * line_stride;
  int first = blockIdx.x * segment - radius;
  for (int i = threadIdx.x; i < segment + 2 * radius; i += segment) line[i] = row[clamp_to(first + i, length) * stride];
  __syncthreads();
  int at = blockIdx.x * segment + threadIdx.x;
  if (at >= length) return;
  float3 sum = {0, 0, 0};
  for (int k = 0; k <= 2 * radius; k++) {
    float3 value = line[threadIdx.x + k];
    sum.x += weights[k] * value.x;
    sum.y += weights[k] * value.y;
    sum.z += weights[k] * value.z;
  }
  out[blockIdx.y * line_stride + at * stride] = sum;
}

__global__ void load(const uchar3* in, float3* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = make_float3(in[i].x, in[i].y, in[i].z);
}

__device__ unsigned char byte(float value) { return static_cast<unsigned char>(fminf(fmaxf(value + 0.5f, 0.0f), 255.0f)); }

/// original + amount * (original - blurred): amount -1 gives the blur itself, a positive one sharpens.
__global__ void unsharp(const float3* original, const float3* blurred, uchar3* out, int n, float amount) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float3 a = original[i], b = blurred[i];
  out[i] = make_uchar3(byte(a.x + amount * (a.x - b.x)), byte(a.y + amount * (a.y - b.y)), byte(a.z + amount * (a.z - b.z)));
}

/// Sobel's gradient of the brightness.
__global__ void edges(const float3* in, uchar3* out, int width, int height) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= width || y >= height) return;
  auto light = [&](int dx, int dy) {
    float3 p = in[clamp_to(y + dy, height) * width + clamp_to(x + dx, width)];
    return 0.299f * p.x + 0.587f * p.y + 0.114f * p.z;
  };
  float gx = light(1, -1) + 2 * light(1, 0) + light(1, 1) - light(-1, -1) - 2 * light(-1, 0) - light(-1, 1);
  float gy = light(-1, 1) + 2 * light(0, 1) + light(1, 1) - light(-1, -1) - 2 * light(0, -1) - light(1, -1);
  unsigned char strength = byte(sqrtf(gx * gx + gy * gy));
  out[y * width + x] = make_uchar3(strength, strength, strength);
}

std::vector<unsigned char> test_card(int width, int height) {
  std::vector<unsigned char> rgb(size_t(width) * height * 3);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      unsigned char* p = &rgb[(size_t(y) * width + x) * 3];
      bool square = (x / 32 + y / 32) % 2;
      p[0] = square ? 220 : x * 255 / width;
      p[1] = square ? 220 : y * 255 / height;
      p[2] = std::hypot(x - width / 2.0, y - height / 2.0) < height / 3.0 ? 255 : 40;
    }
  return rgb;
}

/// The largest difference from the same blur, computed plainly in double precision, over some pixels.
double worst_error(const std::vector<unsigned char>& in, const std::vector<unsigned char>& out, int width, int height,
                   const std::vector<float>& w, float amount) {
  int radius = int(w.size()) / 2;
  double worst = 0;
  for (long i = 0; i < long(width) * height; i += 997) {
    int x = i % width, y = i / width;
    for (int c = 0; c < 3; c++) {
      double sum = 0;
      for (int dy = -radius; dy <= radius; dy++)
        for (int dx = -radius; dx <= radius; dx++)
          sum += double(w[dx + radius]) * w[dy + radius] * in[(size_t(clamp_to(y + dy, height)) * width + clamp_to(x + dx, width)) * 3 + c];
      double original = in[i * 3 + c], value = std::clamp(original + amount * (original - sum), 0.0, 255.0);
      worst = std::max(worst, std::fabs(value - out[i * 3 + c]));
    }
  }
  return worst;
}

int main(int argc, char** argv) {
  example::Options options("Filters a photograph.", argc, argv);
  std::string filter = options.word("filter", "sharpen", "blur, sharpen or edges");
  int radius = options.number("radius", 6, "of the blur, in pixels", 1, most_radius);
  std::string path = options.word("output", "filtered.png", "file to write");
  std::vector<std::string> files = options.finish("[PHOTOGRAPH]");
  if (filter != "blur" && filter != "sharpen" && filter != "edges") {
    fprintf(stderr, "there is no filter '%s'; there are blur, sharpen and edges\n", filter.c_str());
    return 2;
  }
  int width = 1280, height = 853;
  std::vector<unsigned char> rgb;
  if (files.empty()) {
    printf("no photograph was named: a test card is filtered\n");
    rgb = test_card(width, height);
  } else {
    int channels;
    unsigned char* loaded = stbi_load(files[0].c_str(), &width, &height, &channels, 3);
    if (!loaded) {
      fprintf(stderr, "%s cannot be read as an image: %s\n", files[0].c_str(), stbi_failure_reason());
      return 1;
    }
    rgb.assign(loaded, loaded + size_t(width) * height * 3);
    stbi_image_free(loaded);
  }
  int n = width * height;

  std::vector<float> w(2 * radius + 1);
  float total = 0, sigma = radius / 2.5f;
  for (int k = 0; k <= 2 * radius; k++) total += w[k] = std::exp(-(k - radius) * (k - radius) / (2 * sigma * sigma));
  for (float& weight : w) weight /= total;
  CHECK(cudaMemcpyToSymbol(weights, w.data(), w.size() * sizeof(float)));

  uchar3* bytes;
  float3 *original, *half, *blurred;
  CHECK(cudaMalloc(&bytes, size_t(n) * sizeof(uchar3)));
  CHECK(cudaMalloc(&original, size_t(n) * sizeof(float3)));
  CHECK(cudaMalloc(&half, size_t(n) * sizeof(float3)));
  CHECK(cudaMalloc(&blurred, size_t(n) * sizeof(float3)));
  CHECK(cudaMemcpy(bytes, rgb.data(), rgb.size(), cudaMemcpyHostToDevice));
  float amount = filter == "sharpen" ? 1.2f : -1.0f;
  auto run = [&] {
    load<<<(n + 255) / 256, 256>>>(bytes, original, n);
    if (filter == "edges") {
      edges<<<dim3((width + 31) / 32, (height + 7) / 8), dim3(32, 8)>>>(original, bytes, width, height);
    } else {
      blur<<<dim3((width + segment - 1) / segment, height), segment>>>(original, half, width, 1, width, radius);
      blur<<<dim3((height + segment - 1) / segment, width), segment>>>(half, blurred, height, width, 1, radius);
      unsharp<<<(n + 255) / 256, 256>>>(original, blurred, bytes, n, amount);
    }
    CHECK(cudaDeviceSynchronize());
  };
  run();  // the first launches compile
  CHECK(cudaMemcpy(bytes, rgb.data(), rgb.size(), cudaMemcpyHostToDevice));
  example::Clock clock;
  run();
  double seconds = clock.seconds();
  std::vector<unsigned char> out(rgb.size());
  CHECK(cudaMemcpy(out.data(), bytes, out.size(), cudaMemcpyDeviceToHost));
  if (!stbi_write_png(path.c_str(), width, height, 3, out.data(), width * 3)) {
    fprintf(stderr, "%s cannot be written\n", path.c_str());
    return 1;
  }
  printf("%s of %d x %d pixels in %.1f ms: %.1f M pixels/s; written to %s\n", filter.c_str(), width, height, seconds * 1e3,
         n / seconds * 1e-6, path.c_str());
  for (void* memory : {(void*)bytes, (void*)original, (void*)half, (void*)blurred}) CHECK(cudaFree(memory));
  if (filter == "edges") return 0;
  double error = worst_error(rgb, out, width, height, w, amount);
  printf("largest difference from the plain computation: %.2f of 255\n", error);
  return example::verdict(error < 1, "filter");
}
