// What launches keep: the process's resident memory, before and after a million launches, with as many workers as ANYWARP_WORKERS says.
#include "device.h"

/// Has shared memory and barriers, and a walk over the grid: every kind of state that a worker keeps.
__global__ void sum_up(const float* values, float* out, int n) {
  __shared__ float sums[128];
  float sum = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) sum += values[i];
  sums[threadIdx.x] = sum;
  for (int half = blockDim.x / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
  }
  if (threadIdx.x == 0) atomicAdd(out, sums[0]);
}

__global__ void add_one(float* values) { values[threadIdx.x] += 1; }

int main() {
  constexpr int n = 1 << 20, blocks = 1024, million = 1'000'000;
  bench::Array<float> values(n), out(1);
  bench::check(cudaMemset(values, 0, n * sizeof(float)));
  auto round = [&] {
    sum_up<<<blocks, 128>>>(values, out, n);
    add_one<<<1, 32>>>(out);
    bench::finish();
  };
  for (int i = 0; i < 200; i++) round();
  double before = bench::resident_kilobytes();
  printf("resident_after_first_launches %.0f KB\n", before);
  for (const char* which : {"a", "another"}) {
    for (int i = 0; i < million; i++) {
      add_one<<<1, 32>>>(values);
      if (i % 1000 == 0) round();
    }
    bench::finish();
    const double now = bench::resident_kilobytes();
    printf("growth_over_%s_million_launches %.0f KB\n", which, now - before);
    before = now;
  }
}
