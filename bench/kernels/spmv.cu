#include "../device.h"
#include "spmv.h"

__global__ void multiply(const int* starts, const int* columns, const float* values, const float* x, float* y) {
  int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= rows) return;
  float sum = 0;
  for (int i = starts[row]; i < starts[row + 1]; i++) sum += values[i] * x[columns[i]];
  y[row] = sum;
}

int main() {
  Matrix matrix;
  bench::Array<int> starts(matrix.starts), columns(matrix.columns);
  bench::Array<float> values(matrix.values), x(bench::numbers(rows, -1, 1, 2)), y(rows);
  double seconds = bench::median(7, [&] {
    multiply<<<(rows + 255) / 256, 256>>>(starts, columns, values, x, y);
    bench::finish();
  });
  return bench::report(seconds, 2e-9 * double(matrix.columns.size()), "GFLOP", bench::checksum(y.host()));
}
