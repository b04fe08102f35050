// Streams that wait for words in memory and write them.
#include "driver_fixture.h"

#include <vector>

namespace anywarp::test {
namespace {

class DriverStreamMemory : public DriverTest {
 protected:
  void SetUp() override {
    DriverTest::SetUp();
    ASSERT_OK(cuMemAlloc(&words_, 64));
    ASSERT_OK(cuMemsetD8(words_, 0, 64));
    ASSERT_OK(cuStreamCreate(&waiting_, CU_STREAM_NON_BLOCKING));
    ASSERT_OK(cuStreamCreate(&writing_, CU_STREAM_NON_BLOCKING));
  }
  void TearDown() override {
    EXPECT_OK(cuStreamDestroy(waiting_));
    EXPECT_OK(cuStreamDestroy(writing_));
    EXPECT_OK(cuMemFree(words_));
    DriverTest::TearDown();
  }
  void write(unsigned value) {
    ASSERT_OK(cuStreamWriteValue32(writing_, words_, value, 0));
    ASSERT_OK(cuStreamSynchronize(writing_));
  }
  // Whether the stream still waits a while after what was done last.
  bool waits() {
    std::this_thread::sleep_for(std::chrono::milliseconds(15));
    return cuStreamQuery(waiting_) == CUDA_ERROR_NOT_READY;
  }

  CUdeviceptr words_ = 0;
  CUstream waiting_ = nullptr, writing_ = nullptr;
};

TEST_F(DriverStreamMemory, WaitsUntilAWordIsAsAsked) {
  ASSERT_OK(cuStreamWaitValue32(waiting_, words_, 5, CU_STREAM_WAIT_VALUE_EQ));
  write(4);
  EXPECT_TRUE(waits());
  write(5);
  EXPECT_OK(cuStreamSynchronize(waiting_));

  ASSERT_OK(cuStreamWaitValue32(waiting_, words_, 7, CU_STREAM_WAIT_VALUE_GEQ));
  write(6);
  EXPECT_TRUE(waits());
  write(9);
  EXPECT_OK(cuStreamSynchronize(waiting_));
  // Greater in a circle: 3 comes behind 0xfffffffe.
  ASSERT_OK(cuStreamWaitValue32(waiting_, words_, 0xfffffffe, CU_STREAM_WAIT_VALUE_GEQ));
  EXPECT_OK(cuStreamSynchronize(waiting_));

  ASSERT_OK(cuStreamWaitValue32(waiting_, words_, 0x10, CU_STREAM_WAIT_VALUE_AND));
  write(0x0f);
  EXPECT_TRUE(waits());
  write(0x30);
  EXPECT_OK(cuStreamSynchronize(waiting_));

  write(0xffffffff);
  ASSERT_OK(cuStreamWaitValue32(waiting_, words_, 0, CU_STREAM_WAIT_VALUE_NOR | CU_STREAM_WAIT_VALUE_FLUSH));
  EXPECT_TRUE(waits());
  write(0xfffffffe);
  EXPECT_OK(cuStreamSynchronize(waiting_));
}

TEST_F(DriverStreamMemory, WideWordsAndTheHostAsWriter) {
  uint64_t* host = nullptr;
  ASSERT_OK(cuMemHostAlloc(reinterpret_cast<void**>(&host), 64, CU_MEMHOSTALLOC_DEVICEMAP));
  host[0] = 0;
  ASSERT_OK(cuStreamWaitValue64(waiting_, reinterpret_cast<CUdeviceptr>(host), uint64_t{1} << 40, CU_STREAM_WAIT_VALUE_GEQ));
  ASSERT_OK(
      cuStreamWriteValue64(waiting_, reinterpret_cast<CUdeviceptr>(host + 1), 0x123456789abcdef0, CU_STREAM_WRITE_VALUE_NO_MEMORY_BARRIER));
  __atomic_store_n(host, 0xffffffff, __ATOMIC_RELEASE);
  EXPECT_TRUE(waits());
  EXPECT_EQ(host[1], 0u);
  __atomic_store_n(host, uint64_t{1} << 40, __ATOMIC_RELEASE);
  EXPECT_OK(cuStreamSynchronize(waiting_));
  EXPECT_EQ(host[1], 0x123456789abcdef0);
  EXPECT_OK(cuMemFreeHost(host));
}

TEST_F(DriverStreamMemory, ABatchIsDoneInOrder) {
  CUstreamBatchMemOpParams list[4] = {};
  list[0].waitValue = {CU_STREAM_MEM_OP_WAIT_VALUE_32, words_, {1}, CU_STREAM_WAIT_VALUE_EQ, 0};
  list[1].writeValue = {CU_STREAM_MEM_OP_WRITE_VALUE_32, words_ + 4, {2}, 0, 0};
  list[2].memoryBarrier = {CU_STREAM_MEM_OP_BARRIER, CU_STREAM_MEMORY_BARRIER_TYPE_GPU};
  list[3].operation = CU_STREAM_MEM_OP_WRITE_VALUE_64;
  list[3].writeValue.address = words_ + 8;
  list[3].writeValue.value64 = 3;
  ASSERT_OK(cuStreamBatchMemOp(waiting_, 4, list, 0));
  EXPECT_TRUE(waits());
  write(1);
  EXPECT_OK(cuStreamSynchronize(waiting_));
  unsigned found[4];
  ASSERT_OK(cuMemcpyDtoH(found, words_, 16));
  EXPECT_EQ(found[1], 2u);
  EXPECT_EQ(found[2], 3u);
  EXPECT_EQ(found[3], 0u);
}

TEST_F(DriverStreamMemory, RefusesWrongWords) {
  unsigned local = 0;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuStreamWaitValue32(waiting_, 0, 1, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuStreamWaitValue32(waiting_, words_ + 2, 1, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuStreamWaitValue64(waiting_, words_ + 4, 1, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuStreamWriteValue32(waiting_, reinterpret_cast<CUdeviceptr>(&local), 1, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuStreamWaitValue32(waiting_, words_, 1, 8));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuStreamWriteValue32(waiting_, words_, 1, 2));
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuStreamWaitValue32(reinterpret_cast<CUstream>(&local), words_, 1, 0));
  CUstreamBatchMemOpParams list[1] = {};
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuStreamBatchMemOp(waiting_, 1, list, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuStreamBatchMemOp(waiting_, 1, nullptr, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuStreamBatchMemOp(waiting_, 257, list, 0));
  EXPECT_OK(cuStreamQuery(waiting_));
  int supported = 0;
  EXPECT_OK(cuDeviceGetAttribute(&supported, CU_DEVICE_ATTRIBUTE_CAN_USE_64_BIT_STREAM_MEM_OPS, 0));
  EXPECT_EQ(supported, 1);
}

}  // namespace
}  // namespace anywarp::test
