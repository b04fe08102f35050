// What a launch costs. Prints `name value unit` lines; run.py runs it with an empty cache of compiled kernels and again with a
// full one.
#include "device.h"

#include <cstring>

constexpr int queued = 10000, blocks = 1000000;

__global__ void empty() {}

/// A store a block: what is left is the block itself.
__global__ void small_blocks(int* out) {
  if (threadIdx.x == 0) out[blockIdx.x] = blockIdx.x;
}

// A macro, so that the kernel is as long as if it was written out.
#define TERM(i)                                   \
  a = a * 1.0001f + b * (float)(i);               \
  b = fmaf(a, 0.5f, b) - c;                       \
  if (b > 100.0f) b -= 100.0f * (float)((i) + 1); \
  c = sqrtf(fabsf(b)) + (float)((i) % 3) * a;     \
  tile[(threadIdx.x + (i)) & 127] += c;           \
  __syncthreads()

/// About a hundred statements with branches, shared memory and barriers.
__global__ void hundred_lines(float* data, int n) {
  __shared__ float tile[128];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  float a = i < n ? data[i] : 0, b = a + 1, c = a - 1;
  tile[threadIdx.x & 127] = a;
  __syncthreads();
  TERM(1);
  TERM(2);
  TERM(3);
  TERM(4);
  TERM(5);
  TERM(6);
  TERM(7);
  TERM(8);
  TERM(9);
  TERM(10);
  TERM(11);
  TERM(12);
  TERM(13);
  TERM(14);
  TERM(15);
  TERM(16);
  if (i < n) data[i] = a + b + c + tile[threadIdx.x & 127];
}

template <class Work>
double microseconds(Work work) {
  auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

int main() {
  double before = bench::resident_kilobytes() / 1024;
  double init = microseconds([] { bench::check(cudaFree(nullptr)); });
  printf("context %.1f us\n", init);
  printf("resident_before_main %.1f MB\n", before);
  printf("resident_before_allocation %.1f MB\n", bench::resident_kilobytes() / 1024);
  bench::Array<float> data(128 * 1024);
  bench::finish();
  printf("first_launch %.1f us\n", microseconds([&] {
           hundred_lines<<<1024, 128>>>(data, 128 * 1024);
           bench::finish();
         }));
  printf("second_launch %.1f us\n", microseconds([&] {
           hundred_lines<<<1024, 128>>>(data, 128 * 1024);
           bench::finish();
         }));
  auto one = [] {
    empty<<<1, 32>>>();
    bench::finish();
  };
  for (int i = 0; i < 1000; i++) one();
  printf("launch_and_synchronize %.2f us\n", bench::median(2001, one) * 1e6);
  printf("queued_launch %.2f us\n", bench::median(5,
                                                  [] {
                                                    for (int i = 0; i < queued; i++) empty<<<1, 32>>>();
                                                    bench::finish();
                                                  }) *
                                        1e6 / queued);
  bench::Array<int> out(blocks);
  printf("block_of_32_threads %.3f ns\n", bench::median(9,
                                                        [&] {
                                                          small_blocks<<<blocks, 32>>>(out);
                                                          bench::finish();
                                                        }) *
                                              1e9 / blocks);
  printf("resident_after_compiling %.1f MB\n", bench::resident_kilobytes() / 1024);
}
