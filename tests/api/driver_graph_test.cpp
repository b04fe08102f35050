// Graphs through the driver API: their structure, every type of node, executable graphs.
#include "driver_graph_fixture.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace anywarp::test {
namespace {

// ---- Structure

TEST_F(DriverGraph, NodesRunBehindWhatTheyDependOn) {
  // Made in the opposite order of what the edges say.
  const CUgraphNode third = append(3), second = append(2), first = append(1);
  const CUgraphNode from[] = {first, second}, to[] = {second, third};
  ASSERT_OK(cuGraphAddDependencies(graph_, from, to, nullptr, 2));
  instantiate();
  EXPECT_EQ(run(), 123u);
  EXPECT_EQ(run(), 123u);
}

TEST_F(DriverGraph, TellsItsStructure) {
  const CUgraphNode a = append(1), b = append(2, {a}), c = append(3, {a}), d = append(4, {b, c});
  EXPECT_EQ(nodes_of(graph_), (std::vector{a, b, c, d}));
  CUgraphNode roots[3] = {d, d, d};
  size_t count = 3;
  EXPECT_OK(cuGraphGetRootNodes(graph_, roots, &count));
  EXPECT_EQ(count, 1u);
  EXPECT_EQ(roots[0], a);
  EXPECT_EQ(roots[1], nullptr);
  EXPECT_EQ(dependencies_of(d), (std::vector{b, c}));
  CUgraphNode dependents[1];
  count = 1;
  EXPECT_OK(cuGraphNodeGetDependentNodes(a, dependents, nullptr, &count));
  EXPECT_EQ(count, 1u);
  EXPECT_EQ(dependents[0], b);
  count = 0;
  EXPECT_OK(cuGraphGetEdges(graph_, nullptr, nullptr, nullptr, &count));
  EXPECT_EQ(count, 4u);
  CUgraphNode from[4], to[4];
  EXPECT_OK(cuGraphGetEdges(graph_, from, to, nullptr, &count));
  std::vector<std::pair<CUgraphNode, CUgraphNode>> edges;
  for (size_t i = 0; i < 4; ++i) edges.emplace_back(from[i], to[i]);
  for (const auto& edge : {std::pair(a, b), std::pair(a, c), std::pair(b, d), std::pair(c, d)})
    EXPECT_EQ(std::count(edges.begin(), edges.end(), edge), 1);
  CUgraphNodeType type;
  EXPECT_OK(cuGraphNodeGetType(a, &type));
  EXPECT_EQ(type, CU_GRAPH_NODE_TYPE_KERNEL);
  // Without the edge from c to d, and without b.
  EXPECT_OK(cuGraphRemoveDependencies(graph_, &c, &d, nullptr, 1));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphRemoveDependencies(graph_, &c, &d, nullptr, 1));
  EXPECT_EQ(dependencies_of(d), (std::vector{b}));
  EXPECT_OK(cuGraphDestroyNode(b));
  EXPECT_EQ(dependencies_of(d), (std::vector<CUgraphNode>{}));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphNodeGetType(b, &type));
}

TEST_F(DriverGraph, RefusesEdgesThatCannotBe) {
  const CUgraphNode a = append(1), b = append(2, {a});
  CUgraph other = nullptr;
  ASSERT_OK(cuGraphCreate(&other, 0));
  const CUgraphNode foreign = append_to(other, 3);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddDependencies(graph_, &a, &b, nullptr, 1));  // it is there
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddDependencies(graph_, &a, &a, nullptr, 1));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddDependencies(graph_, &a, &foreign, nullptr, 1));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddDependencies(graph_, nullptr, &a, nullptr, 1));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddDependencies(nullptr, &a, &b, nullptr, 1));
  CUgraphNode made = nullptr;
  const CUgraphNode twice[] = {a, a};
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddEmptyNode(&made, graph_, twice, 2));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddEmptyNode(&made, graph_, &foreign, 1));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddEmptyNode(nullptr, graph_, nullptr, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphCreate(&other, 1));
  // A cycle is found when the graph is instantiated.
  EXPECT_OK(cuGraphAddDependencies(graph_, &b, &a, nullptr, 1));
  CUDA_GRAPH_INSTANTIATE_PARAMS params{};
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphInstantiateWithParams(&exec_, graph_, &params));
  EXPECT_EQ(params.result_out, CUDA_GRAPH_INSTANTIATE_INVALID_STRUCTURE);
  EXPECT_TRUE(params.hErrNode_out == a || params.hErrNode_out == b);
  EXPECT_OK(cuGraphDestroy(other));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphDestroy(other));
}

TEST_F(DriverGraph, EdgeDataIsKeptAndNotLost) {
  const CUgraphNode a = append(1), b = append(2);
  CUgraphEdgeData programmatic{};
  programmatic.from_port = CU_GRAPH_KERNEL_NODE_PORT_PROGRAMMATIC;
  programmatic.type = CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC;
  ASSERT_OK(cuGraphAddDependencies(graph_, &a, &b, &programmatic, 1));
  CUgraphNode node = nullptr;
  CUgraphEdgeData data{};
  size_t count = 1;
  EXPECT_CU(CUDA_ERROR_LOSSY_QUERY, cuGraphNodeGetDependencies(b, &node, nullptr, &count));
  EXPECT_OK(cuGraphNodeGetDependencies(b, &node, &data, &count));
  EXPECT_EQ(node, a);
  EXPECT_EQ(data.from_port, CU_GRAPH_KERNEL_NODE_PORT_PROGRAMMATIC);
  EXPECT_EQ(data.type, CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC);
  CUgraphEdgeData wrong{};
  wrong.from_port = 7;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddDependencies(graph_, &b, &a, &wrong, 1));
  instantiate();
  EXPECT_EQ(run(), 12u);
}

// ---- Types of nodes

TEST_F(DriverGraph, CopiesMemsetsAndHostFunctions) {
  const CUdeviceptr buffer = allocate(64);
  uint32_t source[16], result[16] = {};
  for (uint32_t i = 0; i < 16; ++i) source[i] = i;
  CUDA_MEMCPY3D in{};
  in.srcMemoryType = CU_MEMORYTYPE_HOST;
  in.srcHost = source;
  in.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  in.dstDevice = buffer;
  in.WidthInBytes = 64;
  in.Height = in.Depth = 1;
  CUgraphNode copy_in = nullptr, fill = nullptr, host = nullptr, copy_out = nullptr, empty = nullptr;
  ASSERT_OK(cuGraphAddMemcpyNode(&copy_in, graph_, nullptr, 0, &in, context_));
  CUDA_MEMSET_NODE_PARAMS set{};
  set.dst = buffer + 8;
  set.pitch = 16;
  set.value = 77;
  set.elementSize = 4;
  set.width = 2;
  set.height = 3;
  ASSERT_OK(cuGraphAddMemsetNode(&fill, graph_, &copy_in, 1, &set, context_));
  ASSERT_OK(cuGraphAddEmptyNode(&empty, graph_, &fill, 1));
  CUDA_MEMCPY3D out{};
  out.srcMemoryType = CU_MEMORYTYPE_DEVICE;
  out.srcDevice = buffer;
  out.dstMemoryType = CU_MEMORYTYPE_HOST;
  out.dstHost = result;
  out.WidthInBytes = 64;
  out.Height = out.Depth = 1;
  ASSERT_OK(cuGraphAddMemcpyNode(&copy_out, graph_, &empty, 1, &out, context_));
  CUDA_HOST_NODE_PARAMS call{};
  call.fn = [](void* array) { static_cast<uint32_t*>(array)[0] = 1000; };
  call.userData = result;
  ASSERT_OK(cuGraphAddHostNode(&host, graph_, &copy_out, 1, &call));
  instantiate();
  source[15] = 42;  // read when the graph runs
  ASSERT_OK(cuGraphLaunch(exec_, stream_));
  ASSERT_OK(cuStreamSynchronize(stream_));
  const std::vector<uint32_t> expected{1000, 1, 77, 77, 4, 5, 77, 77, 8, 9, 77, 77, 12, 13, 14, 42};
  EXPECT_EQ(std::vector<uint32_t>(result, result + 16), expected);

  CUDA_MEMCPY3D told{};
  EXPECT_OK(cuGraphMemcpyNodeGetParams(copy_out, &told));
  EXPECT_EQ(told.dstHost, result);
  EXPECT_EQ(told.WidthInBytes, 64u);
  CUDA_MEMSET_NODE_PARAMS told_set{};
  EXPECT_OK(cuGraphMemsetNodeGetParams(fill, &told_set));
  EXPECT_EQ(told_set.value, 77u);
  EXPECT_EQ(told_set.height, 3u);
  CUDA_HOST_NODE_PARAMS told_call{};
  EXPECT_OK(cuGraphHostNodeGetParams(host, &told_call));
  EXPECT_EQ(told_call.userData, result);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphHostNodeGetParams(fill, &told_call));

  CUgraphNode none = nullptr;
  in.WidthInBytes = 1 << 20;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddMemcpyNode(&none, graph_, nullptr, 0, &in, context_));
  set.elementSize = 3;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddMemsetNode(&none, graph_, nullptr, 0, &set, context_));
  call.fn = nullptr;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddHostNode(&none, graph_, nullptr, 0, &call));
}

TEST_F(DriverGraph, KernelParametersAreCopiedWhenTheNodeIsMade) {
  CUdeviceptr word = word_;
  uint32_t digit = 5;
  void* list[] = {&word, &digit};
  CUDA_KERNEL_NODE_PARAMS params{};
  params.func = kernel("append");
  params.gridDimX = params.gridDimY = params.gridDimZ = params.blockDimX = params.blockDimY = params.blockDimZ = 1;
  params.kernelParams = list;
  CUgraphNode node = nullptr;
  ASSERT_OK(cuGraphAddKernelNode(&node, graph_, nullptr, 0, &params));
  digit = 9;
  instantiate();
  EXPECT_EQ(run(), 5u);
  CUDA_KERNEL_NODE_PARAMS told{};
  ASSERT_OK(cuGraphKernelNodeGetParams(node, &told));
  EXPECT_EQ(told.func, params.func);
  EXPECT_EQ(*static_cast<CUdeviceptr*>(told.kernelParams[0]), word_);
  EXPECT_EQ(*static_cast<uint32_t*>(told.kernelParams[1]), 5u);
  // Changing the node does not change what is instantiated.
  ASSERT_OK(cuGraphKernelNodeSetParams(node, &params));
  EXPECT_EQ(run(), 5u);
  ASSERT_OK(cuGraphExecKernelNodeSetParams(exec_, node, &params));
  EXPECT_EQ(run(), 9u);
  params.blockDimX = 4096;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphKernelNodeSetParams(node, &params));
  params.blockDimX = 1;
  params.func = nullptr;
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuGraphKernelNodeSetParams(node, &params));
}

TEST_F(DriverGraph, KernelAttributes) {
  const CUgraphNode a = append(1), b = append(2);
  CUkernelNodeAttrValue value{};
  value.priority = -3;
  EXPECT_OK(cuGraphKernelNodeSetAttribute(a, CU_KERNEL_NODE_ATTRIBUTE_PRIORITY, &value));
  value.cooperative = 1;
  EXPECT_OK(cuGraphKernelNodeSetAttribute(a, CU_KERNEL_NODE_ATTRIBUTE_COOPERATIVE, &value));
  EXPECT_OK(cuGraphKernelNodeCopyAttributes(b, a));
  EXPECT_OK(cuGraphKernelNodeGetAttribute(b, CU_KERNEL_NODE_ATTRIBUTE_PRIORITY, &value));
  EXPECT_EQ(value.priority, -3);
  EXPECT_OK(cuGraphKernelNodeGetAttribute(b, CU_KERNEL_NODE_ATTRIBUTE_COOPERATIVE, &value));
  EXPECT_EQ(value.cooperative, 1);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphKernelNodeGetAttribute(b, CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT, &value));
  CUDA_KERNEL_NODE_PARAMS params{};
  ASSERT_OK(cuGraphKernelNodeGetParams(b, &params));
  EXPECT_EQ(*static_cast<uint32_t*>(params.kernelParams[1]), 2u);
}

TEST_F(DriverGraph, ChildGraphsAreCopies) {
  CUgraph child = nullptr;
  ASSERT_OK(cuGraphCreate(&child, 0));
  const CUgraphNode two = append_to(child, 2);
  append_to(child, 3, {two});
  const CUgraphNode first = append(1);
  CUgraphNode node = nullptr;
  ASSERT_OK(cuGraphAddChildGraphNode(&node, graph_, &first, 1, child));
  append(4, {node});
  ASSERT_OK(cuGraphDestroy(child));
  instantiate();
  EXPECT_EQ(run(), 1234u);
  CUgraph inner = nullptr;
  ASSERT_OK(cuGraphChildGraphNodeGetGraph(node, &inner));
  EXPECT_EQ(nodes_of(inner).size(), 2u);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphDestroy(inner));  // it is the node's
  // A node within is updated as any other, and all of the child at once.
  CUDA_KERNEL_NODE_PARAMS params{};
  ASSERT_OK(cuGraphKernelNodeGetParams(nodes_of(inner)[0], &params));
  uint32_t digit = 8;
  void* list[] = {&word_, &digit};
  params.kernelParams = list;
  ASSERT_OK(cuGraphExecKernelNodeSetParams(exec_, nodes_of(inner)[0], &params));
  EXPECT_EQ(run(), 1834u);
  CUgraph other = nullptr;
  ASSERT_OK(cuGraphCreate(&other, 0));
  const CUgraphNode five = append_to(other, 5);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphExecChildGraphNodeSetParams(exec_, node, other));
  append_to(other, 6, {five});
  ASSERT_OK(cuGraphExecChildGraphNodeSetParams(exec_, node, other));
  EXPECT_EQ(run(), 1564u);
  EXPECT_OK(cuGraphDestroy(other));
}

TEST_F(DriverGraph, AChildGraphMayBeMoved) {
  CUgraph child = nullptr;
  ASSERT_OK(cuGraphCreate(&child, 0));
  append_to(child, 7);
  CUgraphNodeParams params{};
  params.type = CU_GRAPH_NODE_TYPE_GRAPH;
  params.graph.graph = child;
  params.graph.ownership = CU_GRAPH_CHILD_GRAPH_OWNERSHIP_MOVE;
  CUgraphNode node = nullptr;
  ASSERT_OK(cuGraphAddNode(&node, graph_, nullptr, nullptr, 0, &params));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphDestroy(child));
  append_to(child, 8, nodes_of(child));
  instantiate();
  EXPECT_EQ(run(), 78u);
}

TEST_F(DriverGraph, GenericNodes) {
  CUgraphNodeParams params{};
  params.type = CU_GRAPH_NODE_TYPE_KERNEL;
  uint32_t digit = 6;
  void* list[] = {&word_, &digit};
  params.kernel.func = kernel("append");
  params.kernel.gridDimX = params.kernel.gridDimY = params.kernel.gridDimZ = 1;
  params.kernel.blockDimX = params.kernel.blockDimY = params.kernel.blockDimZ = 1;
  params.kernel.kernelParams = list;
  CUgraphNode node = nullptr;
  ASSERT_OK(cuGraphAddNode(&node, graph_, nullptr, nullptr, 0, &params));
  instantiate();
  EXPECT_EQ(run(), 6u);
  digit = 7;
  ASSERT_OK(cuGraphExecNodeSetParams(exec_, node, &params));
  EXPECT_EQ(run(), 7u);
  digit = 8;
  ASSERT_OK(cuGraphNodeSetParams(node, &params));
  EXPECT_EQ(run(), 7u);
  params.type = CU_GRAPH_NODE_TYPE_MEMSET;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphNodeSetParams(node, &params));
  params.type = CUgraphNodeType(99);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddNode(&node, graph_, nullptr, nullptr, 0, &params));
}

TEST_F(DriverGraph, BatchesOfMemoryOperations) {
  CUstreamBatchMemOpParams list[2] = {};
  list[0].waitValue.operation = CU_STREAM_MEM_OP_WAIT_VALUE_32;
  list[0].waitValue.address = word_;
  list[0].waitValue.value = 7;
  list[0].waitValue.flags = CU_STREAM_WAIT_VALUE_EQ;
  list[1].writeValue.operation = CU_STREAM_MEM_OP_WRITE_VALUE_32;
  list[1].writeValue.address = word_;
  list[1].writeValue.value = 9;
  CUDA_BATCH_MEM_OP_NODE_PARAMS params{context_, 2, list, 0};
  CUgraphNode node = nullptr;
  ASSERT_OK(cuGraphAddBatchMemOpNode(&node, graph_, nullptr, 0, &params));
  append(1, {node});
  list[1].writeValue.value = 8;  // the list was copied
  instantiate();
  ASSERT_OK(cuGraphLaunch(exec_, stream_));
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_CU(CUDA_ERROR_NOT_READY, cuStreamQuery(stream_));
  ASSERT_OK(cuStreamWriteValue32(stream(), word_, 7, 0));
  EXPECT_EQ(word(), 91u);
  ASSERT_OK(cuGraphExecBatchMemOpNodeSetParams(exec_, node, &params));
  CUDA_BATCH_MEM_OP_NODE_PARAMS told{};
  ASSERT_OK(cuGraphBatchMemOpNodeGetParams(node, &told));
  ASSERT_EQ(told.count, 2u);
  EXPECT_EQ(told.paramArray[1].writeValue.value, 9u);
  ASSERT_OK(cuMemsetD32Async(word_, 7, 1, stream_));
  ASSERT_OK(cuGraphLaunch(exec_, stream_));
  EXPECT_EQ(word(), 81u);
  params.flags = 1;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphBatchMemOpNodeSetParams(node, &params));
}

TEST_F(DriverGraph, EventNodes) {
  const CUevent outside = event(), inside = event();
  CUstream other = stream();
  CUgraphNode wait = nullptr, record = nullptr;
  ASSERT_OK(cuGraphAddEventWaitNode(&wait, graph_, nullptr, 0, outside));
  const CUgraphNode work = append(1, {wait});
  ASSERT_OK(cuGraphAddEventRecordNode(&record, graph_, &work, 1, inside));
  instantiate();
  CUevent told = nullptr;
  EXPECT_OK(cuGraphEventWaitNodeGetEvent(wait, &told));
  EXPECT_EQ(told, outside);
  EXPECT_OK(cuGraphEventRecordNodeGetEvent(record, &told));
  EXPECT_EQ(told, inside);
  {
    Barrier barrier(other);
    ASSERT_OK(cuEventRecord(outside, other));
    ASSERT_OK(cuGraphLaunch(exec_, stream_));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_CU(CUDA_ERROR_NOT_READY, cuEventQuery(inside));
    EXPECT_CU(CUDA_ERROR_NOT_READY, cuStreamQuery(stream_));
    barrier.open();
    ASSERT_OK(cuEventSynchronize(inside));
  }
  EXPECT_EQ(word(), 1u);
  // Launches that are in flight at once each have a recording of their own.
  for (int i = 0; i < 5; ++i) ASSERT_OK(cuGraphLaunch(exec_, stream_));
  ASSERT_OK(cuEventSynchronize(inside));
  EXPECT_EQ(word(), 111111u);
  const CUevent replaced = event();
  ASSERT_OK(cuGraphExecEventRecordNodeSetEvent(exec_, record, replaced));
  ASSERT_OK(cuGraphLaunch(exec_, stream_));
  ASSERT_OK(cuEventSynchronize(replaced));
}

// ---- Executable graphs

TEST_F(DriverGraph, LaunchesOfOneGraphComeOneAfterTheOther) {
  const CUgraphNode a = append(1);
  append(2, {a});
  instantiate();
  CUstream other = stream();
  {
    Barrier barrier(stream_);
    ASSERT_OK(cuGraphLaunch(exec_, stream_));
    ASSERT_OK(cuGraphLaunch(exec_, other));  // in another stream, and yet behind
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_CU(CUDA_ERROR_NOT_READY, cuStreamQuery(other));
  }
  ASSERT_OK(cuStreamSynchronize(other));
  EXPECT_EQ(word(), 1212u);
}

TEST_F(DriverGraph, BranchesRunAtOnceAndInOrder) {
  // Host functions that take long enough for another to begin meanwhile, each behind a few earlier ones.
  std::atomic<int> running{0}, at_once{0};
  struct Part {
    std::atomic<int>*running, *at_once;
    std::vector<const Part*> behind;
    std::atomic<int> ended{0};
    std::atomic<bool> too_early{false};
  };
  constexpr size_t kParts = 40;
  std::vector<Part> parts(kParts);
  std::vector<CUgraphNode> nodes(kParts);
  uint32_t random = 12345;
  for (size_t i = 0; i < kParts; ++i) {
    parts[i].running = &running;
    parts[i].at_once = &at_once;
    std::vector<CUgraphNode> after;
    for (size_t k = i < 6 ? 0 : i - 6; k < i; ++k) {
      random = random * 1664525 + 1013904223;
      if (random >> 30 != 0) continue;
      after.push_back(nodes[k]);
      parts[i].behind.push_back(&parts[k]);
    }
    const auto run = [](void* data) {
      auto& part = *static_cast<Part*>(data);
      for (const Part* earlier : part.behind)
        if (earlier->ended != part.ended + 1) part.too_early = true;
      const int now = ++*part.running;
      for (int most = *part.at_once; most < now && !part.at_once->compare_exchange_weak(most, now);) {}
      std::this_thread::sleep_for(std::chrono::microseconds(500));
      --*part.running;
      ++part.ended;
    };
    const CUDA_HOST_NODE_PARAMS call{run, &parts[i]};
    ASSERT_OK(cuGraphAddHostNode(&nodes[i], graph_, after.data(), after.size(), &call));
  }
  instantiate();
  for (int launch = 1; launch <= 8; ++launch) {
    ASSERT_OK(cuGraphLaunch(exec_, stream_));
    ASSERT_OK(cuStreamSynchronize(stream_));
    for (const Part& part : parts) {
      EXPECT_EQ(part.ended, launch);
      EXPECT_FALSE(part.too_early);
    }
  }
  int processors = 0;
  ASSERT_OK(cuDeviceGetAttribute(&processors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device_));
  if (processors > 1) EXPECT_GT(at_once, 1);
}

TEST_F(DriverGraph, UpdatesLeaveWhatIsInFlightAlone) {
  const CUgraphNode node = append(1);
  instantiate();
  CUDA_KERNEL_NODE_PARAMS params{};
  ASSERT_OK(cuGraphKernelNodeGetParams(node, &params));
  uint32_t digit = 2;
  void* list[] = {&word_, &digit};
  params.kernelParams = list;
  {
    Barrier barrier(stream_);
    ASSERT_OK(cuGraphLaunch(exec_, stream_));
    ASSERT_OK(cuGraphExecKernelNodeSetParams(exec_, node, &params));
    ASSERT_OK(cuGraphLaunch(exec_, stream_));
    digit = 3;
    ASSERT_OK(cuGraphExecKernelNodeSetParams(exec_, node, &params));
    ASSERT_OK(cuGraphLaunch(exec_, stream_));
    ASSERT_OK(cuGraphExecDestroy(exec_));  // what is in flight is still done
    exec_ = nullptr;
  }
  EXPECT_EQ(word(), 123u);
}

TEST_F(DriverGraph, NodesAreDisabledAndEnabled) {
  const CUgraphNode a = append(1), b = append(2, {a});
  append(3, {b});
  CUgraphNode empty = nullptr;
  ASSERT_OK(cuGraphAddEmptyNode(&empty, graph_, &b, 1));
  instantiate();
  unsigned enabled = 7;
  EXPECT_OK(cuGraphNodeGetEnabled(exec_, b, &enabled));
  EXPECT_EQ(enabled, 1u);
  EXPECT_OK(cuGraphNodeSetEnabled(exec_, b, 0));
  EXPECT_EQ(run(), 13u);
  EXPECT_OK(cuGraphNodeGetEnabled(exec_, b, &enabled));
  EXPECT_EQ(enabled, 0u);
  EXPECT_OK(cuGraphNodeSetEnabled(exec_, b, 1));
  EXPECT_EQ(run(), 123u);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphNodeSetEnabled(exec_, empty, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphNodeSetEnabled(nullptr, b, 0));
}

TEST_F(DriverGraph, WholeGraphUpdate) {
  const auto make = [&](uint32_t second, CUgraph* graph) {
    ASSERT_OK(cuGraphCreate(graph, 0));
    const CUgraphNode a = append_to(*graph, 1);
    append_to(*graph, second, {a});
  };
  const CUgraphNode a = append(1);
  append(2, {a});
  instantiate();
  CUgraph same = nullptr, longer = nullptr, other_type = nullptr, other_edges = nullptr;
  make(7, &same);
  CUgraphExecUpdateResultInfo info{};
  EXPECT_OK(cuGraphExecUpdate(exec_, same, &info));
  EXPECT_EQ(info.result, CU_GRAPH_EXEC_UPDATE_SUCCESS);
  EXPECT_EQ(run(), 17u);
  make(8, &longer);
  append_to(longer, 9);
  EXPECT_CU(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE, cuGraphExecUpdate(exec_, longer, &info));
  EXPECT_EQ(info.result, CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED);
  ASSERT_OK(cuGraphCreate(&other_type, 0));
  CUgraphNode first = append_to(other_type, 1), empty = nullptr;
  ASSERT_OK(cuGraphAddEmptyNode(&empty, other_type, &first, 1));
  EXPECT_CU(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE, cuGraphExecUpdate(exec_, other_type, &info));
  EXPECT_EQ(info.result, CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED);
  EXPECT_EQ(info.errorNode, empty);
  ASSERT_OK(cuGraphCreate(&other_edges, 0));
  append_to(other_edges, 1);
  const CUgraphNode loose = append_to(other_edges, 2);
  EXPECT_CU(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE, cuGraphExecUpdate(exec_, other_edges, &info));
  EXPECT_EQ(info.result, CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED);
  EXPECT_EQ(info.errorNode, loose);
  EXPECT_EQ(run(), 17u);
  for (CUgraph graph : {same, longer, other_type, other_edges}) EXPECT_OK(cuGraphDestroy(graph));
}

TEST_F(DriverGraph, ClonesLiveOnTheirOwn) {
  const CUgraphNode a = append(1);
  const CUgraphNode b = append(2, {a});
  CUgraph clone = nullptr;
  ASSERT_OK(cuGraphClone(&clone, graph_));
  CUgraphNode copy = nullptr;
  ASSERT_OK(cuGraphNodeFindInClone(&copy, b, clone));
  EXPECT_NE(copy, b);
  EXPECT_EQ(nodes_of(clone)[1], copy);
  EXPECT_EQ(dependencies_of(copy), (std::vector{nodes_of(clone)[0]}));
  append_to(clone, 3, {copy});
  EXPECT_EQ(nodes_of(graph_).size(), 2u);
  EXPECT_OK(cuGraphDestroyNode(b));
  CUgraphExec exec = nullptr;
  ASSERT_OK(cuGraphInstantiate(&exec, clone, 0));
  EXPECT_EQ(run(exec), 123u);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphNodeFindInClone(&copy, a, graph_));
  EXPECT_OK(cuGraphDestroy(clone));
  EXPECT_EQ(run(exec), 123u);
  EXPECT_OK(cuGraphExecDestroy(exec));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphExecDestroy(exec));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphLaunch(exec, stream_));
}

TEST_F(DriverGraph, InstantiationFlags) {
  append(1);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphInstantiate(&exec_, graph_, 1024));
  EXPECT_CU(CUDA_ERROR_NOT_SUPPORTED, cuGraphInstantiate(&exec_, graph_, CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphInstantiate(nullptr, graph_, 0));
  CUDA_GRAPH_INSTANTIATE_PARAMS params{};
  params.flags = CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD | CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY;
  params.hUploadStream = stream_;
  ASSERT_OK(cuGraphInstantiateWithParams(&exec_, graph_, &params));
  EXPECT_EQ(params.result_out, CUDA_GRAPH_INSTANTIATE_SUCCESS);
  cuuint64_t flags = 0;
  EXPECT_OK(cuGraphExecGetFlags(exec_, &flags));
  EXPECT_EQ(flags, params.flags);
  EXPECT_OK(cuGraphUpload(exec_, stream_));
  EXPECT_EQ(run(), 1u);
}

TEST_F(DriverGraph, AFailingKernelEndsTheLaunchAndTheContext) {
  CUDA_KERNEL_NODE_PARAMS params{};
  params.func = function("wild");
  params.gridDimX = params.gridDimY = params.gridDimZ = params.blockDimX = params.blockDimY = params.blockDimZ = 1;
  uint64_t address = 16;
  void* list[] = {&address};
  params.kernelParams = list;
  CUgraphNode wild = nullptr, record = nullptr, host = nullptr;
  ASSERT_OK(cuGraphAddKernelNode(&wild, graph_, nullptr, 0, &params));
  static std::atomic<int> called{0};
  CUDA_HOST_NODE_PARAMS call{[](void*) { ++called; }, nullptr};
  ASSERT_OK(cuGraphAddHostNode(&host, graph_, &wild, 1, &call));
  const CUevent done = event();
  ASSERT_OK(cuGraphAddEventRecordNode(&record, graph_, &host, 1, done));
  instantiate();
  ASSERT_OK(cuGraphLaunch(exec_, stream_));
  EXPECT_CU(CUDA_ERROR_ILLEGAL_ADDRESS, cuStreamSynchronize(stream_));
  EXPECT_EQ(called, 0);
  EXPECT_CU(CUDA_ERROR_ILLEGAL_ADDRESS, cuGraphLaunch(exec_, stream_));
}

// ---- Memory nodes

class DriverGraphMemory : public DriverGraph {
 protected:
  CUgraphNode add_allocation(size_t bytes, CUdeviceptr* address, std::vector<CUgraphNode> after = {}) {
    CUDA_MEM_ALLOC_NODE_PARAMS params{};
    params.poolProps.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
    params.poolProps.location = {CU_MEM_LOCATION_TYPE_DEVICE, device_};
    params.bytesize = bytes;
    CUgraphNode node = nullptr;
    EXPECT_OK(cuGraphAddMemAllocNode(&node, graph_, after.data(), after.size(), &params));
    *address = params.dptr;
    return node;
  }
  CUgraphNode add_set(CUdeviceptr address, uint32_t value, std::vector<CUgraphNode> after) {
    CUDA_MEMSET_NODE_PARAMS set{address, 0, value, 4, 1, 1};
    CUgraphNode node = nullptr;
    EXPECT_OK(cuGraphAddMemsetNode(&node, graph_, after.data(), after.size(), &set, context_));
    return node;
  }
  uint64_t attribute(CUgraphMem_attribute which) {
    uint64_t value = ~uint64_t{0};
    EXPECT_OK(cuDeviceGetGraphMemAttribute(device_, which, &value));
    return value;
  }
};

TEST_F(DriverGraphMemory, AllocatedUsedAndFreedWithinAGraph) {
  CUdeviceptr address = 0;
  const CUgraphNode made = add_allocation(1 << 20, &address), set = add_set(address, 9, {made});
  CUDA_MEMCPY3D copy{};
  copy.srcMemoryType = copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.srcDevice = address;
  copy.dstDevice = word_;
  copy.WidthInBytes = 4;
  copy.Height = copy.Depth = 1;
  CUgraphNode copied = nullptr, freed = nullptr;
  ASSERT_OK(cuGraphAddMemcpyNode(&copied, graph_, &set, 1, &copy, context_));
  ASSERT_OK(cuGraphAddMemFreeNode(&freed, graph_, &copied, 1, address));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddMemFreeNode(&freed, graph_, &copied, 1, address));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddMemFreeNode(&freed, graph_, nullptr, 0, word_));
  CUdeviceptr told = 0;
  EXPECT_OK(cuGraphMemFreeNodeGetParams(freed, &told));
  EXPECT_EQ(told, address);
  instantiate();
  EXPECT_EQ(attribute(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT), 0u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(), 9u);
  EXPECT_EQ(attribute(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT), 1u << 20);  // it stays with the graph
  EXPECT_GE(attribute(CU_GRAPH_MEM_ATTR_USED_MEM_HIGH), 1u << 20);
  EXPECT_GE(attribute(CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT), 1u << 20);
  EXPECT_OK(cuDeviceGraphMemTrim(device_));
  EXPECT_EQ(attribute(CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT), 0u);
  EXPECT_EQ(attribute(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT), 0u);
  uint64_t zero = 0, one = 1;
  EXPECT_OK(cuDeviceSetGraphMemAttribute(device_, CU_GRAPH_MEM_ATTR_USED_MEM_HIGH, &zero));
  EXPECT_EQ(attribute(CU_GRAPH_MEM_ATTR_USED_MEM_HIGH), 0u);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuDeviceSetGraphMemAttribute(device_, CU_GRAPH_MEM_ATTR_USED_MEM_HIGH, &one));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuDeviceSetGraphMemAttribute(device_, CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT, &zero));
  // What graphs with memory nodes cannot do.
  CUgraph other = nullptr;
  CUgraphExec second = nullptr;
  EXPECT_CU(CUDA_ERROR_NOT_SUPPORTED, cuGraphClone(&other, graph_));
  EXPECT_CU(CUDA_ERROR_NOT_SUPPORTED, cuGraphInstantiate(&second, graph_, 0));
  EXPECT_CU(CUDA_ERROR_NOT_SUPPORTED, cuGraphDestroyNode(set));
}

TEST_F(DriverGraphMemory, MemoryThatOutlivesTheLaunch) {
  CUdeviceptr address = 0;
  const CUgraphNode made = add_allocation(4096, &address);
  add_set(address, 5, {made});
  instantiate();
  ASSERT_OK(cuGraphLaunch(exec_, stream_));
  uint32_t value = 0;
  ASSERT_OK(cuMemcpyDtoHAsync(&value, address, 4, stream_));
  EXPECT_EQ(value, 5u);
  EXPECT_GE(attribute(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT), 4096u);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphLaunch(exec_, stream_));  // it is allocated
  ASSERT_OK(cuMemFreeAsync(address, stream_));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemFreeAsync(address, stream_));
  ASSERT_OK(cuGraphLaunch(exec_, stream_));
  ASSERT_OK(cuMemFree(address));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemFree(address));
  // It lives as long as it is allocated, whatever becomes of the graph.
  ASSERT_OK(cuGraphLaunch(exec_, stream_));
  ASSERT_OK(cuGraphExecDestroy(exec_));
  ASSERT_OK(cuGraphDestroy(graph_));
  exec_ = nullptr;
  graph_ = nullptr;
  ASSERT_OK(cuMemcpyDtoHAsync(&value, address, 4, stream_));
  EXPECT_EQ(value, 5u);
  ASSERT_OK(cuMemFreeAsync(address, stream_));
  ASSERT_OK(cuStreamSynchronize(stream_));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemFree(address));
}

TEST_F(DriverGraphMemory, AddressesAndPagesAreUsedAgain) {
  CUdeviceptr first = 0, second = 0, third = 0;
  CUgraphNode made = add_allocation(1 << 20, &first), freed = nullptr;
  ASSERT_OK(cuGraphAddMemFreeNode(&freed, graph_, &made, 1, first));
  made = add_allocation(1 << 20, &second, {freed});
  EXPECT_EQ(first, second);
  (void)add_allocation(1 << 20, &third, {freed});  // while the second is allocated
  EXPECT_NE(first, third);
  ASSERT_OK(cuGraphAddMemFreeNode(&freed, graph_, &made, 1, second));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddMemFreeNode(&freed, graph_, &made, 1, second));
  instantiate(CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH);
  for (int i = 0; i < 2; ++i) EXPECT_OK(cuGraphLaunch(exec_, stream_));
  ASSERT_OK(cuStreamSynchronize(stream_));
  EXPECT_OK(cuMemFree(third));
  // Another graph takes the pages over.
  const uint64_t pages = attribute(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT);
  CUgraph graph = graph_;
  CUgraphExec other = nullptr;
  ASSERT_OK(cuGraphCreate(&graph_, 0));
  made = add_allocation(1 << 20, &first);
  ASSERT_OK(cuGraphAddMemFreeNode(&freed, graph_, &made, 1, first));
  ASSERT_OK(cuGraphInstantiate(&other, graph_, 0));
  ASSERT_OK(cuGraphLaunch(other, stream_));
  ASSERT_OK(cuStreamSynchronize(stream_));
  EXPECT_EQ(attribute(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT), pages);
  EXPECT_OK(cuGraphExecDestroy(other));
  EXPECT_OK(cuGraphDestroy(graph));
}

TEST_F(DriverGraphMemory, AutoFreeOnLaunch) {
  CUdeviceptr address = 0;
  const CUgraphNode made = add_allocation(4096, &address);
  add_set(address, 1, {made});
  instantiate(CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH);
  for (int i = 0; i < 3; ++i) EXPECT_OK(cuGraphLaunch(exec_, stream_));
  EXPECT_OK(cuStreamSynchronize(stream_));
  EXPECT_OK(cuMemFree(address));
}

// ---- Conditional nodes

class DriverGraphConditional : public DriverGraph {
 protected:
  CUgraphConditionalHandle condition(unsigned value = 0, unsigned flags = CU_GRAPH_COND_ASSIGN_DEFAULT, CUgraph graph = nullptr) {
    CUgraphConditionalHandle handle = 0;
    EXPECT_OK(cuGraphConditionalHandleCreate(&handle, graph ? graph : graph_, context_, value, flags));
    return handle;
  }
  std::vector<CUgraph> add_conditional(CUgraphConditionalHandle handle, CUgraphConditionalNodeType type, unsigned size,
                                       std::vector<CUgraphNode> after, CUgraphNode* node, CUgraph graph = nullptr) {
    CUgraphNodeParams params{};
    params.type = CU_GRAPH_NODE_TYPE_CONDITIONAL;
    params.conditional.handle = handle;
    params.conditional.type = type;
    params.conditional.size = size;
    params.conditional.ctx = context_;
    EXPECT_OK(cuGraphAddNode(node, graph ? graph : graph_, after.data(), nullptr, after.size(), &params));
    if (!params.conditional.phGraph_out) return {};
    return {params.conditional.phGraph_out, params.conditional.phGraph_out + size};
  }
};

TEST_F(DriverGraphConditional, If) {
  for (const uint32_t value : {0u, 1u}) {
    CUgraph graph = nullptr;
    ASSERT_OK(cuGraphCreate(&graph, 0));
    const CUgraphConditionalHandle handle = condition(0, CU_GRAPH_COND_ASSIGN_DEFAULT, graph);
    CUgraphNode set = nullptr, node = nullptr;
    ASSERT_OK(add_kernel_to(graph, &set, {}, "set_condition", handle, value));
    const auto bodies = add_conditional(handle, CU_GRAPH_COND_TYPE_IF, 2, {set}, &node, graph);
    ASSERT_EQ(bodies.size(), 2u);
    append_to(bodies[0], 5);
    append_to(bodies[1], 6);
    append_to(graph, 9, {node});
    CUgraphExec exec = nullptr;
    ASSERT_OK(cuGraphInstantiate(&exec, graph, 0));
    EXPECT_EQ(run(exec), value ? 59u : 69u);
    EXPECT_EQ(run(exec), value ? 59u : 69u);
    EXPECT_OK(cuGraphExecDestroy(exec));
    EXPECT_OK(cuGraphDestroy(graph));
  }
}

TEST_F(DriverGraphConditional, WhileCountsDown) {
  const CUgraphConditionalHandle handle = condition(1);
  const CUdeviceptr counter = allocate(4);
  CUgraphNode node = nullptr, down = nullptr;
  CUDA_MEMSET_NODE_PARAMS set{counter, 0, 4, 4, 1, 1};
  CUgraphNode begin = nullptr;
  ASSERT_OK(cuGraphAddMemsetNode(&begin, graph_, nullptr, 0, &set, context_));
  const auto bodies = add_conditional(handle, CU_GRAPH_COND_TYPE_WHILE, 1, {begin}, &node);
  ASSERT_EQ(bodies.size(), 1u);
  ASSERT_OK(add_kernel_to(bodies[0], &down, {append_to(bodies[0], 7)}, "count_down", handle, counter));
  instantiate();
  EXPECT_EQ(run(), 7777u);
  EXPECT_EQ(run(), 7777u);  // the handle has its first value again
}

TEST_F(DriverGraphConditional, SwitchAndNestedBodies) {
  const CUgraphConditionalHandle outer = condition(2);
  CUgraphNode node = nullptr, inner_node = nullptr, set = nullptr;
  const auto bodies = add_conditional(outer, CU_GRAPH_COND_TYPE_SWITCH, 3, {}, &node);
  ASSERT_EQ(bodies.size(), 3u);
  append_to(bodies[0], 1);
  append_to(bodies[1], 2);
  const CUgraphConditionalHandle inner = condition(0, 0, bodies[2]);
  ASSERT_OK(add_kernel_to(bodies[2], &set, {append_to(bodies[2], 3)}, "set_condition", inner, 1u));
  const auto inner_bodies = add_conditional(inner, CU_GRAPH_COND_TYPE_IF, 1, {set}, &inner_node, bodies[2]);
  ASSERT_EQ(inner_bodies.size(), 1u);
  const CUgraphNode innermost = append_to(inner_bodies[0], 4);
  instantiate();
  EXPECT_EQ(run(), 34u);
  // A node within a body is updated as any other.
  CUDA_KERNEL_NODE_PARAMS params{};
  ASSERT_OK(cuGraphKernelNodeGetParams(innermost, &params));
  uint32_t digit = 8;
  void* list[] = {&word_, &digit};
  params.kernelParams = list;
  ASSERT_OK(cuGraphExecKernelNodeSetParams(exec_, innermost, &params));
  EXPECT_EQ(run(), 38u);
}

TEST_F(DriverGraphConditional, WhatCannotBe) {
  CUgraphConditionalHandle handle = condition();
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphConditionalHandleCreate(&handle, graph_, context_, 0, 8));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphConditionalHandleCreate(nullptr, graph_, context_, 0, 0));
  CUDA_GRAPH_INSTANTIATE_PARAMS instantiate{};
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphInstantiateWithParams(&exec_, graph_, &instantiate));
  EXPECT_EQ(instantiate.result_out, CUDA_GRAPH_INSTANTIATE_CONDITIONAL_HANDLE_UNUSED);
  CUgraphNode node = nullptr;
  CUgraphNodeParams params{};
  params.type = CU_GRAPH_NODE_TYPE_CONDITIONAL;
  params.conditional.handle = 1234;
  params.conditional.type = CU_GRAPH_COND_TYPE_IF;
  params.conditional.size = 1;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddNode(&node, graph_, nullptr, nullptr, 0, &params));
  params.conditional.handle = handle;
  params.conditional.size = 3;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddNode(&node, graph_, nullptr, nullptr, 0, &params));
  params.conditional.size = 1;
  EXPECT_OK(cuGraphAddNode(&node, graph_, nullptr, nullptr, 0, &params));
  CUgraphNode second = nullptr;
  CUgraph body = params.conditional.phGraph_out[0];
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphAddNode(&second, graph_, nullptr, nullptr, 0, &params));  // one node for each handle
  CUDA_HOST_NODE_PARAMS call{[](void*) {}, nullptr};
  CUgraphNode host = nullptr;
  ASSERT_OK(cuGraphAddHostNode(&host, body, nullptr, 0, &call));
  EXPECT_CU(CUDA_ERROR_NOT_SUPPORTED, cuGraphInstantiateWithParams(&exec_, graph_, &instantiate));
  EXPECT_EQ(instantiate.result_out, CUDA_GRAPH_INSTANTIATE_NODE_OPERATION_NOT_SUPPORTED);
  EXPECT_EQ(instantiate.hErrNode_out, host);
  exec_ = nullptr;
}

// ---- User objects, and the drawing

TEST_F(DriverGraph, UserObjects) {
  std::atomic<int> gone{0};
  const CUhostFn destroy = [](void* count) { ++*static_cast<std::atomic<int>*>(count); };
  CUuserObject object = nullptr;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuUserObjectCreate(&object, &gone, destroy, 1, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuUserObjectCreate(&object, &gone, nullptr, 1, CU_USER_OBJECT_NO_DESTRUCTOR_SYNC));
  ASSERT_OK(cuUserObjectCreate(&object, &gone, destroy, 2, CU_USER_OBJECT_NO_DESTRUCTOR_SYNC));
  ASSERT_OK(cuGraphRetainUserObject(graph_, object, 1, CU_GRAPH_USER_OBJECT_MOVE));
  append(1);
  instantiate();
  ASSERT_OK(cuGraphReleaseUserObject(graph_, object, 1));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphReleaseUserObject(graph_, object, 1));
  ASSERT_OK(cuUserObjectRetain(object, 3));
  ASSERT_OK(cuUserObjectRelease(object, 4));
  EXPECT_EQ(gone, 0);  // the executable graph holds it
  {
    Barrier barrier(stream_);
    ASSERT_OK(cuGraphLaunch(exec_, stream_));
    ASSERT_OK(cuGraphExecDestroy(exec_));
    exec_ = nullptr;
    EXPECT_EQ(gone, 0);  // and so does its launch
  }
  EXPECT_OK(cuStreamSynchronize(stream_));
  while (gone == 0) std::this_thread::yield();
  EXPECT_EQ(gone, 1);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuUserObjectRelease(object, 1));
}

TEST_F(DriverGraph, DebugDot) {
  const CUgraphNode a = append(1);
  append(2, {a});
  const std::string path = testing::TempDir() + "/anywarp_graph.dot";
  ASSERT_OK(cuGraphDebugDotPrint(graph_, path.c_str(), CU_GRAPH_DEBUG_DOT_FLAGS_VERBOSE));
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_NE(text.str().find("digraph dot {"), std::string::npos);
  EXPECT_NE(text.str().find("append"), std::string::npos);
  EXPECT_NE(text.str().find(" -> "), std::string::npos);
  EXPECT_NE(text.str().find("<<<(1,1,1), (1,1,1), 0>>>"), std::string::npos);
  EXPECT_CU(CUDA_ERROR_OPERATING_SYSTEM, cuGraphDebugDotPrint(graph_, "/nowhere/at/all.dot", 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGraphDebugDotPrint(graph_, nullptr, 0));
}

}  // namespace
}  // namespace anywarp::test
