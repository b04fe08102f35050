// The same network. Small strides are constants, for which the compiler finds shuffles; at larger ones whole vectors meet.
#include "../bench.h"

#include <algorithm>

constexpr int n = 1 << 22, chunk = 1 << 13;

/// One step for the chunk of elements that begins at `first`.
inline void step(float* values, int first, int count, int j, int k) {
  for (int i = first; i < first + count; i += 2 * j) {
    bool down = i & k;
    float *a = values + i, *b = a + j;
#pragma omp simd
    for (int l = 0; l < j; l++) {
      float low = std::min(a[l], b[l]), high = std::max(a[l], b[l]);
      a[l] = down ? high : low;
      b[l] = down ? low : high;
    }
  }
}

int main() {
  auto in = bench::numbers(n, 0, 1), data = in;
  double seconds = bench::median(3, [&] {
    float* values = data.data();
#pragma omp parallel
    {
#pragma omp for
      for (int i = 0; i < n; i++) values[i] = in[i];
      for (int k = 2; k <= n; k *= 2)
        for (int j = k / 2; j > 0; j /= 2)
#pragma omp for
          for (int first = 0; first < n; first += chunk) {
            if (j == 1)
              step(values, first, chunk, 1, k);
            else if (j == 2)
              step(values, first, chunk, 2, k);
            else if (j == 4)
              step(values, first, chunk, 4, k);
            else if (j == 8)
              step(values, first, chunk, 8, k);
            else if (j < chunk)
              step(values, first, chunk, j, k);
            else {
              // Half of a chunk against its partners, so that the threads share the large strides as well.
              int pair = first / 2, i = 2 * pair - (pair & (j - 1));
              bool down = i & k;
              float *a = values + i, *b = a + j;
#pragma omp simd
              for (int l = 0; l < chunk / 2; l++) {
                float low = std::min(a[l], b[l]), high = std::max(a[l], b[l]);
                a[l] = down ? high : low;
                b[l] = down ? low : high;
              }
            }
          }
    }
  });
  return bench::report(seconds, n * 1e-6, "Melement", bench::checksum(data));
}
