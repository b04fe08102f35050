// STREAM's triad, with a grid-stride loop.
#include "../device.h"

constexpr size_t n = 1 << 24;

__global__ void triad(double* a, const double* b, const double* c, double scale) {
  for (size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += size_t(gridDim.x) * blockDim.x) a[i] = b[i] + scale * c[i];
}

int main() {
  std::vector<float> b = bench::numbers(n, -1, 1, 1), c = bench::numbers(n, -1, 1, 2);
  bench::Array<double> da(n), db(std::vector<double>(b.begin(), b.end())), dc(std::vector<double>(c.begin(), c.end()));
  double seconds = bench::median(9, [&] {
    triad<<<256, 256>>>(da, db, dc, 3);
    bench::finish();
  });
  return bench::report(seconds, 3.0 * sizeof(double) * n * 1e-9, "GB", bench::checksum(da.host()));
}
