// Graphs with the runtime API: captured and made by hand, updated, with nodes that decide.

#include <cuda_runtime.h>

#include <vector>

#include "check.h"

__device__ int constant_of_step = 3;

__global__ void step(int* values, int count, int factor) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) values[i] = values[i] * factor + constant_of_step;
}

__global__ void count_down(int* counter, cudaGraphConditionalHandle handle) { cudaGraphSetConditional(handle, --*counter > 0); }

__global__ void add(int* value, int addend) { *value += addend; }

constexpr int kCount = 1 << 14;

static bool all_are(const std::vector<int>& values, int expected) {
  for (const int value : values)
    if (value != expected) return false;
  return true;
}

static void capture_and_launch(cudaStream_t stream) {
  std::vector<int> host(kCount, 1), result(kCount);
  int* device = nullptr;
  OK(cudaMalloc(&device, kCount * sizeof(int)));
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  OK(cudaMemcpyAsync(device, host.data(), kCount * sizeof(int), cudaMemcpyHostToDevice, stream));
  for (int i = 0; i < 5; ++i) step<<<8, 128, 0, stream>>>(device, kCount, 2);
  OK(cudaMemcpyAsync(result.data(), device, kCount * sizeof(int), cudaMemcpyDeviceToHost, stream));
  OK(cudaStreamEndCapture(stream, &graph));
  CHECK(all_are(result, 0));
  OK(cudaGraphInstantiate(&exec, graph));
  for (int launch = 0; launch < 3; ++launch) OK(cudaGraphLaunch(exec, stream));
  OK(cudaStreamSynchronize(stream));
  CHECK(all_are(result, 32 + 3 * 31));

  // A captured kernel node is the stub's, and takes new parameters.
  size_t count = 0;
  OK(cudaGraphGetNodes(graph, nullptr, &count));
  CHECK(count == 7);
  std::vector<cudaGraphNode_t> nodes(count);
  OK(cudaGraphGetNodes(graph, nodes.data(), &count));
  cudaKernelNodeParams params = {};
  OK(cudaGraphKernelNodeGetParams(nodes[5], &params));
  CHECK(params.func == reinterpret_cast<void*>(step));
  CHECK(params.gridDim.x == 8 && params.blockDim.x == 128);
  int factor = 0, number = kCount;
  void* arguments[] = {&device, &number, &factor};
  params.kernelParams = arguments;
  OK(cudaGraphExecKernelNodeSetParams(exec, nodes[5], &params));
  OK(cudaGraphLaunch(exec, stream));
  OK(cudaStreamSynchronize(stream));
  CHECK(all_are(result, 3));

  // The whole graph captured anew.
  cudaGraph_t again = nullptr;
  OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  OK(cudaMemcpyAsync(device, host.data(), kCount * sizeof(int), cudaMemcpyHostToDevice, stream));
  for (int i = 0; i < 5; ++i) step<<<4, 64, 0, stream>>>(device, kCount, 1);
  OK(cudaMemcpyAsync(result.data(), device, kCount * sizeof(int), cudaMemcpyDeviceToHost, stream));
  OK(cudaStreamEndCapture(stream, &again));
  cudaGraphExecUpdateResultInfo info = {};
  OK(cudaGraphExecUpdate(exec, again, &info));
  CHECK(info.result == cudaGraphExecUpdateSuccess);
  OK(cudaGraphLaunch(exec, stream));
  OK(cudaStreamSynchronize(stream));
  CHECK(all_are(result, 16));
  OK(cudaGraphExecDestroy(exec));
  OK(cudaGraphDestroy(again));
  OK(cudaGraphDestroy(graph));
  OK(cudaFree(device));
}

static void variables_and_memory(cudaStream_t stream) {
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  cudaGraphNode_t to_symbol, allocation, clear, kernel, copy, freed;
  int five = 5, result = 0;
  OK(cudaGraphCreate(&graph, 0));
  OK(cudaGraphAddMemcpyNodeToSymbol(&to_symbol, graph, nullptr, 0, constant_of_step, &five, sizeof five, 0, cudaMemcpyHostToDevice));
  cudaMemAllocNodeParams alloc = {};
  alloc.bytesize = 256;
  alloc.poolProps.allocType = cudaMemAllocationTypePinned;
  alloc.poolProps.location = {cudaMemLocationTypeDevice, 0};
  OK(cudaGraphAddMemAllocNode(&allocation, graph, nullptr, 0, &alloc));
  cudaMemsetParams set = {};
  set.dst = alloc.dptr;
  set.elementSize = 4;
  set.value = 7;
  set.width = 64;
  set.height = 1;
  OK(cudaGraphAddMemsetNode(&clear, graph, &allocation, 1, &set));
  cudaKernelNodeParams params = {};
  int count = 64, factor = 10;
  void* arguments[] = {&alloc.dptr, &count, &factor};
  params.func = reinterpret_cast<void*>(step);
  params.gridDim = 1;
  params.blockDim = 64;
  params.kernelParams = arguments;
  const cudaGraphNode_t both[] = {to_symbol, clear};
  OK(cudaGraphAddKernelNode(&kernel, graph, both, 2, &params));
  OK(cudaGraphAddMemcpyNode1D(&copy, graph, &kernel, 1, &result, static_cast<int*>(alloc.dptr) + 63, sizeof result, cudaMemcpyDeviceToHost));
  OK(cudaGraphAddMemFreeNode(&freed, graph, &copy, 1, alloc.dptr));
  OK(cudaGraphInstantiate(&exec, graph));
  OK(cudaGraphLaunch(exec, stream));
  OK(cudaStreamSynchronize(stream));
  CHECK(result == 75);
  int three = 3;
  OK(cudaMemcpyToSymbol(constant_of_step, &three, sizeof three));
  OK(cudaGraphExecDestroy(exec));
  OK(cudaGraphDestroy(graph));
}

static void loops(cudaStream_t stream) {
  int *counter = nullptr, *sum = nullptr;
  OK(cudaMallocManaged(&counter, sizeof *counter));
  OK(cudaMallocManaged(&sum, sizeof *sum));
  *counter = 6;
  *sum = 0;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  OK(cudaGraphCreate(&graph, 0));
  cudaGraphConditionalHandle handle;
  OK(cudaGraphConditionalHandleCreate(&handle, graph, 1, cudaGraphCondAssignDefault));
  cudaGraphNodeParams params = {};
  params.type = cudaGraphNodeTypeConditional;
  params.conditional.handle = handle;
  params.conditional.type = cudaGraphCondTypeWhile;
  params.conditional.size = 1;
  cudaGraphNode_t node;
  OK(cudaGraphAddNode(&node, graph, nullptr, nullptr, 0, &params));
  cudaGraph_t body = params.conditional.phGraph_out[0];
  OK(cudaStreamBeginCaptureToGraph(stream, body, nullptr, nullptr, 0, cudaStreamCaptureModeRelaxed));
  add<<<1, 1, 0, stream>>>(sum, 7);
  count_down<<<1, 1, 0, stream>>>(counter, handle);
  OK(cudaStreamEndCapture(stream, nullptr));
  OK(cudaGraphInstantiate(&exec, graph));
  OK(cudaGraphLaunch(exec, stream));
  OK(cudaStreamSynchronize(stream));
  CHECK(*sum == 42);
  CHECK(*counter == 0);
  *counter = 2;
  OK(cudaGraphLaunch(exec, stream));
  OK(cudaStreamSynchronize(stream));
  CHECK(*sum == 56);
  OK(cudaGraphExecDestroy(exec));
  OK(cudaGraphDestroy(graph));
  OK(cudaFree(counter));
  OK(cudaFree(sum));
}

int main() {
  cudaStream_t stream = nullptr;
  OK(cudaStreamCreate(&stream));
  capture_and_launch(stream);
  variables_and_memory(stream);
  loops(stream);
  // A call that is unsafe while the stream is captured ends the capture without a graph, and the error does not stay.
  cudaGraph_t none = nullptr;
  void* memory = nullptr;
  OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  EXPECT_ERROR(cudaMalloc(&memory, 16), cudaErrorStreamCaptureUnsupported);
  EXPECT_ERROR(cudaStreamEndCapture(stream, &none), cudaErrorStreamCaptureInvalidated);
  CHECK(none == nullptr);
  EXPECT_ERROR(cudaGetLastError(), cudaErrorStreamCaptureInvalidated);
  EXPECT_ERROR(cudaGetLastError(), cudaSuccess);
  OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  EXPECT_ERROR(cudaDeviceSynchronize(), cudaErrorStreamCaptureUnsupported);
  EXPECT_ERROR(cudaStreamEndCapture(stream, &none), cudaErrorStreamCaptureInvalidated);
  OK(cudaStreamDestroy(stream));
  return result();
}
