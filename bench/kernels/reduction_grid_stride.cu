// A thread adds up a share of the elements with the grid's stride, a block its threads' sums by halving in shared memory.
#include "../device.h"

constexpr int n = 1 << 26, block = 256;

__global__ void add_up(const float* values, float* out) {
  __shared__ float sums[block];
  int t = threadIdx.x;
  float sum = 0;
  for (int i = blockIdx.x * blockDim.x + t; i < n; i += gridDim.x * blockDim.x) sum += values[i];
  sums[t] = sum;
  __syncthreads();
  for (int half = blockDim.x / 2; half > 0; half /= 2) {
    if (t < half) sums[t] += sums[t + half];
    __syncthreads();
  }
  if (t == 0) atomicAdd(out, sums[0]);
}

int main() {
  bench::Array<float> values(bench::ones(n)), out(1);
  double seconds = bench::median(9, [&] {
    bench::check(cudaMemsetAsync(out, 0, sizeof(float)));
    add_up<<<256, block>>>(values, out);
    bench::finish();
  });
  return bench::report(seconds, double(sizeof(float)) * n * 1e-9, "GB", out.host()[0]);
}
