// The runtime on a machine without a driver: every call says so, and nothing crashes.

#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

extern "C" {
void** __cudaRegisterFatBinary(void* fatCubin);
void __cudaUnregisterFatBinary(void** handle);
void __cudaRegisterFunction(void** handle, const char* stub, char* device_stub, const char* name, int, uint3*, uint3*, dim3*, dim3*, int*);
char __cudaInitModule(void** handle);
}

namespace {

class NoDriver : public testing::Test {
 protected:
  void SetUp() override {
    if (dlopen("libcuda.so.1", RTLD_NOW)) GTEST_SKIP() << "this machine has a driver";
    (void)cudaGetLastError();
  }
};

TEST_F(NoDriver, SaysSoOnceAndInEveryResult) {
  testing::internal::CaptureStderr();
  int count = 7;
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorInsufficientDriver);
  EXPECT_EQ(count, 0);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMalloc(&pointer, 1), cudaErrorInsufficientDriver);
  EXPECT_EQ(cudaFree(nullptr), cudaErrorInsufficientDriver);
  EXPECT_EQ(cudaSetDevice(0), cudaErrorInsufficientDriver);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorInsufficientDriver);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInsufficientDriver);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.find("anywarp: error: no CUDA driver is found"), 0u) << said;
  EXPECT_EQ(said.find('\n'), said.size() - 1) << said;
}

TEST_F(NoDriver, WhatNeedsNoneWorks) {
  int version = 7;
  EXPECT_EQ(cudaDriverGetVersion(&version), cudaSuccess);
  EXPECT_EQ(version, 0);
  EXPECT_EQ(cudaRuntimeGetVersion(&version), cudaSuccess);
  EXPECT_EQ(version, 13000);
  EXPECT_STREQ(cudaGetErrorName(cudaErrorInsufficientDriver), "cudaErrorInsufficientDriver");
  EXPECT_EQ(cudaCreateChannelDesc(8, 0, 0, 0, cudaChannelFormatKindSigned).x, 8);
}

TEST_F(NoDriver, ProgramsRegisterAndEnd) {
  void** handle = __cudaRegisterFatBinary(nullptr);
  char stub = 0;
  __cudaRegisterFunction(handle, &stub, nullptr, "kernel", -1, nullptr, nullptr, nullptr, nullptr, nullptr);
  EXPECT_TRUE(__cudaInitModule(handle));  // there is nothing managed
  EXPECT_EQ(cudaLaunchKernel(&stub, 1, 1, nullptr, 0, nullptr), cudaErrorInsufficientDriver);
  __cudaUnregisterFatBinary(handle);
}

}  // namespace
