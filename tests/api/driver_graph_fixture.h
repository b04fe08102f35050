// What the tests of graphs and of stream capture share: kernels that append digits to a word, so that the word tells what ran, and in
// which order.
#pragma once

#include "driver_fixture.h"

#include <vector>

namespace anywarp::test {

/// append(u32* p, u32 digit): *p = *p * 10 + digit
/// set_condition(u64 handle, u32 value), and count_down(u64 handle, u32* p): --*p, and the condition is *p != 0
inline const char* const kGraphKernels = R"(
.version 8.0
.target sm_80
.address_size 64
.extern .func cudaGraphSetConditional (.param .b64 handle, .param .b32 value);

.visible .entry append(.param .u64 p, .param .u32 digit) {
  .reg .b32 %r<4>; .reg .b64 %rd<2>;
  ld.param.u64 %rd1, [p]; ld.param.u32 %r1, [digit];
  ld.global.u32 %r2, [%rd1];
  mad.lo.u32 %r3, %r2, 10, %r1;
  st.global.u32 [%rd1], %r3;
  ret;
}

.visible .entry set_condition(.param .u64 handle, .param .u32 value) {
  .reg .b32 %r<2>; .reg .b64 %rd<2>;
  ld.param.u64 %rd1, [handle]; ld.param.u32 %r1, [value];
  {
    .param .b64 p0; .param .b32 p1;
    st.param.b64 [p0], %rd1;
    st.param.b32 [p1], %r1;
    call.uni cudaGraphSetConditional, (p0, p1);
  }
  ret;
}

.visible .entry count_down(.param .u64 handle, .param .u64 p) {
  .reg .pred %p<2>; .reg .b32 %r<4>; .reg .b64 %rd<3>;
  ld.param.u64 %rd1, [handle]; ld.param.u64 %rd2, [p];
  ld.global.u32 %r1, [%rd2];
  sub.u32 %r2, %r1, 1;
  st.global.u32 [%rd2], %r2;
  setp.ne.u32 %p1, %r2, 0;
  selp.u32 %r3, 1, 0, %p1;
  {
    .param .b64 p0; .param .b32 p1;
    st.param.b64 [p0], %rd1;
    st.param.b32 [p1], %r3;
    call.uni cudaGraphSetConditional, (p0, p1);
  }
  ret;
}
)";

class DriverGraph : public DriverTest {
 protected:
  void SetUp() override {
    DriverTest::SetUp();
    ASSERT_OK(cuModuleLoadData(&graph_module_, kGraphKernels));
    ASSERT_OK(cuStreamCreate(&stream_, CU_STREAM_NON_BLOCKING));
    ASSERT_OK(cuGraphCreate(&graph_, 0));
    word_ = allocate(4);
    ASSERT_OK(cuMemsetD32(word_, 0, 1));
    ASSERT_OK(cuCtxSynchronize());
  }
  void TearDown() override {
    if (exec_) EXPECT_OK(cuGraphExecDestroy(exec_));
    if (graph_) EXPECT_OK(cuGraphDestroy(graph_));
    DriverTest::TearDown();
  }

  CUfunction kernel(const char* name) {
    CUfunction found = nullptr;
    EXPECT_OK(cuModuleGetFunction(&found, graph_module_, name));
    return found;
  }
  template <class... Arguments>
  CUresult add_kernel_to(CUgraph graph, CUgraphNode* node, std::vector<CUgraphNode> after, const char* name, Arguments... arguments) {
    void* list[] = {&arguments..., nullptr};
    CUDA_KERNEL_NODE_PARAMS params{};
    params.func = kernel(name);
    params.gridDimX = params.gridDimY = params.gridDimZ = params.blockDimX = params.blockDimY = params.blockDimZ = 1;
    params.kernelParams = list;
    return cuGraphAddKernelNode(node, graph, after.data(), after.size(), &params);
  }
  CUgraphNode append(uint32_t digit, std::vector<CUgraphNode> after = {}) { return append_to(graph_, digit, std::move(after)); }
  CUgraphNode append_to(CUgraph graph, uint32_t digit, std::vector<CUgraphNode> after = {}) {
    CUgraphNode node = nullptr;
    EXPECT_OK(add_kernel_to(graph, &node, std::move(after), "append", word_, digit));
    return node;
  }
  CUresult launch_append(CUstream stream, uint32_t digit) {
    CUdeviceptr word = word_;
    void* list[] = {&word, &digit};
    return cuLaunchKernel(kernel("append"), 1, 1, 1, 1, 1, 1, 0, stream, list, nullptr);
  }
  void instantiate(unsigned long long flags = 0) { ASSERT_OK(cuGraphInstantiate(&exec_, graph_, flags)); }
  uint32_t word() {
    uint32_t value = 0;
    EXPECT_OK(cuStreamSynchronize(stream_));
    EXPECT_OK(cuMemcpyDtoH(&value, word_, 4));
    return value;
  }
  /// What the word is after a launch that begins with 0.
  uint32_t run(CUgraphExec exec = nullptr) {
    EXPECT_OK(cuMemsetD32Async(word_, 0, 1, stream_));
    EXPECT_OK(cuGraphLaunch(exec ? exec : exec_, stream_));
    return word();
  }
  CUstream stream(unsigned flags = CU_STREAM_NON_BLOCKING) {
    CUstream made = nullptr;
    EXPECT_OK(cuStreamCreate(&made, flags));
    return made;
  }
  CUevent event() {
    CUevent made = nullptr;
    EXPECT_OK(cuEventCreate(&made, CU_EVENT_DISABLE_TIMING));
    return made;
  }
  std::vector<CUgraphNode> nodes_of(CUgraph graph) {
    size_t count = 0;
    EXPECT_OK(cuGraphGetNodes(graph, nullptr, &count));
    std::vector<CUgraphNode> nodes(count);
    EXPECT_OK(cuGraphGetNodes(graph, nodes.data(), &count));
    return nodes;
  }
  std::vector<CUgraphNode> dependencies_of(CUgraphNode node) {
    size_t count = 0;
    EXPECT_OK(cuGraphNodeGetDependencies(node, nullptr, nullptr, &count));
    std::vector<CUgraphNode> nodes(count);
    EXPECT_OK(cuGraphNodeGetDependencies(node, nodes.data(), nullptr, &count));
    return nodes;
  }

  CUmodule graph_module_ = nullptr;
  CUstream stream_ = nullptr;
  CUgraph graph_ = nullptr;
  CUgraphExec exec_ = nullptr;
  CUdeviceptr word_ = 0;
};

}  // namespace anywarp::test
