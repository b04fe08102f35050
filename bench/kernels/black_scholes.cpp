#include "black_scholes.h"
#include "../bench.h"

int main() {
  auto spot = bench::numbers(n, 5, 30, 1), strike = bench::numbers(n, 1, 100, 2), years = bench::numbers(n, 0.25, 10, 3);
  bench::Values<float> out(n);
  double seconds = bench::median(9, [&] {
#pragma omp parallel for simd
    for (int i = 0; i < n; i++) out[i] = price(spot[i], strike[i], years[i]);
  });
  return bench::report(seconds, n * 1e-6, "Moption", bench::checksum(out));
}
