// Memory: every way of allocating, filling and copying, against plain loops over host memory.

#include <cuda_runtime_api.h>
#include <driver_functions.h>
#include <gtest/gtest.h>
#include <string.h>

#include <numeric>
#include <vector>

namespace {

std::vector<unsigned char> counting(size_t size, int first = 1) {
  std::vector<unsigned char> bytes(size);
  std::iota(bytes.begin(), bytes.end(), static_cast<unsigned char>(first));
  return bytes;
}

std::vector<unsigned char> read(const void* device, size_t size) {
  std::vector<unsigned char> bytes(size);
  EXPECT_EQ(cudaMemcpy(bytes.data(), device, size, cudaMemcpyDeviceToHost), cudaSuccess);
  return bytes;
}

TEST(ApiRuntimeMemory, ThereAndBack) {
  const auto source = counting(100000);
  void *a = nullptr, *b = nullptr;
  ASSERT_EQ(cudaMalloc(&a, source.size()), cudaSuccess);
  ASSERT_EQ(cudaMalloc(&b, source.size()), cudaSuccess);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(a) % 256, 0u);
  EXPECT_EQ(cudaMemcpy(a, source.data(), source.size(), cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(b, a, source.size(), cudaMemcpyDeviceToDevice), cudaSuccess);
  EXPECT_EQ(read(b, source.size()), source);
  std::vector<unsigned char> target(source.size());
  EXPECT_EQ(cudaMemcpy(target.data(), b, target.size(), cudaMemcpyDefault), cudaSuccess);
  EXPECT_EQ(target, source);
  std::fill(target.begin(), target.end(), static_cast<unsigned char>(0));
  EXPECT_EQ(cudaMemcpy(target.data(), source.data(), target.size(), cudaMemcpyHostToHost), cudaSuccess);
  EXPECT_EQ(target, source);
  EXPECT_EQ(cudaFree(a), cudaSuccess);
  EXPECT_EQ(cudaFree(b), cudaSuccess);
}

TEST(ApiRuntimeMemory, Filling) {
  void* pointer = nullptr;
  ASSERT_EQ(cudaMalloc(&pointer, 64), cudaSuccess);
  ASSERT_EQ(cudaMemset(pointer, 1, 64), cudaSuccess);
  ASSERT_EQ(cudaMemset2D(pointer, 16, 0x102, 3, 2), cudaSuccess);
  std::vector<unsigned char> expected(64, 1);
  for (const size_t i : {0, 1, 2, 16, 17, 18}) expected[i] = 2;
  EXPECT_EQ(read(pointer, 64), expected);
  ASSERT_EQ(cudaMemset3D(make_cudaPitchedPtr(pointer, 8, 8, 2), 3, make_cudaExtent(1, 1, 4)), cudaSuccess);
  for (const size_t i : {0, 16, 32, 48}) expected[i] = 3;
  EXPECT_EQ(read(pointer, 64), expected);
  EXPECT_EQ(cudaFree(pointer), cudaSuccess);
}

TEST(ApiRuntimeMemory, Rows) {
  constexpr size_t kWidth = 13, kHeight = 7, kHostPitch = 20;
  const auto source = counting(kHostPitch * kHeight);
  void* pointer = nullptr;
  size_t pitch = 0;
  ASSERT_EQ(cudaMallocPitch(&pointer, &pitch, kWidth, kHeight), cudaSuccess);
  ASSERT_GE(pitch, kWidth);
  ASSERT_EQ(cudaMemset2D(pointer, pitch, 0, kWidth, kHeight), cudaSuccess);
  ASSERT_EQ(cudaMemcpy2D(pointer, pitch, source.data(), kHostPitch, kWidth, kHeight, cudaMemcpyHostToDevice), cudaSuccess);
  std::vector<unsigned char> target(kHostPitch * kHeight, 0);
  ASSERT_EQ(cudaMemcpy2D(target.data(), kHostPitch, pointer, pitch, kWidth, kHeight, cudaMemcpyDeviceToHost), cudaSuccess);
  for (size_t y = 0; y < kHeight; ++y) {
    for (size_t x = 0; x < kHostPitch; ++x) EXPECT_EQ(target[y * kHostPitch + x], x < kWidth ? source[y * kHostPitch + x] : 0);
  }
  EXPECT_EQ(cudaMemcpy2D(pointer, kWidth - 1, source.data(), kHostPitch, kWidth, 2, cudaMemcpyHostToDevice), cudaErrorInvalidPitchValue);
  EXPECT_EQ(cudaFree(pointer), cudaSuccess);
}

TEST(ApiRuntimeMemory, Boxes) {
  // A 3 x 2 x 2 box out of the middle of a 5 x 4 x 3 one.
  const auto source = counting(5 * 4 * 3);
  cudaPitchedPtr device;
  ASSERT_EQ(cudaMalloc3D(&device, make_cudaExtent(5, 4, 3)), cudaSuccess);
  ASSERT_EQ(cudaMemset3D(device, 0, make_cudaExtent(5, 4, 3)), cudaSuccess);
  cudaMemcpy3DParms up = {};
  up.srcPtr = make_cudaPitchedPtr(const_cast<unsigned char*>(source.data()), 5, 5, 4);
  up.srcPos = make_cudaPos(1, 1, 1);
  up.dstPtr = device;
  up.dstPos = make_cudaPos(2, 2, 0);
  up.extent = make_cudaExtent(3, 2, 2);
  up.kind = cudaMemcpyHostToDevice;
  ASSERT_EQ(cudaMemcpy3D(&up), cudaSuccess);
  std::vector<unsigned char> target(5 * 4 * 3, 99);
  cudaMemcpy3DParms down = {};
  down.srcPtr = device;
  down.dstPtr = make_cudaPitchedPtr(target.data(), 5, 5, 4);
  down.extent = make_cudaExtent(5, 4, 3);
  down.kind = cudaMemcpyDeviceToHost;
  ASSERT_EQ(cudaMemcpy3D(&down), cudaSuccess);
  for (size_t z = 0; z < 3; ++z) {
    for (size_t y = 0; y < 4; ++y) {
      for (size_t x = 0; x < 5; ++x) {
        const bool inside = x >= 2 && y >= 2 && z < 2;
        const unsigned expected = inside ? source[(x - 1) + 5 * (y - 1) + 20 * (z + 1)] : 0;
        EXPECT_EQ(target[x + 5 * y + 20 * z], expected) << x << ' ' << y << ' ' << z;
      }
    }
  }
  EXPECT_EQ(cudaFree(device.ptr), cudaSuccess);
}

TEST(ApiRuntimeMemory, HostMemory) {
  void *pinned = nullptr, *device = nullptr, *alias = nullptr;
  ASSERT_EQ(cudaHostAlloc(&pinned, 4096, cudaHostAllocMapped | cudaHostAllocPortable), cudaSuccess);
  unsigned flags = 0;
  EXPECT_EQ(cudaHostGetFlags(&flags, pinned), cudaSuccess);
  EXPECT_TRUE(flags & cudaHostAllocMapped);
  EXPECT_EQ(cudaHostGetDevicePointer(&alias, pinned, 0), cudaSuccess);
  EXPECT_NE(alias, nullptr);
  memset(pinned, 7, 4096);
  ASSERT_EQ(cudaMalloc(&device, 4096), cudaSuccess);
  EXPECT_EQ(cudaMemcpyAsync(device, pinned, 4096, cudaMemcpyHostToDevice, nullptr), cudaSuccess);
  EXPECT_EQ(read(device, 4096), std::vector<unsigned char>(4096, 7));
  cudaPointerAttributes attributes;
  EXPECT_EQ(cudaPointerGetAttributes(&attributes, pinned), cudaSuccess);
  EXPECT_EQ(attributes.type, cudaMemoryTypeHost);
  EXPECT_EQ(attributes.hostPointer, pinned);
  EXPECT_EQ(cudaPointerGetAttributes(&attributes, static_cast<char*>(device) + 100), cudaSuccess);
  EXPECT_EQ(attributes.type, cudaMemoryTypeDevice);
  EXPECT_EQ(attributes.device, 0);
  EXPECT_EQ(attributes.devicePointer, static_cast<char*>(device) + 100);
  EXPECT_EQ(cudaFreeHost(pinned), cudaSuccess);
  EXPECT_EQ(cudaFree(device), cudaSuccess);
}

TEST(ApiRuntimeMemory, RegisteredMemory) {
  std::vector<char> pages(3 * 4096);
  void* begin = reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(pages.data()) + 4095) & ~uintptr_t{4095});
  ASSERT_EQ(cudaHostRegister(begin, 4096, cudaHostRegisterDefault), cudaSuccess);
  EXPECT_EQ(cudaHostRegister(begin, 4096, cudaHostRegisterDefault), cudaErrorHostMemoryAlreadyRegistered);
  cudaPointerAttributes attributes;
  EXPECT_EQ(cudaPointerGetAttributes(&attributes, begin), cudaSuccess);
  EXPECT_EQ(attributes.type, cudaMemoryTypeHost);
  EXPECT_EQ(cudaHostUnregister(begin), cudaSuccess);
  EXPECT_EQ(cudaHostUnregister(begin), cudaErrorHostMemoryNotRegistered);
  EXPECT_EQ(cudaPointerGetAttributes(&attributes, begin), cudaSuccess);
  EXPECT_EQ(attributes.type, cudaMemoryTypeUnregistered);
  (void)cudaGetLastError();
}

TEST(ApiRuntimeMemory, ManagedMemory) {
  int* managed = nullptr;
  ASSERT_EQ(cudaMallocManaged(reinterpret_cast<void**>(&managed), 100 * sizeof(int), cudaMemAttachGlobal), cudaSuccess);
  for (int i = 0; i < 100; ++i) managed[i] = i;
  EXPECT_EQ(cudaMemset(managed, 0, 4), cudaSuccess);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(managed[0], 0);
  EXPECT_EQ(managed[99], 99);
  cudaPointerAttributes attributes;
  EXPECT_EQ(cudaPointerGetAttributes(&attributes, managed), cudaSuccess);
  EXPECT_EQ(attributes.type, cudaMemoryTypeManaged);
  EXPECT_EQ(attributes.hostPointer, managed);
  const cudaMemLocation here = {cudaMemLocationTypeDevice, 0};
  EXPECT_EQ(cudaMemAdvise(managed, 400, cudaMemAdviseSetReadMostly, here), cudaSuccess);
  EXPECT_EQ(cudaMemPrefetchAsync(managed, 400, here, 0, nullptr), cudaSuccess);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(cudaFree(managed), cudaSuccess);
}

TEST(ApiRuntimeMemory, FreeAndTotal) {
  size_t before = 0, after = 0, total = 0;
  ASSERT_EQ(cudaMemGetInfo(&before, &total), cudaSuccess);
  EXPECT_LE(before, total);
  void* pointer = nullptr;
  ASSERT_EQ(cudaMalloc(&pointer, 64 << 20), cudaSuccess);
  ASSERT_EQ(cudaMemGetInfo(&after, &total), cudaSuccess);
  EXPECT_LE(after + (32 << 20), before);
  EXPECT_EQ(cudaFree(pointer), cudaSuccess);
}

TEST(ApiRuntimeMemory, Pools) {
  cudaStream_t stream = nullptr;
  void* pointer = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  ASSERT_EQ(cudaMallocAsync(&pointer, 1000, stream), cudaSuccess);
  EXPECT_EQ(cudaMemsetAsync(pointer, 5, 1000, stream), cudaSuccess);
  std::vector<unsigned char> bytes(1000);
  EXPECT_EQ(cudaMemcpyAsync(bytes.data(), pointer, 1000, cudaMemcpyDeviceToHost, stream), cudaSuccess);
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(bytes, std::vector<unsigned char>(1000, 5));
  cudaMemPool_t pool = nullptr;
  EXPECT_EQ(cudaDeviceGetDefaultMemPool(&pool, 0), cudaSuccess);
  unsigned long long threshold = 1 << 20, found = 0;
  EXPECT_EQ(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold), cudaSuccess);
  EXPECT_EQ(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &found), cudaSuccess);
  EXPECT_EQ(found, threshold);
  EXPECT_EQ(cudaMemPoolTrimTo(pool, 0), cudaSuccess);
  cudaMemPool_t own = nullptr;
  cudaMemPoolProps properties = {};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location = {cudaMemLocationTypeDevice, 0};
  ASSERT_EQ(cudaMemPoolCreate(&own, &properties), cudaSuccess);
  EXPECT_EQ(cudaMallocFromPoolAsync(&pointer, 100, own, stream), cudaSuccess);
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(cudaMemPoolDestroy(own), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

TEST(ApiRuntimeMemory, Arrays) {
  const cudaChannelFormatDesc desc = {32, 32, 0, 0, cudaChannelFormatKindFloat};
  cudaArray_t array = nullptr;
  const cudaError_t made = cudaMallocArray(&array, &desc, 10, 6, cudaArrayDefault);
  if (made == cudaErrorNotSupported) GTEST_SKIP() << "the driver has no arrays yet";
  ASSERT_EQ(made, cudaSuccess);
  const auto source = counting(80 * 6);
  EXPECT_EQ(cudaMemcpy2DToArray(array, 0, 0, source.data(), 80, 80, 6, cudaMemcpyHostToDevice), cudaSuccess);
  std::vector<unsigned char> target(80 * 6);
  EXPECT_EQ(cudaMemcpy2DFromArray(target.data(), 80, array, 0, 0, 80, 6, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(target, source);
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
  std::vector<unsigned char> run(200);
  EXPECT_EQ(cudaMemcpyFromArray(run.data(), array, 50, 1, 200, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(memcmp(run.data(), source.data() + 80 + 50, 200), 0);
  cudaExtent extent;
  cudaChannelFormatDesc found;
  EXPECT_EQ(cudaArrayGetInfo(&found, &extent, nullptr, array), cudaSuccess);
  EXPECT_EQ(extent.width, 10u);
  EXPECT_EQ(extent.height, 6u);
  EXPECT_EQ(found.y, 32);
  EXPECT_EQ(cudaFreeArray(array), cudaSuccess);
  EXPECT_NE(cudaFreeArray(array), cudaSuccess);
  EXPECT_EQ(cudaFreeArray(nullptr), cudaSuccess);
  (void)cudaGetLastError();
}

}  // namespace
