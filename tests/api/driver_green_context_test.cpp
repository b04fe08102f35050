// Green contexts and their resources; events of whole contexts; copies in batches.
#include "driver_fixture.h"

#include <cstring>
#include <vector>

namespace anywarp::test {
namespace {

class DriverGreenContext : public DriverTest {
 protected:
  CUdevResource all() {
    CUdevResource resource{};
    EXPECT_OK(cuDeviceGetDevResource(device_, &resource, CU_DEV_RESOURCE_TYPE_SM));
    return resource;
  }
};

TEST_F(DriverGreenContext, MultiprocessorsAreSplit) {
  int count = 0;
  EXPECT_OK(cuDeviceGetAttribute(&count, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device_));
  CUdevResource whole = all();
  EXPECT_EQ(whole.type, CU_DEV_RESOURCE_TYPE_SM);
  EXPECT_EQ(whole.sm.smCount, unsigned(count));
  CUdevResource of_context{};
  EXPECT_OK(cuCtxGetDevResource(context_, &of_context, CU_DEV_RESOURCE_TYPE_SM));
  EXPECT_EQ(of_context.sm.smCount, unsigned(count));
  EXPECT_CU(CUDA_ERROR_INVALID_RESOURCE_TYPE, cuDeviceGetDevResource(device_, &whole, CU_DEV_RESOURCE_TYPE_INVALID));

  unsigned groups = 0;
  EXPECT_OK(cuDevSmResourceSplitByCount(nullptr, &groups, &whole, nullptr, 0, 1));
  EXPECT_EQ(groups, unsigned(count));
  CUdevResource part{}, rest{};
  groups = 1;
  EXPECT_OK(cuDevSmResourceSplitByCount(&part, &groups, &whole, &rest, 0, 1));
  EXPECT_EQ(groups, 1u);
  EXPECT_EQ(part.sm.smCount, 1u);
  EXPECT_EQ(rest.sm.smCount, unsigned(count) - 1);
  EXPECT_CU(CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION, cuDevSmResourceSplitByCount(&part, &groups, &whole, &rest, 0, unsigned(count) + 1));
}

TEST_F(DriverGreenContext, StreamsRun) {
  CUdevResource part = all();
  CUdevResourceDesc description = nullptr;
  ASSERT_OK(cuDevResourceGenerateDesc(&description, &part, 1));
  CUgreenCtx green = nullptr, other = nullptr;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGreenCtxCreate(&green, description, device_, 0));
  ASSERT_OK(cuGreenCtxCreate(&green, description, device_, CU_GREEN_CTX_DEFAULT_STREAM));
  CUdevResource told{};
  EXPECT_OK(cuGreenCtxGetDevResource(green, &told, CU_DEV_RESOURCE_TYPE_SM));
  EXPECT_EQ(told.sm.smCount, part.sm.smCount);
  CUcontext context = nullptr;
  ASSERT_OK(cuCtxFromGreenCtx(&context, green));
  ASSERT_OK(cuCtxSetCurrent(context));
  CUstream stream = nullptr, plain = nullptr;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuGreenCtxStreamCreate(&stream, green, CU_STREAM_DEFAULT, 0));
  ASSERT_OK(cuGreenCtxStreamCreate(&stream, green, CU_STREAM_NON_BLOCKING, 0));
  EXPECT_OK(cuStreamGetGreenCtx(stream, &other));
  EXPECT_EQ(other, green);
  ASSERT_OK(cuStreamCreate(&plain, CU_STREAM_NON_BLOCKING));
  EXPECT_OK(cuStreamGetGreenCtx(plain, &other));
  EXPECT_EQ(other, nullptr);

  CUdeviceptr words = allocate(4);
  EXPECT_OK(cuMemsetD32(words, 1, 1));
  CUevent event = nullptr;
  ASSERT_OK(cuEventCreate(&event, CU_EVENT_DEFAULT));
  {
    Barrier barrier(stream);
    EXPECT_OK(launch("add", stream, words, 1u, 41u));
    EXPECT_OK(cuGreenCtxRecordEvent(green, event));
    EXPECT_CU(CUDA_ERROR_NOT_READY, cuEventQuery(event));
  }
  EXPECT_OK(cuEventSynchronize(event));
  uint32_t value = 0;
  EXPECT_OK(cuMemcpyDtoH(&value, words, 4));
  EXPECT_EQ(value, 42u);
  EXPECT_OK(cuGreenCtxWaitEvent(green, event));
  EXPECT_OK(cuStreamDestroy(stream));
  EXPECT_OK(cuStreamDestroy(plain));
  EXPECT_OK(cuEventDestroy(event));
  EXPECT_OK(cuModuleUnload(module()));
  module_ = nullptr;
  EXPECT_OK(cuMemFree(words));
  EXPECT_OK(cuGreenCtxDestroy(green));
  EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuGreenCtxDestroy(green));
  EXPECT_OK(cuCtxSetCurrent(context_));
}

TEST_F(DriverGreenContext, EventsOfAWholeContext) {
  CUstream first = nullptr, second = nullptr;
  ASSERT_OK(cuStreamCreate(&first, CU_STREAM_NON_BLOCKING));
  ASSERT_OK(cuStreamCreate(&second, CU_STREAM_NON_BLOCKING));
  CUevent event = nullptr, behind = nullptr;
  ASSERT_OK(cuEventCreate(&event, CU_EVENT_DEFAULT));
  ASSERT_OK(cuEventCreate(&behind, CU_EVENT_DEFAULT));
  {
    Barrier barrier(second);
    EXPECT_OK(cuCtxRecordEvent(context_, event));
    EXPECT_CU(CUDA_ERROR_NOT_READY, cuEventQuery(event));
    // A stream that had nothing to do waits with all the others now.
    EXPECT_OK(cuCtxWaitEvent(context_, event));
    EXPECT_OK(cuEventRecord(behind, first));
    EXPECT_CU(CUDA_ERROR_NOT_READY, cuEventQuery(behind));
  }
  EXPECT_OK(cuEventSynchronize(behind));
  EXPECT_OK(cuEventQuery(event));
  CUexecAffinityParam affinity;
  EXPECT_CU(CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY, cuCtxGetExecAffinity(&affinity, CU_EXEC_AFFINITY_TYPE_SM_COUNT));
}

TEST_F(DriverGreenContext, CopiesOfVolumesInBatches) {
  CUstream stream = nullptr;
  ASSERT_OK(cuStreamCreate(&stream, CU_STREAM_DEFAULT));
  CUDA_ARRAY3D_DESCRIPTOR shape{};
  shape.Width = 4, shape.Height = 3, shape.Depth = 2, shape.Format = CU_AD_FORMAT_UNSIGNED_INT16, shape.NumChannels = 1;
  CUarray array = nullptr;
  ASSERT_OK(cuArray3DCreate(&array, &shape));
  std::vector<uint16_t> in(24);
  for (size_t i = 0; i < in.size(); ++i) in[i] = uint16_t(100 + i);
  const CUdeviceptr memory = allocate(48);
  CUDA_MEMCPY3D_BATCH_OP operations[2] = {};
  const auto pointer = [](CUmemcpy3DOperand& to, CUdeviceptr address) {
    to.type = CU_MEMCPY_OPERAND_TYPE_POINTER;
    to.op.ptr.ptr = address;
  };
  pointer(operations[0].src, reinterpret_cast<CUdeviceptr>(in.data()));
  operations[0].dst.type = CU_MEMCPY_OPERAND_TYPE_ARRAY;
  operations[0].dst.op.array.array = array;
  operations[0].extent = {4, 3, 2};
  operations[0].srcAccessOrder = CU_MEMCPY_SRC_ACCESS_ORDER_DURING_API_CALL;
  EXPECT_OK(cuMemcpy3DBatchAsync(1, operations, 0, stream));
  // A part of the array, to rows of their own length.
  operations[1].src = operations[0].dst;
  operations[1].src.op.array.offset = {1, 1, 1};
  pointer(operations[1].dst, memory);
  operations[1].dst.op.ptr.rowLength = 4;
  operations[1].extent = {2, 2, 1};
  operations[1].srcAccessOrder = CU_MEMCPY_SRC_ACCESS_ORDER_STREAM;
  EXPECT_OK(cuMemsetD8(memory, 0, 48));
  EXPECT_OK(cuMemcpy3DBatchAsync(2, operations, 0, stream));
  std::vector<uint16_t> out(8);
  EXPECT_OK(cuStreamSynchronize(stream));
  EXPECT_OK(cuMemcpyDtoH(out.data(), memory, 16));
  EXPECT_EQ(out, (std::vector<uint16_t>{117, 118, 0, 0, 121, 122, 0, 0}));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpy3DBatchAsync(0, operations, 0, stream));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpy3DBatchAsync(1, operations, 0, nullptr));
  operations[1].dst.op.ptr.rowLength = 1;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpy3DBatchAsync(2, operations, 0, stream));
}

}  // namespace
}  // namespace anywarp::test
