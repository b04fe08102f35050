// Four tables a thread, so that equal neighbours do not wait for each other's store.
#include "../bench.h"

constexpr int n = 1 << 26;

int main() {
  bench::Values<unsigned> words(n / 4);
  for (int i = 0; i < n / 4; i++) words[i] = bench::scramble(i);
  std::vector<unsigned> counts(256);
  double seconds = bench::median(7, [&] {
    counts.assign(256, 0);
#pragma omp parallel
    {
      unsigned mine[4][256] = {};
#pragma omp for
      for (int i = 0; i < n / 4; i++) {
        unsigned word = words[i];
        mine[0][word & 255]++;
        mine[1][word >> 8 & 255]++;
        mine[2][word >> 16 & 255]++;
        mine[3][word >> 24]++;
      }
#pragma omp critical
      for (int i = 0; i < 256; i++) counts[i] += mine[0][i] + mine[1][i] + mine[2][i] + mine[3][i];
    }
  });
  return bench::report(seconds, n * 1e-9, "GB", bench::checksum(counts));
}
