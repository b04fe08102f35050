// What a driver must survive at the edges of a process: fork, exit with work in flight, calls from exit handlers.
#include "driver_fixture.h"

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#if __has_feature(address_sanitizer)
// Asked before the search for leaks. A forked child has none of the threads that hold memory in the parent, so all of it looks lost.
static bool forked = false;
extern "C" int __lsan_is_turned_off() { return forked; }
#define AW_NOTE_FORK() (forked = true)
#else
#define AW_NOTE_FORK() (void)0
#endif

namespace anywarp::test {
namespace {

class DriverProcess : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

// In a child process: a context with kKernels.
CUmodule begin(CUcontext* context = nullptr) {
  CUcontext made = nullptr;
  CUmodule module = nullptr;
  if (cuInit(0) != CUDA_SUCCESS || cuCtxCreate(&made, nullptr, 0, 0) != CUDA_SUCCESS || cuModuleLoadData(&module, kKernels) != CUDA_SUCCESS)
    _exit(1);
  if (context) *context = made;
  return module;
}

CUresult launch(CUmodule module, const char* name, CUdeviceptr a = 0, CUdeviceptr b = 0) {
  CUfunction function = nullptr;
  if (cuModuleGetFunction(&function, module, name) != CUDA_SUCCESS) _exit(2);
  void* arguments[] = {&a, &b, &b};
  return cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, nullptr, arguments, nullptr);
}

TEST_F(DriverProcess, AForkedChildIsRefused) {
  EXPECT_EXIT(
      {
        begin();
        const pid_t child = fork();
        if (child == 0) {
          AW_NOTE_FORK();
          CUdeviceptr memory = 0;
          const bool refused = cuMemAlloc(&memory, 4) == CUDA_ERROR_NOT_INITIALIZED && cuInit(0) == CUDA_ERROR_NOT_INITIALIZED;
          exit(refused ? 0 : 3);  // exit handlers too
        }
        int status = 0;
        waitpid(child, &status, 0);
        exit(status == 0 && cuCtxSynchronize() == CUDA_SUCCESS ? 17 : 4);
      },
      testing::ExitedWithCode(17), "");
}

TEST_F(DriverProcess, ForkBeforeInitIsFine) {
  EXPECT_EXIT(
      {
        const pid_t child = fork();
        if (child == 0) {
          begin();
          _exit(cuCtxSynchronize() == CUDA_SUCCESS ? 0 : 3);
        }
        int status = 0;
        waitpid(child, &status, 0);
        exit(status == 0 ? 17 : 4);
      },
      testing::ExitedWithCode(17), "");
}

TEST_F(DriverProcess, ExitWhileAKernelRunsForEver) {
  EXPECT_EXIT(
      {
        CUmodule module = begin();
        CUdeviceptr words = 0;
        if (cuMemAlloc(&words, 8) != CUDA_SUCCESS || cuMemsetD32(words, 0, 2) != CUDA_SUCCESS) _exit(3);
        if (launch(module, "spin", words, words + 4) != CUDA_SUCCESS) _exit(4);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        exit(17);
      },
      testing::ExitedWithCode(17), "");
}

TEST_F(DriverProcess, CallsFromExitHandlers) {
  static CUcontext context;
  static CUlibrary library;
  EXPECT_EXIT(
      {
        // Registered before cuInit, so it runs after whatever the driver has registered.
        atexit([] {
          CUdeviceptr memory = 0;
          const bool fine = cuMemAlloc(&memory, 4) == CUDA_SUCCESS && cuMemFree(memory) == CUDA_SUCCESS &&
                            cuCtxSynchronize() == CUDA_SUCCESS && cuLibraryUnload(library) == CUDA_SUCCESS &&
                            cuCtxDestroy(context) == CUDA_SUCCESS && cuDevicePrimaryCtxReset(0) == CUDA_SUCCESS;
          _exit(fine ? 17 : 3);
        });
        CUmodule module = begin(&context);
        if (launch(module, "nothing") != CUDA_SUCCESS) _exit(5);
        if (cuLibraryLoadData(&library, kKernels, nullptr, nullptr, 0, nullptr, nullptr, 0) != CUDA_SUCCESS) _exit(4);
        exit(1);
      },
      testing::ExitedWithCode(17), "");
}

TEST_F(DriverProcess, VisibleDevices) {
  const auto count = [](const char* devices, const char* visible) {
    setenv("ANYWARP_DEVICES", devices, 1);
    setenv("CUDA_VISIBLE_DEVICES", visible, 1);
    int number = 0;
    if (const CUresult code = cuInit(0); code != CUDA_SUCCESS) exit(int(code));
    if (cuDeviceGetCount(&number) != CUDA_SUCCESS) _exit(255);
    exit(200 + number);
  };
  EXPECT_EXIT(count("3", "2,0"), testing::ExitedWithCode(202), "");
  EXPECT_EXIT(count("3", "1,7,0"), testing::ExitedWithCode(201), "");
  EXPECT_EXIT(count("3", ""), testing::ExitedWithCode(CUDA_ERROR_NO_DEVICE), "");
  EXPECT_EXIT(count("3", "-1"), testing::ExitedWithCode(CUDA_ERROR_NO_DEVICE), "");
}

TEST_F(DriverProcess, SeveralDevices) {
  EXPECT_EXIT(
      {
        setenv("ANYWARP_DEVICES", "2", 1);
        CUcontext first = nullptr;
        CUcontext second = nullptr;
        CUdeviceptr a = 0;
        CUdeviceptr b = 0;
        int reach = 0;
        int ordinal = -1;
        uint32_t word = 0;
        CUuuid ids[2];
        bool fine = cuInit(0) == CUDA_SUCCESS && cuCtxCreate(&first, nullptr, 0, 0) == CUDA_SUCCESS && cuMemAlloc(&a, 4) == CUDA_SUCCESS;
        fine = fine && cuCtxCreate(&second, nullptr, 0, 1) == CUDA_SUCCESS && cuMemAlloc(&b, 4) == CUDA_SUCCESS;
        fine = fine && cuPointerGetAttribute(&ordinal, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, b) == CUDA_SUCCESS && ordinal == 1;
        fine = fine && cuDeviceCanAccessPeer(&reach, 0, 1) == CUDA_SUCCESS && reach == 1;
        fine = fine && cuCtxEnablePeerAccess(first, 0) == CUDA_SUCCESS &&
               cuCtxEnablePeerAccess(first, 0) == CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED;
        fine = fine && cuMemsetD32(b, 7, 1) == CUDA_SUCCESS && cuMemcpyPeer(a, first, b, second, 4) == CUDA_SUCCESS;
        fine = fine && cuMemcpyDtoH(&word, a, 4) == CUDA_SUCCESS && word == 7;
        fine = fine && cuDeviceGetUuid(&ids[0], 0) == CUDA_SUCCESS && cuDeviceGetUuid(&ids[1], 1) == CUDA_SUCCESS &&
               memcmp(&ids[0], &ids[1], 16) != 0;
        exit(fine ? 17 : 1);
      },
      testing::ExitedWithCode(17), "");
}

TEST_F(DriverProcess, LaunchBlockingReturnsTheErrorAtTheLaunch) {
  EXPECT_EXIT(
      {
        setenv("CUDA_LAUNCH_BLOCKING", "1", 1);
        CUmodule module = begin();
        exit(launch(module, "wild", 16) == CUDA_ERROR_ILLEGAL_ADDRESS ? 17 : 1);
      },
      testing::ExitedWithCode(17), "");
}

TEST_F(DriverProcess, TraceTellsEveryCall) {
  EXPECT_EXIT(
      {
        setenv("ANYWARP_TRACE", "api", 1);
        begin();
        int value = 0;
        (void)cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 7);
        exit(17);
      },
      testing::ExitedWithCode(17),
      "cuDeviceGetAttribute\\(pi=0x[0-9a-f]+, attrib=10, dev=7\\) = CUDA_ERROR_INVALID_DEVICE, .* us; There is no device 7");
}

TEST_F(DriverProcess, TheLibraryStaysWhenItIsClosed) {
  EXPECT_EXIT(
      {
        void* library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
        CUmodule module = begin();
        if (!library || launch(module, "nothing") != CUDA_SUCCESS) _exit(1);
        dlclose(library);
        dlclose(library);
        exit(cuCtxSynchronize() == CUDA_SUCCESS ? 17 : 2);
      },
      testing::ExitedWithCode(17), "");
}

// ---- what NVIDIA's own runtime asks for

using Word = uint64_t;

const Word* table_of(std::initializer_list<unsigned char> id) {
  CUuuid uuid;
  std::copy(id.begin(), id.end(), reinterpret_cast<unsigned char*>(uuid.bytes));
  const void* table = nullptr;
  return cuGetExportTable(&table, &uuid) == CUDA_SUCCESS ? static_cast<const Word*>(table) : nullptr;
}

template <class Function>
Function* slot(const Word* table, size_t index) {
  return reinterpret_cast<Function*>(table[index]);
}

TEST(DriverExportTables, ValuesKeptWithAContext) {
  const Word* table = table_of({0xc6, 0x93, 0x33, 0x6e, 0x11, 0x21, 0xdf, 0x11, 0xa8, 0xc3, 0x68, 0xf3, 0x55, 0xd8, 0x95, 0x93});
  ASSERT_TRUE(table);
  ASSERT_OK(cuInit(0));
  using Destroy = void(CUcontext, void*, void*);
  auto* put = slot<CUresult(CUcontext, void*, void*, Destroy*)>(table, 0);
  auto* remove = slot<CUresult(CUcontext, void*)>(table, 1);
  auto* get = slot<CUresult(void**, CUcontext, void*)>(table, 2);
  int first = 0;
  int second = 0;
  void* value = nullptr;
  EXPECT_EQ(get(&value, nullptr, &first), CUDA_ERROR_INVALID_CONTEXT);
  CUcontext context = nullptr;
  ASSERT_OK(cuCtxCreate(&context, nullptr, 0, 0));
  EXPECT_NE(get(&value, nullptr, &first), CUDA_SUCCESS);
  EXPECT_EQ(put(nullptr, &first, &second, [](CUcontext, void*, void* kept) { ++*static_cast<int*>(kept); }), CUDA_SUCCESS);
  EXPECT_EQ(get(&value, context, &first), CUDA_SUCCESS);
  EXPECT_EQ(value, &second);
  EXPECT_EQ(put(context, &second, &first, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(remove(context, &second), CUDA_SUCCESS);
  EXPECT_NE(remove(context, &second), CUDA_SUCCESS);
  ASSERT_OK(cuCtxDestroy(context));
  EXPECT_EQ(second, 1);
}

TEST(DriverExportTables, ThePrimaryContextHasAHandleBeforeItIsRetained) {
  const Word* table = table_of({0x6b, 0xd5, 0xfb, 0x6c, 0x5b, 0xf4, 0xe7, 0x4a, 0x89, 0x87, 0xd9, 0x39, 0x12, 0xfd, 0x9d, 0xf9});
  ASSERT_TRUE(table);
  ASSERT_OK(cuInit(0));
  CUcontext early = nullptr, retained = nullptr;
  EXPECT_EQ(slot<CUresult(CUcontext*, CUdevice)>(table, 2)(&early, 0), CUDA_SUCCESS);
  ASSERT_OK(cuDevicePrimaryCtxRetain(&retained, 0));
  EXPECT_EQ(early, retained);
  ASSERT_OK(cuDevicePrimaryCtxRelease(0));
}

TEST(DriverExportTables, ToolsBuffersHaveRoomForEveryCallback) {
  const Word* table = table_of({0xa0, 0x94, 0x79, 0x8c, 0x2e, 0x74, 0x2e, 0x74, 0x93, 0xf2, 0x08, 0x00, 0x20, 0x0c, 0x0a, 0x66});
  ASSERT_TRUE(table);
  for (const size_t index : {size_t(2), size_t(6)}) {
    void* enabled = nullptr;
    size_t bytes = 0;
    EXPECT_EQ(slot<CUresult(void**, size_t*)>(table, index)(&enabled, &bytes), CUDA_SUCCESS);
    EXPECT_GE(bytes, 523u * 4);
    for (size_t i = 0; i < bytes / 4; ++i) ASSERT_EQ(static_cast<uint32_t*>(enabled)[i], 0u);
  }
}

}  // namespace
}  // namespace anywarp::test
