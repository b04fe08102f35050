// Launches in every form, and what host code may ask about its kernels.

#include <cuda_runtime.h>

#include <vector>

#include "check.h"

struct Big {
  int values[100];
};

__global__ void add(int* out, int value, int count) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) out[i] += value;
}

__global__ void take_big(Big big, int* sum) {
  int total = 0;
  for (int value : big.values) total += value;
  *sum = total;
}

__global__ void dynamic_shared(int* out) {
  extern __shared__ int cells[];
  cells[threadIdx.x] = threadIdx.x;
  __syncthreads();
  out[threadIdx.x] = cells[blockDim.x - 1 - threadIdx.x];
}

template <class T>
__global__ void scale(T* out, T factor) {
  out[threadIdx.x] *= factor;
}

__global__ void __launch_bounds__(64) bounded(int* out) { *out = 1; }

__global__ void empty() {}

static int* zeros(int count) {
  int* pointer = nullptr;
  OK(cudaMalloc(&pointer, count * sizeof(int)));
  OK(cudaMemset(pointer, 0, count * sizeof(int)));
  return pointer;
}

static std::vector<int> read(const int* device, int count) {
  std::vector<int> host(count);
  OK(cudaMemcpy(host.data(), device, count * sizeof(int), cudaMemcpyDeviceToHost));
  return host;
}

static void launch_forms() {
  int* out = zeros(1000);
  add<<<8, 128>>>(out, 1, 1000);
  cudaStream_t stream;
  OK(cudaStreamCreate(&stream));
  add<<<dim3(8), dim3(128), 0, stream>>>(out, 10, 1000);
  int value = 100, count = 1000;
  void* arguments[] = {&out, &value, &count};
  OK(cudaLaunchKernel(reinterpret_cast<const void*>(&add), dim3(8), dim3(128), arguments, 0, stream));
  cudaLaunchConfig_t config = {};
  config.gridDim = 8;
  config.blockDim = 128;
  config.stream = stream;
  OK(cudaLaunchKernelEx(&config, add, out, 1000, 1000));
  OK(cudaLaunchCooperativeKernel(reinterpret_cast<const void*>(&add), dim3(8), dim3(128), arguments, 0, stream));
  OK(cudaStreamSynchronize(stream));
  CHECK(read(out, 1000) == std::vector<int>(1000, 1211));
  OK(cudaStreamDestroy(stream));
  OK(cudaFree(out));
}

static void parameters_and_shared_memory() {
  int* out = zeros(64);
  Big big;
  for (int i = 0; i < 100; ++i) big.values[i] = i;
  take_big<<<1, 1>>>(big, out);
  CHECK(read(out, 1)[0] == 4950);
  dynamic_shared<<<1, 64, 64 * sizeof(int)>>>(out);
  const std::vector<int> reversed = read(out, 64);
  for (int i = 0; i < 64; ++i) CHECK(reversed[i] == 63 - i);
  scale<<<1, 64>>>(out, 2);
  CHECK(read(out, 64)[0] == 126);
  OK(cudaFree(out));
}

static void errors() {
  int* out = zeros(1);
  add<<<0, 128>>>(out, 1, 1);
  EXPECT_ERROR(cudaGetLastError(), cudaErrorInvalidConfiguration);
  add<<<1, 2048>>>(out, 1, 1);
  EXPECT_ERROR(cudaPeekAtLastError(), cudaErrorInvalidConfiguration);
  EXPECT_ERROR(cudaGetLastError(), cudaErrorInvalidConfiguration);
  EXPECT_ERROR(cudaGetLastError(), cudaSuccess);
  bounded<<<1, 128>>>(out);
  CHECK(cudaGetLastError() != cudaSuccess);
  OK(cudaDeviceSynchronize());
  CHECK(read(out, 1)[0] == 0);
  OK(cudaFree(out));
}

static void questions() {
  cudaFuncAttributes attributes;
  OK(cudaFuncGetAttributes(&attributes, bounded));
  CHECK(attributes.maxThreadsPerBlock == 64);
  OK(cudaFuncGetAttributes(&attributes, dynamic_shared));
  CHECK(attributes.sharedSizeBytes == 0);
  OK(cudaFuncSetAttribute(dynamic_shared, cudaFuncAttributeMaxDynamicSharedMemorySize, 48 << 10));
  int grid = 0, block = 0, blocks = 0;
  OK(cudaOccupancyMaxPotentialBlockSize(&grid, &block, empty, 0, 0));
  CHECK(grid > 0);
  CHECK(block >= 32);
  CHECK(block <= 1024);
  OK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, add, 128, 0));
  CHECK(blocks > 0);
  const char* name = nullptr;
  OK(cudaFuncGetName(&name, reinterpret_cast<const void*>(&empty)));
  CHECK(name && name[0] == '_');
  cudaFunction_t function = nullptr;
  OK(cudaGetFuncBySymbol(&function, reinterpret_cast<const void*>(&empty)));
  CHECK(function != nullptr);
}

int main() {
  launch_forms();
  parameters_and_shared_memory();
  errors();
  questions();
  return result();
}
