#include "../device.h"

#include <utility>

constexpr int n = 256, steps = 4;

__global__ void relax(const float* in, float* out) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y, z = blockIdx.z;
  if (x < 1 || y < 1 || z < 1 || x >= n - 1 || y >= n - 1 || z >= n - 1) return;
  int i = (z * n + y) * n + x;
  out[i] = 0.4f * in[i] + 0.1f * (in[i - 1] + in[i + 1] + in[i - n] + in[i + n] + in[i - n * n] + in[i + n * n]);
}

int main() {
  auto start = bench::numbers(size_t(n) * n * n, 0, 1);
  bench::Array<float> a(start), b(start);
  double seconds = bench::median(5, [&] {
    float *from = a, *to = b;
    for (int i = 0; i < steps; i++, std::swap(from, to)) relax<<<dim3(n / 32, n / 8, n), dim3(32, 8)>>>(from, to);
    bench::finish();
  });
  return bench::report(seconds, 2.0 * sizeof(float) * n * n * n * steps * 1e-9, "GB", bench::checksum(a.host()));
}
