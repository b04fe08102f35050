#include "../device.h"
#include "mandelbrot.h"

__global__ void mandelbrot(int* out) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x < width && y < height) out[y * width + x] = escape(x, y);
}

int main() {
  bench::Array<int> out(size_t(width) * height);
  double seconds = bench::median(5, [&] {
    mandelbrot<<<dim3(width / 32, height / 4), dim3(32, 4)>>>(out);
    bench::finish();
  });
  return bench::report(seconds, width * height * 1e-6, "Mpixel", bench::checksum(out.host()));
}
