// Memory, events and pools of another process: the test program starts itself once more, with the handles in its environment.
#include "driver_fixture.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <vector>

extern char** environ;

namespace anywarp::test {
namespace {

struct Message {
  CUipcMemHandle small, large;
  CUipcEventHandle ready, done;
  CUmemPoolPtrExportData pointer;
  int pool;
};

constexpr size_t kSmall = 1000, kLarge = 3 << 20;

std::string hexadecimal(const Message& message) {
  std::string text;
  char byte[3];
  for (size_t i = 0; i < sizeof message; ++i) {
    snprintf(byte, sizeof byte, "%02x", reinterpret_cast<const unsigned char*>(&message)[i]);
    text += byte;
  }
  return text;
}

Message message_of(const char* text) {
  Message message{};
  for (size_t i = 0; i < sizeof message; ++i) {
    unsigned byte = 0;
    sscanf(text + 2 * i, "%2x", &byte);
    reinterpret_cast<unsigned char*>(&message)[i] = static_cast<unsigned char>(byte);
  }
  return message;
}

pid_t start_child(const Message& message) {
  setenv("AW_TEST_IPC", hexadecimal(message).c_str(), 1);
  std::string name = "driver_api_test", filter = "--gtest_filter=DriverIpcChild.*";
  char* words[] = {name.data(), filter.data(), nullptr};
  pid_t child = 0;
  const int failed = posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, words, environ);
  unsetenv("AW_TEST_IPC");
  return failed == 0 ? child : 0;
}

using DriverIpc = DriverTest;

bool holds(CUdeviceptr memory, size_t bytes, unsigned char value) {
  std::vector<unsigned char> host(bytes);
  if (cuMemcpyDtoH(host.data(), memory, bytes) != CUDA_SUCCESS) return false;
  return host == std::vector<unsigned char>(bytes, value);
}

// The other side of the test below.
TEST(DriverIpcChild, OpensWhatItIsGiven) {
  const char* given = getenv("AW_TEST_IPC");
  if (!given) GTEST_SKIP() << "this is the second process of DriverIpc.MemoryEventsAndPoolsOfAnotherProcess";
  Message message = message_of(given);
  CUdevice device = 0;
  CUcontext context = nullptr;
  ASSERT_OK(cuInit(0));
  ASSERT_OK(cuDeviceGet(&device, 0));
  ASSERT_OK(cuDevicePrimaryCtxRetain(&context, device));
  ASSERT_OK(cuCtxSetCurrent(context));

  CUdeviceptr small = 0, large = 0, again = 0, base = 0;
  ASSERT_OK(cuIpcOpenMemHandle(&small, message.small, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS));
  ASSERT_OK(cuIpcOpenMemHandle(&large, message.large, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS));
  ASSERT_OK(cuIpcOpenMemHandle(&again, message.large, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS));
  EXPECT_EQ(again, large);
  size_t bytes = 0;
  EXPECT_OK(cuMemGetAddressRange(&base, &bytes, large + 5));
  EXPECT_EQ(base, large);
  EXPECT_EQ(bytes, kLarge);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemFree(large));

  CUevent ready = nullptr, done = nullptr;
  ASSERT_OK(cuIpcOpenEventHandle(&ready, message.ready));
  ASSERT_OK(cuIpcOpenEventHandle(&done, message.done));
  CUstream stream = nullptr;
  ASSERT_OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
  EXPECT_CU(CUDA_ERROR_NOT_READY, cuEventQuery(ready));
  ASSERT_OK(cuStreamWaitEvent(stream, ready, 0));
  std::vector<unsigned char> host(kLarge);
  ASSERT_OK(cuMemcpyDtoHAsync(host.data(), large, kLarge, stream));
  ASSERT_OK(cuMemsetD8Async(small, 7, kSmall, stream));
  ASSERT_OK(cuMemsetD8Async(large, 8, kLarge, stream));

  CUmemoryPool pool = nullptr;
  CUdeviceptr pooled = 0, none = 0;
  ASSERT_OK(cuMemPoolImportFromShareableHandle(&pool, reinterpret_cast<void*>(intptr_t(message.pool)),
                                               CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0));
  ASSERT_OK(cuMemPoolImportPointer(&pooled, pool, &message.pointer));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemAllocFromPoolAsync(&none, 100, pool, stream));
  EXPECT_TRUE(holds(pooled, 5000, 3));
  ASSERT_OK(cuMemsetD8Async(pooled, 9, 5000, stream));
  ASSERT_OK(cuEventRecord(done, stream));
  ASSERT_OK(cuEventSynchronize(ready));
  ASSERT_OK(cuStreamSynchronize(stream));
  EXPECT_EQ(host, std::vector<unsigned char>(kLarge, 2));

  EXPECT_OK(cuMemFreeAsync(pooled, stream));
  EXPECT_OK(cuStreamSynchronize(stream));
  EXPECT_OK(cuMemPoolDestroy(pool));
  EXPECT_OK(cuIpcCloseMemHandle(large));
  EXPECT_OK(cuIpcCloseMemHandle(large));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuIpcCloseMemHandle(large));
  EXPECT_OK(cuEventDestroy(ready));
}

TEST_F(DriverIpc, MemoryEventsAndPoolsOfAnotherProcess) {
  Message message{};
  CUdeviceptr neighbour = 0, small = 0, large = 0, pooled = 0;
  ASSERT_OK(cuMemAlloc(&neighbour, kSmall));
  ASSERT_OK(cuMemAlloc(&small, kSmall));
  ASSERT_OK(cuMemAlloc(&large, kLarge));
  ASSERT_OK(cuMemsetD8(neighbour, 5, kSmall));
  ASSERT_OK(cuMemsetD8(small, 1, kSmall));
  ASSERT_OK(cuMemsetD8(large, 1, kLarge));
  ASSERT_OK(cuIpcGetMemHandle(&message.small, small));
  ASSERT_OK(cuIpcGetMemHandle(&message.large, large));
  EXPECT_TRUE(holds(large, kLarge, 1));
  CUevent ready = nullptr, done = nullptr;
  ASSERT_OK(cuEventCreate(&ready, CU_EVENT_INTERPROCESS | CU_EVENT_DISABLE_TIMING));
  ASSERT_OK(cuEventCreate(&done, CU_EVENT_INTERPROCESS | CU_EVENT_DISABLE_TIMING));
  ASSERT_OK(cuIpcGetEventHandle(&message.ready, ready));
  ASSERT_OK(cuIpcGetEventHandle(&message.done, done));
  CUmemPoolProps properties{};
  properties.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.handleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
  properties.location = {CU_MEM_LOCATION_TYPE_DEVICE, 0};
  CUmemoryPool pool = nullptr;
  ASSERT_OK(cuMemPoolCreate(&pool, &properties));
  CUstream stream = nullptr;
  ASSERT_OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
  CUdeviceptr first = 0;
  ASSERT_OK(cuMemAllocFromPoolAsync(&first, 70000, pool, stream));
  ASSERT_OK(cuMemAllocFromPoolAsync(&pooled, 5000, pool, stream));
  ASSERT_OK(cuMemsetD8Async(pooled, 3, 5000, stream));
  ASSERT_OK(cuStreamSynchronize(stream));
  ASSERT_OK(cuMemPoolExportPointer(&message.pointer, pooled));
  int file = -1;
  ASSERT_OK(cuMemPoolExportToShareableHandle(&file, pool, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0));
  message.pool = dup(file);  // one that the child inherits

  // The event is recorded behind a host function that waits until the child is at work.
  std::atomic<bool> go{false};
  ASSERT_OK(cuLaunchHostFunc(
      stream,
      [](void* flag) {
        while (!*static_cast<std::atomic<bool>*>(flag)) std::this_thread::yield();
      },
      &go));
  ASSERT_OK(cuMemsetD8Async(large, 2, kLarge, stream));
  ASSERT_OK(cuEventRecord(ready, stream));
  EXPECT_CU(CUDA_ERROR_NOT_READY, cuEventQuery(ready));
  const pid_t child = start_child(message);
  ASSERT_NE(child, 0);
  close(message.pool);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  go = true;
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  ASSERT_OK(cuEventSynchronize(done));
  EXPECT_OK(cuEventQuery(done));
  // The child has waited for the stream; a race detector sees that only here.
  ASSERT_OK(cuStreamSynchronize(stream));
  EXPECT_TRUE(holds(small, kSmall, 7));
  EXPECT_TRUE(holds(large, kLarge, 8));
  EXPECT_TRUE(holds(pooled, 5000, 9));
  EXPECT_TRUE(holds(neighbour, kSmall, 5));
  close(file);
  EXPECT_OK(cuMemFreeAsync(first, stream));
  EXPECT_OK(cuMemFreeAsync(pooled, stream));
  EXPECT_OK(cuStreamSynchronize(stream));
  EXPECT_OK(cuMemPoolDestroy(pool));
  EXPECT_OK(cuMemFree(small));
  EXPECT_OK(cuMemFree(large));
  EXPECT_OK(cuMemFree(neighbour));
  EXPECT_OK(cuEventDestroy(ready));
  EXPECT_OK(cuEventDestroy(done));
  EXPECT_OK(cuStreamDestroy(stream));
}

TEST_F(DriverIpc, RefusesWhatIsNoHandle) {
  CUdeviceptr memory = 0, opened = 0, managed = 0;
  CUipcMemHandle handle{};
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuIpcOpenMemHandle(&opened, handle, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuIpcGetMemHandle(&handle, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuIpcGetMemHandle(nullptr, 0));
  ASSERT_OK(cuMemAllocManaged(&managed, 100, CU_MEM_ATTACH_GLOBAL));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuIpcGetMemHandle(&handle, managed));
  ASSERT_OK(cuMemAlloc(&memory, 100));
  ASSERT_OK(cuIpcGetMemHandle(&handle, memory));
  EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuIpcOpenMemHandle(&opened, handle, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuIpcOpenMemHandle(&opened, handle, 64));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuIpcCloseMemHandle(memory));
  // Every byte of a handle may come from anywhere.
  for (size_t i = 0; i < sizeof handle; ++i) {
    CUipcMemHandle damaged = handle;
    damaged.reserved[i] = char(damaged.reserved[i] ^ 0x41);
    opened = 0;
    if (cuIpcOpenMemHandle(&opened, damaged, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS) == CUDA_SUCCESS) EXPECT_OK(cuIpcCloseMemHandle(opened));
  }
  EXPECT_OK(cuMemFree(memory));
  EXPECT_OK(cuMemFree(managed));

  CUevent event = nullptr;
  CUipcEventHandle name{};
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuEventCreate(&event, CU_EVENT_INTERPROCESS));
  ASSERT_OK(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuIpcGetEventHandle(&name, event));
  EXPECT_OK(cuEventDestroy(event));
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuIpcGetEventHandle(&name, event));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuIpcOpenEventHandle(&event, name));

  CUmemoryPool pool = nullptr;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE,
            cuMemPoolImportFromShareableHandle(&pool, reinterpret_cast<void*>(intptr_t(999)), CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE,
            cuMemPoolImportFromShareableHandle(&pool, reinterpret_cast<void*>(intptr_t(-1)), CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0));
  EXPECT_CU(CUDA_ERROR_NOT_SUPPORTED, cuMemPoolImportFromShareableHandle(&pool, nullptr, CU_MEM_HANDLE_TYPE_FABRIC, 0));
  ASSERT_OK(cuDeviceGetDefaultMemPool(&pool, 0));
  int file = -1;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemPoolExportToShareableHandle(&file, pool, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0));
}

}  // namespace
}  // namespace anywarp::test
