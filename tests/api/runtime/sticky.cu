// An illegal access ends the context, not the process; a reset brings the device back.

#include <cuda_runtime.h>

#include "check.h"

__global__ void write(int* address) { *address = 1; }

int main() {
  int* good = nullptr;
  OK(cudaMalloc(&good, sizeof(int)));
  write<<<1, 1>>>(reinterpret_cast<int*>(8));
  EXPECT_ERROR(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
  EXPECT_ERROR(cudaGetLastError(), cudaErrorIllegalAddress);
  void* pointer = nullptr;
  EXPECT_ERROR(cudaMalloc(&pointer, 4), cudaErrorIllegalAddress);
  EXPECT_ERROR(cudaGetLastError(), cudaErrorIllegalAddress);
  OK(cudaDeviceReset());
  EXPECT_ERROR(cudaGetLastError(), cudaSuccess);
  OK(cudaMalloc(&good, sizeof(int)));
  write<<<1, 1>>>(good);
  OK(cudaDeviceSynchronize());
  int value = 0;
  OK(cudaMemcpy(&value, good, sizeof value, cudaMemcpyDeviceToHost));
  CHECK(value == 1);
  OK(cudaFree(good));
  return result();
}
