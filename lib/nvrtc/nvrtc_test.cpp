// NVRTC as its users call it: sources from memory to PTX, and the PTX run by the driver.
#include <cuda.h>
#include <nvrtc.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Program {
  nvrtcProgram handle = nullptr;
  explicit Program(const std::string& source, const char* name = nullptr, std::vector<std::pair<std::string, std::string>> headers = {}) {
    std::vector<const char*> names, texts;
    for (auto& [header, text] : headers) {
      names.push_back(header.c_str());
      texts.push_back(text.c_str());
    }
    EXPECT_EQ(nvrtcCreateProgram(&handle, source.c_str(), name, static_cast<int>(names.size()), texts.data(), names.data()), NVRTC_SUCCESS);
  }
  ~Program() { nvrtcDestroyProgram(&handle); }

  nvrtcResult compile(std::vector<const char*> options = {}) {
    return nvrtcCompileProgram(handle, static_cast<int>(options.size()), options.data());
  }
  std::string log() const {
    size_t size = 0;
    EXPECT_EQ(nvrtcGetProgramLogSize(handle, &size), NVRTC_SUCCESS);
    std::string text(size, '?');
    EXPECT_EQ(nvrtcGetProgramLog(handle, text.data()), NVRTC_SUCCESS);
    EXPECT_EQ(text.back(), '\0');
    text.pop_back();
    return text;
  }
  std::string ptx() const {
    size_t size = 0;
    EXPECT_EQ(nvrtcGetPTXSize(handle, &size), NVRTC_SUCCESS);
    std::string text(size, '?');
    EXPECT_EQ(nvrtcGetPTX(handle, text.data()), NVRTC_SUCCESS);
    return text;
  }
  std::string cubin() const {
    size_t size = 0;
    EXPECT_EQ(nvrtcGetCUBINSize(handle, &size), NVRTC_SUCCESS);
    std::string bytes(size, '?');
    EXPECT_EQ(nvrtcGetCUBIN(handle, bytes.data()), NVRTC_SUCCESS);
    return bytes;
  }
};

/// The driver with a context.
struct Device {
  CUcontext context = nullptr;
  Device() {
    EXPECT_EQ(cuInit(0), CUDA_SUCCESS);
    CUdevice device = 0;
    EXPECT_EQ(cuDeviceGet(&device, 0), CUDA_SUCCESS);
    EXPECT_EQ(cuDevicePrimaryCtxRetain(&context, device), CUDA_SUCCESS);
    EXPECT_EQ(cuCtxSetCurrent(context), CUDA_SUCCESS);
  }
  ~Device() { cuDevicePrimaryCtxRelease(0); }
};

/// Runs `kernel` of an image with one thread per element of `data`, in blocks of 32, and returns what it left there.
template <class T>
std::vector<T> run(const std::string& image, const char* kernel, std::vector<T> data) {
  CUmodule module = nullptr;
  EXPECT_EQ(cuModuleLoadData(&module, image.data()), CUDA_SUCCESS);
  if (!module) return {};
  CUfunction function = nullptr;
  EXPECT_EQ(cuModuleGetFunction(&function, module, kernel), CUDA_SUCCESS) << kernel;
  CUdeviceptr memory = 0;
  EXPECT_EQ(cuMemAlloc(&memory, data.size() * sizeof(T)), CUDA_SUCCESS);
  cuMemcpyHtoD(memory, data.data(), data.size() * sizeof(T));
  void* arguments[] = {&memory};
  if (function)
    EXPECT_EQ(cuLaunchKernel(function, static_cast<unsigned>((data.size() + 31) / 32), 1, 1, 32, 1, 1, 0, nullptr, arguments, nullptr),
              CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyDtoH(data.data(), memory, data.size() * sizeof(T)), CUDA_SUCCESS);
  cuMemFree(memory);
  cuModuleUnload(module);
  return data;
}

std::vector<float> ramp(size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; i++) values[i] = static_cast<float>(i);
  return values;
}

constexpr const char* kIndex = "  const int i = blockIdx.x * blockDim.x + threadIdx.x;\n";

TEST(Nvrtc, tells_its_version_and_architectures) {
  int major = 0, minor = 0, count = 0;
  ASSERT_EQ(nvrtcVersion(&major, &minor), NVRTC_SUCCESS);
  EXPECT_EQ(major, 13);
  EXPECT_EQ(minor, 0);
  EXPECT_EQ(nvrtcVersion(nullptr, &minor), NVRTC_ERROR_INVALID_INPUT);
  ASSERT_EQ(nvrtcGetNumSupportedArchs(&count), NVRTC_SUCCESS);
  std::vector<int> archs(count);
  ASSERT_EQ(nvrtcGetSupportedArchs(archs.data()), NVRTC_SUCCESS);
  // What NVIDIA's 13.0 lists.
  EXPECT_EQ(archs, (std::vector<int>{75, 80, 86, 87, 88, 89, 90, 100, 103, 110, 120, 121}));
}

TEST(Nvrtc, compiles_for_every_architecture_that_it_lists) {
  int count = 0;
  nvrtcGetNumSupportedArchs(&count);
  std::vector<int> archs(count);
  nvrtcGetSupportedArchs(archs.data());
  for (int arch : {75, 90, 121}) {
    Program program("__global__ void k(int* p) { *p = __CUDA_ARCH__; }");
    std::string option = "--gpu-architecture=compute_" + std::to_string(arch);
    EXPECT_EQ(program.compile({option.c_str()}), NVRTC_SUCCESS) << program.log();
    EXPECT_NE(program.ptx().find(".target sm_" + std::to_string(arch)), std::string::npos);
  }
}

TEST(Nvrtc, runs_what_it_compiled) {
  Device device;
  Program program(std::string("extern \"C\" __global__ void f(float* x) {\n") + kIndex + "  x[i] = sqrtf(x[i]) + min(i, 10);\n}\n");
  ASSERT_EQ(program.compile({"-arch=compute_80"}), NVRTC_SUCCESS) << program.log();
  EXPECT_EQ(program.log(), "");
  std::vector<float> out = run(program.ptx(), "f", ramp(96));
  for (int i = 0; i < 96; i++) EXPECT_EQ(out[i], std::sqrt(static_cast<float>(i)) + static_cast<float>(std::min(i, 10))) << i;
  EXPECT_EQ(program.cubin(), "") << "there is machine code for real architectures alone";
}

TEST(Nvrtc, machine_code_is_what_the_driver_loads) {
  Device device;
  Program program(std::string("extern \"C\" __global__ void f(float* x) {\n") + kIndex + "  x[i] *= 2;\n}\n");
  ASSERT_EQ(program.compile({"-arch=sm_90"}), NVRTC_SUCCESS) << program.log();
  std::vector<float> out = run(program.cubin(), "f", ramp(64));
  for (int i = 0; i < 64; i++) EXPECT_EQ(out[i], 2.0f * static_cast<float>(i));
}

TEST(Nvrtc, headers_in_memory_come_first) {
  Device device;
  Program program(
      "#include \"sub/a.h\"\n#include <b.h>\n#include <stdint.h>\nextern \"C\" __global__ void f(float* x) { x[0] = A + B + C + W; }",
      "dir/prog.cu",
      {{"sub/a.h", "#include \"c.h\"\n#define A 1\n"},
       {"b.h", "#define B 20\n"},
       {"c.h", "#define C 300\n"},
       {"stdint.h", "#define W 4000\n"}});
  ASSERT_EQ(program.compile(), NVRTC_SUCCESS) << program.log();
  EXPECT_EQ(run(program.ptx(), "f", ramp(1))[0], 4321);
}

TEST(Nvrtc, cudas_headers_are_found_without_a_path) {
  Device device;
  Program program(
      "#include <cuda_fp16.h>\n#include <cuda_bf16.h>\n#include <cooperative_groups.h>\n#include <cuda_runtime.h>\n#include <cstdint>\n"
      "extern \"C\" __global__ void f(float* x) {\n"
      "  auto warp = cooperative_groups::tiled_partition<32>(cooperative_groups::this_thread_block());\n"
      "  uint32_t lane = warp.thread_rank();\n  x[lane] = __half2float(__float2half(x[lane] / 3)) + warp.shfl(x[lane], 5);\n}\n");
  ASSERT_EQ(program.compile({"-arch=compute_90"}), NVRTC_SUCCESS) << program.log();
  std::vector<float> out = run(program.ptx(), "f", ramp(32));
  EXPECT_NEAR(out[31], 31.0 / 3 + 5, 0.01);
}

TEST(Nvrtc, nothing_of_the_system_is_defined_beforehand) {
  // Sources bring their own.
  Program program(
      "typedef long long int64_t; typedef unsigned char uint8_t; enum { INT_MAX = 3, NAN };\nstruct texture {}; struct FILE {};\n"
      "#ifdef CUDA_VERSION\n#error CUDA_VERSION\n#endif\n"
      "#ifndef __CUDACC_RTC__\n#error __CUDACC_RTC__\n#endif\n"
      "__global__ void f(size_t* p) { *p = sizeof(int64_t) + sizeof(ptrdiff_t) + sizeof(clock_t); clock(); }");
  EXPECT_EQ(program.compile(), NVRTC_SUCCESS) << program.log();
}

TEST(Nvrtc, device_functions_of_the_language_are_there) {
  Device device;
  Program program(
      "struct Shape { virtual __device__ float area() = 0; };\n"
      "struct Square : Shape { float side; __device__ Square(float s) : side(s) {} __device__ float area() override { return side * side; "
      "} };\n"
      "extern \"C\" __global__ void f(float* x) {\n"
      "  __shared__ int sum; if (threadIdx.x == 0) sum = 0; __syncthreads(); atomicAdd(&sum, 1); __syncthreads();\n"
      "  Shape* shape = new Square(x[threadIdx.x]); float area = shape->area(); delete shape;\n"
      "  char* text = (char*)malloc(8); memset(text, 1, 8); int first = text[7]; free(text);\n"
      "  assert(first == 1); float4 v = make_float4(1, 2, 3, 4);\n"
      "  x[threadIdx.x] = area + sum + v.w + __popc(7) + fmaxf(sin(0.f), pow(2.f, 3)) + __shfl_sync(~0u, x[threadIdx.x], 2) + "
      "tanh(0.0);\n}\n");
  ASSERT_EQ(program.compile({"-arch=sm_80"}), NVRTC_SUCCESS) << program.log();
  std::vector<float> out = run(program.ptx(), "f", ramp(32));
  EXPECT_EQ(out[3], 9 + 32 + 4 + 3 + 8 + 2);
}

TEST(Nvrtc, textures_are_there_for_sources_that_fetch) {
  Program program("__global__ void f(cudaTextureObject_t t, float* x) { *x = tex2D<float>(t, 1.f, 2.f); }");
  ASSERT_EQ(program.compile(), NVRTC_SUCCESS) << program.log();
  EXPECT_NE(program.ptx().find("tex.2d"), std::string::npos);
}

TEST(Nvrtc, the_log_has_nvccs_form) {
  Program program("\nextern \"C\" __global__ void k(int*p){ *p=foo;\nbar(3); }", "a/b.cu");
  EXPECT_EQ(program.compile(), NVRTC_ERROR_COMPILATION);
  // From NVIDIA's NVRTC 13.0.
  EXPECT_EQ(program.log(),
            "a/b.cu(2): error: identifier \"foo\" is undefined\n"
            "  extern \"C\" __global__ void k(int*p){ *p=foo;\n"
            "                                          ^\n\n"
            "a/b.cu(3): error: identifier \"bar\" is undefined\n"
            "  bar(3); }\n"
            "  ^\n\n"
            "2 errors detected in the compilation of \"a/b.cu\".\n");
  EXPECT_EQ(program.ptx(), std::string(1, '\0'));
}

TEST(Nvrtc, a_missing_header_is_named_as_programs_look_for_it) {
  Program program("#include <nothere.h>\n");
  EXPECT_EQ(program.compile(), NVRTC_ERROR_COMPILATION);
  EXPECT_NE(program.log().find("default_program(1): catastrophic error: cannot open source file \"nothere.h\"\n"), std::string::npos)
      << program.log();
  EXPECT_NE(program.log().find("1 catastrophic error detected in the compilation of \"default_program\".\nCompilation terminated.\n"),
            std::string::npos);
}

TEST(Nvrtc, what_is_for_the_host_is_an_error_unless_the_device_is_the_default) {
  const char* source =
      "int counter;\nnamespace n { static float table[4]; int f(int x) { return x + counter; } struct S { int g() { return f(1); } }; }\n"
      "template <class T> T twice(T x) { return x + x; }\n"
      "extern \"C\" __global__ void k(int* p) { n::S s; counter = 5; n::table[1] = 3; p[0] = twice(s.g()) + (int)n::table[1]; }";
  Program refused(source);
  EXPECT_EQ(refused.compile(), NVRTC_ERROR_COMPILATION);
  EXPECT_NE(refused.log().find("A function without execution space annotations"), std::string::npos);
  EXPECT_NE(refused.log().find("A namespace scope variable without memory space annotations"), std::string::npos);
  Device device;
  Program taken(source);
  ASSERT_EQ(taken.compile({"-default-device"}), NVRTC_SUCCESS) << taken.log();
  EXPECT_EQ(run(taken.ptx(), "k", std::vector<int>{0})[0], 15);
}

TEST(Nvrtc, constants_and_functions_for_both_sides_are_no_host_code) {
  Program program(
      "constexpr int N = 3; const float table[2] = {1, 2}; enum E { A }; typedef int I; class C; using namespace std;\n"
      "__host__ __device__ int both() { return N; }\nextern __shared__ int words[];\n"
      "struct D { D() = default; D(const D&) = delete; int x; __device__ int get() const; }; __device__ int D::get() const { return x; }\n"
      "template <int n> struct F { __device__ static int v() { return n; } };\n"
      "__device__ auto lambda_user(int x) { auto l = [=](int y) { return x + y; }; return l(1); }\n"
      "__global__ void k(int* p) { words[0] = both(); *p = words[0] + (int)table[*p]; }");
  EXPECT_EQ(program.compile(), NVRTC_SUCCESS) << program.log();
}

TEST(Nvrtc, name_expressions_give_lowered_names) {
  Device device;
  Program program(
      "namespace N { __device__ int V1; template <class T> __device__ T tv; __constant__ float cc[3]; static __device__ int sv; }\n"
      "template <class T> __global__ void f3(T* x) { *x = T(7); }\n__global__ void ov(int*) {}\n__global__ void ov(float*) {}\n"
      "extern \"C\" __global__ void c() {}\ntemplate <int I> __global__ void ti() {}\n");
  const std::pair<const char*, const char*> names[] = {{"f3<int>", "_Z2f3IiEvPT_"},
                                                       {"&f3<float>", "_Z2f3IfEvPT_"},
                                                       {"static_cast<void(*)(float*)>(ov)", "_Z2ovPf"},
                                                       {"(void(*)(int*))ov", "_Z2ovPi"},
                                                       {"c", "c"},
                                                       {"ti<3+4>", "_Z2tiILi7EEvv"},
                                                       {"&N::V1", "_ZN1N2V1E"},
                                                       {"N::cc", "_ZN1N2ccE"},
                                                       {"&N::tv<int>", "_ZN1N2tvIiEE"}};
  for (auto& [expression, name] : names) EXPECT_EQ(nvrtcAddNameExpression(program.handle, expression), NVRTC_SUCCESS);
  EXPECT_EQ(nvrtcAddNameExpression(program.handle, "&N::sv"), NVRTC_SUCCESS);
  const char* lowered = nullptr;
  EXPECT_EQ(nvrtcGetLoweredName(program.handle, "f3<int>", &lowered), NVRTC_ERROR_NO_LOWERED_NAMES_BEFORE_COMPILATION);
  ASSERT_EQ(program.compile(), NVRTC_SUCCESS) << program.log();
  EXPECT_EQ(nvrtcAddNameExpression(program.handle, "c"), NVRTC_ERROR_NO_NAME_EXPRESSIONS_AFTER_COMPILATION);
  EXPECT_EQ(nvrtcGetLoweredName(program.handle, "d", &lowered), NVRTC_ERROR_NAME_EXPRESSION_NOT_VALID);
  CUmodule module = nullptr;
  ASSERT_EQ(cuModuleLoadData(&module, program.ptx().data()), CUDA_SUCCESS);
  for (auto& [expression, name] : names) {
    ASSERT_EQ(nvrtcGetLoweredName(program.handle, expression, &lowered), NVRTC_SUCCESS) << expression;
    EXPECT_STREQ(lowered, name) << expression;
    CUfunction function = nullptr;
    CUdeviceptr variable = 0;
    size_t bytes = 0;
    EXPECT_TRUE(cuModuleGetFunction(&function, module, lowered) == CUDA_SUCCESS ||
                cuModuleGetGlobal(&variable, &bytes, module, lowered) == CUDA_SUCCESS)
        << expression;
  }
  ASSERT_EQ(nvrtcGetLoweredName(program.handle, "&N::sv", &lowered), NVRTC_SUCCESS);
  CUdeviceptr variable = 0;
  EXPECT_EQ(cuModuleGetGlobal(&variable, nullptr, module, lowered), CUDA_SUCCESS) << lowered << " is static, and found nevertheless";
  cuModuleUnload(module);
}

TEST(Nvrtc, the_host_reaches_static_variables_by_name) {
  Device device;
  Program program("static __constant__ int table[4]; extern \"C\" __global__ void k(int* p) { *p = table[2]; }");
  ASSERT_EQ(program.compile(), NVRTC_SUCCESS) << program.log();
  CUmodule module = nullptr;
  ASSERT_EQ(cuModuleLoadData(&module, program.ptx().data()), CUDA_SUCCESS);
  CUdeviceptr table = 0;
  size_t bytes = 0;
  EXPECT_EQ(cuModuleGetGlobal(&table, &bytes, module, "table"), CUDA_SUCCESS) << program.ptx();
  EXPECT_EQ(bytes, 16u);
  cuModuleUnload(module);
}

TEST(Nvrtc, a_name_expression_that_names_nothing_is_an_error) {
  for (const char* expression : {"f<nothing>", "3", "3 +", "helper"}) {
    Program program("template <class T> __global__ void f(T*) {}\n__device__ void helper() {}");
    nvrtcAddNameExpression(program.handle, expression);
    EXPECT_EQ(program.compile(), NVRTC_ERROR_COMPILATION) << expression;
    EXPECT_NE(program.log().find("__nv_name_map(1): error: "), std::string::npos) << program.log();
  }
}

TEST(Nvrtc, options_reach_the_code) {
  const char* source =
      "__global__ void k(float* x) { x[0] = x[1] / x[2]; x[3] = sqrtf(x[4]); x[5] = x[6] * x[7] + x[8]; x[9] = sinf(x[10]); }";
  auto ptx_with = [&](std::vector<const char*> options) {
    Program program(source);
    EXPECT_EQ(program.compile(options), NVRTC_SUCCESS) << program.log();
    return program.ptx();
  };
  auto has = [](const std::string& text, const char* part) { return text.find(part) != std::string::npos; };
  std::string plain = ptx_with({});
  EXPECT_TRUE(has(plain, "div.rn.f32") && has(plain, "sqrt.rn.f32") && has(plain, "fma.rn.f32")) << plain;
  EXPECT_TRUE(has(ptx_with({"-prec-div=false"}), "div.full.f32"));
  EXPECT_TRUE(has(ptx_with({"--prec-sqrt=false"}), "sqrt.approx.f32"));
  EXPECT_TRUE(has(ptx_with({"-prec-div=false", "-ftz=true"}), "div.full.ftz.f32"));
  EXPECT_FALSE(has(ptx_with({"-fmad=false"}), "fma.rn.f32"));
  EXPECT_TRUE(has(ptx_with({"--ftz=true"}), "sqrt.rn.ftz.f32"));
  std::string fast = ptx_with({"--use_fast_math"});
  EXPECT_TRUE(has(fast, "div.approx.ftz.f32") && has(fast, "sqrt.approx.ftz.f32") && has(fast, "sin.approx.ftz.f32")) << fast;
  EXPECT_TRUE(has(ptx_with({"-lineinfo"}), ".loc")) << "lines";
  EXPECT_TRUE(has(ptx_with({"-maxrregcount", "32"}), ".maxnreg 32"));
  EXPECT_TRUE(
      has(ptx_with({"-dc", "-G", "-w", "--std=c++20", "--ptxas-options=-v", "-Xptxas", "-O3", "-default-device", " -D X = "}), "k"));
}

TEST(Nvrtc, macros_and_files_are_given_by_options) {
  std::string folder = testing::TempDir() + "nvrtc_test_headers";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/one.h") << "#define ONE 1\n__device__ __forceinline__ long long now() { long long t; asm volatile(\"mov.u64 %0, "
                                      "%globaltimer;\" : \"=l\"(t)); return t; }\n";
  std::ofstream(folder + "/two.h") << "#define TWO 2\n";
  Program program(
      "#include <one.h>\n#ifdef GONE\n#error GONE\n#endif\nextern \"C\" __global__ void k(int* p) { *p = ONE + TWO + THREE + FOUR + (now() "
      "== 0); }");
  std::string include = "-I" + folder, pre = "-include=two.h";
  ASSERT_EQ(program.compile({include.c_str(), pre.c_str(), "-DTHREE=30", "--define-macro=FOUR=400", "-DGONE", "-U", "GONE"}), NVRTC_SUCCESS)
      << program.log();
  Device device;
  EXPECT_EQ(run(program.ptx(), "k", std::vector<int>{0})[0], 433);
}

TEST(Nvrtc, some_of_cxx_is_known_without_headers) {
  Program program(R"(
struct Pair { int a; __device__ Pair() {} __device__ Pair(Pair&& other) : a(other.a) { other.a = 7; } };
template <class T> __device__ T* pass(T&& value) { return &std::forward<T>(value); }
__device__ int choose() {
  int value = 0;
  NV_IF_ELSE_TARGET(NV_IS_DEVICE,
    int inner = 40;
    value += inner;
  ,
    value = no_such_thing;
  )
  NV_IF_TARGET(NV_PROVIDES_SM_75, (value++; value++;), (value = -1;))
  return value;
}
extern "C" __global__ void k(int* p) { Pair x, y = std::move(x); p[threadIdx.x] = choose() + (x.a == 7); y.a = 0; }
)");
  ASSERT_EQ(program.compile({"-arch=compute_75"}), NVRTC_SUCCESS) << program.log();
  Device device;
  EXPECT_EQ(run<int>(program.ptx(), "k", {0})[0], 43);
  // A source may define its own.
  Program own(
      "namespace std { template <class T> __device__ int move(T&&) { return 5; } }\n__device__ int f(int x) { return std::move(x); }\n");
  EXPECT_EQ(own.compile(), NVRTC_SUCCESS) << own.log();
}

TEST(Nvrtc, atomics_bring_integers_and_take_values_of_other_types) {
  Program program(
      "#include <cuda/atomic>\n__device__ cuda::atomic<size_t, cuda::thread_scope_device> count;\n"
      "extern \"C\" __global__ void k(uint64_t* p) { count = 0; count += 3; *p = count; }\n");
  EXPECT_EQ(program.compile(), NVRTC_SUCCESS) << program.log();
}

// Those that use CUDA's header of half-precision numbers are linked with each other, and each brings what it calls.
TEST(Nvrtc, functions_of_the_half_precision_headers_are_inline) {
  const std::string header = "#ifdef __FORCE_INCLUDE_CUDA_FP16_HPP_FROM_FP16_H__\n#include \"cuda_fp16.hpp\"\n#endif\n";
  const std::string body = "__device__ int twice_of(int x) { return 2 * x; }\n__device__ int unused_of(int x) { return x; }\n";
  Program program("#include \"cuda_fp16.h\"\nextern \"C\" __device__ int shim(int x) { return twice_of(x); }\n", nullptr,
                  {{"cuda_fp16.h", header}, {"cuda_fp16.hpp", body}});
  ASSERT_EQ(program.compile({"-rdc=true"}), NVRTC_SUCCESS) << program.log();
  EXPECT_NE(program.ptx().find("shim"), std::string::npos);
  EXPECT_EQ(program.ptx().find("unused_of"), std::string::npos) << program.ptx();
  EXPECT_EQ(program.ptx().find(".extern .func"), std::string::npos) << program.ptx();
}

TEST(Nvrtc, an_unused_variable_is_told_in_nvccs_words) {
  Program program("__device__ int f(int x) {\n  int y;\n  return x;\n}\n", "f.cu");
  ASSERT_EQ(program.compile(), NVRTC_SUCCESS);
  EXPECT_NE(program.log().find("f.cu(2): warning: variable \"y\" was declared but never referenced"), std::string::npos) << program.log();
}

TEST(Nvrtc, unknown_and_malformed_options_are_named) {
  // From NVIDIA's NVRTC 13.0.
  const std::pair<std::vector<const char*>, const char*> cases[] = {
      {{"--foo=3"}, "nvrtc: error: unrecognized option --foo=3 found\n"},
      {{"-arch=sm_35"}, "nvrtc: error: invalid value for --gpu-architecture (-arch)\n"},
      {{"-std=c++98"}, "nvrtc: error: invalid value for --std(-std)\n"},
      {{"--ftz=maybe"}, "nvrtc: error: --ftz (-ftz) expects true or false\n"},
      {{"--maxrregcount=abc"}, "nvrtc: error: --maxrregcount (-maxrregcount) expects an integer value\n"},
      {{"-G=true"}, "nvrtc: error: --device-debug (-G) does not accept any argument\n"},
      {{"x.cu"}, "nvrtc: error: unrecognized option x.cu found\n"}};
  for (auto& [options, log] : cases) {
    Program program("__global__ void k() {}");
    EXPECT_EQ(program.compile(options), NVRTC_ERROR_INVALID_OPTION) << options[0];
    EXPECT_EQ(program.log(), log);
  }
  Program optix("__global__ void k() {}");
  EXPECT_EQ(optix.compile({"-optix-ir"}), NVRTC_ERROR_INVALID_OPTION);
}

TEST(Nvrtc, lto_ir_is_bitcode_and_there_is_no_ptx_with_it) {
  Program program("__device__ int g(int); __global__ void k(int* p) { *p = g(*p); }");
  ASSERT_EQ(program.compile({"-dlto", "-arch=sm_90"}), NVRTC_SUCCESS) << program.log();
  size_t size = 0;
  ASSERT_EQ(nvrtcGetLTOIRSize(program.handle, &size), NVRTC_SUCCESS);
  ASSERT_GT(size, 4u);
  std::string bytes(size, '?');
  ASSERT_EQ(nvrtcGetLTOIR(program.handle, bytes.data()), NVRTC_SUCCESS);
  EXPECT_EQ(bytes.substr(0, 4), "BC\xc0\xde");
  EXPECT_EQ(program.ptx(), std::string(1, '\0'));
  EXPECT_EQ(program.cubin(), "");
}

TEST(Nvrtc, wrong_arguments_give_the_documented_codes) {
  nvrtcProgram program = nullptr, none = nullptr;
  const char* text = "";
  EXPECT_EQ(nvrtcCreateProgram(nullptr, "", nullptr, 0, nullptr, nullptr), NVRTC_ERROR_INVALID_PROGRAM);
  EXPECT_EQ(nvrtcCreateProgram(&program, nullptr, nullptr, 0, nullptr, nullptr), NVRTC_ERROR_INVALID_INPUT);
  EXPECT_EQ(nvrtcCreateProgram(&program, "", nullptr, -1, nullptr, nullptr), NVRTC_ERROR_INVALID_INPUT);
  EXPECT_EQ(nvrtcCreateProgram(&program, "", nullptr, 1, &text, nullptr), NVRTC_ERROR_INVALID_INPUT);
  EXPECT_EQ(nvrtcDestroyProgram(nullptr), NVRTC_ERROR_INVALID_PROGRAM);
  EXPECT_EQ(nvrtcDestroyProgram(&none), NVRTC_ERROR_INVALID_PROGRAM);
  EXPECT_EQ(nvrtcCompileProgram(nullptr, 0, nullptr), NVRTC_ERROR_INVALID_PROGRAM);
  ASSERT_EQ(nvrtcCreateProgram(&program, "__global__ void k() {}", nullptr, 0, nullptr, nullptr), NVRTC_SUCCESS);
  size_t size = 99;
  EXPECT_EQ(nvrtcGetPTXSize(program, &size), NVRTC_SUCCESS);
  EXPECT_EQ(size, 1u);
  EXPECT_EQ(nvrtcGetCUBINSize(program, &size), NVRTC_SUCCESS);
  EXPECT_EQ(size, 0u);
  EXPECT_EQ(nvrtcGetPTXSize(program, nullptr), NVRTC_ERROR_INVALID_INPUT);
  EXPECT_EQ(nvrtcGetPTX(program, nullptr), NVRTC_ERROR_INVALID_INPUT);
  EXPECT_EQ(nvrtcAddNameExpression(program, nullptr), NVRTC_ERROR_INVALID_INPUT);
  EXPECT_EQ(nvrtcCompileProgram(program, -1, nullptr), NVRTC_ERROR_INVALID_INPUT);
  EXPECT_EQ(nvrtcCompileProgram(program, 1, nullptr), NVRTC_ERROR_INVALID_OPTION);
  EXPECT_EQ(nvrtcSetFlowCallback(program, nullptr, nullptr), NVRTC_ERROR_INVALID_INPUT);
  EXPECT_EQ(nvrtcGetPCHCreateStatus(program), NVRTC_ERROR_NO_PCH_CREATE_ATTEMPTED);
  nvrtcProgram copy = program;
  EXPECT_EQ(nvrtcDestroyProgram(&program), NVRTC_SUCCESS);
  EXPECT_EQ(program, nullptr);
  EXPECT_EQ(nvrtcDestroyProgram(&copy), NVRTC_ERROR_INVALID_PROGRAM);
  EXPECT_EQ(nvrtcGetPTXSize(copy, &size), NVRTC_ERROR_INVALID_PROGRAM);
  EXPECT_STREQ(nvrtcGetErrorString(NVRTC_ERROR_CANCELLED), "NVRTC_ERROR_CANCELLED");
  EXPECT_STREQ(nvrtcGetErrorString(static_cast<nvrtcResult>(99)), "NVRTC_ERROR unknown");
}

TEST(Nvrtc, a_callback_can_end_a_compilation) {
  Program program("__global__ void k() {}\n__global__ void l() {}\n");
  int calls = 0;
  auto count = [](void* payload, void*) { return ++*static_cast<int*>(payload) >= 2 ? 1 : 0; };
  EXPECT_EQ(nvrtcSetFlowCallback(program.handle, count, &calls), NVRTC_SUCCESS);
  EXPECT_EQ(program.compile(), NVRTC_ERROR_CANCELLED);
  EXPECT_EQ(calls, 2);
}

TEST(Nvrtc, damaged_and_deep_sources_are_errors) {
  std::string deep = "__global__ void k(int* p) { *p = ";
  for (int i = 0; i < 20000; i++) deep += '(';
  for (const std::string& source :
       {deep, std::string("\"\"\"R\"(((\n#include"), std::string("template<template<template<"), std::string("#if 1\n#define X("),
        std::string("__global__ void k(\xff\xfe\x01"), std::string("template<int n> struct A { A<n+1> a; }; __device__ A<0> a;"),
        std::string("#include \"default_program\"\n"), std::string("__global__ void k() { asm(\"nonsense %0 %1\" : \"=q\"(3)); }")}) {
    Program program(source);
    EXPECT_EQ(program.compile(), NVRTC_ERROR_COMPILATION) << source.substr(0, 60);
    EXPECT_NE(program.log(), "");
  }
  Program empty("");
  EXPECT_EQ(empty.compile(), NVRTC_SUCCESS) << empty.log();
}

TEST(Nvrtc, threads_compile_side_by_side) {
  Device device;
  std::vector<std::string> texts(8);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; t++) {
    threads.emplace_back([&texts, t] {
      for (int round = 0; round < 3; round++) {
        Program program("extern \"C\" __global__ void k(float* x) { x[threadIdx.x] = x[threadIdx.x] / 3 + " + std::to_string(t) + "; }");
        std::string arch = t % 2 ? "-arch=compute_80" : "-arch=compute_90";
        if (program.compile({arch.c_str(), t % 4 == 3 ? "-prec-div=false" : "-prec-div=true"}) == NVRTC_SUCCESS) texts[t] = program.ptx();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int t = 0; t < 8; t++) {
    ASSERT_NE(texts[t], "");
    EXPECT_EQ(texts[t].find("div.full.f32") != std::string::npos, t % 4 == 3) << "options stay with their compilation";
    EXPECT_NEAR(run(texts[t], "k", ramp(32))[30], 10 + t, 1e-5);
  }
}

TEST(Nvrtc, times_are_written_where_they_are_asked_for) {
  std::string file = testing::TempDir() + "nvrtc_times.csv";
  std::remove(file.c_str());
  for (int i = 0; i < 2; i++) {
    Program program("__global__ void k() {}");
    std::string option = "-time=" + file;
    EXPECT_EQ(program.compile({option.c_str()}), NVRTC_SUCCESS);
  }
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  EXPECT_EQ(text.str().find("File name, phase name, metric, unit\n"), 0u);
  EXPECT_EQ(text.str().find("File name", 1), std::string::npos) << "one heading";
  Program program("__global__ void k() {}");
  EXPECT_EQ(program.compile({"-time=/nonexistent/folder/file"}), NVRTC_ERROR_TIME_FILE_WRITE_FAILED);
}

}  // namespace
