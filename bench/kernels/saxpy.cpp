#include "../bench.h"

constexpr int n = 1 << 26;

int main() {
  auto x = bench::numbers(n, -1, 1, 1), y = bench::numbers(n, -1, 1, 2);
  double seconds = bench::median(7, [&] {
#pragma omp parallel for simd
    for (int i = 0; i < n; i++) y[i] = 0.5f * x[i] + y[i];
  });
  return bench::report(seconds, 3.0 * sizeof(float) * n * 1e-9, "GB", bench::checksum(y));
}
