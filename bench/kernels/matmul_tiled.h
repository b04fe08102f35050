// The programming guide's tiled matrix product, one result a thread.
#include "../device.h"

constexpr int n = 1024;

template <int tile>
__global__ void matmul(const float* a, const float* b, float* c) {
  __shared__ float as[tile][tile], bs[tile][tile];
  int x = blockIdx.x * tile + threadIdx.x, y = blockIdx.y * tile + threadIdx.y;
  float sum = 0;
  for (int k = 0; k < n; k += tile) {
    as[threadIdx.y][threadIdx.x] = a[y * n + k + threadIdx.x];
    bs[threadIdx.y][threadIdx.x] = b[(k + threadIdx.y) * n + x];
    __syncthreads();
    for (int i = 0; i < tile; i++) sum += as[threadIdx.y][i] * bs[i][threadIdx.x];
    __syncthreads();
  }
  c[y * n + x] = sum;
}

template <int tile>
int measure() {
  bench::Array<float> a(bench::numbers(n * n, -1, 1, 1)), b(bench::numbers(n * n, -1, 1, 2)), c(n * n);
  double seconds = bench::median(7, [&] {
    matmul<tile><<<dim3(n / tile, n / tile), dim3(tile, tile)>>>(a, b, c);
    bench::finish();
  });
  return bench::report(seconds, 2.0 * n * n * n * 1e-9, "GFLOP", bench::checksum(c.host()));
}
