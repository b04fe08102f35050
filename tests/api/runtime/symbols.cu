// Variables of device code, by the host's name for them.

#include <cuda_runtime.h>

#include "check.h"

__device__ int counter;
__device__ float initialised[4] = {1, 2, 3, 4};
__constant__ int table[8];
static __device__ long long hidden = 5;

namespace deep {
__device__ int inside = 3;
}

__global__ void work() {
  atomicAdd(&counter, table[threadIdx.x & 7]);
  if (threadIdx.x < 4) initialised[threadIdx.x] *= 2;
  if (threadIdx.x == 0) {
    hidden += 1;
    deep::inside += 1;
  }
}

int main() {
  const int host_table[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  OK(cudaMemcpyToSymbol(table, host_table, sizeof host_table));
  int part[2] = {10, 20};
  OK(cudaMemcpyToSymbol(table, part, sizeof part, 4));
  work<<<1, 64>>>();
  int count = 0;
  OK(cudaMemcpyFromSymbol(&count, counter, sizeof count));
  CHECK(count == 8 * (1 + 10 + 20 + 4 + 5 + 6 + 7 + 8));
  float values[4];
  OK(cudaMemcpyFromSymbol(values, initialised, sizeof values));
  for (int i = 0; i < 4; ++i) CHECK(values[i] == 2.0f * (i + 1));
  long long number = 0;
  OK(cudaMemcpyFromSymbol(&number, hidden, sizeof number));
  CHECK(number == 6);
  int deep_number = 0;
  OK(cudaMemcpyFromSymbol(&deep_number, deep::inside, sizeof deep_number));
  CHECK(deep_number == 4);

  void* address = nullptr;
  size_t size = 0;
  OK(cudaGetSymbolAddress(&address, initialised));
  OK(cudaGetSymbolSize(&size, initialised));
  CHECK(size == 16);
  OK(cudaMemset(address, 0, size));
  cudaStream_t stream;
  OK(cudaStreamCreate(&stream));
  OK(cudaMemcpyFromSymbolAsync(values, initialised, 8, 8, cudaMemcpyDeviceToHost, stream));
  OK(cudaStreamSynchronize(stream));
  CHECK(values[0] == 0 && values[1] == 0);
  OK(cudaStreamDestroy(stream));

  EXPECT_ERROR(cudaMemcpyToSymbol(table, host_table, sizeof host_table, 4), cudaErrorInvalidValue);
  EXPECT_ERROR(cudaMemcpyToSymbol(table, host_table, 4, 0, cudaMemcpyDeviceToHost), cudaErrorInvalidMemcpyDirection);
  int no_symbol = 0;
  EXPECT_ERROR(cudaMemcpyToSymbol(no_symbol, host_table, 4), cudaErrorInvalidSymbol);
  return result();
}
