#include "../bench.h"

#include <algorithm>
#include <cmath>

constexpr int n = 4096;

int main() {
  auto in = bench::numbers(size_t(n) * n, -4, 4);
  bench::Values<float> out(size_t(n) * n);
  double seconds = bench::median(7, [&] {
#pragma omp parallel for
    for (int y = 0; y < n; y++) {
      const float* row = &in[size_t(y) * n];
      float *to = &out[size_t(y) * n], most = row[0], sum = 0;
#pragma omp simd reduction(max : most)
      for (int x = 0; x < n; x++) most = std::max(most, row[x]);
#pragma omp simd reduction(+ : sum)
      for (int x = 0; x < n; x++) {
        float value = expf(row[x] - most);
        to[x] = value;
        sum += value;
      }
      float scale = 1 / sum;
#pragma omp simd
      for (int x = 0; x < n; x++) to[x] *= scale;
    }
  });
  return bench::report(seconds, 2.0 * sizeof(float) * n * n * 1e-9, "GB", bench::checksum(out));
}
