#include "driver_fixture.h"

#include <cstring>
#include <numeric>
#include <vector>

namespace anywarp::test {
namespace {

using DriverMemory = DriverTest;

std::vector<uint8_t> counted(size_t n) {
  std::vector<uint8_t> bytes(n);
  std::iota(bytes.begin(), bytes.end(), uint8_t(1));
  return bytes;
}

TEST_F(DriverMemory, CopiesThereAndBack) {
  const auto out = counted(100'000);
  std::vector<uint8_t> in(out.size());
  const CUdeviceptr a = allocate(out.size()), b = allocate(out.size());
  EXPECT_EQ(a % 512, 0u);
  EXPECT_OK(cuMemcpyHtoD(a, out.data(), out.size()));
  EXPECT_OK(cuMemcpyDtoD(b, a, out.size()));
  EXPECT_OK(cuMemcpyDtoH(in.data(), b, in.size()));
  EXPECT_EQ(in, out);
  EXPECT_OK(cuMemcpy(a, CUdeviceptr(in.data()), 16));
  EXPECT_OK(cuMemFree(a));
  EXPECT_OK(cuMemFree(b));
  EXPECT_OK(cuMemFree(0));
}

TEST_F(DriverMemory, BadRangesAreRefused) {
  char host[64] = {};
  const CUdeviceptr a = allocate(64);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(a, host, 65));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(a + 60, host, 8));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(a, host, ~size_t{0}));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(0, host, 8));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(12345, host, 8));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(a, nullptr, 8));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(a, reinterpret_cast<void*>(64), 8));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemsetD8(a, 0, 65));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemsetD32(a + 2, 0, 1));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemFree(a + 8));
  EXPECT_OK(cuMemcpyHtoD(a, host, 0));
  EXPECT_OK(cuMemFree(a));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemFree(a));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(a, host, 8));
}

TEST_F(DriverMemory, InfoAndTooMuch) {
  size_t before = 0, after = 0, total = 0;
  EXPECT_OK(cuMemGetInfo(&before, &total));
  const CUdeviceptr a = allocate(8 << 20);
  EXPECT_OK(cuMemGetInfo(&after, &total));
  EXPECT_LE(after + (8 << 20), before);
  EXPECT_OK(cuMemFree(a));
  CUdeviceptr b = 0;
  EXPECT_CU(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc(&b, total + 1));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemAlloc(&b, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemAlloc(nullptr, 8));
}

TEST_F(DriverMemory, Memset) {
  const CUdeviceptr a = allocate(1024);
  std::vector<uint8_t> in(1024);
  EXPECT_OK(cuMemsetD8(a, 0xab, 1024));
  EXPECT_OK(cuMemsetD32(a, 0x04030201, 2));
  EXPECT_OK(cuMemsetD16(a + 8, 0x0605, 1));
  EXPECT_OK(cuMemsetD2D8(a + 16, 32, 7, 4, 3));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemsetD2D32(a, 12, 7, 4, 3));
  EXPECT_OK(cuMemcpyDtoH(in.data(), a, 1024));
  const std::vector<uint8_t> head(in.begin(), in.begin() + 11);
  EXPECT_EQ(head, (std::vector<uint8_t>{1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 0xab}));
  for (size_t row = 0; row < 3; ++row) {
    EXPECT_EQ(in[16 + row * 32 + 3], 7);
    EXPECT_EQ(in[16 + row * 32 + 4], 0xab);
  }
  EXPECT_EQ(in[16 + 3 * 32], 0xab);
}

TEST_F(DriverMemory, PitchedCopies) {
  CUdeviceptr a = 0;
  size_t pitch = 0;
  EXPECT_OK(cuMemAllocPitch(&a, &pitch, 100, 7, 4));
  EXPECT_GE(pitch, 100u);
  EXPECT_EQ(pitch % 512, 0u);
  const auto out = counted(700);
  std::vector<uint8_t> in(700);
  CUDA_MEMCPY2D copy{};
  copy.srcMemoryType = CU_MEMORYTYPE_HOST;
  copy.srcHost = out.data();
  copy.srcPitch = 100;
  copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.dstDevice = a;
  copy.dstPitch = pitch;
  copy.WidthInBytes = 100;
  copy.Height = 7;
  EXPECT_OK(cuMemcpy2D(&copy));
  CUDA_MEMCPY2D back{};
  back.srcMemoryType = CU_MEMORYTYPE_UNIFIED;
  back.srcDevice = a;
  back.srcPitch = pitch;
  back.srcXInBytes = 10;
  back.srcY = 2;
  back.dstMemoryType = CU_MEMORYTYPE_HOST;
  back.dstHost = in.data();
  back.dstPitch = 50;
  back.dstXInBytes = 5;
  back.dstY = 1;
  back.WidthInBytes = 40;
  back.Height = 4;
  EXPECT_OK(cuMemcpy2DUnaligned(&back));
  for (size_t row = 0; row < 4; ++row)
    for (size_t x = 0; x < 40; ++x) ASSERT_EQ(in[(row + 1) * 50 + 5 + x], out[(row + 2) * 100 + 10 + x]);
  EXPECT_EQ(in[0], 0);
  copy.dstPitch = 99;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpy2D(&copy));
  copy.dstPitch = pitch;
  copy.Height = 8;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpy2D(&copy));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpy2D(nullptr));
}

TEST_F(DriverMemory, BoxesAndArrays) {
  CUDA_ARRAY3D_DESCRIPTOR shape{};
  shape.Width = 4;
  shape.Height = 3;
  shape.Depth = 2;
  shape.Format = CU_AD_FORMAT_FLOAT;
  shape.NumChannels = 1;
  CUarray array = nullptr;
  ASSERT_OK(cuArray3DCreate(&array, &shape));
  CUDA_ARRAY3D_DESCRIPTOR told{};
  EXPECT_OK(cuArray3DGetDescriptor(&told, array));
  EXPECT_EQ(told.Depth, 2u);
  std::vector<float> out(4 * 3 * 2), in(4 * 3 * 2, -1);
  std::iota(out.begin(), out.end(), 0.f);
  CUDA_MEMCPY3D copy{};
  copy.srcMemoryType = CU_MEMORYTYPE_HOST;
  copy.srcHost = out.data();
  copy.srcPitch = 16;
  copy.srcHeight = 3;
  copy.dstMemoryType = CU_MEMORYTYPE_ARRAY;
  copy.dstArray = array;
  copy.WidthInBytes = 16;
  copy.Height = 3;
  copy.Depth = 2;
  EXPECT_OK(cuMemcpy3D(&copy));
  CUDA_MEMCPY3D back{};
  back.srcMemoryType = CU_MEMORYTYPE_ARRAY;
  back.srcArray = array;
  back.srcZ = 1;
  back.srcY = 1;
  back.srcXInBytes = 4;
  back.dstMemoryType = CU_MEMORYTYPE_HOST;
  back.dstHost = in.data();
  back.dstPitch = 8;
  back.dstHeight = 2;
  back.WidthInBytes = 8;
  back.Height = 2;
  back.Depth = 1;
  EXPECT_OK(cuMemcpy3D(&back));
  const std::vector<float> head(in.begin(), in.begin() + 5);
  EXPECT_EQ(head, (std::vector<float>{17, 18, 21, 22, -1}));
  copy.Depth = 3;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpy3D(&copy));
  EXPECT_OK(cuMemcpyAtoH(in.data(), array, 8, 8));
  EXPECT_EQ(in[0], 2);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyAtoH(in.data(), array, 92, 8));
  EXPECT_OK(cuArrayDestroy(array));
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuArrayDestroy(array));
  shape.NumChannels = 3;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuArray3DCreate(&array, &shape));
}

TEST_F(DriverMemory, AnAsyncCopyFromPageableMemoryReadsItBeforeItReturns) {
  CUstream stream = nullptr;
  ASSERT_OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
  const CUdeviceptr a = allocate(1024);
  std::vector<uint8_t> host(1024, 1), in(1024);
  {
    Barrier barrier(stream);
    EXPECT_OK(cuMemcpyHtoDAsync(a, host.data(), host.size(), stream));
    host.assign(1024, 2);
    barrier.open();
    EXPECT_OK(cuStreamSynchronize(stream));
  }
  EXPECT_OK(cuMemcpyDtoHAsync(in.data(), a, in.size(), stream));
  EXPECT_EQ(in, std::vector<uint8_t>(1024, 1));  // and to pageable memory it is done when it returns
}

TEST_F(DriverMemory, AnAsyncCopyFromPinnedMemoryDoesNotWait) {
  CUstream stream = nullptr;
  ASSERT_OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
  const CUdeviceptr a = allocate(1 << 20);
  void* pinned = nullptr;
  ASSERT_OK(cuMemAllocHost(&pinned, 1 << 20));
  memset(pinned, 3, 1 << 20);
  Barrier barrier(stream);
  EXPECT_OK(cuMemcpyHtoDAsync(a, pinned, 1 << 20, stream));
  EXPECT_CU(CUDA_ERROR_NOT_READY, cuStreamQuery(stream));
  barrier.open();
  EXPECT_OK(cuStreamSynchronize(stream));
  uint8_t last = 0;
  EXPECT_OK(cuMemcpyDtoH(&last, a + (1 << 20) - 1, 1));
  EXPECT_EQ(last, 3);
  EXPECT_OK(cuMemFreeHost(pinned));
}

TEST_F(DriverMemory, HostMemory) {
  void* pinned = nullptr;
  EXPECT_OK(cuMemHostAlloc(&pinned, 100, CU_MEMHOSTALLOC_PORTABLE));
  CUdeviceptr mapped = 0;
  EXPECT_OK(cuMemHostGetDevicePointer(&mapped, pinned, 0));
  EXPECT_EQ(mapped, CUdeviceptr(pinned));
  unsigned flags = 0;
  EXPECT_OK(cuMemHostGetFlags(&flags, pinned));
  EXPECT_TRUE(flags & CU_MEMHOSTALLOC_PORTABLE);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemFree(mapped));
  EXPECT_OK(cuMemFreeHost(pinned));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemFreeHost(pinned));

  std::vector<uint32_t> own(64, 5);
  EXPECT_OK(cuMemHostRegister(own.data(), 256, 0));
  EXPECT_CU(CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED, cuMemHostRegister(&own[8], 16, 0));
  EXPECT_OK(launch("add", nullptr, CUdeviceptr(own.data()), 1u, 10u));
  EXPECT_OK(cuCtxSynchronize());
  EXPECT_EQ(own[0], 15u);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemHostUnregister(own.data() + 1));
  EXPECT_OK(cuMemHostUnregister(own.data()));
  EXPECT_CU(CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, cuMemHostUnregister(own.data()));
}

TEST_F(DriverMemory, ManagedMemoryIsOneForBothSides) {
  CUdeviceptr managed = 0;
  ASSERT_OK(cuMemAllocManaged(&managed, 4096, CU_MEM_ATTACH_GLOBAL));
  auto* host = reinterpret_cast<uint32_t*>(managed);
  host[3] = 40;
  EXPECT_OK(launch("add", nullptr, managed + 12, 1u, 2u));
  EXPECT_OK(cuCtxSynchronize());
  EXPECT_EQ(host[3], 42u);
  CUmemLocation here{CU_MEM_LOCATION_TYPE_DEVICE, device_};
  EXPECT_OK(cuMemAdvise(managed, 4096, CU_MEM_ADVISE_SET_PREFERRED_LOCATION, here));
  EXPECT_OK(cuMemPrefetchAsync(managed, 4096, here, 0, nullptr));
  int where = -5;
  EXPECT_OK(cuMemRangeGetAttribute(&where, 4, CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION, managed, 4096));
  EXPECT_EQ(where, device_);
  here.id = 99;
  EXPECT_CU(CUDA_ERROR_INVALID_DEVICE, cuMemPrefetchAsync(managed, 4096, here, 0, nullptr));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemAllocManaged(&managed, 4096, 99));
}

TEST_F(DriverMemory, PointerAttributes) {
  const CUdeviceptr a = allocate(1000);
  unsigned type = 0, is_managed = 9;
  CUcontext owner = nullptr;
  size_t bytes = 0;
  CUdeviceptr base = 0;
  EXPECT_OK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, a + 8));
  EXPECT_EQ(type, unsigned(CU_MEMORYTYPE_DEVICE));
  EXPECT_OK(cuPointerGetAttribute(&owner, CU_POINTER_ATTRIBUTE_CONTEXT, a));
  EXPECT_EQ(owner, context_);
  EXPECT_OK(cuMemGetAddressRange(&base, &bytes, a + 999));
  EXPECT_EQ(base, a);
  EXPECT_EQ(bytes, 1000u);
  EXPECT_CU(CUDA_ERROR_NOT_FOUND, cuMemGetAddressRange(&base, &bytes, a + 1000));
  int local = 0;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, CUdeviceptr(&local)));
  CUpointer_attribute asked[] = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE, CU_POINTER_ATTRIBUTE_IS_MANAGED};
  void* answers[] = {&type, &is_managed};
  EXPECT_OK(cuPointerGetAttributes(2, asked, answers, CUdeviceptr(&local)));
  EXPECT_EQ(type, 0u);
  EXPECT_EQ(is_managed, 0u);
}

TEST_F(DriverMemory, PoolsOfManagedMemory) {
  CUmemPoolProps wanted{};
  wanted.allocType = CU_MEM_ALLOCATION_TYPE_MANAGED;
  wanted.location = {CU_MEM_LOCATION_TYPE_DEVICE, device_};
  CUmemoryPool pool = nullptr, given = nullptr;
  ASSERT_OK(cuMemPoolCreate(&pool, &wanted));
  CUmemLocation location{CU_MEM_LOCATION_TYPE_DEVICE, device_};
  ASSERT_OK(cuMemGetMemPool(&given, &location, CU_MEM_ALLOCATION_TYPE_MANAGED));
  for (CUmemoryPool each : {pool, given}) {
    CUdeviceptr memory = 0;
    ASSERT_OK(cuMemAllocFromPoolAsync(&memory, 256, each, nullptr));
    EXPECT_OK(cuCtxSynchronize());
    unsigned is_managed = 0;
    EXPECT_OK(cuPointerGetAttribute(&is_managed, CU_POINTER_ATTRIBUTE_IS_MANAGED, memory));
    EXPECT_EQ(is_managed, 1u);
    *reinterpret_cast<int*>(memory) = 7;  // NOLINT(performance-no-int-to-ptr)
    EXPECT_OK(cuMemFreeAsync(memory, nullptr));
  }
  EXPECT_OK(cuMemPoolDestroy(pool));
  wanted.handleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemPoolCreate(&pool, &wanted));
  wanted.allocType = CU_MEM_ALLOCATION_TYPE_INVALID;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemPoolCreate(&pool, &wanted));
}

TEST_F(DriverMemory, StreamOrderedAllocation) {
  CUstream stream = nullptr;
  ASSERT_OK(cuStreamCreate(&stream, 0));
  CUmemoryPool pool = nullptr;
  ASSERT_OK(cuDeviceGetDefaultMemPool(&pool, device_));
  cuuint64_t used = 1;
  EXPECT_OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used));
  EXPECT_EQ(used, 0u);
  CUdeviceptr a = 0, b = 0;
  EXPECT_OK(cuMemAllocAsync(&a, 1 << 20, stream));
  EXPECT_OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used));
  EXPECT_EQ(used, cuuint64_t(1) << 20);
  {
    Barrier barrier(stream);
    EXPECT_OK(cuMemsetD8Async(a, 1, 1 << 20, stream));
    EXPECT_OK(cuMemFreeAsync(a, stream));
    EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemFreeAsync(a, stream));
  }
  EXPECT_OK(cuStreamSynchronize(stream));
  EXPECT_OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used));
  EXPECT_EQ(used, 0u);
  cuuint64_t reserved = 1, keep = 4 << 20;
  EXPECT_OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, &reserved));
  EXPECT_EQ(reserved, 0u);
  EXPECT_OK(cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &keep));
  EXPECT_OK(cuMemAllocAsync(&a, 1 << 20, stream));
  EXPECT_OK(cuMemFreeAsync(a, stream));
  EXPECT_OK(cuMemAllocAsync(&b, 1 << 20, stream));
  EXPECT_EQ(a, b);
  EXPECT_OK(cuMemFree(b));
  EXPECT_OK(cuMemPoolTrimTo(pool, 0));
  EXPECT_OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, &reserved));
  EXPECT_EQ(reserved, 0u);
  keep = 0;
  EXPECT_OK(cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &keep));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemPoolDestroy(pool));

  CUmemPoolProps wanted{};
  wanted.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
  wanted.location = {CU_MEM_LOCATION_TYPE_DEVICE, device_};
  wanted.maxSize = 1 << 20;
  CUmemoryPool own = nullptr;
  ASSERT_OK(cuMemPoolCreate(&own, &wanted));
  EXPECT_CU(CUDA_ERROR_OUT_OF_MEMORY, cuMemAllocFromPoolAsync(&a, 2 << 20, own, stream));
  EXPECT_OK(cuMemAllocFromPoolAsync(&a, 1 << 19, own, stream));
  EXPECT_OK(cuMemPoolDestroy(own));
  EXPECT_OK(cuMemsetD8Async(a, 1, 1 << 19, stream));  // lives on until it is freed
  EXPECT_OK(cuMemFreeAsync(a, stream));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemAllocFromPoolAsync(&a, 16, own, stream));
}

}  // namespace
}  // namespace anywarp::test
