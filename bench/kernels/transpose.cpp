#include "../bench.h"

constexpr int n = 4096, tile = 32;

int main() {
  std::vector<float> in = bench::numbers(size_t(n) * n, 0, 1), out(size_t(n) * n);
  double seconds = bench::median(9, [&] {
#pragma omp parallel for collapse(2)
    for (int yy = 0; yy < n; yy += tile)
      for (int xx = 0; xx < n; xx += tile)
        for (int y = yy; y < yy + tile; y++)
          for (int x = xx; x < xx + tile; x++) out[x * n + y] = in[y * n + x];
  });
  return bench::report(seconds, 2.0 * sizeof(float) * n * n * 1e-9, "GB", bench::checksum(out));
}
