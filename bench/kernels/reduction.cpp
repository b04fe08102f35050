#include "../bench.h"

constexpr int n = 1 << 26;

int main() {
  auto values = bench::ones(n);
  float sum = 0;
  double seconds = bench::median(9, [&] {
    sum = 0;
#pragma omp parallel for simd reduction(+ : sum)
    for (int i = 0; i < n; i++) sum += values[i];
  });
  return bench::report(seconds, double(sizeof(float)) * n * 1e-9, "GB", sum);
}
