// __managed__ variables: host and device see the same bytes, from before main() on.

#include <cuda_runtime.h>

#include "check.h"

__managed__ int number = 5;
__device__ __managed__ float values[4] = {1, 2};
static __managed__ int hidden;

__global__ void work() {
  number += 10;
  values[2] = values[0] + values[1];
  hidden = number;
}

int main() {
  CHECK(number == 5);
  CHECK(values[1] == 2);
  number = 6;
  work<<<1, 1>>>();
  OK(cudaDeviceSynchronize());
  CHECK(number == 16);
  CHECK(values[2] == 3);
  CHECK(hidden == 16);
  void* address = nullptr;
  OK(cudaGetSymbolAddress(&address, number));
  CHECK(address == &number);
  cudaPointerAttributes attributes;
  OK(cudaPointerGetAttributes(&attributes, &number));
  CHECK(attributes.type == cudaMemoryTypeManaged);
  const int fresh = 40;
  OK(cudaMemcpyToSymbol(number, &fresh, sizeof fresh));
  CHECK(number == 40);
  return result();
}
