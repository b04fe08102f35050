#include "../bench.h"

constexpr size_t n = 1 << 24;

int main() {
  std::vector<float> fb = bench::numbers(n, -1, 1, 1), fc = bench::numbers(n, -1, 1, 2);
  std::vector<double> a(n), b(fb.begin(), fb.end()), c(fc.begin(), fc.end());
  double seconds = bench::median(9, [&] {
#pragma omp parallel for simd
    for (size_t i = 0; i < n; i++) a[i] = b[i] + 3 * c[i];
  });
  return bench::report(seconds, 3.0 * sizeof(double) * n * 1e-9, "GB", bench::checksum(a));
}
