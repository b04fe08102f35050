// The Mandelbrot set: every thread iterates z -> z*z + c for one pixel until z escapes. Neighbours leave the loop at different
// times, which makes this the classic case of divergent control flow. Coloured smoothly and written as a PNG.
#include "../example.h"
#include "png.h"

#include <algorithm>
#include <cmath>

/// Iterations until |z| > 2, of at most `most`; the rest of the way to the next one is added as a fraction for smooth colours.
__host__ __device__ inline float escape(float cx, float cy, int most) {
  float x = 0, y = 0, x2 = 0, y2 = 0;
  int i = 0;
  while (i < most && x2 + y2 <= 4) {
    y = 2 * x * y + cy;
    x = x2 - y2 + cx;
    x2 = x * x;
    y2 = y * y;
    i++;
  }
  return i == most ? float(most) : i + 1 - log2f(0.5f * logf(x2 + y2));
}

struct View {
  float left, top, step;
  int width, height, most;
};

__global__ void mandelbrot(View view, uchar3* pixels) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= view.width || y >= view.height) return;
  float count = escape(view.left + x * view.step, view.top + y * view.step, view.most);
  uchar3 colour = {0, 0, 0};
  if (count < view.most) {
    float t = 0.15f * sqrtf(fmaxf(count, 0.0f));
    colour.x = static_cast<unsigned char>(127.5f * (1 + sinf(6.2832f * (t + 0.00f))));
    colour.y = static_cast<unsigned char>(127.5f * (1 + sinf(6.2832f * (t + 0.15f))));
    colour.z = static_cast<unsigned char>(127.5f * (1 + sinf(6.2832f * (t + 0.35f))));
  }
  pixels[y * view.width + x] = colour;
}

int main(int argc, char** argv) {
  example::Options options("Draws the Mandelbrot set and writes it as a PNG.", argc, argv);
  int width = options.number("width", 1536, "pixels across", 16, 16384);
  int height = options.number("height", 1024, "pixels down", 16, 16384);
  int most = options.number("iterations", 1000, "iterations after which a point counts as inside");
  std::string path = options.word("output", "mandelbrot.png", "file to write");
  options.finish();

  View view{-2.2f, -3.2f * height / width / 2, 3.2f / width, width, height, most};
  uchar3* pixels;
  CHECK(cudaMalloc(&pixels, size_t(width) * height * 3));
  dim3 block(32, 4), grid((width + 31) / 32, (height + 3) / 4);
  mandelbrot<<<grid, block>>>(view, pixels);  // the first launch compiles
  CHECK(cudaDeviceSynchronize());
  example::Clock clock;
  mandelbrot<<<grid, block>>>(view, pixels);
  CHECK(cudaDeviceSynchronize());
  double seconds = clock.seconds();

  std::vector<uint8_t> rgb(size_t(width) * height * 3);
  CHECK(cudaMemcpy(rgb.data(), pixels, rgb.size(), cudaMemcpyDeviceToHost));
  CHECK(cudaFree(pixels));
  if (!png::write(path.c_str(), width, height, rgb)) {
    fprintf(stderr, "%s cannot be written\n", path.c_str());
    return 1;
  }
  printf("%d x %d pixels, at most %d iterations, in %.1f ms: %.1f M pixels/s; written to %s\n", width, height, most, seconds * 1e3,
         width * double(height) / seconds * 1e-6, path.c_str());

  // The CPU says for every 37th pixel whether it is inside; at the border rounding may decide otherwise.
  int differ = 0, looked_at = 0;
  for (long i = 0; i < long(width) * height; i += 37, looked_at++) {
    bool inside = escape(view.left + (i % width) * view.step, view.top + (i / width) * view.step, most) >= most;
    bool black = rgb[i * 3] == 0 && rgb[i * 3 + 1] == 0 && rgb[i * 3 + 2] == 0;
    differ += inside != black;
  }
  return example::verdict(differ <= looked_at / 200, "the same points are inside as on the CPU");
}
