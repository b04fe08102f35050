#include "driver_fixture.h"

#include <vector>

namespace anywarp::test {
namespace {

class DriverStream : public DriverTest {
 protected:
  void SetUp() override {
    DriverTest::SetUp();
    word_ = allocate(4);
    ASSERT_OK(cuMemsetD32(word_, 0, 1));
  }
  uint32_t word() {
    uint32_t value = 0;
    EXPECT_OK(cuMemcpyDtoHAsync(&value, word_, 4, aside_()));
    return value;
  }
  // A stream that waits for no other.
  CUstream aside_() {
    if (!aside_stream_) EXPECT_OK(cuStreamCreate(&aside_stream_, CU_STREAM_NON_BLOCKING));
    return aside_stream_;
  }
  CUstream blocking() {
    CUstream made = nullptr;
    EXPECT_OK(cuStreamCreate(&made, CU_STREAM_DEFAULT));
    return made;
  }
  CUresult add(CUstream stream, uint32_t value = 1) { return launch("add", stream, word_, 1u, value); }

  CUdeviceptr word_ = 0;
  CUstream aside_stream_ = nullptr;
};

TEST_F(DriverStream, WorkRunsWithoutTheHost) {
  std::atomic<int> seen{0};
  CUstream stream = blocking();
  EXPECT_OK(cuLaunchHostFunc(stream, [](void* count) { ++*static_cast<std::atomic<int>*>(count); }, &seen));
  while (seen == 0) std::this_thread::yield();
  EXPECT_OK(cuStreamSynchronize(stream));
}

TEST_F(DriverStream, ALaunchDoesNotWait) {
  CUstream stream = blocking();
  Barrier barrier(stream);
  EXPECT_OK(add(stream));
  EXPECT_CU(CUDA_ERROR_NOT_READY, cuStreamQuery(stream));
  EXPECT_EQ(word(), 0u);
  barrier.open();
  EXPECT_OK(cuStreamSynchronize(stream));
  EXPECT_OK(cuStreamQuery(stream));
  EXPECT_EQ(word(), 1u);
}

TEST_F(DriverStream, InOrder) {
  CUstream stream = blocking();
  std::vector<int> order;
  struct Step {
    std::vector<int>* order;
    int number;
  };
  std::vector<Step> steps(100);
  for (int i = 0; i < 100; ++i) {
    steps[size_t(i)] = {&order, i};
    EXPECT_OK(cuLaunchHostFunc(
        stream, [](void* step) { static_cast<Step*>(step)->order->push_back(static_cast<Step*>(step)->number); }, &steps[size_t(i)]));
    EXPECT_OK(add(stream));
  }
  EXPECT_OK(cuStreamSynchronize(stream));
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[size_t(i)], i);
  EXPECT_EQ(word(), 100u);
}

TEST_F(DriverStream, TheDefaultStreamWaitsForBlockingStreams) {
  CUstream first = blocking(), second = blocking();
  Barrier barrier(first);
  EXPECT_OK(add(nullptr));
  EXPECT_OK(add(second));  // behind the default stream, hence behind the first
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(word(), 0u);
  barrier.open();
  EXPECT_OK(cuCtxSynchronize());
  EXPECT_EQ(word(), 2u);
}

TEST_F(DriverStream, BlockingStreamsWaitForTheDefaultStream) {
  CUstream stream = blocking();
  Barrier barrier(nullptr);
  EXPECT_OK(add(stream));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(word(), 0u);
  barrier.open();
  EXPECT_OK(cuStreamSynchronize(stream));
  EXPECT_EQ(word(), 1u);
}

TEST_F(DriverStream, NonBlockingStreamsWaitForNobody) {
  CUstream stream = nullptr;
  ASSERT_OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
  {
    Barrier barrier(nullptr);
    EXPECT_OK(add(stream));
    EXPECT_OK(cuStreamSynchronize(stream));
    EXPECT_EQ(word(), 1u);
  }
  Barrier barrier(stream);
  EXPECT_OK(add(nullptr));
  EXPECT_OK(cuStreamSynchronize(nullptr));
  EXPECT_EQ(word(), 2u);
}

TEST_F(DriverStream, ThePerThreadStreamIsOneForEachThread) {
  unsigned long long mine = 0, theirs = 0, legacy = 0;
  EXPECT_OK(cuStreamGetId(CU_STREAM_PER_THREAD, &mine));
  EXPECT_OK(cuStreamGetId(nullptr, &legacy));
  EXPECT_NE(mine, legacy);
  Barrier barrier(CU_STREAM_PER_THREAD);
  std::thread([&] {
    EXPECT_OK(cuCtxSetCurrent(context_));
    EXPECT_OK(cuStreamGetId(CU_STREAM_PER_THREAD, &theirs));
    EXPECT_OK(add(CU_STREAM_PER_THREAD));
    EXPECT_OK(cuStreamSynchronize(CU_STREAM_PER_THREAD));
  }).join();
  EXPECT_NE(mine, theirs);
  EXPECT_EQ(word(), 1u);
  EXPECT_OK(add(nullptr));  // it is a blocking stream
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(word(), 1u);
  barrier.open();
  EXPECT_OK(cuCtxSynchronize());
  EXPECT_EQ(word(), 2u);
}

TEST_F(DriverStream, EventsOrderStreamsAndTakeTimes) {
  CUstream first = nullptr, second = nullptr;
  ASSERT_OK(cuStreamCreate(&first, CU_STREAM_NON_BLOCKING));
  ASSERT_OK(cuStreamCreate(&second, CU_STREAM_NON_BLOCKING));
  CUevent begin = nullptr, end = nullptr, untimed = nullptr;
  ASSERT_OK(cuEventCreate(&begin, CU_EVENT_DEFAULT));
  ASSERT_OK(cuEventCreate(&end, CU_EVENT_BLOCKING_SYNC));
  ASSERT_OK(cuEventCreate(&untimed, CU_EVENT_DISABLE_TIMING));
  float ms = -1;
  EXPECT_OK(cuEventQuery(begin));
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuEventElapsedTime(&ms, begin, end));
  EXPECT_OK(cuEventRecord(begin, first));
  {
    Barrier barrier(first);
    EXPECT_OK(cuEventRecord(end, first));
    EXPECT_CU(CUDA_ERROR_NOT_READY, cuEventQuery(end));
    EXPECT_CU(CUDA_ERROR_NOT_READY, cuEventElapsedTime(&ms, begin, end));
    EXPECT_OK(cuStreamWaitEvent(second, end, 0));
    EXPECT_OK(add(second));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(word(), 0u);
    barrier.open();
    EXPECT_OK(cuEventSynchronize(end));
  }
  EXPECT_OK(cuStreamSynchronize(second));
  EXPECT_EQ(word(), 1u);
  EXPECT_OK(cuEventElapsedTime(&ms, begin, end));
  EXPECT_GE(ms, 19.f);
  EXPECT_LT(ms, 60'000.f);
  EXPECT_OK(cuEventRecord(untimed, first));
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuEventElapsedTime(&ms, begin, untimed));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuEventCreate(&begin, 64));
}

TEST_F(DriverStream, AnEventMayGoWhileItIsPending) {
  CUstream first = blocking(), second = blocking();
  CUevent event = nullptr;
  ASSERT_OK(cuEventCreate(&event, 0));
  Barrier barrier(first);
  EXPECT_OK(cuEventRecord(event, first));
  EXPECT_OK(cuStreamWaitEvent(second, event, 0));
  EXPECT_OK(cuEventDestroy(event));
  EXPECT_OK(add(second));
  EXPECT_OK(cuStreamDestroy(second));  // its work is still done
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuStreamSynchronize(second));
  barrier.open();
  EXPECT_OK(cuCtxSynchronize());
  EXPECT_EQ(word(), 1u);
}

TEST_F(DriverStream, CallbacksAreToldTheStatusAndMayNotCallTheDriver) {
  struct Seen {
    CUresult status = CUDA_ERROR_UNKNOWN, nested = CUDA_SUCCESS;
    CUstream stream = nullptr;
  } seen;
  CUstream stream = blocking();
  EXPECT_OK(cuStreamAddCallback(
      stream,
      [](CUstream from, CUresult status, void* data) {
        auto* told = static_cast<Seen*>(data);
        told->status = status;
        told->stream = from;
        told->nested = cuCtxSynchronize();
      },
      &seen, 0));
  EXPECT_OK(cuStreamSynchronize(stream));
  EXPECT_EQ(seen.status, CUDA_SUCCESS);
  EXPECT_EQ(seen.stream, stream);
  EXPECT_EQ(seen.nested, CUDA_ERROR_NOT_PERMITTED);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuStreamAddCallback(stream, nullptr, nullptr, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuLaunchHostFunc(stream, nullptr, nullptr));
}

TEST_F(DriverStream, AHostFunctionMayTakeALockThatItsWaiterDoesNotHold) {
  // Host functions run on threads of the driver, so a thread that waits with a recursive lock held would block them; the
  // other way round they must not run on the thread that waits.
  std::thread::id ran_on;
  EXPECT_OK(cuLaunchHostFunc(nullptr, [](void* id) { *static_cast<std::thread::id*>(id) = std::this_thread::get_id(); }, &ran_on));
  EXPECT_OK(cuCtxSynchronize());
  EXPECT_NE(ran_on, std::this_thread::get_id());
}

TEST_F(DriverStream, PrioritiesAndFlags) {
  int least = 1, greatest = 1, priority = 1;
  EXPECT_OK(cuCtxGetStreamPriorityRange(&least, &greatest));
  EXPECT_EQ(least, 0);
  EXPECT_LT(greatest, 0);
  CUstream stream = nullptr;
  ASSERT_OK(cuStreamCreateWithPriority(&stream, CU_STREAM_NON_BLOCKING, -100));
  EXPECT_OK(cuStreamGetPriority(stream, &priority));
  EXPECT_EQ(priority, greatest);
  unsigned flags = 0;
  EXPECT_OK(cuStreamGetFlags(stream, &flags));
  EXPECT_EQ(flags, unsigned(CU_STREAM_NON_BLOCKING));
  CUcontext owner = nullptr;
  EXPECT_OK(cuStreamGetCtx(stream, &owner));
  EXPECT_EQ(owner, context_);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuStreamCreate(&stream, 8));
  CUstreamCaptureStatus capturing;
  EXPECT_OK(cuStreamIsCapturing(stream, &capturing));
  EXPECT_EQ(capturing, CU_STREAM_CAPTURE_STATUS_NONE);
}

TEST_F(DriverStream, KernelsOfTwoStreamsRunAtOnce) {
  // The first spins on a flag that the second sets.
  CUdeviceptr flag = 0;
  ASSERT_OK(cuMemAllocManaged(&flag, 8, CU_MEM_ATTACH_GLOBAL));
  auto* host = reinterpret_cast<volatile uint32_t*>(flag);
  host[0] = 0;
  host[1] = 0;
  CUstream first = blocking(), second = blocking();
  EXPECT_OK(launch("spin", first, flag, flag + 4));
  EXPECT_OK(launch("add", second, flag, 1u, 1u));
  EXPECT_OK(cuStreamSynchronize(first));
  EXPECT_EQ(host[1], 1u);
}

TEST_F(DriverStream, FreeingWaitsForItsUsers) {
  CUstream stream = blocking();
  const CUdeviceptr a = allocate(4096);
  std::atomic<bool> done{false};
  {
    Barrier barrier(stream);
    EXPECT_OK(cuMemsetD8Async(a, 1, 4096, stream));
    EXPECT_OK(cuLaunchHostFunc(stream, [](void* flag) { *static_cast<std::atomic<bool>*>(flag) = true; }, &done));
    std::thread opener([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      barrier.open();
    });
    EXPECT_OK(cuMemFree(a));
    EXPECT_TRUE(done);
    opener.join();
  }
}

TEST_F(DriverStream, ManyThreadsOnManyStreams) {
  constexpr int kThreads = 8, kLaunches = 200;
  const CUdeviceptr words = allocate(kThreads * 4);
  ASSERT_OK(cuMemsetD32(words, 0, kThreads));
  const CUfunction add = function("add");
  CUstream shared = blocking();
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      EXPECT_OK(cuCtxSetCurrent(context_));
      CUstream own = nullptr;
      EXPECT_OK(cuStreamCreate(&own, i % 2 ? CU_STREAM_NON_BLOCKING : CU_STREAM_DEFAULT));
      CUevent event = nullptr;
      EXPECT_OK(cuEventCreate(&event, 0));
      CUdeviceptr p = words + unsigned(i) * 4;
      unsigned n = 1, one = 1;
      void* arguments[] = {&p, &n, &one};
      for (int k = 0; k < kLaunches; ++k) {
        CUstream stream = k % 3 == 0 ? shared : own;
        EXPECT_OK(cuStreamWaitEvent(stream, event, 0));
        EXPECT_OK(cuLaunchKernel(add, 1, 1, 1, 32, 1, 1, 0, stream, arguments, nullptr));
        EXPECT_OK(cuEventRecord(event, stream));
        if (k % 50 == 0) EXPECT_OK(cuEventSynchronize(event));
      }
      EXPECT_OK(cuEventSynchronize(event));
      EXPECT_OK(cuEventDestroy(event));
      EXPECT_OK(cuStreamDestroy(own));
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_OK(cuCtxSynchronize());
  uint32_t sums[kThreads];
  EXPECT_OK(cuMemcpyDtoH(sums, words, sizeof sums));
  for (const uint32_t sum : sums) EXPECT_EQ(sum, uint32_t(kLaunches));
}

}  // namespace
}  // namespace anywarp::test
