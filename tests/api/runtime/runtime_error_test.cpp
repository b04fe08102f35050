// Wrong handles, null pointers and impossible sizes: each gives the code that CUDA documents, and harms nothing.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <thread>

namespace {

class ApiRuntimeError : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(cudaFree(nullptr), cudaSuccess);
    (void)cudaGetLastError();
  }
  void TearDown() override {
    void* pointer = nullptr;
    EXPECT_EQ(cudaMalloc(&pointer, 64), cudaSuccess) << "the device still works";
    EXPECT_EQ(cudaFree(pointer), cudaSuccess);
    (void)cudaGetLastError();
  }

  static void* at(uintptr_t address) { return reinterpret_cast<void*>(address); }
};

TEST_F(ApiRuntimeError, NullPointers) {
  EXPECT_EQ(cudaMalloc(nullptr, 1), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMallocHost(nullptr, 1), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMallocManaged(nullptr, 1, cudaMemAttachGlobal), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMallocPitch(nullptr, nullptr, 1, 1), cudaErrorInvalidValue);
  EXPECT_EQ(cudaStreamCreate(nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaEventCreate(nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetDevice(nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetDeviceCount(nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetDeviceProperties(nullptr, 0), cudaErrorInvalidValue);
  EXPECT_EQ(cudaPointerGetAttributes(nullptr, nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaDriverGetVersion(nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaLaunchHostFunc(nullptr, nullptr, nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(nullptr, at(0x10), 4, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemset(nullptr, 0, 4), cudaErrorInvalidValue);
}

TEST_F(ApiRuntimeError, WrongHandles) {
  int local = 0;
  const auto stream = reinterpret_cast<cudaStream_t>(0xDEAD0);
  const auto event = reinterpret_cast<cudaEvent_t>(0xDEAD0);
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventQuery(event), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventRecord(event, nullptr), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventDestroy(event), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventSynchronize(nullptr), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamWaitEvent(nullptr, event, 0), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaFree(&local), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFreeHost(&local), cudaErrorInvalidValue);
  EXPECT_EQ(cudaHostUnregister(&local), cudaErrorHostMemoryNotRegistered);
  // NVIDIA's runtime takes what it does not know for a cudaKernel_t, and the driver says that it is none.
  const auto is_no_kernel = [](cudaError_t error) {
    return error == cudaErrorInvalidDeviceFunction || error == cudaErrorInvalidResourceHandle;
  };
  EXPECT_TRUE(is_no_kernel(cudaLaunchKernel(&local, 1, 1, nullptr, 0, nullptr)));
  EXPECT_EQ(cudaMemcpyToSymbol(&local, &local, 4, 0, cudaMemcpyHostToDevice), cudaErrorInvalidSymbol);
  cudaFuncAttributes attributes;
  EXPECT_TRUE(is_no_kernel(cudaFuncGetAttributes(&attributes, &local)));
}

TEST_F(ApiRuntimeError, WrongNumbers) {
  void* pointer = nullptr;
  EXPECT_EQ(cudaMalloc(&pointer, size_t{1} << 60), cudaErrorMemoryAllocation);
  EXPECT_EQ(pointer, nullptr);
  EXPECT_EQ(cudaMallocHost(&pointer, size_t{1} << 60), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaSetDevice(-1), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaSetDevice(1 << 20), cudaErrorInvalidDevice);
  cudaEvent_t event = nullptr;
  EXPECT_EQ(cudaEventCreateWithFlags(&event, 0x1000), cudaErrorInvalidValue);
  cudaStream_t stream = nullptr;
  EXPECT_EQ(cudaStreamCreateWithFlags(&stream, 0x1000), cudaErrorInvalidValue);
  int local = 0;
  EXPECT_EQ(cudaMemcpy(&local, &local, 4, static_cast<cudaMemcpyKind>(9)), cudaErrorInvalidMemcpyDirection);
}

TEST_F(ApiRuntimeError, CopiesBeyondAnAllocation) {
  char host[256] = {};
  void* pointer = nullptr;
  ASSERT_EQ(cudaMalloc(&pointer, 64), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(pointer, host, 1 << 20, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemset(pointer, 0, 1 << 20), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(host, at(0x100000), 64, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(pointer), cudaSuccess);
  EXPECT_EQ(cudaFree(pointer), cudaErrorInvalidValue) << "freed twice";
}

TEST_F(ApiRuntimeError, TheLastErrorIsTheThreads) {
  EXPECT_EQ(cudaSetDevice(-1), cudaErrorInvalidDevice);
  std::thread([] { EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess); }).join();
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(ApiRuntimeError, ElapsedTimes) {
  cudaEvent_t begin = nullptr, end = nullptr, untimed = nullptr;
  float ms = -1;
  ASSERT_EQ(cudaEventCreate(&begin), cudaSuccess);
  ASSERT_EQ(cudaEventCreate(&end), cudaSuccess);
  ASSERT_EQ(cudaEventCreateWithFlags(&untimed, cudaEventDisableTiming), cudaSuccess);
  EXPECT_EQ(cudaEventElapsedTime(&ms, begin, end), cudaErrorInvalidResourceHandle) << "neither is recorded";
  ASSERT_EQ(cudaEventRecord(begin, nullptr), cudaSuccess);
  ASSERT_EQ(cudaEventRecord(end, nullptr), cudaSuccess);
  ASSERT_EQ(cudaEventRecord(untimed, nullptr), cudaSuccess);
  ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(cudaEventElapsedTime(&ms, begin, end), cudaSuccess);
  EXPECT_GE(ms, 0.0f);
  EXPECT_EQ(cudaEventElapsedTime(&ms, begin, untimed), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventElapsedTime(nullptr, begin, end), cudaErrorInvalidValue);
  for (cudaEvent_t event : {begin, end, untimed}) EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
}

}  // namespace
