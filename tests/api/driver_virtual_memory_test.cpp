#include "driver_fixture.h"

#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace anywarp::test {
namespace {

class DriverVirtualMemory : public DriverTest {
 protected:
  static constexpr size_t kUnit = 2 << 20;

  void SetUp() override {
    DriverTest::SetUp();
    properties_.type = CU_MEM_ALLOCATION_TYPE_PINNED;
    properties_.location = {CU_MEM_LOCATION_TYPE_DEVICE, device_};
    access_.location = properties_.location;
    access_.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
  }

  CUmemAllocationProp properties_ = {};
  CUmemAccessDesc access_ = {};
};

TEST_F(DriverVirtualMemory, TwoMappingsAreOneRange) {
  int supported = 0;
  EXPECT_OK(cuDeviceGetAttribute(&supported, CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, device_));
  EXPECT_EQ(supported, 1);
  size_t unit = 0, before = 0, after = 0, total = 0;
  EXPECT_OK(cuMemGetAllocationGranularity(&unit, &properties_, CU_MEM_ALLOC_GRANULARITY_MINIMUM));
  ASSERT_EQ(unit, kUnit);
  EXPECT_OK(cuMemGetInfo(&before, &total));
  CUdeviceptr base = 0;
  CUmemGenericAllocationHandle first = 0, second = 0;
  ASSERT_OK(cuMemAddressReserve(&base, 4 * unit, 4 * unit, 0, 0));
  EXPECT_EQ(base % (4 * unit), 0u);
  ASSERT_OK(cuMemCreate(&first, unit, &properties_, 0));
  ASSERT_OK(cuMemCreate(&second, 2 * unit, &properties_, 0));
  EXPECT_OK(cuMemGetInfo(&after, &total));
  EXPECT_LE(after + 3 * unit, before + (1 << 20));
  ASSERT_OK(cuMemMap(base, unit, 0, first, 0));
  ASSERT_OK(cuMemMap(base + unit, unit, unit, second, 0));
  EXPECT_OK(cuMemRelease(first));
  EXPECT_OK(cuMemRelease(second));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemRelease(second));
  std::vector<uint8_t> out(2 * unit), in(2 * unit);
  for (size_t i = 0; i < out.size(); ++i) out[i] = uint8_t(i * 7 + i / 4096);
  // Nobody may touch it yet.
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(base, out.data(), out.size()));
  ASSERT_OK(cuMemSetAccess(base, 2 * unit, &access_, 1));
  EXPECT_OK(cuMemcpyHtoD(base, out.data(), out.size()));
  EXPECT_OK(cuMemcpyDtoH(in.data(), base, in.size()));
  EXPECT_EQ(memcmp(in.data(), out.data(), in.size()), 0);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(base + 1, out.data(), out.size()));
  unsigned long long flags = 0;
  EXPECT_OK(cuMemGetAccess(&flags, &access_.location, base + unit));
  EXPECT_EQ(flags, CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
  // A range ends where mappings end, and goes when nothing is mapped in it.
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemUnmap(base, 4 * unit));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemAddressFree(base, 4 * unit));
  EXPECT_OK(cuMemUnmap(base, unit));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(base, out.data(), 1));
  EXPECT_OK(cuMemcpyDtoH(in.data(), base + unit, unit));
  EXPECT_EQ(memcmp(in.data(), out.data() + unit, unit), 0);
  EXPECT_OK(cuMemUnmap(base + unit, unit));
  EXPECT_OK(cuMemAddressFree(base, 4 * unit));
  EXPECT_OK(cuMemGetInfo(&after, &total));
  EXPECT_GE(after + (1 << 20), before);
}

TEST_F(DriverVirtualMemory, TheSameMemoryTwiceAndThroughAFileDescriptor) {
  properties_.requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
  CUmemGenericAllocationHandle memory = 0, imported = 0, retained = 0;
  CUdeviceptr base = 0;
  int file = -1;
  ASSERT_OK(cuMemCreate(&memory, kUnit, &properties_, 0));
  ASSERT_OK(cuMemExportToShareableHandle(&file, memory, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0));
  ASSERT_OK(cuMemImportFromShareableHandle(&imported, reinterpret_cast<void*>(intptr_t{file}), CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR));
  close(file);
  ASSERT_OK(cuMemAddressReserve(&base, 2 * kUnit, 0, 0, 0));
  ASSERT_OK(cuMemMap(base, kUnit, 0, memory, 0));
  ASSERT_OK(cuMemMap(base + kUnit, kUnit, 0, imported, 0));
  ASSERT_OK(cuMemSetAccess(base, 2 * kUnit, &access_, 1));
  EXPECT_OK(cuMemRetainAllocationHandle(&retained, reinterpret_cast<void*>(base + 8)));
  EXPECT_EQ(retained, memory);
  EXPECT_OK(cuMemRelease(retained));
  uint32_t word = 12345, back = 0;
  EXPECT_OK(cuMemcpyHtoD(base + 64, &word, sizeof word));
  EXPECT_OK(cuMemcpyDtoH(&back, base + kUnit + 64, sizeof back));
  EXPECT_EQ(back, word);
  // What kernels may only read they must not write.
  access_.flags = CU_MEM_ACCESS_FLAGS_PROT_READ;
  EXPECT_OK(cuMemSetAccess(base, kUnit, &access_, 1));
  EXPECT_OK(cuMemcpyDtoH(&back, base + 64, sizeof back));
  EXPECT_EQ(back, word);
  EXPECT_OK(cuMemUnmap(base, 2 * kUnit));
  EXPECT_OK(cuMemAddressFree(base, 2 * kUnit));
  EXPECT_OK(cuMemRelease(memory));
  EXPECT_OK(cuMemRelease(imported));
}

TEST_F(DriverVirtualMemory, WrongArguments) {
  CUdeviceptr base = 0;
  CUmemGenericAllocationHandle memory = 0;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemAddressReserve(&base, kUnit + 4096, 0, 0, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemAddressReserve(&base, kUnit, 3, 0, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemAddressReserve(&base, 0, 0, 0, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemCreate(&memory, 1, &properties_, 0));
  EXPECT_CU(CUDA_ERROR_OUT_OF_MEMORY, cuMemCreate(&memory, size_t{1} << 60, &properties_, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemAddressFree(12345, kUnit));
  ASSERT_OK(cuMemAddressReserve(&base, 2 * kUnit, 0, 0, 0));
  ASSERT_OK(cuMemCreate(&memory, kUnit, &properties_, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemMap(base, kUnit, 0, memory + 1000, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemMap(base, 2 * kUnit, 0, memory, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemMap(base + 2 * kUnit, kUnit, 0, memory, 0));
  EXPECT_OK(cuMemMap(base, kUnit, 0, memory, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemMap(base, kUnit, 0, memory, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemSetAccess(base, 2 * kUnit, &access_, 1));
  int file = -1;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemExportToShareableHandle(&file, memory, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE,
            cuMemImportFromShareableHandle(&memory, reinterpret_cast<void*>(intptr_t{9999}), CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR));
  EXPECT_OK(cuMemUnmap(base, kUnit));
  EXPECT_OK(cuMemAddressFree(base, 2 * kUnit));
  EXPECT_OK(cuMemRelease(memory));
}

}  // namespace
}  // namespace anywarp::test
