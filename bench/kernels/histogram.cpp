#include "../bench.h"

constexpr int n = 1 << 26;

int main() {
  std::vector<float> values = bench::numbers(n / 4, 0, 1);
  std::vector<unsigned> words(n / 4), counts(256);
  for (int i = 0; i < n / 4; i++) words[i] = unsigned(values[i] * 16777216) * 2654435761u;
  double seconds = bench::median(5, [&] {
    counts.assign(256, 0);
#pragma omp parallel
    {
      unsigned mine[256] = {};
#pragma omp for
      for (int i = 0; i < n / 4; i++)
        for (int shift = 0; shift < 32; shift += 8) mine[words[i] >> shift & 255]++;
#pragma omp critical
      for (int i = 0; i < 256; i++) counts[i] += mine[i];
    }
  });
  return bench::report(seconds, n * 1e-9, "GB", bench::checksum(counts));
}
