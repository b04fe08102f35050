// Matrix instructions on fragments that never leave the registers: each warp multiplies 32 x 32 by 32 x 32 elements again and again.
#pragma once

#include "../device.h"
#include "tensor.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace tensor {

/// mma.sync of a type: m x 8 x k, and who holds what.
template <class T>
struct Instruction;

template <class T>
struct Of16 {
  using Word = uint32_t;
  using Sum = float;
  static constexpr int m = 16, k = 16, of_a = 4, of_b = 2;
  static __device__ Word pack(const T* at, int step) {
    return static_cast<uint32_t>(reinterpret_cast<const uint16_t*>(at)[0]) |
           static_cast<uint32_t>(reinterpret_cast<const uint16_t*>(at)[step]) << 16;
  }
  // Register r of A has row g + 8 * (r % 2) and columns 2 * t + 8 * (r / 2) and the next.
  static __device__ Word load_a(const T* a, int stride, int g, int t, int r) {
    return pack(a + (g + 8 * (r % 2)) * stride + 2 * t + 8 * (r / 2), 1);
  }
  static __device__ Word load_b(const T* b, int stride, int g, int t, int r) { return pack(b + (2 * t + 8 * r) * stride + g, stride); }
};

template <>
struct Instruction<__half> : Of16<__half> {
  static __device__ void multiply(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
};

template <>
struct Instruction<__nv_bfloat16> : Of16<__nv_bfloat16> {
  static __device__ void multiply(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
};

template <>
struct Instruction<float> {
  using Word = uint32_t;
  using Sum = float;
  static constexpr int m = 16, k = 8, of_a = 4, of_b = 2;
  static __device__ Word load_a(const float* a, int stride, int g, int t, int r) {
    return __float_as_uint(a[(g + 8 * (r % 2)) * stride + t + 4 * (r / 2)]);
  }
  static __device__ Word load_b(const float* b, int stride, int g, int t, int r) { return __float_as_uint(b[(t + 4 * r) * stride + g]); }
  static __device__ void multiply(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
};

template <>
struct Instruction<int8_t> {
  using Word = uint32_t;
  using Sum = int;
  static constexpr int m = 16, k = 32, of_a = 4, of_b = 2;
  static __device__ Word pack(const int8_t* at, int step) {
    Word word = 0;
    for (int i = 0; i < 4; i++) word |= static_cast<uint32_t>(static_cast<uint8_t>(at[i * step])) << 8 * i;
    return word;
  }
  static __device__ Word load_a(const int8_t* a, int stride, int g, int t, int r) {
    return pack(a + (g + 8 * (r % 2)) * stride + 4 * t + 16 * (r / 2), 1);
  }
  static __device__ Word load_b(const int8_t* b, int stride, int g, int t, int r) {
    return pack(b + (4 * t + 16 * r) * stride + g, stride);
  }
  static __device__ void multiply(int (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
};

template <>
struct Instruction<double> {
  using Word = double;
  using Sum = double;
  static constexpr int m = 8, k = 4, of_a = 1, of_b = 1;
  static __device__ Word load_a(const double* a, int stride, int g, int t, int) { return a[g * stride + t]; }
  static __device__ Word load_b(const double* b, int stride, int g, int t, int) { return b[t * stride + g]; }
  static __device__ void multiply(double (&c)[2], const double (&a)[1], const double (&b)[1]) {
    asm volatile("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0,%1}, {%2}, {%3}, {%0,%1};"
                 : "+d"(c[0]), "+d"(c[1])
                 : "d"(a[0]), "d"(b[0]));
  }
};

template <class T>
__global__ void multiply_tiles(const T* a, const T* b, float* c) {
  using I = Instruction<T>;
  constexpr int rows = kTile / I::m, columns = kTile / 8, depths = kDepth / I::k, sums = I::m / 4;
  const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4, warp = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
  typename I::Word of_a[depths][rows][I::of_a], of_b[depths][columns][I::of_b];
  typename I::Sum of_c[rows][columns][sums] = {};
#pragma unroll
  for (int k = 0; k < depths; k++) {
#pragma unroll
    for (int i = 0; i < rows; i++)
#pragma unroll
      for (int r = 0; r < I::of_a; r++) of_a[k][i][r] = I::load_a(a + i * I::m * kDepth + k * I::k, kDepth, g, t, r);
#pragma unroll
    for (int j = 0; j < columns; j++)
#pragma unroll
      for (int r = 0; r < I::of_b; r++) of_b[k][j][r] = I::load_b(b + k * I::k * kTile + j * 8, kTile, g, t, r);
  }
  for (int round = 0; round < kRounds; round++)
#pragma unroll
    for (int k = 0; k < depths; k++)
#pragma unroll
      for (int i = 0; i < rows; i++)
#pragma unroll
        for (int j = 0; j < columns; j++) I::multiply(of_c[i][j], of_a[k][i], of_b[k][j]);
#pragma unroll
  for (int i = 0; i < rows; i++)
#pragma unroll
    for (int j = 0; j < columns; j++)
#pragma unroll
      for (int r = 0; r < sums; r++)
        c[(warp * kTile + i * I::m + g + 8 * (r / 2)) * kTile + j * 8 + 2 * t + r % 2] = static_cast<float>(of_c[i][j][r]);
}

template <class T>
int run_tiles() {
  bench::Array<T> a(elements<T>(1, kTile, kDepth)), b(elements<T>(2, kDepth, kTile));
  bench::Array<float> c(static_cast<size_t>(kWarps) * kTile * kTile);
  const double seconds = bench::median(5, [&] {
    multiply_tiles<T><<<kWarps / 4, 128>>>(a, b, c);
    bench::finish();
  });
  return bench::report(seconds, 2.0 * kTile * kTile * kDepth * kRounds * kWarps * 1e-9, "GFLOP", bench::checksum(c.host()));
}

}  // namespace tensor
