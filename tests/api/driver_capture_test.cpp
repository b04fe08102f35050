// Stream capture through the driver API: what calls become, and which calls a capture does not stand.
#include "driver_graph_fixture.h"

namespace anywarp::test {
namespace {

class DriverCapture : public DriverGraph {
 protected:
  void SetUp() override {
    DriverGraph::SetUp();
    ASSERT_OK(cuGraphDestroy(graph_));
    graph_ = nullptr;
  }
  void begin(CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_GLOBAL) { ASSERT_OK(cuStreamBeginCapture(stream_, mode)); }
  void end() {
    ASSERT_OK(cuStreamEndCapture(stream_, &graph_));
    ASSERT_NE(graph_, nullptr);
  }
  /// Ends a capture that an earlier call invalidated.
  void expect_invalidated() {
    CUstreamCaptureStatus status;
    EXPECT_OK(cuStreamIsCapturing(stream_, &status));
    EXPECT_EQ(status, CU_STREAM_CAPTURE_STATUS_INVALIDATED);
    EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, launch_append(stream_, 1));
    CUgraph none = reinterpret_cast<CUgraph>(16);
    EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(stream_, &none));
    EXPECT_EQ(none, nullptr);
    EXPECT_OK(cuStreamIsCapturing(stream_, &status));
    EXPECT_EQ(status, CU_STREAM_CAPTURE_STATUS_NONE);
    EXPECT_OK(cuStreamSynchronize(stream_));
  }
};

TEST_F(DriverCapture, ACallBecomesANodeAndDoesNotRun) {
  begin();
  for (const uint32_t digit : {1u, 2u, 3u}) ASSERT_OK(launch_append(stream_, digit));
  CUstreamCaptureStatus status;
  cuuint64_t id = 0;
  CUgraph graph = nullptr;
  const CUgraphNode* dependencies = nullptr;
  size_t count = 0;
  ASSERT_OK(cuStreamGetCaptureInfo(stream_, &status, &id, &graph, &dependencies, nullptr, &count));
  EXPECT_EQ(status, CU_STREAM_CAPTURE_STATUS_ACTIVE);
  EXPECT_NE(id, 0u);
  ASSERT_EQ(count, 1u);
  EXPECT_EQ(dependencies[0], nodes_of(graph)[2]);
  end();
  EXPECT_EQ(graph, graph_);
  EXPECT_EQ(word(), 0u);
  instantiate();
  EXPECT_EQ(run(), 123u);
  EXPECT_EQ(nodes_of(graph_).size(), 3u);
  EXPECT_EQ(dependencies_of(nodes_of(graph_)[2]), (std::vector{nodes_of(graph_)[1]}));
}

TEST_F(DriverCapture, EveryKindOfCall) {
  const CUdeviceptr buffer = allocate(16);
  uint32_t from = 5, to = 0;
  static int called;
  called = 0;
  begin();
  ASSERT_OK(cuMemsetD32Async(buffer, 1, 4, stream_));
  ASSERT_OK(cuMemcpyHtoDAsync(buffer + 4, &from, 4, stream_));
  ASSERT_OK(cuMemcpyDtoDAsync(buffer + 8, buffer + 4, 4, stream_));
  ASSERT_OK(cuMemcpyDtoHAsync(&to, buffer + 8, 4, stream_));
  ASSERT_OK(cuLaunchHostFunc(stream_, [](void*) { ++called; }, nullptr));
  CUdeviceptr temporary = 0;
  ASSERT_OK(cuMemAllocAsync(&temporary, 256, stream_));
  ASSERT_OK(cuMemsetD32Async(temporary, 3, 64, stream_));
  ASSERT_OK(cuMemcpyDtoDAsync(word_, temporary, 4, stream_));
  ASSERT_OK(cuMemFreeAsync(temporary, stream_));
  ASSERT_OK(cuStreamWriteValue32(stream_, buffer, 1, 0));
  end();
  std::vector<CUgraphNodeType> types;
  for (CUgraphNode node : nodes_of(graph_)) {
    types.emplace_back();
    EXPECT_OK(cuGraphNodeGetType(node, &types.back()));
  }
  EXPECT_EQ(types, (std::vector{CU_GRAPH_NODE_TYPE_MEMSET, CU_GRAPH_NODE_TYPE_MEMCPY, CU_GRAPH_NODE_TYPE_MEMCPY, CU_GRAPH_NODE_TYPE_MEMCPY,
                                CU_GRAPH_NODE_TYPE_HOST, CU_GRAPH_NODE_TYPE_MEM_ALLOC, CU_GRAPH_NODE_TYPE_MEMSET, CU_GRAPH_NODE_TYPE_MEMCPY,
                                CU_GRAPH_NODE_TYPE_MEM_FREE, CU_GRAPH_NODE_TYPE_BATCH_MEM_OP}));
  instantiate();
  from = 8;
  EXPECT_EQ(run(), 3u);
  EXPECT_EQ(to, 8u);
  EXPECT_EQ(called, 1);
}

TEST_F(DriverCapture, ForkAndJoin) {
  CUstream other = stream();
  const CUevent fork = event(), join = event();
  const CUdeviceptr buffer = allocate(4);
  begin();
  ASSERT_OK(launch_append(stream_, 1));
  ASSERT_OK(cuEventRecord(fork, stream_));
  ASSERT_OK(cuStreamWaitEvent(other, fork, 0));
  CUstreamCaptureStatus status;
  EXPECT_OK(cuStreamIsCapturing(other, &status));
  EXPECT_EQ(status, CU_STREAM_CAPTURE_STATUS_ACTIVE);
  ASSERT_OK(launch_append(other, 2));
  ASSERT_OK(cuEventRecord(join, other));
  ASSERT_OK(cuMemsetD8Async(buffer, 0, 4, stream_));
  ASSERT_OK(cuStreamWaitEvent(stream_, join, 0));
  ASSERT_OK(launch_append(stream_, 3));
  end();
  EXPECT_OK(cuStreamIsCapturing(other, &status));
  EXPECT_EQ(status, CU_STREAM_CAPTURE_STATUS_NONE);
  const auto nodes = nodes_of(graph_);
  ASSERT_EQ(nodes.size(), 4u);
  EXPECT_EQ(dependencies_of(nodes[1]), (std::vector{nodes[0]}));
  EXPECT_EQ(dependencies_of(nodes[2]), (std::vector{nodes[0]}));
  EXPECT_EQ(dependencies_of(nodes[3]), (std::vector{nodes[2], nodes[1]}));
  instantiate();
  EXPECT_EQ(run(), 123u);
}

TEST_F(DriverCapture, AJoinedForkMayBeDestroyed) {
  CUstream other = stream();
  const CUevent fork = event(), join = event();
  begin();
  ASSERT_OK(cuEventRecord(fork, stream_));
  ASSERT_OK(cuStreamWaitEvent(other, fork, 0));
  ASSERT_OK(launch_append(other, 1));
  ASSERT_OK(cuEventRecord(join, other));
  ASSERT_OK(cuStreamDestroy(other));
  ASSERT_OK(cuStreamWaitEvent(stream_, join, 0));
  ASSERT_OK(launch_append(stream_, 2));
  end();
  instantiate();
  EXPECT_EQ(run(), 12u);
}

TEST_F(DriverCapture, AForkThatIsNotJoined) {
  CUstream other = stream();
  const CUevent fork = event();
  begin();
  ASSERT_OK(cuEventRecord(fork, stream_));
  ASSERT_OK(cuStreamWaitEvent(other, fork, 0));
  ASSERT_OK(launch_append(other, 2));
  CUgraph none = nullptr;
  EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_UNJOINED, cuStreamEndCapture(stream_, &none));
  EXPECT_EQ(none, nullptr);
  EXPECT_OK(cuStreamSynchronize(other));
}

TEST_F(DriverCapture, BeginningAndEndingInTheWrongPlace) {
  CUgraph none = nullptr;
  EXPECT_CU(CUDA_ERROR_ILLEGAL_STATE, cuStreamEndCapture(stream_, &none));
  EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuStreamBeginCapture(nullptr, CU_STREAM_CAPTURE_MODE_GLOBAL));
  EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuStreamBeginCapture(CU_STREAM_LEGACY, CU_STREAM_CAPTURE_MODE_RELAXED));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuStreamBeginCapture(stream_, CUstreamCaptureMode(3)));
  begin();
  EXPECT_CU(CUDA_ERROR_ILLEGAL_STATE, cuStreamBeginCapture(stream_, CU_STREAM_CAPTURE_MODE_GLOBAL));
  std::thread([&] { EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, cuStreamEndCapture(stream_, &none)); }).join();
  CUstream other = stream();
  const CUevent fork = event();
  ASSERT_OK(cuEventRecord(fork, stream_));
  ASSERT_OK(cuStreamWaitEvent(other, fork, 0));
  EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, cuStreamEndCapture(other, &none));
  expect_invalidated();
  begin(CU_STREAM_CAPTURE_MODE_RELAXED);
  std::thread([&] { EXPECT_OK(cuStreamEndCapture(stream_, &graph_)); }).join();
}

TEST_F(DriverCapture, UnsafeCallsAreAMatterOfTheMode) {
  CUdeviceptr memory = 0;
  begin(CU_STREAM_CAPTURE_MODE_GLOBAL);
  EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuMemAlloc(&memory, 4));
  expect_invalidated();
  // Every thread, unless it is relaxed.
  begin(CU_STREAM_CAPTURE_MODE_GLOBAL);
  std::thread([&] {
    EXPECT_OK(cuCtxSetCurrent(context_));
    CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;
    EXPECT_OK(cuThreadExchangeStreamCaptureMode(&mode));
    EXPECT_EQ(mode, CU_STREAM_CAPTURE_MODE_GLOBAL);
    EXPECT_OK(cuMemAlloc(&memory, 4));
    mode = CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
    EXPECT_OK(cuThreadExchangeStreamCaptureMode(&mode));
    EXPECT_EQ(mode, CU_STREAM_CAPTURE_MODE_RELAXED);
    EXPECT_OK(cuMemAlloc(&memory, 4));
    mode = CU_STREAM_CAPTURE_MODE_GLOBAL;
    EXPECT_OK(cuThreadExchangeStreamCaptureMode(&mode));
    EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuMemAlloc(&memory, 4));
  }).join();
  expect_invalidated();
  // Only the thread that captures.
  begin(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
  std::thread([&] {
    EXPECT_OK(cuCtxSetCurrent(context_));
    EXPECT_OK(cuMemAlloc(&memory, 4));
  }).join();
  EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuMemAlloc(&memory, 4));
  expect_invalidated();
  // Nobody.
  begin(CU_STREAM_CAPTURE_MODE_RELAXED);
  EXPECT_OK(cuMemAlloc(&memory, 4));
  ASSERT_OK(launch_append(stream_, 1));
  end();
  CUstreamCaptureMode wrong = CUstreamCaptureMode(5);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuThreadExchangeStreamCaptureMode(&wrong));
}

TEST_F(DriverCapture, WhatACapturedStreamCannotBeAsked) {
  begin(CU_STREAM_CAPTURE_MODE_RELAXED);
  EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuStreamSynchronize(stream_));
  expect_invalidated();
  begin(CU_STREAM_CAPTURE_MODE_RELAXED);
  EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuStreamQuery(stream_));
  expect_invalidated();
  begin(CU_STREAM_CAPTURE_MODE_RELAXED);
  EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuCtxSynchronize());
  expect_invalidated();
  begin(CU_STREAM_CAPTURE_MODE_RELAXED);
  EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuStreamAddCallback(stream_, [](CUstream, CUresult, void*) {}, nullptr, 0));
  expect_invalidated();
  const CUevent recorded = event();
  begin(CU_STREAM_CAPTURE_MODE_RELAXED);
  ASSERT_OK(cuEventRecord(recorded, stream_));
  EXPECT_CU(CUDA_ERROR_CAPTURED_EVENT, cuEventQuery(recorded));
  expect_invalidated();
  begin(CU_STREAM_CAPTURE_MODE_RELAXED);
  ASSERT_OK(cuEventRecord(recorded, stream_));
  EXPECT_CU(CUDA_ERROR_CAPTURED_EVENT, cuEventSynchronize(recorded));
  expect_invalidated();
  ASSERT_OK(cuEventRecord(recorded, stream_));  // an ordinary event again
  EXPECT_OK(cuEventSynchronize(recorded));
}

TEST_F(DriverCapture, DependenciesThatCrossTheBoundary) {
  const CUevent outside = event(), inside = event(), never = event();
  CUstream other = stream();
  ASSERT_OK(cuEventRecord(outside, other));
  begin(CU_STREAM_CAPTURE_MODE_RELAXED);
  EXPECT_OK(cuStreamWaitEvent(stream_, never, 0));
  EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_ISOLATION, cuStreamWaitEvent(stream_, outside, 0));
  expect_invalidated();
  // Two captures cannot become one.
  begin(CU_STREAM_CAPTURE_MODE_RELAXED);
  ASSERT_OK(cuEventRecord(inside, stream_));
  ASSERT_OK(cuStreamBeginCapture(other, CU_STREAM_CAPTURE_MODE_RELAXED));
  EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_MERGE, cuStreamWaitEvent(other, inside, 0));
  CUgraph none = nullptr;
  EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(other, &none));
  expect_invalidated();
  EXPECT_CU(CUDA_ERROR_CAPTURED_EVENT, cuStreamWaitEvent(other, inside, 0));
}

TEST_F(DriverCapture, ExternalEventsBecomeNodes) {
  const CUevent before = event(), after = event();
  begin(CU_STREAM_CAPTURE_MODE_RELAXED);
  ASSERT_OK(cuStreamWaitEvent(stream_, before, CU_EVENT_WAIT_EXTERNAL));
  ASSERT_OK(launch_append(stream_, 4));
  ASSERT_OK(cuEventRecordWithFlags(after, stream_, CU_EVENT_RECORD_EXTERNAL));
  end();
  CUgraphNodeType type;
  EXPECT_OK(cuGraphNodeGetType(nodes_of(graph_)[0], &type));
  EXPECT_EQ(type, CU_GRAPH_NODE_TYPE_WAIT_EVENT);
  EXPECT_OK(cuGraphNodeGetType(nodes_of(graph_)[2], &type));
  EXPECT_EQ(type, CU_GRAPH_NODE_TYPE_EVENT_RECORD);
  instantiate();
  CUstream other = stream();
  Barrier barrier(other);
  ASSERT_OK(cuEventRecord(before, other));
  ASSERT_OK(cuGraphLaunch(exec_, stream_));
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_CU(CUDA_ERROR_NOT_READY, cuEventQuery(after));
  barrier.open();
  EXPECT_OK(cuEventSynchronize(after));
  EXPECT_EQ(word(), 4u);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuEventRecordWithFlags(after, stream_, CU_EVENT_RECORD_EXTERNAL));
}

TEST_F(DriverCapture, TheLegacyStreamWhileABlockingStreamIsCaptured) {
  CUstream blocking = stream(CU_STREAM_DEFAULT);
  CUgraph none = nullptr;
  ASSERT_OK(cuStreamBeginCapture(blocking, CU_STREAM_CAPTURE_MODE_RELAXED));
  CUstreamCaptureStatus status;
  EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, cuStreamIsCapturing(nullptr, &status));
  EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, launch_append(nullptr, 1));
  EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(blocking, &none));
  ASSERT_OK(cuStreamBeginCapture(blocking, CU_STREAM_CAPTURE_MODE_RELAXED));
  uint32_t value = 0;
  EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, cuMemcpyDtoH(&value, word_, 4));
  EXPECT_CU(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(blocking, &none));
  // A stream that is not ordered with it is not touched.
  begin(CU_STREAM_CAPTURE_MODE_RELAXED);
  EXPECT_OK(launch_append(nullptr, 2));
  ASSERT_OK(launch_append(stream_, 1));
  end();
  EXPECT_OK(cuCtxSynchronize());
  EXPECT_EQ(word(), 2u);
}

TEST_F(DriverCapture, IntoAGraphThatExists) {
  ASSERT_OK(cuGraphCreate(&graph_, 0));
  const CUgraphNode first = append(1);
  ASSERT_OK(cuStreamBeginCaptureToGraph(stream_, graph_, &first, nullptr, 1, CU_STREAM_CAPTURE_MODE_GLOBAL));
  ASSERT_OK(launch_append(stream_, 2));
  EXPECT_CU(CUDA_ERROR_ILLEGAL_STATE, cuGraphDestroy(graph_));
  CUgraph same = nullptr;
  ASSERT_OK(cuStreamEndCapture(stream_, &same));
  EXPECT_EQ(same, graph_);
  const CUgraphNode second = nodes_of(graph_)[1];
  ASSERT_OK(cuStreamBeginCaptureToGraph(stream_, graph_, &second, nullptr, 1, CU_STREAM_CAPTURE_MODE_GLOBAL));
  ASSERT_OK(launch_append(stream_, 3));
  ASSERT_OK(cuStreamEndCapture(stream_, nullptr));
  instantiate();
  EXPECT_EQ(run(), 123u);
}

TEST_F(DriverCapture, DependenciesAreUpdated) {
  begin();
  ASSERT_OK(launch_append(stream_, 1));
  ASSERT_OK(launch_append(stream_, 2));
  CUstreamCaptureStatus status;
  CUgraph graph = nullptr;
  ASSERT_OK(cuStreamGetCaptureInfo(stream_, &status, nullptr, &graph, nullptr, nullptr, nullptr));
  const auto nodes = nodes_of(graph);
  CUgraphNode to_first[] = {nodes[0]}, to_second[] = {nodes[1]};
  ASSERT_OK(cuStreamUpdateCaptureDependencies(stream_, to_first, nullptr, 1, CU_STREAM_SET_CAPTURE_DEPENDENCIES));
  ASSERT_OK(cuStreamUpdateCaptureDependencies(stream_, to_second, nullptr, 1, CU_STREAM_ADD_CAPTURE_DEPENDENCIES));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuStreamUpdateCaptureDependencies(stream_, to_first, nullptr, 1, 7));
  // A node that the program adds itself.
  const CUgraphNode extra = append_to(graph, 8, {nodes[0], nodes[1]});
  CUgraphNode set[] = {extra};
  ASSERT_OK(cuStreamUpdateCaptureDependencies(stream_, set, nullptr, 1, CU_STREAM_SET_CAPTURE_DEPENDENCIES));
  ASSERT_OK(launch_append(stream_, 9));
  end();
  EXPECT_EQ(dependencies_of(nodes_of(graph_)[3]), (std::vector{extra}));
  instantiate();
  EXPECT_EQ(run(), 1289u);
  CUgraphNode any = nodes[0];
  EXPECT_CU(CUDA_ERROR_ILLEGAL_STATE, cuStreamUpdateCaptureDependencies(stream_, &any, nullptr, 1, 0));
}

TEST_F(DriverCapture, AGraphLaunchBecomesAChildGraph) {
  CUgraph inner = nullptr;
  CUgraphExec inner_exec = nullptr;
  ASSERT_OK(cuGraphCreate(&inner, 0));
  append_to(inner, 5);
  ASSERT_OK(cuGraphInstantiate(&inner_exec, inner, 0));
  begin();
  ASSERT_OK(launch_append(stream_, 1));
  ASSERT_OK(cuGraphLaunch(inner_exec, stream_));
  ASSERT_OK(launch_append(stream_, 2));
  end();
  EXPECT_OK(cuGraphExecDestroy(inner_exec));
  EXPECT_OK(cuGraphDestroy(inner));
  CUgraphNodeType type;
  EXPECT_OK(cuGraphNodeGetType(nodes_of(graph_)[1], &type));
  EXPECT_EQ(type, CU_GRAPH_NODE_TYPE_GRAPH);
  instantiate();
  EXPECT_EQ(run(), 152u);
}

TEST_F(DriverCapture, AStreamThatGoesEndsItsCapture) {
  CUstream gone = stream(), other = stream();
  const CUevent fork = event();
  ASSERT_OK(cuStreamBeginCapture(gone, CU_STREAM_CAPTURE_MODE_RELAXED));
  ASSERT_OK(cuEventRecord(fork, gone));
  ASSERT_OK(cuStreamWaitEvent(other, fork, 0));
  ASSERT_OK(cuStreamDestroy(gone));
  CUstreamCaptureStatus status;
  EXPECT_OK(cuStreamIsCapturing(other, &status));
  EXPECT_EQ(status, CU_STREAM_CAPTURE_STATUS_NONE);
  EXPECT_OK(launch_append(other, 3));
  EXPECT_OK(cuStreamSynchronize(other));
  EXPECT_EQ(word(), 3u);
}

TEST_F(DriverCapture, ManyThreadsCaptureAndLaunch) {
  constexpr unsigned kThreads = 6, kRounds = 30;
  const CUdeviceptr words = allocate(kThreads * 4);
  ASSERT_OK(cuMemsetD32(words, 0, kThreads));
  const CUfunction add = function("add");
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      EXPECT_OK(cuCtxSetCurrent(context_));
      CUstream own = nullptr;
      EXPECT_OK(cuStreamCreate(&own, CU_STREAM_NON_BLOCKING));
      CUdeviceptr p = words + i * 4;
      unsigned n = 1, one = 1;
      void* arguments[] = {&p, &n, &one};
      for (unsigned round = 0; round < kRounds; ++round) {
        CUgraph graph = nullptr;
        CUgraphExec exec = nullptr;
        EXPECT_OK(cuStreamBeginCapture(own, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
        for (int k = 0; k < 4; ++k) EXPECT_OK(cuLaunchKernel(add, 1, 1, 1, 32, 1, 1, 0, own, arguments, nullptr));
        EXPECT_OK(cuStreamEndCapture(own, &graph));
        EXPECT_OK(cuGraphInstantiate(&exec, graph, 0));
        EXPECT_OK(cuGraphLaunch(exec, own));
        EXPECT_OK(cuGraphLaunch(exec, own));
        EXPECT_OK(cuGraphExecDestroy(exec));
        EXPECT_OK(cuGraphDestroy(graph));
      }
      CUstreamCaptureMode relaxed = CU_STREAM_CAPTURE_MODE_RELAXED;
      EXPECT_OK(cuThreadExchangeStreamCaptureMode(&relaxed));
      EXPECT_OK(cuStreamSynchronize(own));
    });
  for (std::thread& thread : threads) thread.join();
  uint32_t sums[kThreads];
  EXPECT_OK(cuMemcpyDtoH(sums, words, sizeof sums));
  for (const uint32_t sum : sums) EXPECT_EQ(sum, kRounds * 8);
}

}  // namespace
}  // namespace anywarp::test
