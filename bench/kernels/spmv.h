#pragma once

#include "../bench.h"

constexpr int rows = 1 << 20;

/// A sparse matrix by compressed rows of 5 to 30 entries, anywhere in the row.
struct Matrix {
  bench::Values<int> starts{bench::Values<int>(rows + 1)}, columns;
  bench::Values<float> values;

  Matrix() {
    starts[0] = 0;
    for (int row = 0; row < rows; row++) starts[row + 1] = starts[row] + 5 + int(bench::scramble(row) % 26);
    columns.resize(starts[rows]);
    for (int i = 0; i < starts[rows]; i++) columns[i] = int(bench::scramble(i + 77) % rows);
    values = bench::numbers(starts[rows], -1, 1);
  }
};
