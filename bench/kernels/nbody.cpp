#include "../bench.h"

#include <cmath>

constexpr int n = 16384;

int main() {
  auto values = bench::numbers(4 * n, -1, 1);
  bench::Values<float> px(n), py(n), pz(n), fx(n), fy(n), fz(n);
  for (int i = 0; i < n; i++) px[i] = values[4 * i], py[i] = values[4 * i + 1], pz[i] = values[4 * i + 2];
  double seconds = bench::median(5, [&] {
#pragma omp parallel for
    for (int i = 0; i < n; i++) {
      float x = 0, y = 0, z = 0;
#pragma omp simd reduction(+ : x, y, z)
      for (int j = 0; j < n; j++) {
        float dx = px[j] - px[i], dy = py[j] - py[i], dz = pz[j] - pz[i];
        float inverse = 1 / std::sqrt(dx * dx + dy * dy + dz * dz + 0.01f);
        float strength = 1.0f / n * inverse * inverse * inverse;
        x += dx * strength;
        y += dy * strength;
        z += dz * strength;
      }
      fx[i] = x, fy[i] = y, fz[i] = z;
    }
  });
  double sum = 0;
  for (int i = 0; i < n; i++) sum += std::abs(fx[i]) + std::abs(fy[i]) + std::abs(fz[i]);
  return bench::report(seconds, double(n) * n * 1e-9, "Gpair", sum);
}
