// What the programs for matrix instructions share: small integers as elements, so that every sum is exact in every type and all types have
// one result.
#pragma once

#include "../bench.h"

namespace tensor {

constexpr int kSize = 1024;        // of the square matrices of gemm_*
constexpr int kTile = 32;          // of what a warp of mma_* computes
constexpr int kDepth = 32;         // ... again and again
constexpr int kRounds = 2048;
constexpr int kWarps = 64;

/// From -4 to 4.
constexpr int element(int seed, int row, int column) {
  return static_cast<int>(bench::scramble(static_cast<uint32_t>(row * 4096 + column) + static_cast<uint32_t>(seed) * 2654435761u) % 9) - 4;
}

template <class T>
bench::Values<T> elements(int seed, int rows, int columns) {
  bench::Values<T> values(static_cast<size_t>(rows) * columns);
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      values[static_cast<size_t>(i) * columns + j] = static_cast<T>(static_cast<float>(element(seed, i, j)));
  return values;
}

}  // namespace tensor
