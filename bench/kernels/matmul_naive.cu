#include "../device.h"

constexpr int n = 1024;

__global__ void matmul(const float* a, const float* b, float* c) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= n || y >= n) return;
  float sum = 0;
  for (int k = 0; k < n; k++) sum += a[y * n + k] * b[k * n + x];
  c[y * n + x] = sum;
}

int main() {
  bench::Array<float> a(bench::numbers(n * n, -1, 1, 1)), b(bench::numbers(n * n, -1, 1, 2)), c(n * n);
  double seconds = bench::median(7, [&] {
    matmul<<<dim3(n / 16, n / 16), dim3(16, 16)>>>(a, b, c);
    bench::finish();
  });
  return bench::report(seconds, 2.0 * n * n * n * 1e-9, "GFLOP", bench::checksum(c.host()));
}
