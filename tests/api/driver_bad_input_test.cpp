// Handles that are null, wild, freed, or of another kind; calls without a context; and many threads that free what others use. Each
// gives the documented code.
#include "driver_fixture.h"

#include <random>
#include <vector>

namespace anywarp::test {
namespace {

class DriverBadInput : public DriverTest {
 protected:
  /// Everything that is no live object of the kind asked for: null where `null_too`, an address of nothing, one of the program's own
  /// memory, a misaligned one, a handle of another kind, and one that was freed.
  template <class Handle>
  std::vector<Handle> wrong(Handle freed, bool null_too = true) {
    static int own = 0;
    std::vector<Handle> list{reinterpret_cast<Handle>(uintptr_t{0xDEAD0000}),
                             reinterpret_cast<Handle>(~uintptr_t{0}),
                             reinterpret_cast<Handle>(&own),
                             reinterpret_cast<Handle>(reinterpret_cast<uintptr_t>(context_) + 1),
                             reinterpret_cast<Handle>(reinterpret_cast<uintptr_t>(context_) + 64 * 1000000),
                             freed};
    if (null_too) list.push_back(nullptr);
    return list;
  }
};

TEST_F(DriverBadInput, Streams) {
  CUstream stream = nullptr;
  ASSERT_OK(cuStreamCreate(&stream, 0));
  ASSERT_OK(cuStreamDestroy(stream));
  CUdeviceptr memory = allocate(64);
  CUevent event = nullptr;
  ASSERT_OK(cuEventCreate(&event, 0));
  unsigned flags = 0;
  int number = 0;
  auto list = wrong(stream, false);  // null is the default stream
  list.push_back(reinterpret_cast<CUstream>(event));
  list.push_back(reinterpret_cast<CUstream>(context_));
  for (const CUstream one : list) {
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuStreamQuery(one));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuStreamSynchronize(one));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuStreamDestroy(one));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuStreamGetFlags(one, &flags));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuStreamGetPriority(one, &number));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuStreamWaitEvent(one, event, 0));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuEventRecord(event, one));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuMemsetD8Async(memory, 0, 64, one));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuMemcpyAsync(memory, memory + 32, 32, one));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuMemFreeAsync(memory, one));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuStreamWriteValue32(one, memory, 1, 0));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, launch("nothing", one));
  }
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuStreamDestroy(nullptr));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuStreamCreate(nullptr, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuStreamGetFlags(nullptr, nullptr));
}

TEST_F(DriverBadInput, Events) {
  CUevent event = nullptr;
  ASSERT_OK(cuEventCreate(&event, 0));
  ASSERT_OK(cuEventDestroy(event));
  float time = 0;
  auto list = wrong(event);
  list.push_back(reinterpret_cast<CUevent>(context_));
  for (const CUevent one : list) {
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuEventQuery(one));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuEventRecord(one, nullptr));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuEventSynchronize(one));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuEventDestroy(one));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuEventElapsedTime(&time, one, one));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuStreamWaitEvent(nullptr, one, 0));
  }
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuEventCreate(nullptr, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuEventCreate(&event, 1 << 20));
}

TEST_F(DriverBadInput, ModulesFunctionsLibrariesAndKernels) {
  CUmodule gone = nullptr;
  CUfunction function = nullptr, of_gone = nullptr;
  ASSERT_OK(cuModuleLoadData(&gone, kKernels));
  ASSERT_OK(cuModuleGetFunction(&of_gone, gone, "nothing"));
  ASSERT_OK(cuModuleUnload(gone));
  CUdeviceptr address = 0;
  size_t bytes = 0;
  unsigned count = 0;
  int value = 0;
  for (const CUmodule one : wrong(gone)) {
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuModuleGetFunction(&function, one, "nothing"));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuModuleGetGlobal(&address, &bytes, one, "counter"));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuModuleGetFunctionCount(&count, one));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuModuleUnload(one));
  }
  for (const CUfunction one : wrong(of_gone)) {
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuLaunchKernel(one, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_NUM_REGS, one));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuFuncGetModule(&gone, one));
  }
  CUlibrary library = nullptr;
  CUkernel kernel = nullptr;
  ASSERT_OK(cuLibraryLoadData(&library, kKernels, nullptr, nullptr, 0, nullptr, nullptr, 0));
  ASSERT_OK(cuLibraryGetKernel(&kernel, library, "nothing"));
  EXPECT_CU(CUDA_ERROR_NOT_FOUND, cuLibraryGetKernel(&kernel, library, "no such kernel"));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuLibraryGetKernel(&kernel, library, nullptr));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuLibraryGetKernel(nullptr, library, "nothing"));
  ASSERT_OK(cuLibraryUnload(library));
  CUkernel found = nullptr;
  for (const CUlibrary one : wrong(library)) {
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuLibraryGetKernel(&found, one, "nothing"));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuLibraryUnload(one));
  }
  for (const CUkernel one : wrong(kernel)) {
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuKernelGetFunction(&function, one));
    EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuLaunchKernel(reinterpret_cast<CUfunction>(one), 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr));
  }
  CUmodule none = nullptr;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuModuleLoadData(&none, nullptr));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuModuleLoadData(nullptr, kKernels));
  EXPECT_CU(CUDA_ERROR_FILE_NOT_FOUND, cuModuleLoad(&none, "/no/such/file"));
  EXPECT_CU(CUDA_ERROR_INVALID_PTX, cuModuleLoadData(&none, "this is not PTX"));
}

TEST_F(DriverBadInput, Memory) {
  CUdeviceptr freed = allocate(64), none = 0;
  ASSERT_OK(cuMemFree(freed));
  CUdeviceptr live = allocate(64);
  unsigned char host[64];
  for (const CUdeviceptr one : {CUdeviceptr{0x10}, ~CUdeviceptr{0}, live + 1}) EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemFree(one));
  EXPECT_OK(cuMemFree(0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoH(host, live, 65));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(live + 60, host, 5));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemsetD8(live, 0, 65));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemsetD32(live + 1, 0, 1));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemAlloc(&none, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemAlloc(nullptr, 64));
  EXPECT_CU(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc(&none, size_t{1} << 60));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemFreeHost(host));
  EXPECT_CU(CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, cuMemHostUnregister(host));
  EXPECT_OK(cuMemFree(live));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemFree(live));
}

// A thread that has no context of its own: everything that needs one says so.
TEST_F(DriverBadInput, NoCurrentContext) {
  const CUmodule loaded = module();
  (void)loaded;
  std::thread([] {
    CUdeviceptr memory = 0;
    CUstream stream = nullptr;
    CUevent event = nullptr;
    CUmodule module = nullptr;
    CUdevice device = 0;
    CUlinkState link = nullptr;
    void* host = nullptr;
    size_t bytes = 0;
    EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuMemAlloc(&memory, 64));
    EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuMemAllocManaged(&memory, 64, CU_MEM_ATTACH_GLOBAL));
    EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuMemHostAlloc(&host, 64, 0));
    EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuMemGetInfo(&bytes, &bytes));
    EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuStreamCreate(&stream, 0));
    EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuStreamSynchronize(nullptr));
    EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuEventCreate(&event, 0));
    EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuModuleLoadData(&module, kKernels));
    EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuCtxGetDevice(&device));
    EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuCtxSynchronize());
    EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuCtxPopCurrent(nullptr));
    EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuLinkCreate(0, nullptr, nullptr, &link));
    EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuStreamWriteValue32(nullptr, 64, 1, 0));
    EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuIpcCloseMemHandle(64));
    CUcontext current = nullptr;
    EXPECT_OK(cuCtxGetCurrent(&current));
    EXPECT_EQ(current, nullptr);
  }).join();
}

// Streams and events that some threads make and destroy while others guess their handles: an answer to each call, and no crash.
TEST_F(DriverBadInput, ManyThreadsWithEachOthersHandles) {
  constexpr int kThreads = 6, kRounds = 400;
  std::atomic<CUstream> streams[8] = {};
  std::atomic<CUevent> events[8] = {};
  std::vector<std::thread> threads;
  std::atomic<int> unexpected{0};
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      if (cuCtxSetCurrent(context_) != CUDA_SUCCESS) ++unexpected;
      for (int round = 0; round < kRounds; ++round) {
        CUstream stream = nullptr;
        CUevent event = nullptr;
        if (cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING) != CUDA_SUCCESS ||
            cuEventCreate(&event, CU_EVENT_DISABLE_TIMING) != CUDA_SUCCESS)
          ++unexpected;
        streams[random() % 8] = stream;
        events[random() % 8] = event;
        if (cuEventRecord(event, stream) != CUDA_SUCCESS || cuStreamSynchronize(stream) != CUDA_SUCCESS) ++unexpected;
        if (cuEventDestroy(event) != CUDA_SUCCESS || cuStreamDestroy(stream) != CUDA_SUCCESS) ++unexpected;
        // What is surely gone: of this thread's own.
        if (cuEventQuery(event) == CUDA_SUCCESS && cuStreamQuery(stream) == CUDA_SUCCESS) continue;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(unexpected, 0);
  for (const auto& stream : streams)
    if (stream != nullptr) EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuStreamQuery(stream));
  for (const auto& event : events)
    if (event != nullptr) EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuEventQuery(event));
}

// Batches check every range, and do what single calls do.
TEST_F(DriverBadInput, Batches) {
  CUstream stream = nullptr;
  ASSERT_OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
  CUdeviceptr a = allocate(64), b = allocate(64), managed = 0;
  ASSERT_OK(cuMemAllocManaged(&managed, 64, CU_MEM_ATTACH_GLOBAL));
  ASSERT_OK(cuMemsetD8(a, 1, 32));
  ASSERT_OK(cuMemsetD8(a + 32, 2, 32));
  ASSERT_OK(cuMemsetD8(b, 0, 64));
  CUdeviceptr to[] = {b + 32, b}, from[] = {a, a + 32};
  size_t sizes[] = {32, 16}, indices[] = {0, 1};
  CUmemcpyAttributes attributes[2] = {};
  attributes[0].srcAccessOrder = attributes[1].srcAccessOrder = CU_MEMCPY_SRC_ACCESS_ORDER_STREAM;
  EXPECT_OK(cuMemcpyBatchAsync(to, from, sizes, 2, attributes, indices, 2, stream));
  EXPECT_OK(cuStreamSynchronize(stream));
  unsigned char host[64];
  ASSERT_OK(cuMemcpyDtoH(host, b, 64));
  EXPECT_EQ(host[0], 2);
  EXPECT_EQ(host[15], 2);
  EXPECT_EQ(host[16], 0);
  EXPECT_EQ(host[32], 1);
  EXPECT_EQ(host[63], 1);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyBatchAsync(to, from, sizes, 2, attributes, indices, 2, nullptr));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyBatchAsync(to, from, sizes, 0, attributes, indices, 1, stream));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyBatchAsync(to, from, sizes, 2, attributes, indices, 3, stream));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyBatchAsync(to, from, sizes, 2, attributes, indices + 1, 1, stream));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemcpyBatchAsync(to, nullptr, sizes, 2, attributes, indices, 1, stream));

  CUdeviceptr ranges[] = {managed, managed + 32};
  size_t none[] = {0};
  sizes[0] = sizes[1] = 32;
  CUmemLocation place{CU_MEM_LOCATION_TYPE_DEVICE, 0};
  EXPECT_OK(cuMemPrefetchBatchAsync(ranges, sizes, 2, &place, none, 1, 0, stream));
  EXPECT_OK(cuMemDiscardBatchAsync(ranges, sizes, 2, 0, stream));
  EXPECT_OK(cuMemDiscardAndPrefetchBatchAsync(ranges, sizes, 2, &place, none, 1, 0, stream));
  int where = -7;
  EXPECT_OK(cuMemRangeGetAttribute(&where, sizeof where, CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, managed, 64));
  EXPECT_EQ(where, 0);
  ranges[1] = a;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemDiscardBatchAsync(ranges, sizes, 2, 0, stream));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemPrefetchBatchAsync(ranges, sizes, 2, &place, none, 1, 0, stream));
  EXPECT_OK(cuStreamDestroy(stream));
}

}  // namespace
}  // namespace anywarp::test
