// Long random sequences of calls on graphs, executable graphs and captures, with handles that are live, stale or null. Whatever the
// calls answer, nothing crashes or hangs, and the driver works as before afterwards. Meant for the sanitizers above all.
#include "driver_fixture.h"

#include <random>
#include <vector>

namespace anywarp::test {
namespace {

class DriverGraphRandom : public DriverTest, public testing::WithParamInterface<unsigned> {
 protected:
  template <class T>
  T any(const std::vector<T>& list) {
    if (list.empty() || below(40) == 0) return nullptr;
    // The latest ones are more often alive.
    const size_t recent = std::min<size_t>(list.size(), 12);
    return below(6) == 0 ? list[below(list.size())] : list[list.size() - 1 - below(recent)];
  }
  size_t below(size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(random_); }

  void add_node() {
    CUgraph graph = any(graphs_);
    std::vector<CUgraphNode> after;
    for (size_t i = below(3); i > 0; --i) after.push_back(any(nodes_));
    // Mostly dependencies that exist in the graph.
    if (below(3) != 0 && graph) {
      size_t count = 2;
      after.assign(2, nullptr);
      if (cuGraphGetNodes(graph, after.data(), &count) != CUDA_SUCCESS) count = 0;
      after.resize(count);
    }
    CUgraphNode node = nullptr;
    const CUgraphNode* list = after.data();
    const size_t count = after.size();
    switch (below(12)) {
      case 0:
      case 1:
      case 2: {
        CUdeviceptr p = memory_;
        uint32_t n = 16, value = 1;
        void* arguments[] = {&p, &n, &value};
        CUDA_KERNEL_NODE_PARAMS params{};
        params.func = add_;
        params.gridDimX = params.gridDimY = params.gridDimZ = params.blockDimY = params.blockDimZ = 1;
        params.blockDimX = unsigned(below(40));
        params.kernelParams = arguments;
        (void)cuGraphAddKernelNode(&node, graph, list, count, &params);
        break;
      }
      case 3: {
        CUDA_MEMSET_NODE_PARAMS params{memory_, 0, 3, 4, below(20), 1};
        (void)cuGraphAddMemsetNode(&node, graph, list, count, &params, context_);
        break;
      }
      case 4: {
        CUDA_MEMCPY3D params{};
        params.srcMemoryType = params.dstMemoryType = CU_MEMORYTYPE_DEVICE;
        params.srcDevice = memory_;
        params.dstDevice = memory_ + 256;
        params.WidthInBytes = below(200);
        params.Height = params.Depth = 1;
        (void)cuGraphAddMemcpyNode(&node, graph, list, count, &params, context_);
        break;
      }
      case 5: {
        CUDA_HOST_NODE_PARAMS params{[](void*) {}, nullptr};
        (void)cuGraphAddHostNode(&node, graph, list, count, &params);
        break;
      }
      case 6: (void)cuGraphAddChildGraphNode(&node, graph, list, count, any(graphs_)); break;
      case 7: (void)cuGraphAddEventRecordNode(&node, graph, list, count, any(events_)); break;
      case 8: (void)cuGraphAddEventWaitNode(&node, graph, list, count, any(events_)); break;
      case 9: {
        CUDA_MEM_ALLOC_NODE_PARAMS params{};
        params.poolProps.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
        params.poolProps.location = {CU_MEM_LOCATION_TYPE_DEVICE, device_};
        params.bytesize = 4096;
        if (cuGraphAddMemAllocNode(&node, graph, list, count, &params) == CUDA_SUCCESS) temporary_ = params.dptr;
        break;
      }
      case 10: (void)cuGraphAddMemFreeNode(&node, graph, list, count, temporary_); break;
      default: {
        CUgraphConditionalHandle handle = 0;
        if (cuGraphConditionalHandleCreate(&handle, graph, context_, unsigned(below(3)), CU_GRAPH_COND_ASSIGN_DEFAULT) != CUDA_SUCCESS)
          return;
        CUgraphNodeParams params{};
        params.type = CU_GRAPH_NODE_TYPE_CONDITIONAL;
        params.conditional.handle = handle;
        params.conditional.type = below(2) ? CU_GRAPH_COND_TYPE_IF : CU_GRAPH_COND_TYPE_SWITCH;
        params.conditional.size = unsigned(below(3));
        params.conditional.ctx = context_;
        if (cuGraphAddNode(&node, graph, list, nullptr, count, &params) == CUDA_SUCCESS)
          graphs_.push_back(params.conditional.phGraph_out[0]);
      }
    }
    if (node) nodes_.push_back(node);
  }

  void change_structure() {
    const CUgraphNode a = any(nodes_), b = any(nodes_);
    CUgraph made = nullptr;
    switch (below(7)) {
      case 0: (void)cuGraphAddDependencies(any(graphs_), &a, &b, nullptr, 1); break;
      case 1: (void)cuGraphRemoveDependencies(any(graphs_), &a, &b, nullptr, 1); break;
      case 2: (void)cuGraphDestroyNode(a); break;
      case 3: (void)cuGraphClone(&made, any(graphs_)); break;
      case 4: (void)cuGraphDestroy(any(graphs_)); break;
      case 5: (void)cuGraphChildGraphNodeGetGraph(a, &made); break;
      default: (void)cuGraphCreate(&made, 0);
    }
    if (made) graphs_.push_back(made);
  }

  void use_exec() {
    CUgraphExec exec = any(execs_);
    switch (below(8)) {
      case 0:
      case 1:
        exec = nullptr;
        if (cuGraphInstantiate(&exec, any(graphs_), below(2)) == CUDA_SUCCESS) execs_.push_back(exec);
        break;
      case 2:
      case 3: (void)cuGraphLaunch(exec, any(streams_)); break;
      case 4: {
        CUgraphExecUpdateResultInfo info{};
        (void)cuGraphExecUpdate(exec, any(graphs_), &info);
        break;
      }
      case 5: (void)cuGraphNodeSetEnabled(exec, any(nodes_), unsigned(below(2))); break;
      case 6: (void)cuGraphExecEventRecordNodeSetEvent(exec, any(nodes_), any(events_)); break;
      default: (void)cuGraphExecDestroy(exec);
    }
  }

  void capture() {
    CUstream stream = any(streams_);
    CUgraph made = nullptr;
    CUgraphNode node = any(nodes_);
    switch (below(10)) {
      case 0:
      case 1: (void)cuStreamBeginCapture(stream, CUstreamCaptureMode(below(3))); break;
      case 2: (void)cuStreamEndCapture(stream, &made); break;
      case 3: (void)cuEventRecord(any(events_), stream); break;
      case 4: (void)cuStreamWaitEvent(stream, any(events_), 0); break;
      case 5: (void)launch("nothing", stream); break;
      case 6: (void)cuMemsetD32Async(memory_, 1, 4, stream); break;
      case 7: (void)cuMemAllocAsync(&temporary_, 4096, stream); break;
      case 8: (void)cuMemFreeAsync(temporary_, stream); break;
      default: (void)cuStreamBeginCaptureToGraph(stream, any(graphs_), &node, nullptr, below(2), CU_STREAM_CAPTURE_MODE_RELAXED);
    }
    if (made) graphs_.push_back(made);
    if (below(30) == 0) {
      (void)cuStreamDestroy(any(streams_));
      if (cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING) == CUDA_SUCCESS) streams_.push_back(stream);
    }
  }

  std::mt19937 random_{GetParam()};
  std::vector<CUgraph> graphs_;
  std::vector<CUgraphNode> nodes_;
  std::vector<CUgraphExec> execs_;
  std::vector<CUstream> streams_;
  std::vector<CUevent> events_;
  CUdeviceptr memory_ = 0, temporary_ = 0;
  CUfunction add_ = nullptr;
};

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define AW_THREAD_SANITIZER
#endif
#endif

TEST_P(DriverGraphRandom, NothingCrashes) {
#ifdef AW_THREAD_SANITIZER
  GTEST_SKIP() << "what the streams are given writes to the same memory at once";
#endif
  memory_ = allocate(4096);
  add_ = function("add");
  (void)function("nothing");
  for (int i = 0; i < 4; ++i) {
    streams_.emplace_back();
    ASSERT_OK(cuStreamCreate(&streams_.back(), CU_STREAM_NON_BLOCKING));
    events_.emplace_back();
    ASSERT_OK(cuEventCreate(&events_.back(), 0));
  }
  for (int i = 0; i < 12000; ++i) switch (below(8)) {
      case 0:
      case 1:
      case 2: add_node(); break;
      case 3: change_structure(); break;
      case 4:
      case 5: use_exec(); break;
      default: capture();
    }
  for (CUstream stream : streams_)
    if (CUgraph made = nullptr; cuStreamEndCapture(stream, &made) == CUDA_SUCCESS) graphs_.push_back(made);
  EXPECT_OK(cuCtxSynchronize());
  for (CUgraphExec exec : execs_) (void)cuGraphExecDestroy(exec);
  for (CUgraph graph : graphs_) (void)cuGraphDestroy(graph);
  EXPECT_OK(launch("nothing", nullptr));
  EXPECT_OK(cuCtxSynchronize());
}

INSTANTIATE_TEST_SUITE_P(Seeds, DriverGraphRandom, testing::Range(1u, 9u));

}  // namespace
}  // namespace anywarp::test
