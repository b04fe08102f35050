// Memory, control flow and calls: whole kernels, executed by one thread.
#include "lower/instruction_test.h"
#include "lower/lower.h"
#include "ptx/module.h"
#include "ptx/ptx.h"

#include <algorithm>

namespace anywarp::lower {
namespace {

/// Runs a kernel `k` whose parameters are two pointers.
void run_kernel(const std::string& text, void* in, void* out) {
  static Machine* machine = new Machine();
  for (bool optimised : {false, true}) {
    if (Machine::Kernel kernel = machine->compile(module_text(text), "k", optimised)) {
      const void* params[] = {in, out};
      kernel(params);
    }
  }
}

constexpr const char* kHead =
    ".visible .entry k(.param .u64 in, .param .u64 out)\n{\n  .reg .pred %p<10>;\n  .reg .b32 %r<20>;\n  .reg .b64 %d<20>;\n  .reg .b16 "
    "%h<10>;\n"
    "  .reg .f32 %f<10>;\n  ld.param.u64 %d1, [in];\n  ld.param.u64 %d2, [out];\n";

// Atomics.

template <class T, class Oracle>
void check_atomic(const std::string& words, Oracle oracle, int operands = 1) {
  // d is what the memory held; f counts whether the memory holds what it should.
  const std::string width = std::to_string(sizeof(T) * 8);
  const std::string tail = operands == 2 ? ", b, c;" : ", b;";
  const std::string address = "mov.u64 %w0, %out; add.u64 %w1, %w0, 8; st.global.b" + width + " [%w1], a; ";
  check_body<T, T, T, T>(address + "atom." + words + " d, [%w1]" + tail, [](T a, T, T) { return a; }, 300);
  check_body<T, T, T, T>(address + "atom." + words + " d, [%w1]" + tail + " ld.global.b" + width + " d, [%w1];", oracle, 300);
  if (operands == 1 && !words.starts_with("global.exch"))
    check_body<T, T, T, T>(address + "red." + words + " [%w1]" + tail + " ld.global.b" + width + " d, [%w1];", oracle, 300);
}

TEST(Memory, Atomics) {
  using U = uint32_t;
  check_atomic<U>("global.add.u32", [](U a, U b, U) { return a + b; });
  check_atomic<uint64_t>("global.add.u64", [](uint64_t a, uint64_t b, uint64_t) { return a + b; });
  check_atomic<int32_t>("global.min.s32", [](int32_t a, int32_t b, int32_t) { return std::min(a, b); });
  check_atomic<U>("global.max.u32", [](U a, U b, U) { return std::max(a, b); });
  check_atomic<int64_t>("global.max.s64", [](int64_t a, int64_t b, int64_t) { return std::max(a, b); });
  check_atomic<U>("global.and.b32", [](U a, U b, U) { return a & b; });
  check_atomic<uint64_t>("global.xor.b64", [](uint64_t a, uint64_t b, uint64_t) { return a ^ b; });
  check_atomic<U>("global.exch.b32", [](U, U b, U) { return b; });
  check_atomic<U>("global.cas.b32", [](U a, U b, U c) { return a == b ? c : a; }, 2);
  check_atomic<uint64_t>("global.acq_rel.gpu.cas.b64", [](uint64_t a, uint64_t b, uint64_t c) { return a == b ? c : a; }, 2);
  check_atomic<U>("global.inc.u32", [](U a, U b, U) { return a >= b ? 0 : a + 1; });
  check_atomic<U>("global.dec.u32", [](U a, U b, U) { return a == 0 || a > b ? b : a - 1; });
  check_atomic<float>("global.add.f32", [](float a, float b, float) { return a + b; });
  check_atomic<double>("global.add.f64", [](double a, double b, double) { return a + b; });
}

TEST(Memory, LoadsAndStoresOfAllWidths) {
  struct {
    int8_t a = -5;
    uint8_t b = 200;
    int16_t c = -300;
    uint32_t d = 0x80000001;
    float f[4] = {1, 2, 3, 4};
    uint64_t g = ~uint64_t{0} - 4;
  } in;
  int32_t out[16] = {};
  run_kernel(std::string(kHead) + R"(
  ld.global.s8 %r1, [%d1];
  st.global.u32 [%d2], %r1;
  ld.global.u8 %h1, [%d1+1];
  cvt.u32.u16 %r2, %h1;
  st.global.u32 [%d2+4], %r2;
  ld.s16 %r3, [%d1+2];
  st.u32 [%d2+8], %r3;
  ld.global.nc.v4.f32 {%f1, %f2, %f3, _}, [%d1+8];
  st.global.v2.f32 [%d2+16], {%f3, %f1};
  ld.volatile.global.u64 %d3, [%d1+24];
  st.global.u8 [%d2+24], %d3;
  ld.acquire.gpu.global.u32 %r4, [%d1+4];
  st.release.sys.global.u32 [%d2+28], %r4;
  ret;
})",
             &in, out);
  EXPECT_EQ(out[0], -5);
  EXPECT_EQ(out[1], 200);
  EXPECT_EQ(out[2], -300);
  EXPECT_EQ(std::bit_cast<float>(out[4]), 3);
  EXPECT_EQ(std::bit_cast<float>(out[5]), 1);
  EXPECT_EQ(out[6], 0xfb);
  EXPECT_EQ(uint32_t(out[7]), 0x80000001);
}

TEST(Memory, LocalDepotsAndGenericAddresses) {
  int32_t in[8] = {3, 1, 4, 1, 5, 9, 2, 6}, out[8] = {};
  run_kernel(
      std::string(".visible .entry k(.param .u64 in, .param .u64 out)\n{\n  .local .align 4 .b8 depot[32];\n  .reg .b64 %SP, %SPL;\n") + R"(
  .reg .pred %p<4>; .reg .b32 %r<9>; .reg .b64 %d<9>;
  mov.u64 %SPL, depot;
  cvta.local.u64 %SP, %SPL;
  ld.param.u64 %d1, [in];
  ld.param.u64 %d2, [out];
  mov.u32 %r1, 0;
again:
  mul.wide.u32 %d3, %r1, 4;
  add.s64 %d4, %d1, %d3;
  ld.u32 %r2, [%d4];
  xor.b32 %r3, %r1, 7;
  mul.wide.u32 %d5, %r3, 4;
  add.s64 %d6, %SPL, %d5;
  st.local.u32 [%d6], %r2;
  add.s32 %r1, %r1, 1;
  setp.lt.u32 %p1, %r1, 8;
  @%p1 bra again;
  mov.u32 %r1, 0;
more:
  mul.wide.u32 %d3, %r1, 4;
  add.s64 %d4, %SP, %d3;
  ld.u32 %r2, [%d4];
  add.s64 %d5, %d2, %d3;
  st.global.u32 [%d5], %r2;
  add.s32 %r1, %r1, 1;
  setp.lt.u32 %p1, %r1, 8;
  @%p1 bra more;
  ret;
})",
      in, out);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(out[i], in[7 - i]) << i;
}

TEST(Memory, AsynchronousCopiesAreDoneAtOnce) {
  int32_t in[8] = {3, 1, 4, 1, 5, 9, 2, 6}, out[8] = {};
  // Through the generic address of the output: shared memory is no part of this test.
  run_kernel(std::string(kHead) + R"(
  cp.async.ca.shared.global [%d2], [%d1], 8;
  cp.async.cg.shared.global [%d2+16], [%d1+16], 16, 4;
  cp.async.commit_group;
  cp.async.wait_group 0;
  ret;
})",
             in, out);
  const int32_t expected[8] = {3, 1, 0, 0, 5, 0, 0, 0};
  EXPECT_TRUE(std::equal(out, out + 8, expected));
}

// Control flow.

TEST(Control, GuardsSelectAndBranch) {
  check_body<int32_t, int32_t, int32_t>(
      "setp.lt.s32 %p0, a, b; mov.u32 d, 1; @%p0 add.s32 d, d, 10; @!%p0 sub.s32 d, d, 10;",
      [](int32_t a, int32_t b) { return a < b ? 11 : -9; }, 100);
  check_body<int32_t, int32_t, int32_t>(
      "setp.lt.s32 %p0, a, b; mov.u32 d, 5; @%p0 div.s32 d, a, 3; @!%p0 st.global.s32 [%out+4], a;",
      [](int32_t a, int32_t b) { return a < b ? a / 3 : 5; }, 100);
  check_body<uint32_t, uint32_t>(
      "mov.u32 d, 1; setp.gt.u32 %p0, a, 100; @%p0 bra over; mov.u32 d, 2; over: add.u32 d, d, a;",
      [](uint32_t a) { return a + (a > 100 ? 1 : 2); }, 100);
}

TEST(Control, TablesOfBranches) {
  check_body<uint32_t, uint32_t>(
      "rem.u32 %t0, a, 3; targets: .branchtargets one, two, three; brx.idx %t0, targets; one: mov.u32 d, 10; bra out; two: mov.u32 d, 20; "
      "bra out; three: mov.u32 d, 30; out: ;",
      [](uint32_t a) { return a % 3 * 10 + 10; }, 100);
}

constexpr const char* kFunctions = R"(
.func (.param .b32 result) fibonacci(.param .b32 n)
{
  .reg .b32 %r<8>; .reg .pred %p;
  ld.param.u32 %r1, [n];
  setp.lt.u32 %p, %r1, 2;
  @%p bra small;
  sub.u32 %r2, %r1, 1;
  { .param .b32 a; .param .b32 b; st.param.b32 [a], %r2; call (b), fibonacci, (a); ld.param.b32 %r3, [b]; }
  sub.u32 %r2, %r1, 2;
  { .param .b32 a; .param .b32 b; st.param.b32 [a], %r2; call.uni (b), fibonacci, (a); ld.param.b32 %r4, [b]; }
  add.u32 %r1, %r3, %r4;
small:
  st.param.u32 [result], %r1;
  ret;
}
.func (.param .align 8 .b8 result[16]) swap(.param .align 8 .b8 pair[16], .param .f32 factor)
{
  .reg .b64 %d<4>; .reg .f32 %f<4>;
  mov.u64 %d3, pair;
  ld.param.u64 %d1, [pair];
  ld.param.f32 %f1, [pair+8];
  ld.param.f32 %f2, [factor];
  mul.f32 %f1, %f1, %f2;
  st.local.f32 [%d3+8], %f1;
  ld.param.f32 %f3, [pair+8];
  st.param.f32 [result], %f3;
  st.param.u64 [result+8], %d1;
  ret;
}
.func (.reg .u32 %y) twice(.reg .u32 %x) { add.u32 %y, %x, %x; ret; }
.func (.param .b32 y) triple(.param .b32 x) { .reg .b32 %r; ld.param.b32 %r, [x]; mul.lo.u32 %r, %r, 3; st.param.b32 [y], %r; ret; }
.func (.param .b32 y) negate(.param .b32 x) { .reg .b32 %r; ld.param.b32 %r, [x]; neg.s32 %r, %r; st.param.b32 [y], %r; ret; }
)";

TEST(Call, RecursionStructsAndRegisters) {
  struct {
    uint32_t n = 12, x = 21;
    uint64_t a = 0x123456789abcdef0;
    float f = 2.5f;
  } in;
  struct {
    uint32_t fibonacci = 0, twice = 0;
    float f = 0, unused = 0;
    uint64_t a = 0;
  } out;
  run_kernel(std::string(kFunctions) + kHead + R"(
  ld.global.u32 %r1, [%d1];
  { .param .b32 a; .param .b32 b; st.param.b32 [a], %r1; call.uni (b), fibonacci, (a); ld.param.b32 %r2, [b]; }
  st.global.u32 [%d2], %r2;
  ld.global.u32 %r3, [%d1+4];
  call (%r4), twice, (%r3);
  st.global.u32 [%d2+4], %r4;
  ld.global.u64 %d3, [%d1+8];
  ld.global.f32 %f1, [%d1+16];
  { .param .align 8 .b8 p[16]; .param .f32 q; .param .align 8 .b8 r[16];
    st.param.u64 [p], %d3; st.param.f32 [p+8], %f1; st.param.f32 [q], 0f40400000;
    call (r), swap, (p, q);
    ld.param.f32 %f2, [r]; ld.param.u64 %d4, [r+8]; }
  st.global.f32 [%d2+8], %f2;
  st.global.u64 [%d2+16], %d4;
  ret;
})",
             &in, &out);
  EXPECT_EQ(out.fibonacci, 144);
  EXPECT_EQ(out.twice, 42);
  EXPECT_EQ(out.f, 7.5f);
  EXPECT_EQ(out.a, in.a);
}

TEST(Call, ThroughPointers) {
  for (uint32_t choice : {0u, 1u}) {
    uint32_t in[2] = {choice, 14}, out[1] = {};
    run_kernel(std::string(kFunctions) + kHead + R"(
  ld.global.u32 %r1, [%d1];
  ld.global.u32 %r2, [%d1+4];
  mov.u64 %d3, triple;
  mov.u64 %d4, negate;
  setp.eq.u32 %p1, %r1, 0;
  selp.b64 %d5, %d3, %d4, %p1;
  { .param .b32 a; .param .b32 b; st.param.b32 [a], %r2;
    prototype: .callprototype (.param .b32 _) _ (.param .b32 _);
    call (b), %d5, (a), prototype;
    ld.param.b32 %r3, [b]; }
  st.global.u32 [%d2], %r3;
  ret;
})",
               in, out);
    EXPECT_EQ(out[0], choice == 0 ? 42u : -14u);
  }
}

// Errors.

Error error_of(const std::string& text, const char* name = "k") {
  auto module = ptx::parse(module_text(text), "test.ptx");
  if (!module) return module.error();
  auto kernel = run(**module, name);
  return kernel ? Error{CUDA_SUCCESS, "", ""} : kernel.error();
}

TEST(Errors, WhatIsNotLoweredIsNamedWithItsPlace) {
  const Error error = error_of(".visible .entry k()\n{\n  .reg .b32 %r<4>;\n  barrier.cluster.arrive;\n  ret;\n}\n");
  EXPECT_EQ(error.code, CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(error.place, "test.ptx:7:3");
  EXPECT_NE(error.message.find("'barrier.cluster.arrive'"), std::string::npos) << error.message;
}

TEST(Errors, KernelsAndFunctionsThatAreMissing) {
  EXPECT_EQ(error_of(".visible .entry k() { ret; }", "other").code, CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(error_of(".func f() { ret; }", "f").code, CUDA_ERROR_NOT_FOUND);
  const Error error = error_of(".extern .func nobody();\n.visible .entry k() { call nobody; ret; }");
  EXPECT_EQ(error.code, CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_NE(error.message.find("'nobody'"), std::string::npos) << error.message;
}

TEST(Errors, ACallMustFitItsFunction) {
  EXPECT_EQ(error_of(".func f(.param .b32 x) { ret; }\n.visible .entry k() { call f; ret; }").code, CUDA_ERROR_INVALID_PTX);
}

}  // namespace
}  // namespace anywarp::lower
