#include "ptx/instances.h"
#include "ptx/ptx.h"

#include <gtest/gtest.h>

namespace anywarp::ptx {
namespace {

std::string problem_of(const std::string& text) {
  auto module = parse(text, "t.ptx");
  if (!module) return module.error().text();
  auto verified = verify(**module);
  return verified ? "" : verified.error().text();
}

std::string with_head(const std::string& text) { return ".version 9.0\n.target sm_90a\n.address_size 64\n" + text; }

/// In an entry that has registers %u32_0 ... %u32_299 of every type.
std::string problem_of_instruction(const std::string& text) {
  unsigned first_line = 0;
  return problem_of(module_of({{text, 0}}, "sm_90a", first_line));
}

// What ptxas of CUDA 13.0 takes and what it refuses.
constexpr const char* kAccepted[] = {
    "add.f32 %f32_0, %f32_1, 0d3FF0000000000000;",
    "add.f64 %f64_0, %f64_1, 0f3F800000;",
    "add.f64 %f64_0, %f64_1, 1.5;",
    "add.f32 %f32_0, %f32_1, 1.5;",
    "mov.b32 %f32_0, 1;",
    "mov.b32 %b32_0, 0f3F800000;",
    "mov.b64 %b64_0, 0d3FF0000000000000;",
    "mov.pred %pred_0, 1;",
    "mov.pred %pred_0, -1;",
    "mov.b16 %f16_0, 0x3c00;",
    "mov.u64 %u64_0, variable+8;",
    "mov.u64 %u64_0, function;",
    "mov.b64 %f64_0, variable;",
    "setp.eq.and.u32 %pred_0, %u32_0, 1, 1;",
    "setp.eq.u32 %pred_0, 1, %u32_0;",
    "setp.eq.u32 %pred_0, 1, 2;",
    "and.pred %pred_0, %pred_1, 1;",
    "and.pred %pred_0, %pred_1, !%pred_2;",
    "selp.u32 %u32_0, 1, 2, !%pred_1;",
    "selp.b32 %b32_0, 1, 2, 1;",
    "vote.sync.ballot.b32 %b32_0, 1, -1;",
    "vote.sync.any.pred %pred_0, 1, -1;",
    "popc.b32 %s32_0, %b32_1;",
    "shl.b64 %b64_0, %b64_1, %s32_2;",
    "shr.s32 %b32_0, %u32_1, %b32_2;",
    "cvt.u32.u64 %s32_0, %s64_1;",
    "cvt.u32.u16 %s32_0, %b32_1;",
    "cvt.rn.f32.s32 %b32_0, %b32_1;",
    "cvt.rn.f16.f32 %b32_0, %f32_1;",
    "cvt.rn.f32.s32 %f32_0, 7;",
    "cvt.u64.u32 %u64_0, 7;",
    "mul.wide.u16 %b32_0, %u16_1, %u16_2;",
    "mul.wide.s32 %b64_0, %u32_1, 4;",
    "ld.u8 %b32_0, [%b64_1];",
    "ld.b8 %f32_0, [%b64_1];",
    "ld.f32 %b64_0, [%b64_1];",
    "ld.b16 %f16_0, [%b64_1];",
    "ld.b16 %f32_0, [%b64_1];",
    "ld.u32 %s64_0, [%b64_1];",
    "ld.f64 %b128_0, [%b64_1];",
    "st.b32 [%b64_1], 0f3F800000;",
    "st.f32 [%b64_1], 0f3F800000;",
    "st.u32 [%b64_1], %b64_2;",
    "st.u8 [%b64_1], 255;",
    "st.u32 [variable], 5;",
    "ld.global.u32 %u32_0, [variable];",
    "ld.global.u32 %u32_0, [%b64_1+-4];",
    "ld.global.u32 %u32_0, [%b64_1+0x10];",
    "ld.global.v2.u32 {_, %u32_1}, [%b64_1];",
    "ld.global.v2.u32 {%u32_0, %u32_0}, [%b64_1];",
    "atom.global.add.u32 _, [%b64_1], 1;",
    "mov.b64 {%b32_0, _}, %b64_1;",
    "mov.b64 {_, %f32_0}, %f64_1;",
    "mov.b64 %b64_0, {%u32_1, 5};",
    "mov.b64 {%b16_0,%b16_1,%b16_2,%b16_3}, %b64_1;",
    "mov.b32 {%b8_0,%b8_1,%b8_2,%b8_3}, %b32_1;",
    "mov.b32 %b32_0, %tid.x;",
    "mov.u16 %u16_0, %tid.x;",
    "mov.u64 %u64_0, %gridid;",
    "mov.u32 %u32_0, %gridid;",
    "cvt.u64.u32 %u64_0, %tid.x;",
    "cvt.u16.u32 %u16_0, %tid.x;",
    "mov.v4.u32 {%u32_0,%u32_1,%u32_2,%u32_3}, %tid;",
    "lop3.b32 %b32_0, %u32_1, %f32_2, 5, 0x96;",
    "and.b32 %f32_0, %f32_1, %f32_2;",
    "and.b32 %b32_0, %u32_1, 0f3F800000;",
    "min.s32 %s32_0, %s32_1, 0x80000000;",
    "add.s16 %s16_0, %s16_1, 70000;",
    "add.u32 %u32_0, %u32_1, 0x1FFFFFFFF;",
    "mov.u32 %u32_0, 0x1FFFFFFFF;",
    "shfl.sync.idx.b32 %f32_0, %f32_1, 0, 31, -1;",
    "shfl.sync.idx.b32 %b32_0|_, %f32_1, 0, 31, -1;",
    "setp.eq.u32 %pred_0|_, %u32_0, 1;",
    "setp.eq.u32 _|%pred_0, %u32_0, 1;",
    "setp.eq.u32 _, %u32_0, 1;",
    "elect.sync _|%pred_0, -1;",
    "bra label;",
    "bra.uni label;",
    "ret.uni;",
    "bar.red.popc.u32 %u32_0, 0, %pred_1;",
    "bar.red.or.pred %pred_0, 0, !%pred_1;",
    "barrier.sync 0;",
    "membar.gl;",
    "trap;",
    "brkpt;",
    "exit;",
    "prmt.b32 %u32_0, %s32_1, 0, 0x5410;",
    "tex.2d.v4.f32.f32 {%b32_0,%b32_1,%b32_2,%b32_3}, [%b64_0, {%f32_0,%f32_1}];",
    "tex.2d.v4.f32.f32 {%u32_0,%u32_1,%u32_2,%u32_3}, [%b64_0, {%f32_0,%f32_1}];",
    "tex.2d.v4.f32.f32 {%f32_0,%f32_1,%f32_2,%f32_3}, [%u64_0, {%f32_0,%f32_1, %f32_1, %f32_1}];",
    "tex.2d.v4.f32.f32 {%f32_0,_,_,_}, [%u64_0, {%f32_0,%f32_1}];",
    "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%b32_0,%b32_1,%b32_2,%b32_3}, {%b32_0,%b32_1,%b32_2,%b32_3}, {%b32_0,%b32_1}, "
    "{%b32_0,%b32_1,%b32_2,%b32_3};",
    "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%b32_0,%b32_1,%b32_2,%b32_3}, {%b32_0,%b32_1,%b32_2,%b32_3}, {%b32_0,%b32_1}, "
    "{0f00000000,0f00000000,0f00000000,0f00000000};",
    "wmma.load.a.sync.aligned.row.m16n16k16.f16 {%b32_0,%b32_1,%b32_2,%b32_3,%b32_4,%b32_5,%b32_6,%b32_7}, [%b64_0], 16;",
    "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%u32_0,%u32_1,%u32_2,%u32_3}, [%u32_4];",
    "cp.async.cg.shared.global [%u32_0], [%b64_0], 16, %u32_1;",
    "neg.f32 %f32_0, -1.5;",
    "vadd.s32.u32.s32 %s32_0, %u32_1.b0, %s32_2.h1;",
    "vadd.s32.u32.s32 %s32_0.b1, %u32_1.b0, %s32_2.h1, %s32_3;",
    "vadd2.s32.u32.s32 %s32_0.h10, %u32_1.h32, %s32_2.h10, %s32_3;",
    "vadd4.s32.u32.s32 %s32_0.b32, %u32_1.b7654, %s32_2.b3210, %s32_3;",
    "vmad.s32.u32.s32 %s32_0, %u32_1.b0, %s32_2.h1, -%s32_3;",
    "vmad.s32.u32.s32 %s32_0, -%u32_1.b0, %s32_2.h1, %s32_3;",
    "set.lt.u32.s32 %u32_0, %s32_1, %s32_2;",
    "set.lt.and.f32.s32 %f32_0, %s32_1, %s32_2, !%pred_0;",
    "isspacep.global %pred_0, %u64_0;",
};

constexpr const char* kRejected[] = {
    "add.f16x2 %u32_0, %u32_1, %u32_2;",
    "add.f16x2 %f32_0, %b32_1, %b32_2;",
    "add.rn.bf16x2 %u32_0, %u32_1, %u32_2;",
    "add.rn.bf16x2 %f32_0, %f32_1, %f32_2;",
    "add.rn.bf16 %f16_0, %f16_1, %f16_2;",
    "add.rn.bf16 %u16_0, %u16_1, %u16_2;",
    "add.f16 %u16_0, %u16_1, %u16_2;",
    "add.f32 %f32_0, %f32_1, 1;",
    "mov.f32 %f32_0, 1;",
    "mov.f64 %f64_0, 1;",
    "mov.f16 %f16_0, 1;",
    "mov.b32 %b32_0, 1.5;",
    "mov.b64 %b64_0, 0f3F800000;",
    "mov.b16 %b16_0, 0f3F800000;",
    "mov.u32 %u32_0, 0f3F800000;",
    "mov.u32 %u32_0, 1.0;",
    "mov.u16 %f16_0, 0x3c00;",
    "mov.u64 %s64_0, label;",
    "add.u64 %u64_0, variable, 8;",
    "add.s64 %s64_0, %s64_1, variable;",
    "setp.eq.f32 %pred_0, %f32_0, 0;",
    "selp.f32 %f32_0, 1, 2, %pred_1;",
    "popc.b32 %b64_0, %b32_1;",
    "bar.sync %u16_0;",
    "shl.b64 %b64_0, %b64_1, %u64_2;",
    "shl.b32 %b32_0, %b32_1, %u16_2;",
    "cvt.u32.u64 %f32_0, %s64_1;",
    "cvt.rn.f16.f32 %u16_0, %f32_1;",
    "ld.u8 %f32_0, [%b64_1];",
    "ld.f32 %u64_0, [%b64_1];",
    "ld.f32 %u32_0, [%b64_1];",
    "ld.u32 %f32_0, [%b64_1];",
    "ld.b32 %f16_0, [%b64_1];",
    "ld.u16 %f16_0, [%b64_1];",
    "st.u32 [%b64_1], %f32_0;",
    "st.f32 [%b64_1], 1;",
    "st.u32 [variable+%b64_1], 5;",
    "ld.shared.u32 %u32_0, [variable];",
    "ld.const.u32 %u32_0, [variable];",
    "ld.global.u32 %u32_0, [%f64_1];",
    "ld.global.u32 %u32_0, [%b64_1+%b64_2];",
    "atom.global.add.f32 %f32_0, [%b64_1], 1;",
    "mov.u64 {%b32_0, %b32_1}, %b64_1;",
    "mov.u32 %u32_0, %tid;",
    "mov.f32 %f32_0, %tid.x;",
    "mov.u64 %u64_0, %clock;",
    "mov.u32 %u32_0, %clock64;",
    "add.u32 %u32_0, %tid.x, 1;",
    "add.s32 %s32_0, %ctaid.x, %ntid.y;",
    "mad.lo.s32 %s32_0, %ctaid.x, %ntid.x, %tid.x;",
    "st.u32 [%b64_0], %tid.x;",
    "setp.eq.u32 %pred_0, %tid.x, 0;",
    "fma.rn.f32 %f32_0, %f32_1, -%f32_2, %f32_3;",
    "add.s32 %s32_0, -%s32_1, 5;",
    "st.volatile.local.u32 [%b64_0], %u32_1;",
    "isspacep.global %pred_0, variable;",
};

TEST(Verify, AcceptsWhatPtxasAccepts) {
  for (const char* text : kAccepted) EXPECT_EQ(problem_of_instruction(text), "") << text;
}

TEST(Verify, RejectsWhatPtxasRejects) {
  for (const char* text : kRejected) EXPECT_NE(problem_of_instruction(text), "") << text;
}

TEST(Verify, WordsMayStandInAnyOrder) {
  EXPECT_EQ(problem_of_instruction("lg2.approx.f32.ftz %f32_0, %f32_1;"), "");
  EXPECT_EQ(problem_of_instruction("ld.u16.volatile %u16_0, [%b64_1];"), "");
  EXPECT_EQ(problem_of_instruction("setp.eq.u16.and %pred_0|%pred_1, %u16_2, %u16_3, %pred_4;"), "");
  // But types keep theirs.
  EXPECT_NE(problem_of_instruction("cvt.rn.s32.f32 %f32_0, %s32_1;"), "");
}

TEST(Verify, SaysWhatIsWrong) {
  auto expect = [](const std::string& instruction, std::string_view part) {
    EXPECT_NE(problem_of_instruction(instruction).find(part), std::string::npos) << instruction << "\n"
                                                                                 << problem_of_instruction(instruction);
  };
  expect("add.sat.u32 %u32_0, %u32_1, %u32_2;", "'.u32' cannot stand here in 'add.sat.u32'");
  expect("mul.u32 %u32_0, %u32_1, %u32_2;", "'.u32' cannot stand here in 'mul.u32'");
  expect("ld %u32_0, [%b64_0];", "'ld' is not complete");
  expect("add.u32 %u32_0, %u32_1;", "takes 3 operands; 2 are given");
  expect("add.u32 %u32_0, %f32_1, %u32_2;", "Operand 2 is a register of type .f32; the instruction needs .u32");
  expect("ld.global.u32 %u32_0, %b64_0;", "Operand 2 must be an address in []");
  expect("ld.global.v4.u32 {%u32_0, %u32_1}, [%b64_0];", "vector of 2; the instruction needs 4");
  expect("discard.global.L2 [%b64_0], 64;", "Operand 2 is 64; it must be 128");
  expect("ld.shared.u64 %u64_0, [variable];", "cannot reach 'variable', which is in the space .global");
  expect("add.u32 %u32_0, %tid.x, 1;", "Only mov and cvt read special registers");
}

TEST(Verify, NamesThePlace) {
  EXPECT_TRUE(problem_of(with_head(".entry k() {\n .reg .f32 %f;\n  add.u32 %f, %f, %f;\n}")).starts_with("t.ptx:6:3: "));
}

TEST(Verify, Calls) {
  const std::string head = with_head(
      ".extern .func (.param .b32 r) f(.param .b32 a, .param .align 4 .b8 b[8]); .entry e() { ret; }"
      ".entry k() { .reg .b32 %r; .reg .b64 %d; .reg .f32 %f; .param .align 4 .b8 b[8]; .param .b16 w;");
  EXPECT_EQ(problem_of(head + "call (%r), f, (%r, b); }"), "");
  EXPECT_EQ(problem_of(head + "call (_), f, (5, b); }"), "");
  EXPECT_EQ(problem_of(head + "P: .callprototype (.param .b32 _) _ (.param .b32 _); call (%r), %d, (%r), P; }"), "");
  EXPECT_EQ(problem_of(head + "T: .calltargets f; call (%r), %d, (%r, b), T; }"), "");
  EXPECT_NE(problem_of(head + "call (%r), f, (%r); }"), "");
  EXPECT_NE(problem_of(head + "call f, (%r, b); }"), "");
  EXPECT_NE(problem_of(head + "call (%d), f, (%r, b); }"), "");
  EXPECT_NE(problem_of(head + "call (%r), f, (%r, w); }").find("Argument 2"), std::string::npos);
  EXPECT_NE(problem_of(head + "call (%r), f, (w, b); }"), "");
  EXPECT_NE(problem_of(head + "call e; }").find("is an entry"), std::string::npos);
  EXPECT_NE(problem_of(head + "call %d; }").find("prototype"), std::string::npos);
  EXPECT_NE(problem_of(head + "P: .callprototype _ (); call %f, P; }"), "");
  EXPECT_NE(problem_of(head + "T: .branchtargets L; L: call %d, T; }"), "");
}

TEST(Verify, Branches) {
  const std::string head = with_head(".entry k() { .reg .u32 %r; .reg .f32 %f; A: B: T: .branchtargets A, B; P: .callprototype _ ();");
  EXPECT_EQ(problem_of(head + "brx.idx %r, T; }"), "");
  EXPECT_NE(problem_of(head + "brx.idx %r, P; }"), "");
  EXPECT_NE(problem_of(head + "brx.idx %f, T; }"), "");
}

TEST(Verify, Declarations) {
  for (const char* good :
       {".extern .global .u32 a[];", ".extern .shared .b8 a[];", ".global .texref t;", ".entry k(.param .align 8 .b8 a[32764]) { ret; }",
        ".entry k() { .reg .f16x2 a; .reg .b128 b; .reg .b8 c; .reg .v4 .f32 d; ret; }"})
    EXPECT_EQ(problem_of(with_head(good)), "") << good;
  for (const char* bad :
       {".global .u32 a[];", ".local .u32 a;", ".param .u32 a;", ".entry k(.param .align 8 .b8 a[32768]) { ret; }",
        ".entry k(.reg .u32 a) { ret; }", ".entry k() .maxntid 32 .reqntid 32 { ret; }", ".entry k() { .reg .tf32 a; ret; }",
        ".entry k() { .reg .bf16 a; ret; }", ".entry k() { .reg .u16x2 a; ret; }", ".global .v8 .f32 a;"})
    EXPECT_NE(problem_of(with_head(bad)), "") << bad;
}

}  // namespace
}  // namespace anywarp::ptx
