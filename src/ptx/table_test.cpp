// Every form of the instruction table, through parse, verify, print and parse again.
#include "ptx/instances.h"
#include "ptx/ptx.h"

#include <gtest/gtest.h>

namespace anywarp::ptx {
namespace {

std::vector<Instance> instances_of(Opcode opcode) {
  std::vector<Instance> all;
  for (const Form& form : forms_of(opcode))
    for (Instance& instance : ptx::instances_of(opcode, form)) all.push_back(std::move(instance));
  return all;
}

/// The error, or "".
std::string problem_of(const std::string& text) {
  auto module = parse(text, "t.ptx");
  if (!module) return module.error().text();
  auto verified = verify(**module);
  return verified ? "" : verified.error().text();
}

class EveryOpcode : public testing::TestWithParam<unsigned> {
 protected:
  Opcode opcode() const { return static_cast<Opcode>(GetParam()); }
};

TEST_P(EveryOpcode, HasFormsThatParseVerifyAndPrint) {
  const std::vector<Instance> instances = instances_of(opcode());
  ASSERT_FALSE(instances.empty());
  unsigned first_line = 0;
  const std::string text = module_of(instances, "sm_100a", first_line);
  auto module = parse(text, "t.ptx");
  ASSERT_TRUE(module) << module.error().text();
  ASSERT_EQ((*module)->functions.back().instructions.size(), instances.size() + 1);
  auto verified = verify(**module);
  ASSERT_TRUE(verified) << verified.error().text();
  const std::string printed = print(**module);
  auto again = parse(printed, "printed.ptx");
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_TRUE(verify(**again));
  EXPECT_EQ(print(**again), printed);
  for (size_t i = 0; i < instances.size(); ++i) {
    const Instruction& a = (*module)->functions.back().instructions[i];
    const Instruction& b = (*again)->functions.back().instructions[i];
    EXPECT_EQ(a.location.line, first_line + i);
    EXPECT_TRUE(std::equal(a.mods.begin(), a.mods.end(), b.mods.begin(), b.mods.end())) << instances[i].text;
    EXPECT_EQ(a.operands.size(), b.operands.size()) << instances[i].text;
  }
}

// The first instance of each line of the table, with what no form of it can have.
TEST_P(EveryOpcode, RejectsOperandsAndWordsThatItDoesNotHave) {
  unsigned line = 0;
  for (const Instance& instance : instances_of(opcode())) {
    if (instance.line == line) continue;
    line = instance.line;
    unsigned first_line = 0;
    Instance crowded = instance, unknown = instance;
    crowded.text.insert(crowded.text.size() - 1,
                        std::string(crowded.text.find(' ') == std::string::npos ? " " : ", ") + "1, 2, 3, 4, 5, 6, 7, 8");
    EXPECT_NE(problem_of(module_of({crowded}, "sm_100a", first_line)), "") << crowded.text;
    unknown.text.insert(std::string(word(opcode())).size(), ".nonsense");
    EXPECT_NE(problem_of(module_of({unknown}, "sm_100a", first_line)).find(".nonsense"), std::string::npos) << unknown.text;
  }
}

INSTANTIATE_TEST_SUITE_P(Table, EveryOpcode, testing::Range(1u, kOpcodeCount),
                         [](const auto& info) { return std::string(word(static_cast<Opcode>(info.param))); });

TEST(Table, FindsWordsAndOpcodesByName) {
  EXPECT_EQ(find_opcode("add"), Opcode::Add);
  EXPECT_EQ(find_opcode("addx"), Opcode::None);
  EXPECT_EQ(find_mod("L1::no_allocate"), Mod::L1_no_allocate);
  EXPECT_EQ(find_mod("u33"), Mod::None);
  EXPECT_EQ(type_of(Mod::bf16x2), Type::BF16x2);
  EXPECT_EQ(type_of(Mod::rn), Type::None);
  for (unsigned i = 1; i < kModCount; ++i) EXPECT_EQ(find_mod(word(static_cast<Mod>(i))), static_cast<Mod>(i));
}

}  // namespace
}  // namespace anywarp::ptx
