// Devices through the runtime and through the driver tell the same.

#include <cuda.h>
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>
#include <string.h>

namespace {

TEST(ApiRuntimeDevice, PropertiesAreTheDrivers) {
  int count = 0;
  ASSERT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  ASSERT_GE(count, 1);
  cudaDeviceProp prop;
  ASSERT_EQ(cudaGetDeviceProperties(&prop, 0), cudaSuccess);
  char name[256];
  size_t bytes = 0;
  CUuuid uuid;
  int value = 0;
  ASSERT_EQ(cuDeviceGetName(name, sizeof name, 0), CUDA_SUCCESS);
  EXPECT_STREQ(prop.name, name);
  ASSERT_EQ(cuDeviceTotalMem(&bytes, 0), CUDA_SUCCESS);
  EXPECT_EQ(prop.totalGlobalMem, bytes);
  ASSERT_EQ(cuDeviceGetUuid(&uuid, 0), CUDA_SUCCESS);
  EXPECT_EQ(memcmp(&prop.uuid, &uuid, sizeof uuid), 0);
  ASSERT_EQ(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 0), CUDA_SUCCESS);
  EXPECT_EQ(prop.maxThreadsPerBlock, value);
  EXPECT_EQ(prop.warpSize, 32);
  EXPECT_GT(prop.multiProcessorCount, 0);
  EXPECT_EQ(prop.unifiedAddressing, 1);
}

TEST(ApiRuntimeDevice, EveryAttributeIsKnown) {
  ASSERT_EQ(cuInit(0), CUDA_SUCCESS);
  for (int attribute = cudaDevAttrMaxThreadsPerBlock; attribute <= cudaDevAttrHostNumaMultinodeIpcSupported; ++attribute) {
    int runtime = -1, driver = -1;
    const CUresult result = cuDeviceGetAttribute(&driver, static_cast<CUdevice_attribute>(attribute), 0);
    EXPECT_EQ(cudaDeviceGetAttribute(&runtime, static_cast<cudaDeviceAttr>(attribute), 0), static_cast<cudaError_t>(result)) << attribute;
    if (result == CUDA_SUCCESS) {
      EXPECT_EQ(runtime, driver) << attribute;
    }
  }
  int value = 0;
  EXPECT_EQ(cudaDeviceGetAttribute(&value, static_cast<cudaDeviceAttr>(100000), 0), cudaErrorInvalidValue);
  EXPECT_EQ(cudaDeviceGetAttribute(&value, cudaDevAttrWarpSize, 1000), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaDeviceGetAttribute(nullptr, cudaDevAttrWarpSize, 0), cudaErrorInvalidValue);
}

TEST(ApiRuntimeDevice, TheContextIsThePrimaryOne) {
  ASSERT_EQ(cudaFree(nullptr), cudaSuccess);  // as programs do to begin
  CUcontext current = nullptr, primary = nullptr;
  ASSERT_EQ(cuCtxGetCurrent(&current), CUDA_SUCCESS);
  ASSERT_EQ(cuDevicePrimaryCtxRetain(&primary, 0), CUDA_SUCCESS);
  EXPECT_EQ(current, primary);
  EXPECT_EQ(cuDevicePrimaryCtxRelease(0), CUDA_SUCCESS);
}

TEST(ApiRuntimeDevice, AContextOfTheProgramsOwnIsUsed) {
  ASSERT_EQ(cuInit(0), CUDA_SUCCESS);
  CUcontext own = nullptr;
  ASSERT_EQ(cuCtxCreate(&own, nullptr, 0, 0), CUDA_SUCCESS);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMalloc(&pointer, 16), cudaSuccess);
  CUcontext of = nullptr;
  EXPECT_EQ(cuPointerGetAttribute(&of, CU_POINTER_ATTRIBUTE_CONTEXT, reinterpret_cast<CUdeviceptr>(pointer)), CUDA_SUCCESS);
  EXPECT_EQ(of, own);
  EXPECT_EQ(cudaFree(pointer), cudaSuccess);
  EXPECT_EQ(cuCtxDestroy(own), CUDA_SUCCESS);
  EXPECT_EQ(cudaFree(nullptr), cudaSuccess);
}

TEST(ApiRuntimeDevice, ResetFreesEverythingAndStartsAnew) {
  void* pointer = nullptr;
  ASSERT_EQ(cudaMalloc(&pointer, 1 << 20), cudaSuccess);
  cudaEvent_t event = nullptr;
  ASSERT_EQ(cudaEventCreate(&event), cudaSuccess);
  ASSERT_EQ(cudaDeviceReset(), cudaSuccess);
  EXPECT_NE(cudaEventQuery(event), cudaSuccess);
  (void)cudaGetLastError();
  ASSERT_EQ(cudaMalloc(&pointer, 16), cudaSuccess);
  EXPECT_EQ(cudaFree(pointer), cudaSuccess);
  EXPECT_EQ(cudaDeviceReset(), cudaSuccess);
}

TEST(ApiRuntimeDevice, FlagsAndLimits) {
  unsigned flags = 0;
  EXPECT_EQ(cudaGetDeviceFlags(&flags), cudaSuccess);
  EXPECT_TRUE(flags & cudaDeviceMapHost);
  EXPECT_EQ(cudaGetDeviceFlags(nullptr), cudaErrorInvalidValue);
  size_t bytes = 0;
  EXPECT_EQ(cudaDeviceGetLimit(&bytes, cudaLimitPrintfFifoSize), cudaSuccess);
  EXPECT_GT(bytes, 0u);
  EXPECT_EQ(cudaDeviceSetLimit(cudaLimitMallocHeapSize, 16 << 20), cudaSuccess);
  EXPECT_EQ(cudaDeviceGetLimit(&bytes, cudaLimitMallocHeapSize), cudaSuccess);
  EXPECT_GE(bytes, size_t{16} << 20);
  EXPECT_NE(cudaDeviceGetLimit(&bytes, static_cast<cudaLimit>(77)), cudaSuccess);
  cudaFuncCache config;
  EXPECT_EQ(cudaDeviceSetCacheConfig(cudaFuncCachePreferL1), cudaSuccess);
  EXPECT_EQ(cudaDeviceGetCacheConfig(&config), cudaSuccess);
  int least = 0, greatest = 0;
  EXPECT_EQ(cudaDeviceGetStreamPriorityRange(&least, &greatest), cudaSuccess);
  EXPECT_LE(greatest, least);
  (void)cudaGetLastError();
}

TEST(ApiRuntimeDevice, PciBusIds) {
  char id[32];
  int device = -1;
  ASSERT_EQ(cudaDeviceGetPCIBusId(id, sizeof id, 0), cudaSuccess);
  EXPECT_EQ(cudaDeviceGetByPCIBusId(&device, id), cudaSuccess);
  EXPECT_EQ(device, 0);
  EXPECT_NE(cudaDeviceGetByPCIBusId(&device, "none"), cudaSuccess);
  EXPECT_EQ(cudaDeviceGetByPCIBusId(nullptr, id), cudaErrorInvalidValue);
  (void)cudaGetLastError();
}

TEST(ApiRuntimeDevice, Versions) {
  int driver = 0, runtime = 0;
  EXPECT_EQ(cudaDriverGetVersion(&driver), cudaSuccess);
  EXPECT_GE(driver, 13000);
  EXPECT_EQ(cudaRuntimeGetVersion(&runtime), cudaSuccess);
  EXPECT_EQ(runtime, CUDART_VERSION);
}

TEST(ApiRuntimeDevice, DriverEntryPointsByName) {
  using GetCount = CUresult (*)(int*);
  void* function = nullptr;
  cudaDriverEntryPointQueryResult status;
  ASSERT_EQ(cudaGetDriverEntryPointByVersion("cuDeviceGetCount", &function, 13000, cudaEnableDefault, &status), cudaSuccess);
  ASSERT_EQ(status, cudaDriverEntryPointSuccess);
  int count = 0;
  EXPECT_EQ(reinterpret_cast<GetCount>(function)(&count), CUDA_SUCCESS);
  EXPECT_GE(count, 1);
  EXPECT_EQ(cudaGetDriverEntryPointByVersion("cuNoSuchThing", &function, 13000, cudaEnableDefault, &status), cudaSuccess);
  EXPECT_EQ(status, cudaDriverEntryPointSymbolNotFound);
}

}  // namespace
