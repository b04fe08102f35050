#include "../device.h"

constexpr int n = 1 << 26;

__global__ void histogram(const unsigned* data, unsigned* counts) {
  __shared__ unsigned mine[256];
  for (int i = threadIdx.x; i < 256; i += blockDim.x) mine[i] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n / 4; i += gridDim.x * blockDim.x) {
    unsigned word = data[i];
    for (int shift = 0; shift < 32; shift += 8) atomicAdd(&mine[word >> shift & 255], 1u);
  }
  __syncthreads();
  for (int i = threadIdx.x; i < 256; i += blockDim.x) atomicAdd(&counts[i], mine[i]);
}

int main() {
  bench::Values<unsigned> words(n / 4);
  for (int i = 0; i < n / 4; i++) words[i] = bench::scramble(i);
  bench::Array<unsigned> data(words), counts(256);
  double seconds = bench::median(7, [&] {
    bench::check(cudaMemsetAsync(counts, 0, 1024));
    histogram<<<64, 256>>>(data, counts);
    bench::finish();
  });
  return bench::report(seconds, n * 1e-9, "GB", bench::checksum(counts.host()));
}
