#include "../bench.h"

constexpr int n = 1 << 26;

int main() {
  auto b = bench::numbers(n, -1, 1, 1), c = bench::numbers(n, -1, 1, 2);
  bench::Values<float> a(n);
  double seconds = bench::median(7, [&] {
#pragma omp parallel for simd
    for (int i = 0; i < n; i++) a[i] = b[i] + 3 * c[i];
  });
  return bench::report(seconds, 3.0 * sizeof(float) * n * 1e-9, "GB", bench::checksum(a));
}
