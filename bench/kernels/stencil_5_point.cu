#include "../device.h"

#include <utility>

constexpr int n = 4096, steps = 4;

__global__ void relax(const float* in, float* out) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x < 1 || y < 1 || x >= n - 1 || y >= n - 1) return;
  int i = y * n + x;
  out[i] = 0.5f * in[i] + 0.125f * (in[i - 1] + in[i + 1] + in[i - n] + in[i + n]);
}

int main() {
  auto start = bench::numbers(size_t(n) * n, 0, 1);
  bench::Array<float> a(start), b(start);
  double seconds = bench::median(5, [&] {
    float *from = a, *to = b;
    for (int i = 0; i < steps; i++, std::swap(from, to)) relax<<<dim3(n / 32, n / 8), dim3(32, 8)>>>(from, to);
    bench::finish();
  });
  return bench::report(seconds, 2.0 * sizeof(float) * n * n * steps * 1e-9, "GB", bench::checksum(a.host()));
}
