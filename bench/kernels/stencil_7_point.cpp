#include "../bench.h"

#include <utility>

constexpr int n = 256, steps = 4;

int main() {
  auto a = bench::numbers(size_t(n) * n * n, 0, 1), b = a;
  double seconds = bench::median(5, [&] {
    float *from = a.data(), *to = b.data();
    for (int i = 0; i < steps; i++, std::swap(from, to)) {
#pragma omp parallel for collapse(2)
      for (int z = 1; z < n - 1; z++)
        for (int y = 1; y < n - 1; y++)
#pragma omp simd
          for (int x = 1; x < n - 1; x++) {
            int at = (z * n + y) * n + x;
            to[at] =
                0.4f * from[at] + 0.1f * (from[at - 1] + from[at + 1] + from[at - n] + from[at + n] + from[at - n * n] + from[at + n * n]);
          }
    }
  });
  return bench::report(seconds, 2.0 * sizeof(float) * n * n * n * steps * 1e-9, "GB", bench::checksum(a));
}
