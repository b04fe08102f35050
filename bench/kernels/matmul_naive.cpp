#include "../bench.h"

constexpr int n = 512;

int main() {
  std::vector<float> a = bench::numbers(n * n, -1, 1, 1), b = bench::numbers(n * n, -1, 1, 2), c(n * n);
  double seconds = bench::median(5, [&] {
#pragma omp parallel for
    for (int y = 0; y < n; y++)
      for (int x = 0; x < n; x++) {
        float sum = 0;
        for (int k = 0; k < n; k++) sum += a[y * n + k] * b[k * n + x];
        c[y * n + x] = sum;
      }
  });
  return bench::report(seconds, 2.0 * n * n * n * 1e-9, "GFLOP", bench::checksum(c));
}
