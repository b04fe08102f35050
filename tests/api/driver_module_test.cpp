#include "driver_fixture.h"

#include <lz4.h>
#include <zstd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace anywarp::test {
namespace {

using DriverModule = DriverTest;

// One kernel that stores `value`.
std::string stores(int value) {
  return ".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry k(.param .u64 p) {\n.reg .b64 %rd<2>; .reg .b32 %r<2>;\n"
         "ld.param.u64 %rd1, [p];\nmov.u32 %r1, " +
         std::to_string(value) + ";\nst.global.u32 [%rd1], %r1;\nret;\n}\n";
}

enum class Packing { None, Lz4, Zstd };

// An entry of a fat binary as nvcc 13.0 lays it out.
std::string entry(unsigned sm, uint16_t kind, const std::string& payload, Packing packing, uint64_t flags = 0x11) {
  std::string packed = payload;
  if (packing == Packing::Lz4) {
    packed.resize(size_t(LZ4_compressBound(int(payload.size()))));
    packed.resize(size_t(LZ4_compress_default(payload.data(), packed.data(), int(payload.size()), int(packed.size()))));
    flags |= 0x2000;
  } else if (packing == Packing::Zstd) {
    packed.resize(ZSTD_compressBound(payload.size()));
    packed.resize(ZSTD_compress(packed.data(), packed.size(), payload.data(), payload.size(), 3));
    flags |= 0x8000;
  }
  const uint32_t exact = packing == Packing::None ? 0 : uint32_t(packed.size());
  packed.resize((packed.size() + 8) / 8 * 8, '\0');
  std::string out(64, '\0');
  const auto put = [&](size_t at, auto value) { memcpy(out.data() + at, &value, sizeof value); };
  put(0, kind);
  put(2, uint16_t(0x0101));
  put(4, uint32_t(64));
  put(8, uint64_t(packed.size()));
  put(16, exact);
  put(28, uint32_t(sm));
  put(40, flags);
  put(56, uint64_t(packing == Packing::None ? 0 : payload.size()));
  return out + packed;
}

std::string container(const std::string& entries) {
  std::string out(16, '\0');
  const auto put = [&](size_t at, auto value) { memcpy(out.data() + at, &value, sizeof value); };
  put(0, uint32_t(0xBA55ED50));
  put(4, uint16_t(1));
  put(6, uint16_t(16));
  put(8, uint64_t(entries.size()));
  return out + entries;
}

struct Wrapper {
  uint32_t magic = 0x466243B1, version = 1;
  const void* data = nullptr;
  const void* parts = nullptr;
};

int run(CUmodule module) {
  CUfunction function = nullptr;
  CUdeviceptr memory = 0;
  int value = -1;
  if (cuModuleGetFunction(&function, module, "k") != CUDA_SUCCESS) return -2;
  EXPECT_OK(cuMemAlloc(&memory, 4));
  void* arguments[] = {&memory};
  EXPECT_OK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, nullptr, arguments, nullptr));
  EXPECT_OK(cuMemcpyDtoH(&value, memory, 4));
  EXPECT_OK(cuMemFree(memory));
  return value;
}

int load_and_run(const void* image) {
  CUmodule module = nullptr;
  const CUresult code = cuModuleLoadData(&module, image);
  if (code != CUDA_SUCCESS) return -int(code);
  const int value = run(module);
  EXPECT_OK(cuModuleUnload(module));
  return value;
}

TEST_F(DriverModule, FunctionsAndVariables) {
  CUfunction function = nullptr, again = nullptr;
  EXPECT_OK(cuModuleGetFunction(&function, module(), "add"));
  EXPECT_OK(cuModuleGetFunction(&again, module(), "add"));
  EXPECT_EQ(function, again);
  EXPECT_CU(CUDA_ERROR_NOT_FOUND, cuModuleGetFunction(&function, module(), "absent"));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuModuleGetFunction(&function, module(), nullptr));
  CUdeviceptr counter = 0;
  size_t bytes = 0;
  EXPECT_OK(cuModuleGetGlobal(&counter, &bytes, module(), "counter"));
  EXPECT_EQ(bytes, 4u);
  uint32_t value = 0;
  EXPECT_OK(cuMemcpyDtoH(&value, counter, 4));
  EXPECT_EQ(value, 7u);
  EXPECT_OK(launch("add", nullptr, counter, 1u, 5u));
  EXPECT_OK(cuMemcpyDtoH(&value, counter, 4));
  EXPECT_EQ(value, 12u);
  uint8_t table[4] = {};
  CUdeviceptr constants = 0;
  EXPECT_OK(cuModuleGetGlobal(&constants, nullptr, module(), "table"));
  EXPECT_OK(cuMemcpyDtoH(table, constants, 4));
  EXPECT_EQ(table[3], 4);
  EXPECT_CU(CUDA_ERROR_NOT_FOUND, cuModuleGetGlobal(&constants, &bytes, module(), "absent"));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuMemFree(counter));

  unsigned count = 0;
  EXPECT_OK(cuModuleGetFunctionCount(&count, module()));
  EXPECT_EQ(count, 8u);
  std::vector<CUfunction> all(count);
  EXPECT_OK(cuModuleEnumerateFunctions(all.data(), count, module()));
  const char* name = nullptr;
  EXPECT_OK(cuFuncGetName(&name, all[0]));
  EXPECT_STREQ(name, "nothing");
  CUmodule of = nullptr;
  EXPECT_OK(cuFuncGetModule(&of, all[0]));
  EXPECT_EQ(of, module());
  CUmodule old = module();
  EXPECT_OK(cuModuleUnload(old));
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuModuleUnload(old));
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuFuncGetName(&name, all[0]));
}

TEST_F(DriverModule, TheLogTellsLineAndColumn) {
  char errors[512] = "x", notes[512] = "x";
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, CU_JIT_INFO_LOG_BUFFER,
                            CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES, CU_JIT_OPTIMIZATION_LEVEL};
  void* values[] = {errors, reinterpret_cast<void*>(sizeof errors), notes, reinterpret_cast<void*>(sizeof notes),
                    reinterpret_cast<void*>(4)};
  const char* broken =
      ".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k() {\n  .reg .b32 %r<2>;\n  frobnicate.u32 %r1, %r1;\n  ret;\n}\n";
  CUmodule module = nullptr;
  EXPECT_CU(CUDA_ERROR_INVALID_PTX, cuModuleLoadDataEx(&module, broken, 5, options, values));
  EXPECT_NE(std::string(errors).find(":6:3"), std::string::npos) << errors;
  EXPECT_NE(std::string(errors).find("frobnicate"), std::string::npos) << errors;
  EXPECT_EQ(reinterpret_cast<size_t>(values[1]), strlen(errors) + 1);
  EXPECT_STREQ(notes, "");
  // A buffer that is too small gets what fits, and its end.
  char small[8] = "1234567";
  values[0] = small;
  values[1] = reinterpret_cast<void*>(sizeof small);
  EXPECT_CU(CUDA_ERROR_INVALID_PTX, cuModuleLoadDataEx(&module, broken, 5, options, values));
  EXPECT_EQ(strlen(small), 7u);
  options[4] = CUjit_option(1000);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuModuleLoadDataEx(&module, broken, 5, options, values));
}

TEST_F(DriverModule, WhatIsNoCode) {
  CUmodule module = nullptr;
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuModuleLoadData(&module, nullptr));
  EXPECT_CU(CUDA_ERROR_INVALID_IMAGE, cuModuleLoadData(&module, ""));
  EXPECT_CU(CUDA_ERROR_INVALID_IMAGE, cuModuleLoadData(&module, "\x01\x02\x03\x04"));
  EXPECT_NE(cuModuleLoadData(&module, "int main() { return 0; }"), CUDA_SUCCESS);
  EXPECT_CU(CUDA_ERROR_NO_BINARY_FOR_GPU, cuModuleLoadData(&module,
                                                           "\x7f"
                                                           "ELF\x02\x01\x01"));
  EXPECT_CU(CUDA_ERROR_FILE_NOT_FOUND, cuModuleLoad(&module, "/no/such/file.ptx"));
  EXPECT_CU(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, cuModuleLoadData(&module, ".version 99.0\n.target sm_80\n.address_size 64\n"));
}

TEST_F(DriverModule, FatBinaries) {
  for (const Packing packing : {Packing::None, Packing::Lz4, Packing::Zstd})
    EXPECT_EQ(load_and_run(container(entry(80, 1, stores(80), packing)).c_str()), 80);
  const std::string several =
      container(entry(50, 1, stores(50), Packing::None) + entry(80, 2, "machine code", Packing::None) +
                entry(70, 1, stores(70), Packing::Zstd) + entry(120, 1, stores(120), Packing::None) + entry(70, 8, "?", Packing::None));
  EXPECT_EQ(load_and_run(several.c_str()), 70);  // the newest that the device can run
  const std::string newer = container(entry(120, 1, stores(120), Packing::None) + entry(110, 1, stores(110), Packing::None));
  EXPECT_EQ(load_and_run(newer.c_str()), 110);  // or the oldest
  const std::string specific = container(entry(90, 1, stores(91), Packing::None, 0x100011) + entry(80, 1, stores(80), Packing::None));
  EXPECT_EQ(load_and_run(specific.c_str()), 80);
  const std::string machine_code = container(entry(90, 2, "machine code", Packing::None));
  EXPECT_EQ(load_and_run(machine_code.c_str()), -int(CUDA_ERROR_NO_BINARY_FOR_GPU));

  Wrapper wrapper;
  wrapper.data = several.data();
  EXPECT_EQ(load_and_run(&wrapper), 70);
  const std::string one = container(entry(80, 1, stores(5), Packing::Lz4));
  const void* parts[] = {one.data(), nullptr};
  wrapper.version = 2;
  wrapper.parts = parts;
  EXPECT_EQ(load_and_run(&wrapper), 5);
}

// A few bytes that claim to be a gigabyte of PTX are refused before there is a gigabyte.
TEST_F(DriverModule, PackedPtxThatClaimsTooMuch) {
  for (const Packing packing : {Packing::Lz4, Packing::Zstd}) {
    std::string claims = entry(80, 1, stores(80), packing);
    const uint64_t gigabyte = uint64_t{1} << 30;
    memcpy(claims.data() + 56, &gigabyte, sizeof gigabyte);
    CUmodule module = nullptr;
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_CU(CUDA_ERROR_INVALID_IMAGE, cuModuleLoadData(&module, container(claims).data()));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(100));
  }
}

TEST_F(DriverModule, DamagedFatBinaries) {
  const std::string good = container(entry(80, 1, stores(80), Packing::Zstd));
  CUmodule module = nullptr;
  for (size_t at = 4; at < good.size(); ++at) {
    if (at >= 8 && at < 16) continue;  // the container's own size is the program's word
    for (const char change : {'\x00', '\xff', '\x7f'}) {
      std::string bad = good;
      bad[at] = char(bad[at] ^ change);
      if (cuModuleLoadData(&module, bad.data()) == CUDA_SUCCESS) EXPECT_OK(cuModuleUnload(module));
    }
  }
}

TEST_F(DriverModule, FromAFile) {
  const std::string path = testing::TempDir() + "driver_module_test.ptx";
  FILE* file = fopen(path.c_str(), "w");
  ASSERT_TRUE(file);
  fputs(stores(33).c_str(), file);
  fclose(file);
  CUmodule module = nullptr;
  ASSERT_OK(cuModuleLoad(&module, path.c_str()));
  EXPECT_EQ(run(module), 33);
  CUlibrary library = nullptr;
  EXPECT_OK(cuLibraryLoadFromFile(&library, path.c_str(), nullptr, nullptr, 0, nullptr, nullptr, 0));
  EXPECT_OK(cuLibraryUnload(library));
  remove(path.c_str());
}

TEST_F(DriverModule, LibrariesBelongToNoContext) {
  ASSERT_OK(cuCtxPopCurrent(nullptr));
  CUlibrary library = nullptr;
  ASSERT_OK(cuLibraryLoadData(&library, kKernels, nullptr, nullptr, 0, nullptr, nullptr, 0));
  CUkernel kernel = nullptr;
  ASSERT_OK(cuLibraryGetKernel(&kernel, library, "add"));
  EXPECT_CU(CUDA_ERROR_NOT_FOUND, cuLibraryGetKernel(&kernel, library, "absent"));
  CUdeviceptr counters[2] = {};
  size_t bytes = 0;
  EXPECT_CU(CUDA_ERROR_INVALID_CONTEXT, cuLibraryGetGlobal(&counters[0], &bytes, library, "counter"));
  CUcontext contexts[2] = {context_, nullptr};
  ASSERT_OK(cuCtxCreate(&contexts[1], nullptr, 0, device_));
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK(cuCtxSetCurrent(contexts[i]));
    EXPECT_OK(cuLibraryGetGlobal(&counters[i], &bytes, library, "counter"));
    unsigned n = 1, value = unsigned(i) + 1;
    void* arguments[] = {&counters[i], &n, &value};
    EXPECT_OK(cuLaunchKernel(CUfunction(kernel), 1, 1, 1, 1, 1, 1, 0, nullptr, arguments, nullptr));
    uint32_t told = 0;
    EXPECT_OK(cuMemcpyDtoH(&told, counters[i], 4));
    EXPECT_EQ(told, 8u + unsigned(i));
  }
  EXPECT_NE(counters[0], counters[1]);
  EXPECT_OK(cuCtxDestroy(contexts[1]));
  EXPECT_OK(cuCtxSetCurrent(contexts[0]));
  CUfunction function = nullptr, again = nullptr;
  EXPECT_OK(cuKernelGetFunction(&function, kernel));
  CUmodule module = nullptr;
  EXPECT_OK(cuLibraryGetModule(&module, library));
  EXPECT_OK(cuModuleGetFunction(&again, module, "add"));
  EXPECT_EQ(function, again);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuModuleUnload(module));
  EXPECT_OK(cuKernelSetAttribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 65536, kernel, device_));
  int most = 0;
  EXPECT_OK(cuFuncGetAttribute(&most, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, function));
  EXPECT_EQ(most, 65536);
  unsigned count = 0;
  EXPECT_OK(cuLibraryGetKernelCount(&count, library));
  EXPECT_EQ(count, 8u);
  const char* name = nullptr;
  EXPECT_OK(cuKernelGetName(&name, kernel));
  EXPECT_STREQ(name, "add");
  size_t offset = 0, size = 0;
  EXPECT_OK(cuKernelGetParamInfo(kernel, 2, &offset, &size));
  EXPECT_EQ(offset, 12u);
  EXPECT_EQ(size, 4u);
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, cuKernelGetParamInfo(kernel, 3, &offset, &size));
  EXPECT_OK(cuLibraryUnload(library));
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuLibraryUnload(library));
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuKernelGetFunction(&function, kernel));
}

TEST_F(DriverModule, Linking) {
  const char* caller =
      ".version 8.0\n.target sm_80\n.address_size 64\n.extern .func (.param .b32 r) answer();\n.visible .entry k(.param .u64 p) {\n"
      ".reg .b64 %rd<2>; .reg .b32 %r<2>;\nld.param.u64 %rd1, [p];\n{ .param .b32 r; call (r), answer; ld.param.b32 %r1, [r]; }\n"
      "st.global.u32 [%rd1], %r1;\nret;\n}\n";
  const char* callee =
      ".version 8.0\n.target sm_80\n.address_size 64\n.visible .func (.param .b32 r) answer() { st.param.b32 [r], 42; ret; }\n";
  char errors[512] = "";
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void* values[] = {errors, reinterpret_cast<void*>(sizeof errors)};
  CUlinkState state = nullptr;
  void* linked = nullptr;
  size_t bytes = 0;
  ASSERT_OK(cuLinkCreate(2, options, values, &state));
  EXPECT_OK(cuLinkAddData(state, CU_JIT_INPUT_PTX, const_cast<char*>(caller), strlen(caller) + 1, "caller.ptx", 0, nullptr, nullptr));
  EXPECT_NE(cuLinkComplete(state, &linked, &bytes), CUDA_SUCCESS);
  EXPECT_NE(std::string(errors).find("answer"), std::string::npos) << errors;
  const std::string fat = container(entry(80, 1, callee, Packing::Lz4));
  EXPECT_OK(cuLinkAddData(state, CU_JIT_INPUT_FATBINARY, const_cast<char*>(fat.data()), fat.size(), "callee", 0, nullptr, nullptr));
  ASSERT_OK(cuLinkComplete(state, &linked, &bytes));
  EXPECT_EQ(load_and_run(linked), 42);
  EXPECT_OK(cuLinkDestroy(state));
  EXPECT_CU(CUDA_ERROR_INVALID_HANDLE, cuLinkDestroy(state));

  // nvcc -rdc=true: the wrapper lists parts that the driver links.
  const std::string first = container(entry(80, 1, caller, Packing::None));
  const void* parts[] = {first.data(), fat.data(), nullptr};
  Wrapper wrapper;
  wrapper.version = 2;
  wrapper.parts = parts;
  EXPECT_EQ(load_and_run(&wrapper), 42);
}

TEST_F(DriverModule, ManagedVariablesAreOneForAllContexts) {
  const char* code =
      ".version 8.0\n.target sm_80\n.address_size 64\n.visible .global .attribute(.managed) .align 4 .u32 shared_word = 9;\n"
      ".visible .entry k() { .reg .b32 %r<3>; ld.global.u32 %r1, [shared_word]; add.u32 %r2, %r1, 1; st.global.u32 [shared_word], %r2; "
      "ret; }\n";
  ASSERT_OK(cuCtxPopCurrent(nullptr));
  CUlibrary library = nullptr;
  ASSERT_OK(cuLibraryLoadData(&library, code, nullptr, nullptr, 0, nullptr, nullptr, 0));
  CUdeviceptr word = 0, same = 0;
  size_t bytes = 0;
  ASSERT_OK(cuLibraryGetManaged(&word, &bytes, library, "shared_word"));
  EXPECT_EQ(bytes, 4u);
  EXPECT_EQ(*reinterpret_cast<uint32_t*>(word), 9u);
  ASSERT_OK(cuCtxPushCurrent(context_));
  EXPECT_OK(cuLibraryGetGlobal(&same, &bytes, library, "shared_word"));
  EXPECT_EQ(word, same);
  CUkernel kernel = nullptr;
  ASSERT_OK(cuLibraryGetKernel(&kernel, library, "k"));
  EXPECT_OK(cuLaunchKernel(CUfunction(kernel), 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr));
  EXPECT_OK(cuCtxSynchronize());
  EXPECT_EQ(*reinterpret_cast<uint32_t*>(word), 10u);
  unsigned managed = 0;
  EXPECT_OK(cuPointerGetAttribute(&managed, CU_POINTER_ATTRIBUTE_IS_MANAGED, word));
  EXPECT_EQ(managed, 1u);
  EXPECT_OK(cuLibraryUnload(library));
}

}  // namespace
}  // namespace anywarp::test
