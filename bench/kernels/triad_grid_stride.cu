// STREAM's triad, with a grid-stride loop.
#include "../device.h"

constexpr size_t n = 1 << 26;

__global__ void triad(float* a, const float* b, const float* c, float scale) {
  for (size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += size_t(gridDim.x) * blockDim.x) a[i] = b[i] + scale * c[i];
}

int main() {
  bench::Array<float> a(n), b(bench::numbers(n, -1, 1, 1)), c(bench::numbers(n, -1, 1, 2));
  double seconds = bench::median(7, [&] {
    triad<<<256, 256>>>(a, b, c, 3);
    bench::finish();
  });
  return bench::report(seconds, 3.0 * sizeof(float) * n * 1e-9, "GB", bench::checksum(a.host()));
}
