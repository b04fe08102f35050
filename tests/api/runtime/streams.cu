// Kernels in streams: order, events between streams, copies that overlap them, callbacks behind them.

#include <cuda_runtime.h>

#include <vector>

#include "check.h"

__global__ void step(int* values, int count, int factor, int addend) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) values[i] = values[i] * factor + addend;
}

static void note(void* data) { *static_cast<int*>(data) = 1; }

int main() {
  constexpr int kCount = 1 << 16, kStreams = 4;
  std::vector<int> host(kCount * kStreams);
  for (size_t i = 0; i < host.size(); ++i) host[i] = static_cast<int>(i);
  int* device = nullptr;
  OK(cudaMalloc(&device, host.size() * sizeof(int)));
  cudaStream_t streams[kStreams];
  int noted[kStreams] = {};
  for (int s = 0; s < kStreams; ++s) {
    OK(cudaStreamCreateWithFlags(&streams[s], s % 2 ? cudaStreamNonBlocking : cudaStreamDefault));
    int* part = device + s * kCount;
    OK(cudaMemcpyAsync(part, host.data() + s * kCount, kCount * sizeof(int), cudaMemcpyHostToDevice, streams[s]));
    for (int round = 0; round < 10; ++round) step<<<32, 128, 0, streams[s]>>>(part, kCount, 3, round);
    OK(cudaMemcpyAsync(host.data() + s * kCount, part, kCount * sizeof(int), cudaMemcpyDeviceToHost, streams[s]));
    OK(cudaLaunchHostFunc(streams[s], note, &noted[s]));
  }
  OK(cudaDeviceSynchronize());
  for (size_t i = 0; i < host.size(); ++i) {
    int expected = static_cast<int>(i);
    for (int round = 0; round < 10; ++round) expected = static_cast<int>(static_cast<unsigned>(expected) * 3u + static_cast<unsigned>(round));
    if (host[i] != expected) {
      CHECK(host[i] == expected);
      break;
    }
  }
  for (int s = 0; s < kStreams; ++s) CHECK(noted[s] == 1);

  // One stream produces, another consumes; an event stands between them.
  cudaEvent_t ready, begin, end;
  OK(cudaEventCreateWithFlags(&ready, cudaEventDisableTiming));
  OK(cudaEventCreate(&begin));
  OK(cudaEventCreate(&end));
  OK(cudaMemset(device, 0, kCount * sizeof(int)));
  OK(cudaDeviceSynchronize());
  OK(cudaEventRecord(begin, streams[1]));
  for (int round = 0; round < 50; ++round) {
    step<<<32, 128, 0, streams[1]>>>(device, kCount, 1, 1);
    OK(cudaEventRecord(ready, streams[1]));
    OK(cudaStreamWaitEvent(streams[3], ready));
    step<<<32, 128, 0, streams[3]>>>(device, kCount, 2, 0);
    OK(cudaEventRecord(ready, streams[3]));
    OK(cudaStreamWaitEvent(streams[1], ready));
  }
  OK(cudaEventRecord(end, streams[1]));
  OK(cudaEventSynchronize(end));
  float ms = -1;
  OK(cudaEventElapsedTime(&ms, begin, end));
  CHECK(ms > 0);
  unsigned expected = 0;
  for (int round = 0; round < 50; ++round) expected = (expected + 1) * 2;
  int found = 0;
  OK(cudaMemcpy(&found, device + 77, sizeof found, cudaMemcpyDeviceToHost));
  CHECK(static_cast<unsigned>(found) == expected);
  for (cudaStream_t stream : streams) OK(cudaStreamDestroy(stream));
  OK(cudaEventDestroy(ready));
  OK(cudaEventDestroy(begin));
  OK(cudaEventDestroy(end));
  OK(cudaFree(device));
  return result();
}
