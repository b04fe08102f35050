// Three loops, the innermost along a row of b and c.
#include "../bench.h"

#include <algorithm>

constexpr int n = 1024;

int main() {
  auto a = bench::numbers(n * n, -1, 1, 1), b = bench::numbers(n * n, -1, 1, 2), c = a;
  double seconds = bench::median(7, [&] {
#pragma omp parallel for
    for (int y = 0; y < n; y++) {
      std::fill_n(&c[y * n], n, 0.0f);
      for (int k = 0; k < n; k++)
#pragma omp simd
        for (int x = 0; x < n; x++) c[y * n + x] += a[y * n + k] * b[k * n + x];
    }
  });
  return bench::report(seconds, 2.0 * n * n * n * 1e-9, "GFLOP", bench::checksum(c));
}
