// Blocked for the caches; the innermost loop runs along a row, so that it is vectorised.
#include "../bench.h"

#include <algorithm>

constexpr int n = 1024, tile = 64;

int main() {
  std::vector<float> a = bench::numbers(n * n, -1, 1, 1), b = bench::numbers(n * n, -1, 1, 2), c(n * n);
  double seconds = bench::median(5, [&] {
#pragma omp parallel for collapse(2)
    for (int yy = 0; yy < n; yy += tile)
      for (int xx = 0; xx < n; xx += tile) {
        for (int y = yy; y < yy + tile; y++) std::fill_n(&c[y * n + xx], tile, 0.0f);
        for (int kk = 0; kk < n; kk += tile)
          for (int y = yy; y < yy + tile; y++)
            for (int k = kk; k < kk + tile; k++) {
              float value = a[y * n + k];
#pragma omp simd
              for (int x = xx; x < xx + tile; x++) c[y * n + x] += value * b[k * n + x];
            }
      }
  });
  return bench::report(seconds, 2.0 * n * n * n * 1e-9, "GFLOP", bench::checksum(c));
}
