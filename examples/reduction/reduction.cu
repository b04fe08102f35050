// The sum and the largest of many values. Each thread adds up values that lie a grid apart, the 32 threads of a warp add up by
// shuffles, without shared memory, and the warps of a block meet in shared memory. A second, small launch adds up the blocks.
#include "../example.h"

#include <algorithm>
#include <cfloat>
#include <random>

struct Result {
  double sum;
  float largest;
};

__device__ inline Result combine(Result a, Result b) { return {a.sum + b.sum, fmaxf(a.largest, b.largest)}; }

__device__ Result across_warp(Result mine) {
  for (int distance = 16; distance > 0; distance /= 2) {
    Result other;
    other.sum = __shfl_down_sync(0xffffffff, mine.sum, distance);
    other.largest = __shfl_down_sync(0xffffffff, mine.largest, distance);
    mine = combine(mine, other);
  }
  return mine;
}

__device__ Result across_block(Result mine) {
  __shared__ Result of_warp[32];
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  mine = across_warp(mine);
  if (lane == 0) of_warp[warp] = mine;
  __syncthreads();
  if (warp != 0) return mine;
  int warps = blockDim.x / 32;
  return across_warp(lane < warps ? of_warp[lane] : Result{0, -FLT_MAX});
}

__global__ void reduce_values(const float* values, size_t n, Result* of_block) {
  Result mine = {0, -FLT_MAX};
  size_t stride = size_t(gridDim.x) * blockDim.x;
  for (size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += stride) mine = combine(mine, {values[i], values[i]});
  mine = across_block(mine);
  if (threadIdx.x == 0) of_block[blockIdx.x] = mine;
}

__global__ void reduce_blocks(const Result* of_block, int blocks, Result* out) {
  Result mine = {0, -FLT_MAX};
  for (int i = threadIdx.x; i < blocks; i += blockDim.x) mine = combine(mine, of_block[i]);
  mine = across_block(mine);
  if (threadIdx.x == 0) *out = mine;
}

int main(int argc, char** argv) {
  example::Options options("Adds up many values and finds the largest, by warp shuffles.", argc, argv);
  size_t n = options.number("n", 1 << 24, "how many values");
  int repeats = options.number("repeats", 10, "reductions that are timed", 1, 10000);
  options.finish();
  const int blocks = 128, threads = 256;

  std::vector<float> values(n);
  std::mt19937 random(1);
  for (float& value : values) value = float(random() % 2001) / 1000 - 1;
  values[n / 3] = 17;
  float* memory;
  Result *of_block, *out, found;
  CHECK(cudaMalloc(&memory, n * sizeof(float)));
  CHECK(cudaMalloc(&of_block, blocks * sizeof(Result)));
  CHECK(cudaMalloc(&out, sizeof(Result)));
  CHECK(cudaMemcpy(memory, values.data(), n * sizeof(float), cudaMemcpyHostToDevice));
  double best = 1e30;
  for (int i = 0; i <= repeats; i++) {
    example::Clock clock;
    reduce_values<<<blocks, threads>>>(memory, n, of_block);
    reduce_blocks<<<1, threads>>>(of_block, blocks, out);
    CHECK(cudaDeviceSynchronize());
    if (i > 0) best = std::min(best, clock.seconds());  // the first launch compiles
  }
  CHECK(cudaMemcpy(&found, out, sizeof found, cudaMemcpyDeviceToHost));
  for (void* used : {(void*)memory, (void*)of_block, (void*)out}) CHECK(cudaFree(used));
  printf("%zu values in %.2f ms: %.1f GB/s\n", n, best * 1e3, double(n) * sizeof(float) / best * 1e-9);

  // The values are multiples of a float near 0.001: doubles add them up with an error far below the tolerance.
  double sum = 0;
  for (float value : values) sum += value;
  printf("sum %.6f (on the host %.6f), largest %g\n", found.sum, sum, found.largest);
  return example::verdict(found.sum - sum < 1e-6 && sum - found.sum < 1e-6 && found.largest == 17, "reduction");
}
