// Tiles of results stay in registers; the parts of a and b that they need are packed, so that the innermost loop reads memory in order.
#include "../bench.h"

#ifdef __AVX512F__
constexpr int width = 16, rows = 8;
#else
constexpr int width = 8, rows = 4;
#endif
constexpr int n = 1024, columns = 2 * width, depth = 256, band = 64;
using Vector = float __attribute__((vector_size(width * sizeof(float)), aligned(4)));

inline Vector& at(float* values) { return *reinterpret_cast<Vector*>(values); }

/// c[rows][columns] += left[depth][rows] * right[depth][columns]
inline void multiply(float* left, float* right, float* c) {
  Vector sum[rows][2];
  for (int y = 0; y < rows; y++) sum[y][0] = at(c + y * n), sum[y][1] = at(c + y * n + width);
  for (int k = 0; k < depth; k++) {
    Vector first = at(right + k * columns), second = at(right + k * columns + width);
    for (int y = 0; y < rows; y++) {
      sum[y][0] += left[k * rows + y] * first;
      sum[y][1] += left[k * rows + y] * second;
    }
  }
  for (int y = 0; y < rows; y++) at(c + y * n) = sum[y][0], at(c + y * n + width) = sum[y][1];
}

int main() {
  auto a = bench::numbers(n * n, -1, 1, 1), b = bench::numbers(n * n, -1, 1, 2), c = a;
  bench::Values<float> panels(depth * n);
  double seconds = bench::median(7, [&] {
#pragma omp parallel
    {
      float packed[band * depth];
#pragma omp for
      for (int i = 0; i < n * n; i++) c[i] = 0;
      for (int kk = 0; kk < n; kk += depth) {
#pragma omp for
        for (int xx = 0; xx < n; xx += columns)
          for (int k = 0; k < depth; k++)
            for (int x = 0; x < columns; x++) panels[xx * depth + k * columns + x] = b[(kk + k) * n + xx + x];
#pragma omp for
        for (int yy = 0; yy < n; yy += band) {
          for (int y = 0; y < band; y++)
            for (int k = 0; k < depth; k++) packed[(y / rows * depth + k) * rows + y % rows] = a[(yy + y) * n + kk + k];
          for (int xx = 0; xx < n; xx += columns)
            for (int y = 0; y < band; y += rows) multiply(&packed[y * depth], &panels[xx * depth], &c[(yy + y) * n + xx]);
        }
      }
    }
  });
  return bench::report(seconds, 2.0 * n * n * n * 1e-9, "GFLOP", bench::checksum(c));
}
