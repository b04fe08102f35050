// A block adds up one element a thread by halving in shared memory; the same kernel then adds up the blocks' sums.
#include "../device.h"

#include <utility>

constexpr int n = 1 << 26, block = 256;

__global__ void add_up(const float* in, float* out, int count) {
  __shared__ float sums[block];
  int t = threadIdx.x, i = blockIdx.x * blockDim.x + threadIdx.x;
  sums[t] = i < count ? in[i] : 0;
  __syncthreads();
  for (int half = blockDim.x / 2; half > 0; half /= 2) {
    if (t < half) sums[t] += sums[t + half];
    __syncthreads();
  }
  if (t == 0) out[blockIdx.x] = sums[0];
}

int main() {
  bench::Array<float> values(bench::ones(n)), a(n / block), b(n / block);
  float sum = 0;
  double seconds = bench::median(9, [&] {
    const float* from = values;
    float *to = a, *next = b;
    for (int count = n; count > 1; count = (count + block - 1) / block) {
      add_up<<<(count + block - 1) / block, block>>>(from, to, count);
      from = to;
      std::swap(to, next);
    }
    bench::check(cudaMemcpy(&sum, from, sizeof sum, cudaMemcpyDeviceToHost));
  });
  return bench::report(seconds, double(sizeof(float)) * n * 1e-9, "GB", sum);
}
