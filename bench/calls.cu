// What calls cost that programs make all the time. Prints `name value unit` lines; run.py runs it as our toolkit builds it and, where
// NVIDIA's nvcc is installed, as that builds it, with NVIDIA's own static runtime on our driver.
//
//   calls [START]   START is what CLOCK_MONOTONIC said, in nanoseconds, before the program was started
#include "device.h"

#include <time.h>

__global__ void empty() {}

/// The median over 21 rounds of the time of one call, in seconds.
template <class Call>
double cost(int calls, Call call) {
  for (int i = 0; i < calls / 10 + 1; i++) call();
  return bench::median(21,
                       [&] {
                         for (int i = 0; i < calls; i++) call();
                       }) /
         calls;
}

int main(int argc, char** argv) {
  bench::check(cudaFree(nullptr));
  if (argc > 1) {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("program_start %.1f ms\n", (double(now.tv_sec) * 1e9 + double(now.tv_nsec) - atof(argv[1])) / 1e6);
  }
  int device = 0;
  cudaStream_t stream;
  cudaEvent_t event;
  bench::check(cudaStreamCreate(&stream));
  bench::check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  empty<<<1, 32>>>();
  bench::finish();
  printf("get_last_error %.1f ns\n", cost(100000, [] { (void)cudaGetLastError(); }) * 1e9);
  printf("get_device %.1f ns\n", cost(100000, [&] { cudaGetDevice(&device); }) * 1e9);
  printf("set_device %.1f ns\n", cost(100000, [&] { cudaSetDevice(0); }) * 1e9);
  printf("stream_query %.1f ns\n", cost(100000, [&] { cudaStreamQuery(stream); }) * 1e9);
  printf("event_record %.1f ns\n", cost(10000, [&] { cudaEventRecord(event, stream); }) * 1e9);
  printf("malloc_free %.3f us\n", cost(1000, [] {
                                    void* memory = nullptr;
                                    cudaMalloc(&memory, 1 << 20);
                                    cudaFree(memory);
                                  }) * 1e6);
  printf("malloc_free_async %.3f us\n", cost(1000, [&] {
                                          void* memory = nullptr;
                                          cudaMallocAsync(&memory, 1 << 20, stream);
                                          cudaFreeAsync(memory, stream);
                                        }) * 1e6);
  printf("queued_launch %.3f us\n", cost(2000, [] { empty<<<1, 32>>>(); }) * 1e6);
  bench::finish();
  printf("launch_and_synchronize %.3f us\n", cost(500, [] {
                                               empty<<<1, 32>>>();
                                               cudaDeviceSynchronize();
                                             }) * 1e6);
  constexpr int kNodes = 1000;
  cudaGraph_t graph;
  cudaGraphExec_t launchable;
  bench::check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  for (int i = 0; i < kNodes; i++) empty<<<1, 32, 0, stream>>>();
  bench::check(cudaStreamEndCapture(stream, &graph));
  bench::check(cudaGraphInstantiate(&launchable, graph, 0));
  printf("graph_of_1000_kernels %.3f us/node\n", cost(10,
                                                      [&] {
                                                        cudaGraphLaunch(launchable, stream);
                                                        cudaStreamSynchronize(stream);
                                                      }) /
                                                     kNodes * 1e6);
  bench::Array<int> number(1);
  int value = 0;
  printf("copy_of_4_bytes %.3f us\n", cost(2000, [&] { cudaMemcpy(&value, number, 4, cudaMemcpyDeviceToHost); }) * 1e6);
}
