#include "../device.h"

constexpr int n = 8192, tile = 32, rows = 8;

__global__ void transpose(const float* in, float* out) {
  __shared__ float block[tile][tile + 1];
  int x = blockIdx.x * tile + threadIdx.x, y = blockIdx.y * tile + threadIdx.y;
  for (int j = 0; j < tile; j += rows) block[threadIdx.y + j][threadIdx.x] = in[(y + j) * n + x];
  __syncthreads();
  x = blockIdx.y * tile + threadIdx.x;
  y = blockIdx.x * tile + threadIdx.y;
  for (int j = 0; j < tile; j += rows) out[(y + j) * n + x] = block[threadIdx.x][threadIdx.y + j];
}

int main() {
  bench::Array<float> in(bench::numbers(size_t(n) * n, 0, 1)), out(size_t(n) * n);
  double seconds = bench::median(5, [&] {
    transpose<<<dim3(n / tile, n / tile), dim3(tile, rows)>>>(in, out);
    bench::finish();
  });
  return bench::report(seconds, 2.0 * sizeof(float) * n * n * 1e-9, "GB", bench::checksum(out.host()));
}
