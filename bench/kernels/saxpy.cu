#include "../device.h"

constexpr int n = 1 << 26;

__global__ void saxpy(float a, const float* x, float* y) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = a * x[i] + y[i];
}

int main() {
  bench::Array<float> x(bench::numbers(n, -1, 1, 1)), y(bench::numbers(n, -1, 1, 2));
  double seconds = bench::median(7, [&] {
    saxpy<<<(n + 255) / 256, 256>>>(0.5f, x, y);
    bench::finish();
  });
  return bench::report(seconds, 3.0 * sizeof(float) * n * 1e-9, "GB", bench::checksum(y.host()));
}
