#include "ptx/module.h"
#include "ptx/ptx.h"

#include <gtest/gtest.h>

#include <cstring>

namespace anywarp::ptx {
namespace {

std::string with_head(const std::string& text) { return ".version 9.0\n.target sm_90\n.address_size 64\n" + text; }

std::shared_ptr<const Module> parsed(const std::string& text) {
  auto module = parse(with_head(text), "t.ptx");
  EXPECT_TRUE(module) << module.error().text();
  return module ? *module : std::make_shared<const Module>();
}

/// Of `.entry k() { text }`.
const Function& body(const std::string& text, std::shared_ptr<const Module>& keep) {
  keep = parsed(
      ".global .u32 g[4]; .func callee() { ret; } .entry k(.param .u64 p) { .reg .b32 %r<10>; .reg .b64 %d<10>; .reg .f32 %f<10>; .reg "
      ".pred %p<4>;\n" +
      text + "\n}");
  return keep->functions.back();
}

std::string error_of(const std::string& text) {
  auto module = parse(with_head(text), "t.ptx");
  return module ? "" : module.error().text();
}

uint32_t word_at(const Variable& variable, size_t i) {
  uint32_t value = 0;
  if (i * 4 + 4 <= variable.bytes.size()) memcpy(&value, variable.bytes.data() + i * 4, 4);
  return value;
}

TEST(Parse, Header) {
  auto module = parse(".version 8.7\n.target sm_100a, debug\n.address_size 64\n", "t.ptx");
  ASSERT_TRUE(module);
  EXPECT_EQ((*module)->version_major, 8u);
  EXPECT_EQ((*module)->version_minor, 7u);
  EXPECT_EQ((*module)->target, "sm_100a");
  EXPECT_EQ((*module)->target_options.size(), 1u);
  EXPECT_EQ((*module)->address_size, 64u);
  auto newer = parse(".version 9.1\n.target sm_90\n", "t.ptx");
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code, CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
  for (const char* bad :
       {"", ".target sm_90", ".version 9\n.target sm_90", ".version 9.0\n.target gfx90", ".version 9.0\n.target sm_90\n.address_size 16"}) {
    auto module = parse(bad, "t.ptx");
    ASSERT_FALSE(module) << bad;
    EXPECT_EQ(module.error().code, CUDA_ERROR_INVALID_PTX);
    EXPECT_TRUE(module.error().place.starts_with("t.ptx:")) << module.error().place;
  }
}

TEST(Parse, TheExampleOfModuleH) {
  std::shared_ptr<const Module> module;
  const Function& k = body("@%p1 ld.global.v2.f32 {%f1, %f2}, [%d1+16];", module);
  const Instruction& inst = k.instructions[0];
  EXPECT_EQ(inst.opcode, Opcode::Ld);
  EXPECT_EQ(inst.space, Space::Global);
  EXPECT_EQ(inst.vector, 2);
  EXPECT_EQ(inst.type(), Type::F32);
  ASSERT_TRUE(inst.guard);
  EXPECT_EQ(k.register_name(inst.guard.reg), "%p1");
  EXPECT_FALSE(inst.guard.negated);
  ASSERT_EQ(inst.operands.size(), 2u);
  EXPECT_EQ(inst.operands[0].kind, OperandKind::Vector);
  EXPECT_EQ(k.register_name(inst.operands[0].elements[1].index), "%f2");
  EXPECT_EQ(inst.operands[1].kind, OperandKind::Address);
  EXPECT_EQ(inst.operands[1].base, OperandKind::Register);
  EXPECT_EQ(inst.operands[1].offset(), 16);
  EXPECT_EQ(inst.location.line, 5u);
  EXPECT_EQ(inst.location.column, 6u);
}

TEST(Parse, RegistersComeIntoBeingWhenNamed) {
  std::shared_ptr<const Module> module;
  const Function& k = body("mov.b32 %r7, 1; mov.b32 %r7, %r0;", module);
  ASSERT_EQ(k.registers.size(), 2u);
  EXPECT_EQ(k.registers[0].name, "%r7");
  EXPECT_EQ(k.registers[1].name, "%r0");
  EXPECT_NE(error_of(".entry k() { .reg .b32 %r<4>; mov.b32 %r4, 1; }"), "");
  EXPECT_NE(error_of(".entry k() { .reg .b32 %r<4>; mov.b32 %r01, 1; }"), "");
}

TEST(Parse, InnerScopesHideOuterNames) {
  std::shared_ptr<const Module> module;
  const Function& k = body(
      "mov.b32 %r1, 1; { .reg .f32 %r1; mov.f32 %r1, 0f00000000; { .reg .f32 %r<4>; mov.f32 %r1, 0f00000000; } mov.f32 %r1, 0f00000000; } "
      "mov.b32 %r1, 2;",
      module);
  auto reg = [&](size_t i) { return k.instructions[i].operands[0].index; };
  EXPECT_EQ(reg(0), reg(4));
  EXPECT_EQ(reg(1), reg(3));
  EXPECT_NE(reg(0), reg(1));
  EXPECT_NE(reg(1), reg(2));
  EXPECT_EQ(k.registers[reg(1)].type, Type::F32);
  EXPECT_NE(error_of(".entry k() { .reg .b32 %r; .reg .b64 %r; }"), "");
}

TEST(Parse, LabelsBelongToTheirScopes) {
  std::shared_ptr<const Module> module;
  const Function& k = body("L: { bra L; } { L: bra L; } bra L; bra M; M:", module);
  auto target = [&](size_t i) { return k.labels[k.instructions[i].operands[0].index].instruction; };
  EXPECT_EQ(target(0), 0u);
  EXPECT_EQ(target(1), 1u);
  EXPECT_EQ(target(2), 0u);
  EXPECT_EQ(target(3), 4u);
  EXPECT_EQ(k.instructions.size(), 4u);
  EXPECT_NE(error_of(".entry k() { { L: } bra L; }"), "");
  EXPECT_NE(error_of(".entry k() { L: L: }"), "");
}

TEST(Parse, CallsHaveOneShape) {
  std::shared_ptr<const Module> module;
  const Function& k = body(
      "call callee; call.uni (%r1), %d1, (%r2, 5), P; call %d1, P; P: .callprototype (.param .b32 _) _ (.param .b32 _, .param .b32 _);",
      module);
  for (const Instruction& inst : k.instructions) {
    ASSERT_GE(inst.operands.size(), 3u);
    EXPECT_EQ(inst.operands[0].kind, OperandKind::List);
    EXPECT_EQ(inst.operands[2].kind, OperandKind::List);
  }
  EXPECT_EQ(k.instructions[0].operands[1].kind, OperandKind::Function);
  EXPECT_EQ(k.instructions[1].operands[0].elements.size(), 1u);
  EXPECT_EQ(k.instructions[1].operands[2].elements.size(), 2u);
  ASSERT_EQ(k.instructions[2].operands.size(), 4u);
  EXPECT_EQ(k.instructions[2].operands[3].index, 0u);
  EXPECT_EQ(k.tables[0].prototype->parameters.size(), 2u);
}

TEST(Parse, OperandsOfEveryKind) {
  std::shared_ptr<const Module> module;
  const Function& k = body(
      "mov.u64 %d1, g+8; mov.u64 %d1, g[3]; mov.u64 %d1, callee; mov.u32 %r1, %ctaid.y; ld.param.u64 %d1, [p]; setp.eq.b32 %p1|%p2, %r1, "
      "-2147483648;"
      "mov.b64 %d1, 0x8000000000000000; mov.f32 %f1, 1.5; shfl.sync.idx.b32 %r1|%p1, %r2, WARP_SZ-1, 31, ~0; tex.2d.v4.f32.f32 "
      "{%f1,%f2,%f3,%f4}, [%d1, {%f5, %f6}];"
      "ld.local.b32 %r1, [16]; lop3.or.b32 _|%p1, %r1, %r2, %r3, 0x80, !%p2;",
      module);
  auto op = [&](size_t i, size_t j) -> const Operand& { return k.instructions[i].operands[j]; };
  EXPECT_EQ(op(0, 1).kind, OperandKind::ModuleVariable);
  EXPECT_EQ(op(0, 1).offset(), 8);
  EXPECT_EQ(op(1, 1).offset(), 12);
  EXPECT_EQ(op(2, 1).kind, OperandKind::Function);
  EXPECT_EQ(op(3, 1).special, SpecialRegister::Ctaid);
  EXPECT_EQ(op(3, 1).component, 1);
  EXPECT_EQ(op(4, 1).base, OperandKind::FunctionVariable);
  EXPECT_EQ(op(5, 0).kind, OperandKind::Pair);
  EXPECT_EQ(op(5, 2).offset(), -2147483648LL);
  EXPECT_EQ(op(6, 1).type, Type::U64);
  EXPECT_EQ(op(7, 1).kind, OperandKind::Float);
  EXPECT_EQ(op(7, 1).type, Type::F64);
  EXPECT_EQ(op(8, 2).value, 31u);
  EXPECT_EQ(op(8, 4).offset(), -1);
  EXPECT_EQ(op(9, 1).kind, OperandKind::Texture);
  EXPECT_EQ(op(9, 1).elements[1].elements.size(), 2u);
  EXPECT_EQ(op(10, 1).base, OperandKind::Immediate);
  EXPECT_EQ(op(11, 0).elements[0].kind, OperandKind::Sink);
  EXPECT_TRUE(op(11, 5).negated);
}

TEST(Parse, Initialisers) {
  auto module = parsed(
      ".global .s32 a[2][3] = {{1, 2}, {4, 5, -1}}; .global .u32 n[] = {1 << 4 | 3, 7 - 2 * 3, 17 / 5, 17 % 5, 5 > 3, !0, 1 ? 6 : 7, 010};"
      ".global .u8 narrow[2] = {256, 257}; .const .f32 f[3] = {1, 0f40000000, -0.5}; .global .v2 .u32 v[2] = {{1, 2}, {3}};");
  const Variable& a = *module->find_variable("a");
  EXPECT_EQ(a.size, 24u);
  EXPECT_EQ(word_at(a, 1), 2u);
  EXPECT_EQ(word_at(a, 2), 0u);
  EXPECT_EQ(word_at(a, 3), 4u);
  EXPECT_EQ(word_at(a, 5), 0xffffffffu);
  const Variable& n = *module->find_variable("n");
  EXPECT_EQ(n.size, 32u);
  const uint32_t expected[] = {19, 1, 3, 2, 1, 1, 6, 8};
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(word_at(n, i), expected[i]) << i;
  EXPECT_EQ(module->find_variable("narrow")->bytes, std::vector<uint8_t>({0, 1}));
  const Variable& f = *module->find_variable("f");
  EXPECT_EQ(word_at(f, 0), 0x3f800000u);
  EXPECT_EQ(word_at(f, 1), 0x40000000u);
  EXPECT_EQ(word_at(f, 2), 0xbf000000u);
  EXPECT_EQ(module->find_variable("v")->align, 8u);
  EXPECT_EQ(word_at(*module->find_variable("v"), 2), 3u);
  for (const char* bad : {".global .u32 a[2] = {1, 2, 3};", ".global .u32 a = 1 / 0;", ".global .u32 a[2] = 1;", ".shared .u32 a = 1;",
                          ".global .u8 a = nothing;", ".global .u32 a[2][] = {1};", ".global .u32 a[-1];",
                          ".global .u32 a[0x7fffffffffff];", ".global .align 3 .u32 a;", ".global .pred a;"})
    EXPECT_NE(error_of(bad), "") << bad;
}

TEST(Parse, AddressesInInitialisers) {
  auto module = parsed(
      ".global .u64 p[4] = {x, x+4, generic(x)-8, f}; .global .u8 m[2] = {0xff(x), 0xff00(generic(x)+1)}; .global .u32 x; .func f() { ret; "
      "}");
  const Variable& p = *module->find_variable("p");
  ASSERT_EQ(p.relocations.size(), 4u);
  EXPECT_EQ(p.relocations[1].offset, 8u);
  EXPECT_EQ(p.relocations[1].addend, 4);
  EXPECT_EQ(module->variables[p.relocations[1].index].name, "x");
  EXPECT_TRUE(p.relocations[2].generic);
  EXPECT_EQ(p.relocations[2].addend, -8);
  EXPECT_TRUE(p.relocations[3].is_function);
  const Variable& m = *module->find_variable("m");
  EXPECT_EQ(m.relocations[1].mask, 0xff00u);
  EXPECT_EQ(m.relocations[1].size, 1);
}

TEST(Parse, ParametersAreLaidOut) {
  auto module = parsed(
      ".entry k(.param .u8 a, .param .u64 .ptr .global .align 16 b, .param .align 16 .b8 c[20], .param .f32 d) .maxntid 64 .minnctapersm 2 "
      ".reqnctapercluster 2, 1 { ret; }");
  const Function& k = *module->find_function("k");
  ASSERT_EQ(k.parameters.size(), 4u);
  EXPECT_EQ(k.parameters[1].offset, 8u);
  EXPECT_TRUE(k.parameters[1].is_pointer);
  EXPECT_EQ(k.parameters[1].pointer_space, Space::Global);
  EXPECT_EQ(k.parameters[1].pointer_align, 16u);
  EXPECT_EQ(k.parameters[2].offset, 16u);
  EXPECT_EQ(k.parameters[3].offset, 36u);
  EXPECT_EQ(k.parameter_bytes, 40u);
  EXPECT_EQ(k.maxntid[0], 64u);
  EXPECT_EQ(k.maxntid[1], 1u);
  EXPECT_EQ(k.reqnctapercluster[0], 2u);
  EXPECT_NE(error_of(".entry k() .maxntid 0 { ret; }"), "");
}

TEST(Parse, DeclarationAndDefinitionAreOne) {
  auto module = parsed(
      ".extern .func (.param .b32 r) f(.param .b32 a); .visible .func (.param .b32 r) f(.param .b32 a) { ret; } .extern .global .u32 n; "
      ".visible .global .u32 n = 3;");
  ASSERT_EQ(module->functions.size(), 1u);
  EXPECT_TRUE(module->functions[0].has_body);
  ASSERT_EQ(module->variables.size(), 1u);
  EXPECT_EQ(module->variables[0].linkage, Linkage::Visible);
  EXPECT_NE(error_of(".func f(.param .b32 a); .func f(.param .b64 a) { ret; }"), "");
  EXPECT_NE(error_of(".func f() { ret; } .func f() { ret; }"), "");
  EXPECT_NE(error_of(".global .u32 f; .func f() { ret; }"), "");
}

TEST(Parse, ErrorsNamePlaceAndCause) {
  EXPECT_EQ(error_of(".entry k() {\n  frobnicate.b32 %r;\n}"), "t.ptx:5:3: There is no instruction 'frobnicate'.");
  EXPECT_EQ(error_of(".entry k() { add.u33 1; }"), "t.ptx:4:14: The instruction 'add' has no modifier '.u33'.");
  EXPECT_NE(error_of(".entry k() { bra NOWHERE; }").find("4:18: There is no label 'NOWHERE'"), std::string::npos);
  EXPECT_NE(error_of(".entry k() { mov.b32 %r1, 1; }").find("4:22: '%r1' is not declared"), std::string::npos);
  EXPECT_NE(error_of(".entry k() { ret }").find("4:18"), std::string::npos);
  EXPECT_NE(error_of(".entry k() { ret;").find("has no '}'"), std::string::npos);
  EXPECT_NE(error_of(".nonsense").find("'.nonsense'"), std::string::npos);
}

TEST(Parse, DeepAndLongInputIsAnErrorNotACrash) {
  EXPECT_NE(error_of(".entry k() { " + std::string(100000, '{')), "");
  EXPECT_NE(error_of(".global .u32 a = " + std::string(100000, '(')), "");
  EXPECT_NE(error_of(".global .u32 a = " + std::string(100000, '-')), "");
  EXPECT_NE(error_of(".global .u32 a[1] = " + std::string(100000, '{')), "");
  std::string words = "add";
  for (int i = 0; i < 100; ++i) words += ".sat";
  EXPECT_NE(error_of(".entry k() { " + words + " 1; }"), "");
}

TEST(Parse, RangesOfVariablesHaveALimit) {
  EXPECT_EQ(error_of(".entry k() { .param .b32 a<3>; st.param.b32 [a2], 1; }"), "");
  EXPECT_NE(error_of(".entry k() { .param .b32 a<40000>; .param .b32 b<40000>; }"), "");
}

// Found by fuzzing: what does not fit into an element is cut, and does not count as an initialised byte.
TEST(Parse, ElementsAreCutToTheirSize) {
  auto module = parsed(".global .u8 a[4] = {1, 1 << 40};");
  EXPECT_EQ(module->find_variable("a")->bytes, std::vector<uint8_t>({1}));
}

}  // namespace
}  // namespace anywarp::ptx
