// What the tests of the driver API share: a context of its own for each test, and a module of small kernels.
#pragma once

#include <cuda.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

namespace anywarp::test {

inline std::string name_of(CUresult code) {
  const char* name = nullptr;
  if (cuGetErrorName(code, &name) != CUDA_SUCCESS) return std::to_string(int(code));
  return name;
}

#define EXPECT_CU(code, call) EXPECT_EQ(::anywarp::test::name_of(call), #code)
#define ASSERT_OK(call) ASSERT_EQ(::anywarp::test::name_of(call), "CUDA_SUCCESS")
#define EXPECT_OK(call) EXPECT_EQ(::anywarp::test::name_of(call), "CUDA_SUCCESS")

/// Kernels, each of which does one thing:
///   nothing()                       add(u32* p, u32 n, u32 value): p[i] += value
///   wild(u64 address)               stores to the address
///   spin(u32* flag, u32* done)      waits until *flag is not 0, then stores 1 to *done
///   copy_params(out, u8, u32, u64)  stores its parameters: 8, 32 and 64 bits
///   bounded()                       .maxntid 64
///   shared(u32* out)                dynamic shared memory
///   print(u32)                      "n=<n>\n"
/// Variables: counter (u32, 7), table (4 bytes const), both visible.
inline const char* const kKernels = R"(
.version 8.0
.target sm_80
.address_size 64
.extern .func (.param .b32 r) vprintf (.param .b64 format, .param .b64 arguments);
.visible .global .align 4 .u32 counter = 7;
.visible .const .align 4 .b8 table[4] = {1, 2, 3, 4};
.global .align 1 .b8 text[6] = {110, 61, 37, 100, 10, 0};
.extern .shared .align 16 .b8 dynamic[];

.visible .entry nothing() { ret; }

.visible .entry add(.param .u64 p, .param .u32 n, .param .u32 value) {
  .reg .pred %p<2>; .reg .b32 %r<9>; .reg .b64 %rd<5>;
  ld.param.u64 %rd1, [p]; ld.param.u32 %r1, [n]; ld.param.u32 %r6, [value];
  mov.u32 %r2, %ctaid.x; mov.u32 %r3, %ntid.x; mov.u32 %r4, %tid.x;
  mad.lo.s32 %r5, %r2, %r3, %r4;
  setp.ge.u32 %p1, %r5, %r1;
  @%p1 bra done;
  cvta.to.global.u64 %rd2, %rd1;
  mul.wide.u32 %rd3, %r5, 4;
  add.s64 %rd4, %rd2, %rd3;
  ld.global.u32 %r7, [%rd4];
  add.u32 %r8, %r7, %r6;
  st.global.u32 [%rd4], %r8;
done:
  ret;
}

.visible .entry wild(.param .u64 address) {
  .reg .b32 %r<2>; .reg .b64 %rd<2>;
  ld.param.u64 %rd1, [address];
  mov.u32 %r1, 1;
  st.global.u32 [%rd1], %r1;
  ret;
}

.visible .entry spin(.param .u64 flag, .param .u64 done) {
  .reg .pred %p<2>; .reg .b32 %r<3>; .reg .b64 %rd<3>;
  ld.param.u64 %rd1, [flag];
  ld.param.u64 %rd2, [done];
again:
  ld.volatile.global.u32 %r1, [%rd1];
  setp.eq.u32 %p1, %r1, 0;
  @%p1 bra again;
  mov.u32 %r2, 1;
  st.volatile.global.u32 [%rd2], %r2;
  ret;
}

.visible .entry copy_params(.param .u64 out, .param .u8 a, .param .u32 b, .param .u64 c) {
  .reg .b16 %h<2>; .reg .b32 %r<3>; .reg .b64 %rd<3>;
  ld.param.u64 %rd1, [out];
  ld.param.u8 %h1, [a];
  cvt.u32.u16 %r1, %h1;
  ld.param.u32 %r2, [b];
  ld.param.u64 %rd2, [c];
  st.global.u32 [%rd1], %r1;
  st.global.u32 [%rd1+4], %r2;
  st.global.u64 [%rd1+8], %rd2;
  ret;
}

.visible .entry bounded() .maxntid 64, 1, 1 { ret; }

.visible .entry shared(.param .u64 out) {
  .reg .b32 %r<3>; .reg .b64 %rd<2>;
  ld.param.u64 %rd1, [out];
  mov.u32 %r1, %dynamic_smem_size;
  st.global.u32 [%rd1], %r1;
  mov.u32 %r2, 5;
  st.shared.u32 [dynamic], %r2;
  ret;
}

.visible .entry print(.param .u32 n) {
  .local .align 8 .b8 frame[8];
  .reg .b32 %r<3>; .reg .b64 %rd<5>;
  ld.param.u32 %r1, [n];
  mov.u64 %rd1, frame;
  st.local.u32 [%rd1], %r1;
  cvta.local.u64 %rd2, %rd1;
  mov.u64 %rd3, text;
  cvta.global.u64 %rd4, %rd3;
  {
    .param .b64 p0; .param .b64 p1; .param .b32 result;
    st.param.b64 [p0], %rd4;
    st.param.b64 [p1], %rd2;
    call.uni (result), vprintf, (p0, p1);
    ld.param.b32 %r2, [result];
  }
  ret;
}
)";

/// A context for each test, and kKernels loaded when first asked for.
class DriverTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(cuInit(0));
    ASSERT_OK(cuDeviceGet(&device_, 0));
    ASSERT_OK(cuCtxCreate(&context_, nullptr, 0, device_));
  }
  void TearDown() override {
    if (context_) EXPECT_OK(cuCtxDestroy(context_));
  }

  CUmodule module() {
    if (!module_) EXPECT_OK(cuModuleLoadData(&module_, kKernels));
    return module_;
  }
  CUfunction function(const char* name) {
    CUfunction found = nullptr;
    EXPECT_OK(cuModuleGetFunction(&found, module(), name));
    return found;
  }
  CUdeviceptr allocate(size_t bytes) {
    CUdeviceptr made = 0;
    EXPECT_OK(cuMemAlloc(&made, bytes));
    return made;
  }
  /// One thread.
  template <class... Arguments>
  CUresult launch(const char* name, CUstream stream, Arguments... arguments) {
    void* list[] = {&arguments..., nullptr};
    return cuLaunchKernel(function(name), 1, 1, 1, 1, 1, 1, 0, stream, sizeof...(Arguments) == 0 ? nullptr : list, nullptr);
  }

  CUdevice device_ = 0;
  CUcontext context_ = nullptr;
  CUmodule module_ = nullptr;
};

/// Holds a stream up until it is opened.
class Barrier {
 public:
  explicit Barrier(CUstream stream) {
    EXPECT_OK(cuLaunchHostFunc(
        stream,
        [](void* barrier) {
          auto* self = static_cast<Barrier*>(barrier);
          self->reached_ = true;
          while (!self->open_) std::this_thread::sleep_for(std::chrono::microseconds(50));
          self->left_ = true;
        },
        this));
  }
  ~Barrier() {
    open();
    while (!left_) std::this_thread::yield();
  }
  Barrier(const Barrier&) = delete;
  Barrier& operator=(const Barrier&) = delete;

  void open() { open_ = true; }
  /// Requires that the stream gets there without anybody's help.
  void await() const {
    while (!reached_) std::this_thread::yield();
  }

 private:
  std::atomic<bool> open_{false}, reached_{false}, left_{false};
};

}  // namespace anywarp::test
