#include "../bench.h"

constexpr int n = 1 << 24;

int main() {
  std::vector<float> x = bench::numbers(n, -1, 1, 1), y = bench::numbers(n, -1, 1, 2);
  double seconds = bench::median(9, [&] {
#pragma omp parallel for simd
    for (int i = 0; i < n; i++) y[i] = 0.5f * x[i] + y[i];
  });
  return bench::report(seconds, 3.0 * sizeof(float) * n * 1e-9, "GB", bench::checksum(y));
}
