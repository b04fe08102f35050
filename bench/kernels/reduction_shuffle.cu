// A thread adds up a share of the elements with the grid's stride, a warp its threads' sums by shuffles.
#include "../device.h"

constexpr int n = 1 << 26;

__global__ void add_up(const float* values, float* out) {
  __shared__ float of_warp[8];
  float sum = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) sum += values[i];
  for (int d = 16; d > 0; d /= 2) sum += __shfl_down_sync(0xffffffff, sum, d);
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x >= 32) return;
  sum = threadIdx.x < 8 ? of_warp[threadIdx.x] : 0;
  for (int d = 4; d > 0; d /= 2) sum += __shfl_down_sync(0xffffffff, sum, d);
  if (threadIdx.x == 0) atomicAdd(out, sum);
}

int main() {
  bench::Array<float> values(bench::ones(n)), out(1);
  double seconds = bench::median(9, [&] {
    bench::check(cudaMemsetAsync(out, 0, sizeof(float)));
    add_up<<<128, 256>>>(values, out);
    bench::finish();
  });
  return bench::report(seconds, double(sizeof(float)) * n * 1e-9, "GB", out.host()[0]);
}
