// A block a row.
#include "../device.h"

constexpr int n = 4096, block = 256;

__global__ void softmax(const float* in, float* out) {
  __shared__ float partial[block];
  const float* row = in + size_t(blockIdx.x) * n;
  float* to = out + size_t(blockIdx.x) * n;
  int t = threadIdx.x;

  float most = row[t];
  for (int i = t + block; i < n; i += block) most = fmaxf(most, row[i]);
  partial[t] = most;
  __syncthreads();
  for (int half = block / 2; half > 0; half /= 2) {
    if (t < half) partial[t] = fmaxf(partial[t], partial[t + half]);
    __syncthreads();
  }
  most = partial[0];
  __syncthreads();

  float sum = 0;
  for (int i = t; i < n; i += block) {
    float value = expf(row[i] - most);
    to[i] = value;
    sum += value;
  }
  partial[t] = sum;
  __syncthreads();
  for (int half = block / 2; half > 0; half /= 2) {
    if (t < half) partial[t] += partial[t + half];
    __syncthreads();
  }
  float scale = 1 / partial[0];
  for (int i = t; i < n; i += block) to[i] *= scale;
}

int main() {
  bench::Array<float> in(bench::numbers(size_t(n) * n, -4, 4)), out(size_t(n) * n);
  double seconds = bench::median(7, [&] {
    softmax<<<n, block>>>(in, out);
    bench::finish();
  });
  return bench::report(seconds, 2.0 * sizeof(float) * n * n * 1e-9, "GB", bench::checksum(out.host()));
}
