// Compiled with -default-stream per-thread: the threads' null streams do not wait for each other.

#include <cuda_runtime.h>

#include <atomic>
#include <thread>

#include "check.h"

__global__ void add(int* value, int addend) { *value += addend; }

static void wait(void* flag) {
  while (!static_cast<std::atomic<bool>*>(flag)->load()) std::this_thread::yield();
}

int main() {
  std::atomic<bool> go{false};
  int* value = nullptr;
  OK(cudaMalloc(&value, sizeof(int)));
  OK(cudaMemset(value, 0, sizeof(int)));
  OK(cudaDeviceSynchronize());
  OK(cudaLaunchHostFunc(nullptr, wait, &go));
  EXPECT_ERROR(cudaStreamQuery(nullptr), cudaErrorNotReady);
  (void)cudaGetLastError();
  std::thread([&] {
    int found = -1, addend = 2;
    add<<<1, 1>>>(value, 3);
    void* arguments[] = {&value, &addend};
    OK(cudaLaunchKernel(reinterpret_cast<const void*>(&add), dim3(1), dim3(1), arguments, 0, nullptr));
    OK(cudaMemcpyAsync(&found, value, sizeof found, cudaMemcpyDeviceToHost, nullptr));
    OK(cudaStreamSynchronize(nullptr));  // of this thread's stream only: the other one stands still
    CHECK(found == 5);
  }).join();
  go = true;
  OK(cudaStreamSynchronize(nullptr));
  OK(cudaStreamQuery(nullptr));
  OK(cudaFree(value));
  return result();
}
