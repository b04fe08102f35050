// Steps within 1024 elements run in shared memory, the others are launches.
#include "../device.h"

constexpr int n = 1 << 22, span = 1024;

__device__ void order(float& a, float& b, bool up) {
  if ((a > b) != up) return;
  float other = a;
  a = b;
  b = other;
}

/// All steps of the sizes `first` to `last`, from a stride within the block on.
__global__ void steps_of_block(const float* in, float* out, int first, int last) {
  __shared__ float part[span];
  int t = threadIdx.x, at = blockIdx.x * span;
  part[t] = in[at + t];
  part[t + span / 2] = in[at + t + span / 2];
  for (int k = first; k <= last; k *= 2)
    for (int j = k < span ? k / 2 : span / 2; j > 0; j /= 2) {
      __syncthreads();
      int i = 2 * t - (t & (j - 1));
      order(part[i], part[i + j], ((at + i) & k) == 0);
    }
  __syncthreads();
  out[at + t] = part[t];
  out[at + t + span / 2] = part[t + span / 2];
}

__global__ void step(float* data, int j, int k) {
  int t = blockIdx.x * blockDim.x + threadIdx.x, i = 2 * t - (t & (j - 1));
  order(data[i], data[i + j], (i & k) == 0);
}

int main() {
  bench::Array<float> in(bench::numbers(n, 0, 1)), data(n);
  double seconds = bench::median(5, [&] {
    steps_of_block<<<n / span, span / 2>>>(in, data, 2, span);
    for (int k = 2 * span; k <= n; k *= 2) {
      for (int j = k / 2; j >= span; j /= 2) step<<<n / 512, 256>>>(data, j, k);
      steps_of_block<<<n / span, span / 2>>>(data, data, k, k);
    }
    bench::finish();
  });
  return bench::report(seconds, n * 1e-6, "Melement", bench::checksum(data.host()));
}
