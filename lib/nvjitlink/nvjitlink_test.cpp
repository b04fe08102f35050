// NVRTC's LTO IR and relocatable PTX, linked and run.
#include <cuda.h>
#include <nvJitLink.h>
#include <nvrtc.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

/// LTO IR, or PTX that refers to others.
std::string compiled(const char* source, bool lto) {
  nvrtcProgram program = nullptr;
  nvrtcCreateProgram(&program, source, "part.cu", 0, nullptr, nullptr);
  const char* options[] = {"-arch=sm_90", lto ? "-dlto" : "-dc"};
  EXPECT_EQ(nvrtcCompileProgram(program, 2, options), NVRTC_SUCCESS);
  size_t size = 0;
  lto ? nvrtcGetLTOIRSize(program, &size) : nvrtcGetPTXSize(program, &size);
  std::string code(size, '?');
  lto ? nvrtcGetLTOIR(program, code.data()) : nvrtcGetPTX(program, code.data());
  nvrtcDestroyProgram(&program);
  return code;
}

int run(const std::string& image) {
  cuInit(0);
  CUcontext context = nullptr;
  cuDevicePrimaryCtxRetain(&context, 0);
  cuCtxSetCurrent(context);
  CUmodule module = nullptr;
  CUfunction kernel = nullptr;
  EXPECT_EQ(cuModuleLoadData(&module, image.data()), CUDA_SUCCESS);
  EXPECT_EQ(cuModuleGetFunction(&kernel, module, "k"), CUDA_SUCCESS);
  CUdeviceptr memory = 0;
  int value = 5;
  cuMemAlloc(&memory, 4);
  cuMemcpyHtoD(memory, &value, 4);
  void* arguments[] = {&memory};
  EXPECT_EQ(cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, nullptr, arguments, nullptr), CUDA_SUCCESS);
  cuMemcpyDtoH(&value, memory, 4);
  cuMemFree(memory);
  cuModuleUnload(module);
  return value;
}

constexpr const char* kernel = "extern __device__ int twice(int); extern \"C\" __global__ void k(int* p) { *p = twice(*p) + 1; }";
constexpr const char* function = "__device__ int twice(int x) { return 2 * x; }";

std::string linked(bool first_lto, bool second_lto) {
  const char* options[] = {"-arch=sm_90", "-lto"};
  nvJitLinkHandle link = nullptr;
  EXPECT_EQ(nvJitLinkCreate(&link, 2, options), NVJITLINK_SUCCESS);
  std::string a = compiled(kernel, first_lto), b = compiled(function, second_lto);
  EXPECT_EQ(nvJitLinkAddData(link, first_lto ? NVJITLINK_INPUT_LTOIR : NVJITLINK_INPUT_PTX, a.data(), a.size(), "a"), NVJITLINK_SUCCESS);
  EXPECT_EQ(nvJitLinkAddData(link, NVJITLINK_INPUT_ANY, b.data(), b.size(), "b"), NVJITLINK_SUCCESS);
  nvJitLinkResult result = nvJitLinkComplete(link);
  size_t size = 0;
  nvJitLinkGetErrorLogSize(link, &size);
  std::string log(size, '?');
  nvJitLinkGetErrorLog(link, log.data());
  EXPECT_EQ(result, NVJITLINK_SUCCESS) << log;
  EXPECT_EQ(nvJitLinkGetLinkedCubinSize(link, &size), NVJITLINK_SUCCESS);
  std::string cubin(size, '?');
  EXPECT_EQ(nvJitLinkGetLinkedCubin(link, cubin.data()), NVJITLINK_SUCCESS);
  EXPECT_EQ(nvJitLinkDestroy(&link), NVJITLINK_SUCCESS);
  return cubin;
}

TEST(NvJitLink, links_lto_ir) { EXPECT_EQ(run(linked(true, true)), 11); }
TEST(NvJitLink, links_ptx) { EXPECT_EQ(run(linked(false, false)), 11); }
TEST(NvJitLink, links_ptx_with_lto_ir) { EXPECT_EQ(run(linked(false, true)), 11); }

TEST(NvJitLink, errors_are_the_documented_ones) {
  nvJitLinkHandle link = nullptr;
  const char* none[] = {"-lto"};
  const char* unknown[] = {"-arch=sm_90", "-what"};
  const char *arch[] = {"-arch=sm_1"}, *no_arch[] = {"-arch=sm_XX"};
  EXPECT_EQ(nvJitLinkCreate(&link, 1, none), NVJITLINK_ERROR_MISSING_ARCH);
  EXPECT_EQ(nvJitLinkCreate(&link, 2, unknown), NVJITLINK_ERROR_UNRECOGNIZED_OPTION);
  EXPECT_EQ(nvJitLinkCreate(&link, 1, arch), NVJITLINK_ERROR_UNRECOGNIZED_ARCH);
  EXPECT_EQ(nvJitLinkCreate(&link, 1, no_arch), NVJITLINK_ERROR_UNRECOGNIZED_OPTION);
  ASSERT_EQ(nvJitLinkCreate(&link, 1, unknown), NVJITLINK_SUCCESS);
  EXPECT_EQ(nvJitLinkComplete(link), NVJITLINK_SUCCESS);  // a program without functions
  EXPECT_EQ(nvJitLinkDestroy(&link), NVJITLINK_SUCCESS);
  EXPECT_EQ(nvJitLinkCreate(nullptr, 0, nullptr), NVJITLINK_ERROR_NULL_INPUT);
  ASSERT_EQ(nvJitLinkCreate(&link, 1, unknown), NVJITLINK_SUCCESS);
  EXPECT_EQ(nvJitLinkAddData(link, NVJITLINK_INPUT_PTX, "nonsense", 8, "x"), NVJITLINK_ERROR_PTX_COMPILE);
  EXPECT_EQ(nvJitLinkAddData(link, NVJITLINK_INPUT_LTOIR, "BC\xc0\xde", 4, "x"), NVJITLINK_ERROR_LTO_NOT_ENABLED);
  EXPECT_EQ(nvJitLinkAddFile(link, NVJITLINK_INPUT_PTX, "/nonexistent"), NVJITLINK_ERROR_INVALID_INPUT);
  EXPECT_EQ(nvJitLinkComplete(link), NVJITLINK_ERROR_INVALID_INPUT);
  size_t size = 0;
  EXPECT_EQ(nvJitLinkGetErrorLogSize(link, &size), NVJITLINK_SUCCESS);
  EXPECT_GT(size, 1u);
  nvJitLinkHandle copy = link;
  EXPECT_EQ(nvJitLinkDestroy(&link), NVJITLINK_SUCCESS);
  EXPECT_EQ(nvJitLinkComplete(copy), NVJITLINK_ERROR_INVALID_INPUT);
}

}  // namespace
