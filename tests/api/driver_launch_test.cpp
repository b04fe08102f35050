#include "driver_fixture.h"

#include <cstring>
#include <vector>

namespace anywarp::test {
namespace {

class DriverLaunch : public DriverTest {
 protected:
  CUresult launch_shape(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared = 0) {
    CUdeviceptr none = scratch();
    void* arguments[] = {&none, &none, &none, nullptr};
    return cuLaunchKernel(f, gx, gy, gz, bx, by, bz, shared, nullptr, arguments, nullptr);
  }
  CUdeviceptr scratch() {
    if (!scratch_) scratch_ = allocate(64);
    return scratch_;
  }
  CUdeviceptr scratch_ = 0;
};

TEST_F(DriverLaunch, EveryThreadRuns) {
  constexpr unsigned kCount = 10'000;
  const CUdeviceptr words = allocate(kCount * 4);
  EXPECT_OK(cuMemsetD32(words, 1, kCount));
  CUdeviceptr p = words;
  unsigned n = kCount, value = 41;
  void* arguments[] = {&p, &n, &value};
  EXPECT_OK(cuLaunchKernel(function("add"), (kCount + 127) / 128, 1, 1, 128, 1, 1, 0, nullptr, arguments, nullptr));
  value = 1000;  // the launch has its own copy
  std::vector<uint32_t> in(kCount);
  EXPECT_OK(cuMemcpyDtoH(in.data(), words, kCount * 4));
  EXPECT_EQ(in, std::vector<uint32_t>(kCount, 42));
}

TEST_F(DriverLaunch, Parameters) {
  struct Stored {
    uint32_t a, b;
    uint64_t c;
  } in{};
  CUdeviceptr out = scratch();
  const CUfunction f = function("copy_params");
  uint8_t a = 250;
  uint32_t b = 0xdeadbeef;
  uint64_t c = 0x123456789abcdef0;
  void* arguments[] = {&out, &a, &b, &c};
  EXPECT_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, nullptr, arguments, nullptr));
  EXPECT_OK(cuMemcpyDtoH(&in, out, sizeof in));
  EXPECT_EQ(in.a, 250u);
  EXPECT_EQ(in.b, 0xdeadbeef);
  EXPECT_EQ(in.c, 0x123456789abcdef0u);

  unsigned char buffer[24] = {};
  size_t bytes = sizeof buffer;
  b = 77;
  memcpy(buffer, &out, 8);
  memcpy(buffer + 8, &a, 1);
  memcpy(buffer + 12, &b, 4);
  memcpy(buffer + 16, &c, 8);
  void* extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, buffer, CU_LAUNCH_PARAM_BUFFER_SIZE, &bytes, CU_LAUNCH_PARAM_END};
  EXPECT_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, extra));
  EXPECT_OK(cuMemcpyDtoH(&in, out, sizeof in));
  EXPECT_EQ(in.b, 77u);

  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, nullptr, arguments, extra));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr));
  bytes = 20;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, extra));
  void* lacking[] = {&out, nullptr, &b, &c};
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, nullptr, lacking, nullptr));

  size_t offset = 0, size = 0;
  EXPECT_OK(cuFuncGetParamInfo(f, 1, &offset, &size));
  EXPECT_EQ(offset, 8u);
  EXPECT_EQ(size, 1u);
  EXPECT_OK(cuFuncGetParamInfo(f, 3, &offset, &size));
  EXPECT_EQ(offset, 16u);
}

TEST_F(DriverLaunch, Shapes) {
  const CUfunction f = function("nothing");
  EXPECT_OK(launch_shape(f, 1, 1, 1, 1024, 1, 1));
  EXPECT_OK(launch_shape(f, 1, 65535, 1, 1, 1, 1));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, launch_shape(f, 0, 1, 1, 1, 1, 1));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, launch_shape(f, 1, 1, 1, 0, 1, 1));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, launch_shape(f, 1, 65536, 1, 1, 1, 1));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, launch_shape(f, 1, 1, 1, 1025, 1, 1));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, launch_shape(f, 1, 1, 1, 1, 1, 65));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, launch_shape(f, 1, 1, 1, 32, 32, 2));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, launch_shape(function("bounded"), 1, 1, 1, 65, 1, 1));
  EXPECT_OK(launch_shape(function("bounded"), 1, 1, 1, 64, 1, 1));
  int most = 0;
  EXPECT_OK(cuFuncGetAttribute(&most, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, function("bounded")));
  EXPECT_EQ(most, 64);
  EXPECT_OK(cuCtxSynchronize());
}

TEST_F(DriverLaunch, DynamicSharedMemoryBeyond48KHasToBeAskedFor) {
  const CUfunction f = function("shared");
  EXPECT_OK(launch_shape(f, 1, 1, 1, 1, 1, 1, 48 * 1024));
  uint32_t told = 0;
  EXPECT_OK(cuMemcpyDtoH(&told, scratch(), 4));
  EXPECT_EQ(told, 48u * 1024);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, launch_shape(f, 1, 1, 1, 1, 1, 1, 64 * 1024));
  EXPECT_OK(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 64 * 1024));
  EXPECT_OK(launch_shape(f, 1, 1, 1, 1, 1, 1, 64 * 1024));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 1 << 20));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_NUM_REGS, 1));
  EXPECT_OK(cuCtxSynchronize());
}

TEST_F(DriverLaunch, AnIllegalAddressFailsTheContextAndNotTheProcess) {
  CUevent event = nullptr;
  ASSERT_OK(cuEventCreate(&event, 0));
  const CUdeviceptr memory = allocate(4);
  const CUfunction nothing = function("nothing");
  EXPECT_OK(launch("wild", nullptr, CUdeviceptr(16)));
  EXPECT_CU(CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize());
  CUdeviceptr more = 0;
  uint32_t word = 0;
  CUstream stream = nullptr;
  EXPECT_CU(CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize());
  EXPECT_CU(CUDA_ERROR_ILLEGAL_ADDRESS, cuMemAlloc(&more, 4));
  EXPECT_CU(CUDA_ERROR_ILLEGAL_ADDRESS, cuMemFree(memory));
  EXPECT_CU(CUDA_ERROR_ILLEGAL_ADDRESS, cuMemcpyDtoH(&word, memory, 4));
  EXPECT_CU(CUDA_ERROR_ILLEGAL_ADDRESS, cuStreamCreate(&stream, 0));
  EXPECT_CU(CUDA_ERROR_ILLEGAL_ADDRESS, cuEventRecord(event, nullptr));
  EXPECT_CU(CUDA_ERROR_ILLEGAL_ADDRESS, cuLaunchKernel(nothing, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr));
  module_ = nullptr;
  // Another context is not touched by it.
  CUcontext other = nullptr;
  ASSERT_OK(cuCtxCreate(&other, nullptr, 0, device_));
  EXPECT_OK(cuMemAlloc(&more, 4));
  EXPECT_OK(launch("add", nullptr, more, 1u, 1u));
  EXPECT_OK(cuCtxSynchronize());
  EXPECT_OK(cuCtxDestroy(other));
}

TEST_F(DriverLaunch, WhatIsQueuedBehindAFailureDoesNotRun) {
  CUstream stream = nullptr;
  ASSERT_OK(cuStreamCreate(&stream, 0));
  CUdeviceptr managed = 0;
  ASSERT_OK(cuMemAllocManaged(&managed, 4, CU_MEM_ATTACH_GLOBAL));
  *reinterpret_cast<uint32_t*>(managed) = 0;
  static CUresult told;
  static int host_functions;
  told = CUDA_SUCCESS;
  host_functions = 0;
  {
    Barrier barrier(stream);
    EXPECT_OK(launch("wild", stream, CUdeviceptr(16)));
    EXPECT_OK(launch("add", stream, managed, 1u, 1u));
    EXPECT_OK(cuStreamAddCallback(stream, [](CUstream, CUresult status, void*) { told = status; }, nullptr, 0));
    EXPECT_OK(cuLaunchHostFunc(stream, [](void*) { ++host_functions; }, nullptr));
  }
  EXPECT_CU(CUDA_ERROR_ILLEGAL_ADDRESS, cuStreamSynchronize(stream));
  EXPECT_EQ(*reinterpret_cast<uint32_t*>(managed), 0u);
  EXPECT_EQ(told, CUDA_ERROR_ILLEGAL_ADDRESS);
  EXPECT_EQ(host_functions, 0);
}

TEST_F(DriverLaunch, ResettingThePrimaryContextMendsIt) {
  ASSERT_OK(cuCtxPopCurrent(nullptr));
  CUcontext primary = nullptr;
  ASSERT_OK(cuDevicePrimaryCtxRetain(&primary, device_));
  ASSERT_OK(cuCtxPushCurrent(primary));
  EXPECT_OK(launch("wild", nullptr, CUdeviceptr(16)));
  EXPECT_CU(CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize());
  module_ = nullptr;
  ASSERT_OK(cuDevicePrimaryCtxReset(device_));
  ASSERT_OK(cuDevicePrimaryCtxRetain(&primary, device_));
  EXPECT_OK(launch("nothing", nullptr));
  EXPECT_OK(cuCtxSynchronize());
  EXPECT_OK(cuDevicePrimaryCtxReset(device_));
  EXPECT_OK(cuCtxPopCurrent(nullptr));
}

TEST_F(DriverLaunch, PrintsWhenItSynchronises) {
  testing::internal::CaptureStdout();
  EXPECT_OK(launch("print", nullptr, 5u));
  EXPECT_OK(cuCtxSynchronize());
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "n=5\n");
}

TEST_F(DriverLaunch, Attributes) {
  CUlaunchAttribute attributes[2] = {};
  attributes[0].id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE;
  attributes[0].value.cooperative = 1;
  attributes[1].id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
  attributes[1].value.programmaticStreamSerializationAllowed = 1;
  CUlaunchConfig config{};
  config.gridDimX = config.gridDimY = config.gridDimZ = 1;
  config.blockDimX = 32;
  config.blockDimY = config.blockDimZ = 1;
  config.attrs = attributes;
  config.numAttrs = 2;
  const CUfunction f = function("nothing");
  EXPECT_OK(cuLaunchKernelEx(&config, f, nullptr, nullptr));
  config.gridDimX = 10'000'000;
  EXPECT_CU(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, cuLaunchKernelEx(&config, f, nullptr, nullptr));
  EXPECT_CU(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, cuLaunchCooperativeKernel(f, 10'000'000, 1, 1, 32, 1, 1, 0, nullptr, nullptr));
  config.gridDimX = 3;
  attributes[0].id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
  attributes[0].value.clusterDim = {2, 1, 1};
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuLaunchKernelEx(&config, f, nullptr, nullptr));
  attributes[0].value.clusterDim = {64, 1, 1};
  EXPECT_CU(CUDA_ERROR_INVALID_CLUSTER_SIZE, cuLaunchKernelEx(&config, f, nullptr, nullptr));
  attributes[0].id = CUlaunchAttributeID(1234);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuLaunchKernelEx(&config, f, nullptr, nullptr));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuLaunchKernelEx(nullptr, f, nullptr, nullptr));
  EXPECT_OK(cuCtxSynchronize());
}

TEST_F(DriverLaunch, AStreamOfAnotherContextIsRefused) {
  const CUfunction f = function("nothing");
  CUcontext other = nullptr;
  ASSERT_OK(cuCtxCreate(&other, nullptr, 0, device_));
  CUstream stream = nullptr;
  ASSERT_OK(cuStreamCreate(&stream, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, stream, nullptr, nullptr));
  EXPECT_OK(cuCtxDestroy(other));
}

TEST_F(DriverLaunch, Occupancy) {
  const CUfunction f = function("bounded");
  int blocks = -1;
  EXPECT_OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, f, 64, 0));
  EXPECT_EQ(blocks, 32);
  EXPECT_OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, f, 64, 100 * 1024));
  EXPECT_EQ(blocks, 2);
  EXPECT_OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, f, 128, 0));
  EXPECT_EQ(blocks, 0);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, f, 0, 0));
  int grid = 0, block = 0;
  EXPECT_OK(cuOccupancyMaxPotentialBlockSize(&grid, &block, f, nullptr, 0, 0));
  EXPECT_EQ(block, 64);
  EXPECT_GE(grid, 32);
  EXPECT_OK(cuOccupancyMaxPotentialBlockSize(&grid, &block, function("nothing"), nullptr, 0, 96));
  EXPECT_LE(block, 96);
  size_t room = 0;
  EXPECT_OK(cuOccupancyAvailableDynamicSMemPerBlock(&room, f, 2, 64));
  EXPECT_EQ(room, size_t(48) * 1024);  // what a kernel may use unless it is told otherwise
  EXPECT_OK(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 200 * 1024));
  EXPECT_OK(cuOccupancyAvailableDynamicSMemPerBlock(&room, f, 2, 64));
  EXPECT_GE(room, size_t(100) * 1024);
}

}  // namespace
}  // namespace anywarp::test
