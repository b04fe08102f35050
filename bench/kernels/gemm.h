// Matrix products through shared memory with matrix instructions, as the textbooks have them: a block of 8 warps computes 128 x 128
// (binary64: 64 x 64) elements of C, and goes through A and B in slabs, which all its threads fetch together.
#pragma once

#include "mma.h"

#include <mma.h>

namespace tensor {

constexpr int kThreads = 256;

/// A slab of `rows` by `columns` from a matrix of kSize columns, whose rows are padded against bank conflicts.
template <class T, int rows, int columns, int pitch>
__device__ void fetch(T* to, const T* from) {
  constexpr int each = 16 / sizeof(T), in_row = columns / each;
#pragma unroll
  for (int i = threadIdx.x; i < rows * in_row; i += kThreads) {
    const int row = i / in_row, column = i % in_row * each;
    *reinterpret_cast<uint4*>(to + row * pitch + column) = *reinterpret_cast<const uint4*>(from + row * kSize + column);
  }
}

/// nvcuda::wmma. A and B are stored by rows.
template <class T, class Sum, int m, int n, int k, int block, int slab, class Element = T>
__global__ void __launch_bounds__(kThreads) multiply_wmma(const T* a, const T* b, Sum* c) {
  using namespace nvcuda;
  constexpr int pad = 16 / sizeof(T), pitch_a = slab + pad, pitch_b = block + pad, rows = block / 2 / m, columns = block / 4 / n;
  __shared__ alignas(128) T of_a[block * pitch_a];
  __shared__ alignas(128) T of_b[slab * pitch_b];
  const int warp = threadIdx.x / 32, row = warp / 4 * (block / 2), column = warp % 4 * (block / 4);
  const int first_row = blockIdx.y * block, first_column = blockIdx.x * block;
  wmma::fragment<wmma::accumulator, m, n, k, Sum> sums[rows][columns];
#pragma unroll
  for (int i = 0; i < rows; i++)
#pragma unroll
    for (int j = 0; j < columns; j++) wmma::fill_fragment(sums[i][j], static_cast<Sum>(0));
  for (int at = 0; at < kSize; at += slab) {
    fetch<T, block, slab, pitch_a>(of_a, a + first_row * kSize + at);
    fetch<T, slab, block, pitch_b>(of_b, b + at * kSize + first_column);
    __syncthreads();
#pragma unroll
    for (int depth = 0; depth < slab; depth += k) {
      wmma::fragment<wmma::matrix_a, m, n, k, Element, wmma::row_major> x[rows];
      wmma::fragment<wmma::matrix_b, m, n, k, Element, wmma::row_major> y[columns];
#pragma unroll
      for (int i = 0; i < rows; i++) wmma::load_matrix_sync(x[i], of_a + (row + i * m) * pitch_a + depth, pitch_a);
#pragma unroll
      for (int j = 0; j < columns; j++) wmma::load_matrix_sync(y[j], of_b + depth * pitch_b + column + j * n, pitch_b);
#pragma unroll
      for (int i = 0; i < rows; i++)
#pragma unroll
        for (int j = 0; j < columns; j++) wmma::mma_sync(sums[i][j], x[i], y[j], sums[i][j]);
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < rows; i++)
#pragma unroll
    for (int j = 0; j < columns; j++)
      wmma::store_matrix_sync(c + (first_row + row + i * m) * kSize + first_column + column + j * n, sums[i][j], kSize,
                              wmma::mem_row_major);
}

__device__ inline uint32_t shared_address(const void* pointer) { return static_cast<uint32_t>(__cvta_generic_to_shared(pointer)); }

/// mma.sync and ldmatrix. B is stored by columns for bytes, else by rows, and then ldmatrix transposes.
template <class T, bool b_by_columns>
__global__ void __launch_bounds__(kThreads) multiply_mma(const T* a, const T* b, float* c) {
  using I = Instruction<T>;
  constexpr int block = 128, slab = 128 / sizeof(T), pad = 16 / sizeof(T), each = 16 / sizeof(T);
  constexpr int pitch_a = slab + pad, pitch_b = (b_by_columns ? slab : block) + pad, rows = 4, columns = 4;
  __shared__ alignas(128) T of_a[block * pitch_a];
  __shared__ alignas(128) T of_b[(b_by_columns ? block : slab) * pitch_b];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, row = warp / 4 * 64, column = warp % 4 * 32;
  const int first_row = blockIdx.y * block, first_column = blockIdx.x * block;
  typename I::Sum sums[rows][columns][4] = {};
  for (int at = 0; at < kSize; at += slab) {
    fetch<T, block, slab, pitch_a>(of_a, a + first_row * kSize + at);
    if constexpr (b_by_columns)
      fetch<T, block, slab, pitch_b>(of_b, b + first_column * kSize + at);
    else
      fetch<T, slab, block, pitch_b>(of_b, b + at * kSize + first_column);
    __syncthreads();
#pragma unroll
    for (int depth = 0; depth < slab; depth += I::k) {
      uint32_t x[rows][4], y[columns][2];
#pragma unroll
      for (int i = 0; i < rows; i++)
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                     : "=r"(x[i][0]), "=r"(x[i][1]), "=r"(x[i][2]), "=r"(x[i][3])
                     : "r"(shared_address(of_a + (row + i * 16 + lane % 16) * pitch_a + depth + lane / 16 * each)));
#pragma unroll
      for (int j = 0; j < columns; j += 2) {
        if constexpr (b_by_columns)
          asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                       : "=r"(y[j][0]), "=r"(y[j][1]), "=r"(y[j + 1][0]), "=r"(y[j + 1][1])
                       : "r"(shared_address(of_b + (column + j * 8 + lane % 8 + lane / 16 * 8) * pitch_b + depth + lane / 8 % 2 * each)));
        else
          asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                       : "=r"(y[j][0]), "=r"(y[j][1]), "=r"(y[j + 1][0]), "=r"(y[j + 1][1])
                       : "r"(shared_address(of_b + (depth + lane % 16) * pitch_b + column + j * 8 + lane / 16 * 8)));
      }
#pragma unroll
      for (int i = 0; i < rows; i++)
#pragma unroll
        for (int j = 0; j < columns; j++) I::multiply(sums[i][j], x[i], y[j]);
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < rows; i++)
#pragma unroll
    for (int j = 0; j < columns; j++)
#pragma unroll
      for (int half = 0; half < 2; half++) {
        const float2 pair = {static_cast<float>(sums[i][j][2 * half]), static_cast<float>(sums[i][j][2 * half + 1])};
        *reinterpret_cast<float2*>(c + (first_row + row + i * 16 + lane / 4 + 8 * half) * kSize + first_column + column + j * 8 +
                                   lane % 4 * 2) = pair;
      }
}

template <class T, class Sum>
int run_product(void (*kernel)(const T*, const T*, Sum*), int block, bool b_by_columns = false) {
  auto of_b = elements<T>(2, kSize, kSize);
  if (b_by_columns)
    for (int i = 0; i < kSize; i++)
      for (int j = 0; j < kSize; j++) of_b[static_cast<size_t>(j) * kSize + i] = static_cast<T>(static_cast<float>(element(2, i, j)));
  bench::Array<T> a(elements<T>(1, kSize, kSize)), b(of_b);
  bench::Array<Sum> c(static_cast<size_t>(kSize) * kSize);
  const dim3 grid(kSize / block, kSize / block);
  const double seconds = bench::median(9, [&] {
    kernel<<<grid, kThreads>>>(a, b, c);
    bench::finish();
  });
  return bench::report(seconds, 2.0 * kSize * kSize * kSize * 1e-9, "GFLOP", bench::checksum(c.host()));
}

}  // namespace tensor
