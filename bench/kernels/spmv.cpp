#include "spmv.h"

int main() {
  Matrix matrix;
  auto x = bench::numbers(rows, -1, 1, 2);
  bench::Values<float> y(rows);
  double seconds = bench::median(7, [&] {
#pragma omp parallel for
    for (int row = 0; row < rows; row++) {
      float sum = 0;
      for (int i = matrix.starts[row]; i < matrix.starts[row + 1]; i++) sum += matrix.values[i] * x[matrix.columns[i]];
      y[row] = sum;
    }
  });
  return bench::report(seconds, 2e-9 * double(matrix.columns.size()), "GFLOP", bench::checksum(y));
}
