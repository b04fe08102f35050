// Kernels from PTX text: loading, launching, and what is said about them.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <vector>

namespace {

// add(out, value, count): out[i] += value, and counts the threads in `done`. trap(): ends in an error.
constexpr const char* kText = R"(
.version 8.7
.target sm_75
.address_size 64
.visible .global .align 4 .u32 done;
.visible .entry add(.param .u64 out, .param .u32 value, .param .u32 count)
{
  .reg .pred %p;
  .reg .b32 %r<8>;
  .reg .b64 %rd<5>;
  ld.param.u64 %rd1, [out];
  ld.param.u32 %r1, [value];
  ld.param.u32 %r2, [count];
  mov.u32 %r3, %ctaid.x;
  mov.u32 %r4, %ntid.x;
  mov.u32 %r5, %tid.x;
  mad.lo.u32 %r6, %r3, %r4, %r5;
  setp.ge.u32 %p, %r6, %r2;
  @%p bra end;
  cvta.to.global.u64 %rd2, %rd1;
  mul.wide.u32 %rd3, %r6, 4;
  add.u64 %rd4, %rd2, %rd3;
  ld.global.u32 %r7, [%rd4];
  add.u32 %r7, %r7, %r1;
  st.global.u32 [%rd4], %r7;
  red.global.add.u32 [done], 1;
end:
  ret;
}
)";

class ApiRuntimeLibrary : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(cudaLibraryLoadData(&library, kText, nullptr, nullptr, 0, nullptr, nullptr, 0), cudaSuccess);
    ASSERT_EQ(cudaLibraryGetKernel(&kernel, library, "add"), cudaSuccess);
  }
  void TearDown() override {
    EXPECT_EQ(cudaLibraryUnload(library), cudaSuccess);
    (void)cudaGetLastError();
  }

  cudaLibrary_t library = nullptr;
  cudaKernel_t kernel = nullptr;
};

TEST_F(ApiRuntimeLibrary, Launches) {
  constexpr unsigned kCount = 1000;
  void* out = nullptr;
  ASSERT_EQ(cudaMalloc(&out, kCount * 4), cudaSuccess);
  ASSERT_EQ(cudaMemset(out, 0, kCount * 4), cudaSuccess);
  unsigned value = 7, count = kCount;
  void* arguments[] = {&out, &value, &count};
  EXPECT_EQ(cudaLaunchKernel(kernel, dim3(8), dim3(128), arguments, 0, nullptr), cudaSuccess);
  cudaLaunchConfig_t config = {};
  config.gridDim = 8;
  config.blockDim = 128;
  value = 5;
  EXPECT_EQ(cudaLaunchKernelExC(&config, kernel, arguments), cudaSuccess);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  std::vector<unsigned> result(kCount);
  EXPECT_EQ(cudaMemcpy(result.data(), out, kCount * 4, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(result, std::vector<unsigned>(kCount, 12));
  void* done = nullptr;
  size_t bytes = 0;
  unsigned threads = 0;
  EXPECT_EQ(cudaLibraryGetGlobal(&done, &bytes, library, "done"), cudaSuccess);
  EXPECT_EQ(bytes, 4u);
  EXPECT_EQ(cudaMemcpy(&threads, done, 4, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(threads, 2 * kCount);
  EXPECT_EQ(cudaFree(out), cudaSuccess);
}

TEST_F(ApiRuntimeLibrary, RefusesImpossibleLaunches) {
  void* out = nullptr;
  unsigned value = 0, count = 0;
  void* arguments[] = {&out, &value, &count};
  EXPECT_EQ(cudaLaunchKernel(kernel, 0, 32, arguments, 0, nullptr), cudaErrorInvalidConfiguration);
  EXPECT_EQ(cudaLaunchKernel(kernel, 1, 0, arguments, 0, nullptr), cudaErrorInvalidConfiguration);
  EXPECT_EQ(cudaLaunchKernel(kernel, 1, 1025, arguments, 0, nullptr), cudaErrorInvalidConfiguration);
  EXPECT_EQ(cudaLaunchKernel(kernel, 1, dim3(1, 1, 65), arguments, 0, nullptr), cudaErrorInvalidConfiguration);
  EXPECT_EQ(cudaLaunchKernel(kernel, dim3(1, 65536), 1, arguments, 0, nullptr), cudaErrorInvalidConfiguration);
  EXPECT_EQ(cudaLaunchKernel(kernel, 1, 1, arguments, 1 << 30, nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaLaunchKernel(kernel, 1, 1, arguments, 0, reinterpret_cast<cudaStream_t>(0xDEAD0)), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
}

TEST_F(ApiRuntimeLibrary, TellsAboutKernels) {
  cudaFuncAttributes attributes;
  ASSERT_EQ(cudaFuncGetAttributes(&attributes, kernel), cudaSuccess);
  EXPECT_GE(attributes.maxThreadsPerBlock, 1024);
  EXPECT_EQ(attributes.sharedSizeBytes, 0u);
  EXPECT_EQ(attributes.ptxVersion, 75);
  const char* name = nullptr;
  EXPECT_EQ(cudaFuncGetName(&name, kernel), cudaSuccess);
  EXPECT_STREQ(name, "add");
  size_t offset = 0, size = 0;
  EXPECT_EQ(cudaFuncGetParamInfo(kernel, 2, &offset, &size), cudaSuccess);
  EXPECT_EQ(offset, 12u);
  EXPECT_EQ(size, 4u);
  EXPECT_EQ(cudaFuncGetParamInfo(kernel, 3, &offset, &size), cudaErrorInvalidValue);
  int blocks = 0;
  EXPECT_EQ(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, 256, 0), cudaSuccess);
  EXPECT_GT(blocks, 0);
  EXPECT_EQ(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, 0, 0), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 32768), cudaSuccess);
  ASSERT_EQ(cudaFuncGetAttributes(&attributes, kernel), cudaSuccess);
  EXPECT_EQ(attributes.maxDynamicSharedSizeBytes, 32768);
  EXPECT_EQ(cudaFuncSetCacheConfig(kernel, cudaFuncCachePreferShared), cudaSuccess);
  unsigned count = 0;
  EXPECT_EQ(cudaLibraryGetKernelCount(&count, library), cudaSuccess);
  EXPECT_EQ(count, 1u);
  cudaKernel_t found = nullptr;
  EXPECT_EQ(cudaLibraryEnumerateKernels(&found, 1, library), cudaSuccess);
  EXPECT_EQ(found, kernel);
}

TEST_F(ApiRuntimeLibrary, WhatIsNotThere) {
  cudaKernel_t other = nullptr;
  void* address = nullptr;
  size_t bytes = 0;
  EXPECT_EQ(cudaLibraryGetKernel(&other, library, "subtract"), cudaErrorSymbolNotFound);
  EXPECT_EQ(cudaLibraryGetGlobal(&address, &bytes, library, "undone"), cudaErrorSymbolNotFound);
  EXPECT_EQ(cudaLibraryGetManaged(&address, &bytes, library, "done"), cudaErrorSymbolNotFound);
  EXPECT_EQ(cudaLibraryGetKernel(&other, reinterpret_cast<cudaLibrary_t>(0xDEAD0), "add"), cudaErrorInvalidResourceHandle);
}

TEST(ApiRuntimeLibraryText, BadText) {
  cudaLibrary_t library = nullptr;
  EXPECT_EQ(cudaLibraryLoadData(&library, ".version 8.7\n.target sm_75\n.address_size 64\n.visible .entry k() { nonsense; }", nullptr,
                                nullptr, 0, nullptr, nullptr, 0),
            cudaErrorInvalidPtx);
  EXPECT_EQ(cudaLibraryLoadData(&library, nullptr, nullptr, nullptr, 0, nullptr, nullptr, 0), cudaErrorInvalidValue);
  EXPECT_EQ(cudaLibraryLoadFromFile(&library, "no-such-file.ptx", nullptr, nullptr, 0, nullptr, nullptr, 0), cudaErrorFileNotFound);
  (void)cudaGetLastError();
}

}  // namespace
