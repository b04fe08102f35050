// Through a block of its own in the second cache, so that memory is read and written by whole lines.
#include "../bench.h"

constexpr int n = 8192, tile = 128;

int main() {
  auto in = bench::numbers(size_t(n) * n, 0, 1);
  bench::Values<float> out(size_t(n) * n);
  double seconds = bench::median(5, [&] {
#pragma omp parallel for
    for (int xx = 0; xx < n; xx += tile)
      for (int yy = 0; yy < n; yy += tile) {
        static thread_local float block[tile][tile];
        for (int y = 0; y < tile; y++)
          for (int x = 0; x < tile; x++) block[x][y] = in[(yy + y) * n + xx + x];
        for (int x = 0; x < tile; x++)
          for (int y = 0; y < tile; y++) out[(xx + x) * n + yy + y] = block[x][y];
      }
  });
  return bench::report(seconds, 2.0 * sizeof(float) * n * n * 1e-9, "GB", bench::checksum(out));
}
