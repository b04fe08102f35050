// Streams and events: order, asynchrony, callbacks.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace {

void wait(void* flag) {
  while (!static_cast<std::atomic<bool>*>(flag)->load()) std::this_thread::yield();
}

void add_one(void* number) { ++*static_cast<int*>(number); }

/// A stream that stands still until go() is called.
class HeldStream {
 public:
  explicit HeldStream(unsigned flags = cudaStreamNonBlocking) {
    EXPECT_EQ(cudaStreamCreateWithFlags(&stream, flags), cudaSuccess);
    EXPECT_EQ(cudaLaunchHostFunc(stream, &wait, &going_), cudaSuccess);
  }
  ~HeldStream() {
    go();
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
  }
  HeldStream(const HeldStream&) = delete;
  HeldStream& operator=(const HeldStream&) = delete;

  void go() { going_ = true; }

  cudaStream_t stream = nullptr;

 private:
  std::atomic<bool> going_{false};
};

TEST(ApiRuntimeStream, WorkIsAsynchronousAndInOrder) {
  int number = 0;
  HeldStream held;
  EXPECT_EQ(cudaLaunchHostFunc(held.stream, &add_one, &number), cudaSuccess);
  EXPECT_EQ(cudaStreamQuery(held.stream), cudaErrorNotReady);
  EXPECT_EQ(number, 0);
  held.go();
  EXPECT_EQ(cudaStreamSynchronize(held.stream), cudaSuccess);
  EXPECT_EQ(cudaStreamQuery(held.stream), cudaSuccess);
  EXPECT_EQ(number, 1);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST(ApiRuntimeStream, EventsOrderStreams) {
  int number = 0;
  cudaEvent_t event = nullptr;
  cudaStream_t other = nullptr;
  ASSERT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
  ASSERT_EQ(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking), cudaSuccess);
  EXPECT_EQ(cudaEventQuery(event), cudaSuccess) << "what was never recorded is over";
  HeldStream held;
  EXPECT_EQ(cudaEventRecord(event, held.stream), cudaSuccess);
  EXPECT_EQ(cudaStreamWaitEvent(other, event, 0), cudaSuccess);
  EXPECT_EQ(cudaLaunchHostFunc(other, &add_one, &number), cudaSuccess);
  EXPECT_EQ(cudaEventQuery(event), cudaErrorNotReady);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(number, 0);
  held.go();
  EXPECT_EQ(cudaStreamSynchronize(other), cudaSuccess);
  EXPECT_EQ(number, 1);
  EXPECT_EQ(cudaEventSynchronize(event), cudaSuccess);
  EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(other), cudaSuccess);
  (void)cudaGetLastError();
}

TEST(ApiRuntimeStream, TheLegacyStreamWaitsForBlockingStreams) {
  int number = 0;
  HeldStream held(cudaStreamDefault);
  EXPECT_EQ(cudaLaunchHostFunc(nullptr, &add_one, &number), cudaSuccess);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(number, 0);
  held.go();
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(number, 1);
}

TEST(ApiRuntimeStream, NonBlockingStreamsRunBesideTheLegacyStream) {
  int number = 0;
  HeldStream held;
  EXPECT_EQ(cudaLaunchHostFunc(nullptr, &add_one, &number), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(nullptr), cudaSuccess);
  EXPECT_EQ(number, 1);
}

TEST(ApiRuntimeStream, CallbacksGetStreamStatusAndData) {
  struct Seen {
    cudaStream_t stream;
    cudaError_t status = cudaErrorUnknown;
  } seen;
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  const auto callback = [](cudaStream_t in, cudaError_t status, void* data) { *static_cast<Seen*>(data) = {in, status}; };
  EXPECT_EQ(cudaStreamAddCallback(stream, callback, &seen, 0), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(seen.stream, stream);
  EXPECT_EQ(seen.status, cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

TEST(ApiRuntimeStream, FlagsAndPriorities) {
  int least = 0, greatest = 0, priority = 99, device = -1;
  ASSERT_EQ(cudaDeviceGetStreamPriorityRange(&least, &greatest), cudaSuccess);
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, greatest), cudaSuccess);
  unsigned flags = 0;
  unsigned long long id = 0, other_id = 0;
  EXPECT_EQ(cudaStreamGetFlags(stream, &flags), cudaSuccess);
  EXPECT_EQ(flags, static_cast<unsigned>(cudaStreamNonBlocking));
  EXPECT_EQ(cudaStreamGetPriority(stream, &priority), cudaSuccess);
  EXPECT_EQ(priority, greatest);
  EXPECT_EQ(cudaStreamGetId(stream, &id), cudaSuccess);
  EXPECT_EQ(cudaStreamGetId(nullptr, &other_id), cudaSuccess);
  EXPECT_NE(id, other_id);
  EXPECT_EQ(cudaStreamGetDevice(stream, &device), cudaSuccess);
  EXPECT_EQ(device, 0);
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusActive;
  EXPECT_EQ(cudaStreamIsCapturing(stream, &status), cudaSuccess);
  EXPECT_EQ(status, cudaStreamCaptureStatusNone);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorInvalidResourceHandle);
  (void)cudaGetLastError();
}

TEST(ApiRuntimeStream, ManyThreadsManyStreams) {
  std::atomic<int> sum{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&] {
      cudaStream_t stream = nullptr;
      ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
      for (int i = 0; i < 50; ++i) {
        ASSERT_EQ(cudaLaunchHostFunc(stream, [](void* data) { ++*static_cast<std::atomic<int>*>(data); }, &sum), cudaSuccess);
      }
      ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
      ASSERT_EQ(cudaStreamDestroy(stream), cudaSuccess);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sum, 400);
}

TEST(ApiRuntimeStream, EventsMeasureTime) {
  cudaEvent_t begin = nullptr, end = nullptr;
  ASSERT_EQ(cudaEventCreate(&begin), cudaSuccess);
  ASSERT_EQ(cudaEventCreate(&end), cudaSuccess);
  ASSERT_EQ(cudaEventRecord(begin, nullptr), cudaSuccess);
  ASSERT_EQ(cudaLaunchHostFunc(nullptr, [](void*) { std::this_thread::sleep_for(std::chrono::milliseconds(30)); }, nullptr), cudaSuccess);
  ASSERT_EQ(cudaEventRecord(end, nullptr), cudaSuccess);
  ASSERT_EQ(cudaEventSynchronize(end), cudaSuccess);
  float ms = 0;
  ASSERT_EQ(cudaEventElapsedTime(&ms, begin, end), cudaSuccess);
  EXPECT_GE(ms, 29.0f);
  EXPECT_LT(ms, 5000.0f);
  EXPECT_EQ(cudaEventDestroy(begin), cudaSuccess);
  EXPECT_EQ(cudaEventDestroy(end), cudaSuccess);
}

}  // namespace
