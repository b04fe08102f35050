#include "ptx/module.h"
#include "ptx/ptx.h"

#include <gtest/gtest.h>

namespace anywarp::ptx {
namespace {

constexpr std::string_view kHead = ".version 9.0\n.target sm_90a, debug\n.address_size 64\n";

std::string printed(const std::string& text) {
  auto module = parse(std::string(kHead) + text, "t.ptx");
  EXPECT_TRUE(module) << module.error().text();
  return module ? print(**module) : "";
}

/// Prints, and checks that the text prints as itself.
std::string fixpoint(const std::string& text) {
  const std::string once = printed(text);
  auto module = parse(once, "printed.ptx");
  EXPECT_TRUE(module) << module.error().text() << "\n" << once;
  if (module) EXPECT_EQ(print(**module), once);
  return once;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

TEST(Print, Header) { EXPECT_TRUE(printed("").starts_with(kHead)); }

TEST(Print, VariablesWithInitialisers) {
  const std::string text = fixpoint(
      ".visible .global .align 8 .u64 table[2][2] = {{1, f}, {generic(bytes)+4, -1}}; .global .u8 bytes[4] = {0xff(table), 2}; .func f() { "
      "ret; }"
      ".const .f32 one = 1; .global .f64 d[3] = {1.5, 0, -2}; .common .global .v4 .u16 v; .global .attribute(.managed) .s32 m = -5;");
  EXPECT_TRUE(contains(text, "table[2][2] = {1, f, generic(bytes)+4, 18446744073709551615};"));
  EXPECT_TRUE(contains(text, ".f32 one = 0f3F800000;"));
  EXPECT_TRUE(contains(text, ".f64 d[3] = {0d3FF8000000000000, 0d0000000000000000, 0dC000000000000000};"));
  EXPECT_TRUE(contains(text, ".common .global .align 8 .v4 .u16 v;"));
  EXPECT_TRUE(contains(text, ".attribute(.managed)"));
}

TEST(Print, ScopesAreFlattenedUnderNewNames) {
  const std::string text = fixpoint(
      ".entry k() { .reg .b32 %r<2>; mov.b32 %r1, 1; { .reg .f32 %r1; mov.f32 %r1, 0f00000000; L: bra L; } { .reg .b64 %r1; mov.b64 %r1, "
      "2; L: bra L; }"
      " mov.b32 %r1, 3; }");
  EXPECT_TRUE(contains(text, "mov.b32 %r1, 1;"));
  EXPECT_TRUE(contains(text, "mov.f32 %r1_1, 0f00000000;"));
  EXPECT_TRUE(contains(text, "mov.b64 %r1_2, 2;"));
  EXPECT_TRUE(contains(text, "mov.b32 %r1, 3;"));
  EXPECT_TRUE(contains(text, "L_1:\n  bra L_1;"));
}

TEST(Print, FunctionsTablesAndCalls) {
  const std::string text = fixpoint(
      ".extern .func (.param .b32 r) f(.param .align 8 .b8 x[16], .reg .u32 y) .noreturn;"
      ".entry k(.param .u64 .ptr .global .align 16 p) .maxntid 32, 2, 1 .minnctapersm 3 { .reg .b64 %d; .reg .u32 %u; .param .b32 r; "
      ".param .align 8 .b8 x[16];"
      "P: .callprototype (.param .b32 _) _ (.param .align 8 .b8 _[16]) .noreturn; T: .branchtargets A, B; call (r), %d, (x), P; brx.idx "
      "%u, T; A: B: ret; }");
  EXPECT_TRUE(contains(text, ".entry k(.param .align 8 .u64 .ptr .global .align 16 p)"));
  EXPECT_TRUE(contains(text, "\n.maxntid 32, 2, 1\n.minnctapersm 3"));
  EXPECT_TRUE(contains(text, "call (r), %d, (x), P;"));
  EXPECT_TRUE(contains(text, "T: .branchtargets A, B;"));
}

TEST(Print, Operands) {
  const std::string body =
      "  @!%p mov.b64 {%r, _}, %d;\n  ld.global.b32 %r, [%d+-4];\n  setp.eq.b32 %p|%q, %r, -1;\n  vmad.s32.u32.s32 %r, -%r.b0, %r.h1, %r;\n"
      "  vadd4.s32.u32.s32 %r.b32, %r.b7654, %r.b3210, %r;\n  mov.u32 %r, %tid.x;\n  tex.1d.v4.s32.s32 {%r, %r, %r, %r}, [%d, {%r}];\n"
      "  mov.b32 %r, 0f3F800000;\n  add.u64 %d, %d, 18446744073709551615U;\n  ld.global.b32 %r, [%d].unified;\n";
  const std::string text = fixpoint(".entry k() { .reg .b32 %r; .reg .b64 %d; .reg .pred %p, %q;\n" + body + "}");
  EXPECT_TRUE(contains(text, body)) << text;
}

TEST(Print, LinesFilesAndSections) {
  const std::string text = fixpoint(
      ".file 1 \"a.cu\", 5, 6\n.entry k() { .loc 1 2 3, function_name $n, inlined_at 1 4 5\n .pragma \"nounroll\"; ret; }\n.section "
      ".debug_str { $n: .b8 1 }\n");
  EXPECT_TRUE(contains(text, ".file 1 \"a.cu\", 5, 6\n"));
  EXPECT_TRUE(contains(text, ".loc 1 2 3, function_name $n, inlined_at 1 4 5\n"));
  EXPECT_TRUE(contains(text, ".section .debug_str { $n: .b8 1 }\n"));
}

TEST(Print, OneInstruction) {
  auto module = parse(std::string(kHead) + ".entry k() { .reg .b32 %r; add.s32 %r, %r, 1; }", "t.ptx");
  ASSERT_TRUE(module);
  const Function& function = (*module)->functions[0];
  EXPECT_EQ(print(**module, function, function.instructions[0]), "add.s32 %r, %r, 1;");
}

}  // namespace
}  // namespace anywarp::ptx
