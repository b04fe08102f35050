#include "ptx/link.h"

#include "ptx/ptx.h"

#include <gtest/gtest.h>

namespace anywarp::ptx {
namespace {

using Modules = std::vector<std::shared_ptr<const Module>>;

/// "a.ptx", "b.ptx", ...
Modules modules(std::initializer_list<std::string_view> texts) {
  Modules list;
  for (std::string_view text : texts) {
    const std::string name(1, static_cast<char>('a' + list.size()));
    auto module = parse(".version 9.0\n.target sm_90\n.address_size 64\n" + std::string(text), name + ".ptx");
    EXPECT_TRUE(module) << module.error().text();
    if (!module) return list;
    EXPECT_TRUE(verify(**module));
    list.push_back(*module);
  }
  return list;
}

std::shared_ptr<const Module> linked(std::initializer_list<std::string_view> texts) {
  auto result = link(modules(texts), "linked.ptx");
  EXPECT_TRUE(result) << result.error().text();
  if (!result) return nullptr;
  EXPECT_TRUE(verify(**result));
  return *result;
}

Error failed(std::initializer_list<std::string_view> texts) {
  auto result = link(modules(texts), "linked.ptx");
  EXPECT_FALSE(result);
  return result ? Error{} : result.take_error();
}

TEST(Link, ResolvesFunctionsAndVariablesByName) {
  auto module =
      linked({".extern .func f(.param .b32 x); .extern .global .u32 n;"
              ".visible .entry k() { .reg .b32 %r; ld.global.b32 %r, [n]; call f, (%r); ret; }",
              ".visible .func f(.param .b32 x) { ret; } .visible .global .u32 n = 7;"});
  ASSERT_TRUE(module);
  EXPECT_TRUE(module->find_function("f")->has_body);
  EXPECT_EQ(module->find_function("f")->linkage, Linkage::Visible);
  const Variable* n = module->find_variable("n");
  ASSERT_TRUE(n);
  EXPECT_EQ(n->linkage, Linkage::Visible);
  EXPECT_EQ(n->bytes, std::vector<uint8_t>({7, 0, 0, 0}));
  EXPECT_EQ(module->functions.size(), 2u);
}

TEST(Link, KeepsLocalSymbolsApart) {
  auto module =
      linked({".global .u32 n = 1; .func f() { ret; } .entry a() { .reg .b64 %r; mov.u64 %r, n; call f; ret; }",
              ".global .u32 n = 2; .global .u32 n_1 = 3; .func f() { trap; } .entry b() { .reg .b64 %r; mov.u64 %r, n; call f; ret; }"});
  ASSERT_TRUE(module);
  ASSERT_EQ(module->variables.size(), 3u);
  const Function* b = module->find_function("b");
  ASSERT_TRUE(b);
  EXPECT_EQ(module->variables[b->instructions[0].operands[1].index].bytes[0], 2);
  EXPECT_EQ(module->functions[b->instructions[1].operands[1].index].instructions[0].opcode, Opcode::Trap);
  const Function* a = module->find_function("a");
  EXPECT_EQ(module->variables[a->instructions[0].operands[1].index].bytes[0], 1);
  EXPECT_EQ(module->find_variable("n_1")->bytes[0], 3);
}

TEST(Link, TakesTheStrongestDefinition) {
  auto module = linked({".weak .func f() { exit; } .common .global .u32 c; .common .global .u8 big;",
                        ".weak .func f() { trap; } .common .global .u64 big;", ".visible .func f() { ret; } .visible .global .u32 c = 5;"});
  ASSERT_TRUE(module);
  EXPECT_EQ(module->find_function("f")->instructions[0].opcode, Opcode::Ret);
  EXPECT_EQ(module->find_variable("c")->bytes[0], 5);
  EXPECT_EQ(module->find_variable("big")->size, 8u);
  module = linked({".weak .func f() { exit; }", ".weak .func f() { trap; }"});
  ASSERT_TRUE(module);
  EXPECT_EQ(module->find_function("f")->instructions[0].opcode, Opcode::Exit);
}

TEST(Link, MergesDynamicSharedMemory) {
  auto module = linked({".extern .shared .align 4 .b8 dynamic[];", ".extern .shared .align 16 .b8 dynamic[];"});
  ASSERT_TRUE(module);
  ASSERT_EQ(module->variables.size(), 1u);
  EXPECT_EQ(module->variables[0].align, 16u);
}

TEST(Link, RenumbersSourceFiles) {
  auto module = linked({".file 1 \"a.cu\"\n.entry a() { .loc 1 2 3\n ret; }", ".file 1 \"b.cu\"\n.entry b() { .loc 1 4 5\n ret; }"});
  ASSERT_TRUE(module);
  ASSERT_EQ(module->files.size(), 2u);
  EXPECT_EQ(module->find_function("b")->source_lines[0].file, module->files[1].index);
  EXPECT_EQ(module->files[1].name, "b.cu");
}

TEST(Link, NamesWhatIsNotDefined) {
  Error error = failed({".extern .func f(); .entry k() { call f; ret; }"});
  EXPECT_EQ(error.code, CUDA_ERROR_NOT_FOUND);
  EXPECT_NE(error.message.find("'f'"), std::string::npos);
  EXPECT_NE(error.message.find("a.ptx"), std::string::npos);
  error = failed({".extern .global .u32 n;"});
  EXPECT_EQ(error.code, CUDA_ERROR_NOT_FOUND);
  EXPECT_NE(error.message.find("'n'"), std::string::npos);
}

TEST(Link, LeavesWhatIsProvided) {
  LinkOptions options;
  options.is_provided = [](std::string_view name) { return name == "vprintf"; };
  auto module = link(modules({".extern .func vprintf(); .entry k() { call vprintf; ret; }"}), "linked.ptx", options);
  ASSERT_TRUE(module);
  EXPECT_EQ((*module)->find_function("vprintf")->linkage, Linkage::Extern);
}

TEST(Link, RejectsWhatIsDefinedTwiceOrDifferently) {
  Error error = failed({".visible .func f() { ret; }", ".visible .func f() { ret; }"});
  EXPECT_EQ(error.code, CUDA_ERROR_INVALID_PTX);
  EXPECT_NE(error.message.find("'f' is defined in both 'a.ptx' and 'b.ptx'"), std::string::npos);
  error = failed({".extern .func f(.param .b32 x);", ".visible .func f(.param .b64 x) { ret; }"});
  EXPECT_EQ(error.code, CUDA_ERROR_INVALID_PTX);
  error = failed({".extern .global .u32 n;", ".visible .const .u32 n;"});
  EXPECT_EQ(error.code, CUDA_ERROR_INVALID_PTX);
  error = failed({".extern .global .u32 n;", ".visible .func n() { ret; }"});
  EXPECT_EQ(error.code, CUDA_ERROR_INVALID_PTX);
}

}  // namespace
}  // namespace anywarp::ptx
