#include "driver_fixture.h"

#include <cstdlib>
#include <cstring>
#include <vector>

namespace anywarp::test {
namespace {

using DriverContext = DriverTest;

TEST(DriverInit, CallsBeforeInitAreRefused) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        int count = 0;
        const bool refused = cuDeviceGetCount(&count) == CUDA_ERROR_NOT_INITIALIZED;
        int version = 0;
        const bool told = cuDriverGetVersion(&version) == CUDA_SUCCESS && version == 13000;
        exit(refused && told ? 17 : 1);
      },
      testing::ExitedWithCode(17), "");
}

TEST(DriverInit, FlagsMustBeZero) { EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuInit(1)); }

TEST_F(DriverContext, DeviceTellsWhatItIs) {
  char name[64] = "";
  EXPECT_OK(cuDeviceGetName(name, sizeof name, device_));
  EXPECT_NE(std::string(name).find("Anywarp"), std::string::npos);
  char cut[5];
  EXPECT_OK(cuDeviceGetName(cut, sizeof cut, device_));
  EXPECT_STREQ(cut, "Anyw");
  int warp = 0, major = 0;
  EXPECT_OK(cuDeviceGetAttribute(&warp, CU_DEVICE_ATTRIBUTE_WARP_SIZE, device_));
  EXPECT_EQ(warp, 32);
  EXPECT_OK(cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device_));
  EXPECT_GE(major, 5);
  size_t bytes = 0;
  EXPECT_OK(cuDeviceTotalMem(&bytes, device_));
  EXPECT_GT(bytes, size_t(1) << 20);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuDeviceGetAttribute(&warp, CUdevice_attribute(0), device_));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuDeviceGetAttribute(&warp, CU_DEVICE_ATTRIBUTE_MAX, device_));
  EXPECT_CU(CUDA_ERROR_INVALID_DEVICE, cuDeviceGetAttribute(&warp, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 99));
  EXPECT_CU(CUDA_ERROR_INVALID_DEVICE, cuDeviceGetAttribute(&warp, CU_DEVICE_ATTRIBUTE_WARP_SIZE, -1));
  CUdevice found = -1;
  char bus[32];
  EXPECT_OK(cuDeviceGetPCIBusId(bus, sizeof bus, device_));
  EXPECT_OK(cuDeviceGetByPCIBusId(&found, bus));
  EXPECT_EQ(found, device_);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuDeviceGetByPCIBusId(&found, "nonsense"));
  EXPECT_CU(CUDA_ERROR_INVALID_DEVICE, cuDeviceGet(&found, 1000));
}

TEST_F(DriverContext, StackOfContexts) {
  CUcontext second = nullptr, seen = nullptr;
  ASSERT_OK(cuCtxCreate(&second, nullptr, CU_CTX_SCHED_YIELD, device_));
  EXPECT_OK(cuCtxGetCurrent(&seen));
  EXPECT_EQ(seen, second);
  unsigned flags = 0;
  EXPECT_OK(cuCtxGetFlags(&flags));
  EXPECT_EQ(flags, unsigned(CU_CTX_SCHED_YIELD));
  EXPECT_OK(cuCtxPopCurrent(&seen));
  EXPECT_EQ(seen, second);
  EXPECT_OK(cuCtxGetCurrent(&seen));
  EXPECT_EQ(seen, context_);
  EXPECT_OK(cuCtxPushCurrent(second));
  EXPECT_OK(cuCtxDestroy(second));  // pops it, for it is current
  EXPECT_OK(cuCtxGetCurrent(&seen));
  EXPECT_EQ(seen, context_);
  EXPECT_OK(cuCtxSetCurrent(nullptr));
  EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuCtxSynchronize());
  EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuCtxPopCurrent(&seen));
  EXPECT_OK(cuCtxSetCurrent(context_));
}

TEST_F(DriverContext, ThreadsHaveTheirOwn) {
  std::thread([&] {
    CUcontext seen = context_;
    EXPECT_OK(cuCtxGetCurrent(&seen));
    EXPECT_EQ(seen, nullptr);
    CUdeviceptr memory;
    EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuMemAlloc(&memory, 4));
    EXPECT_OK(cuCtxSetCurrent(context_));
    EXPECT_OK(cuMemAlloc(&memory, 4));
  }).join();
}

TEST_F(DriverContext, ADestroyedContextIsSaidToBeDestroyed) {
  CUcontext second = nullptr;
  ASSERT_OK(cuCtxCreate(&second, nullptr, 0, device_));
  ASSERT_OK(cuCtxPopCurrent(nullptr));
  std::thread([&] {
    ASSERT_OK(cuCtxSetCurrent(second));
    ASSERT_OK(cuCtxDestroy(second));
  }).join();
  std::thread([&] { EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuCtxSetCurrent(second)); }).join();
  EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuCtxDestroy(second));
}

TEST_F(DriverContext, PrimaryContextIsCounted) {
  unsigned flags = 0;
  int active = 1;
  EXPECT_OK(cuDevicePrimaryCtxGetState(device_, &flags, &active));
  EXPECT_EQ(active, 0);
  CUcontext primary = nullptr, again = nullptr;
  EXPECT_OK(cuDevicePrimaryCtxRetain(&primary, device_));
  EXPECT_OK(cuDevicePrimaryCtxRetain(&again, device_));
  EXPECT_EQ(primary, again);
  ASSERT_OK(cuCtxPushCurrent(primary));
  CUdeviceptr memory = 0;
  EXPECT_OK(cuMemAlloc(&memory, 1024));
  EXPECT_OK(cuDevicePrimaryCtxRelease(device_));
  EXPECT_OK(cuMemsetD8(memory, 1, 1024));
  EXPECT_OK(cuDevicePrimaryCtxRelease(device_));
  EXPECT_CU(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuMemsetD8(memory, 1, 1024));
  EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuDevicePrimaryCtxRelease(device_));
  EXPECT_OK(cuDevicePrimaryCtxRetain(&again, device_));
  EXPECT_EQ(primary, again);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemsetD8(memory, 1, 1024));  // the memory went with the context
  EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuCtxDestroy(primary));
  EXPECT_OK(cuDevicePrimaryCtxReset(device_));
  EXPECT_OK(cuDevicePrimaryCtxGetState(device_, &flags, &active));
  EXPECT_EQ(active, 0);
  EXPECT_OK(cuCtxPopCurrent(nullptr));
}

TEST_F(DriverContext, NoPointerAtAllIsTakenForAHandle) {
  alignas(64) char own[64] = "not a handle";
  void* const wild[] = {
      nullptr, own, reinterpret_cast<void*>(8), reinterpret_cast<void*>(~uintptr_t{0}), context_, reinterpret_cast<char*>(context_) + 8};
  int number = 0;
  CUfunction function;
  for (void* handle : wild) {
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuModuleGetFunction(&function, CUmodule(handle), "x"));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuModuleUnload(CUmodule(handle)));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuEventQuery(CUevent(handle)));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuStreamDestroy(CUstream(handle)));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuFuncGetAttribute(&number, CU_FUNC_ATTRIBUTE_NUM_REGS, CUfunction(handle)));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuLaunchKernel(CUfunction(handle), 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuLibraryUnload(CUlibrary(handle)));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuArrayDestroy(CUarray(handle)));
    if (handle != context_) EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuCtxDestroy(CUcontext(handle)));
  }
  CUevent event = nullptr;
  ASSERT_OK(cuEventCreate(&event, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuStreamQuery(CUstream(event)));
  EXPECT_OK(cuEventDestroy(event));
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuEventDestroy(event));
}

TEST_F(DriverContext, Limits) {
  size_t bytes = 0;
  EXPECT_OK(cuCtxSetLimit(CU_LIMIT_PRINTF_FIFO_SIZE, 123456));
  EXPECT_OK(cuCtxGetLimit(&bytes, CU_LIMIT_PRINTF_FIFO_SIZE));
  EXPECT_EQ(bytes, 123456u);
  EXPECT_CU(CUDA_ERROR_UNSUPPORTED_LIMIT, cuCtxGetLimit(&bytes, CU_LIMIT_CIG_ENABLED));
}

TEST_F(DriverContext, Errors) {
  const char* text = nullptr;
  EXPECT_OK(cuGetErrorString(CUDA_ERROR_ILLEGAL_ADDRESS, &text));
  EXPECT_STREQ(text, "an illegal memory access was encountered");
  EXPECT_OK(cuGetErrorName(CUDA_SUCCESS, &text));
  EXPECT_STREQ(text, "CUDA_SUCCESS");
  EXPECT_EQ(cuGetErrorName(CUresult(12345), &text), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(text, nullptr);
}

TEST_F(DriverContext, WhatIsNotSupportedSaysSo) {
  CUexternalMemory memory = nullptr;
  CUDA_EXTERNAL_MEMORY_HANDLE_DESC description{};
  EXPECT_CU(CUDA_ERROR_NOT_SUPPORTED, cuImportExternalMemory(&memory, &description));
}

TEST_F(DriverContext, ProcAddressKnowsVersionsAndTwins) {
  const auto ask = [](const char* name, int version, cuuint64_t flags = 0) {
    void* found = nullptr;
    EXPECT_OK(cuGetProcAddress(name, &found, version, flags, nullptr));
    return found;
  };
  EXPECT_NE(ask("cuMemAlloc", 2000), ask("cuMemAlloc", 3020));
  EXPECT_EQ(ask("cuMemAlloc", 13000), reinterpret_cast<void*>(&cuMemAlloc));
  EXPECT_NE(ask("cuLaunchKernel", 13000, 2), ask("cuLaunchKernel", 13000, 1));
  EXPECT_NE(ask("cuCtxSynchronize", 12000), ask("cuCtxSynchronize", 13000));
  void* found = nullptr;
  CUdriverProcAddressQueryResult status;
  EXPECT_OK(cuGetProcAddress("cuLibraryLoadData", &found, 11000, 0, &status));
  EXPECT_EQ(status, CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT);
  EXPECT_OK(cuGetProcAddress("cuNoSuchThing", &found, 13000, 0, &status));
  EXPECT_EQ(status, CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
  EXPECT_CU(CUDA_ERROR_NOT_FOUND, cuGetProcAddress("", &found, 0, 0, nullptr));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGetProcAddress("cuInit", &found, 13000, 3, nullptr));
}

}  // namespace
}  // namespace anywarp::test
