#include "jit/jit.h"

#include <gtest/gtest.h>

namespace anywarp::jit {
namespace {

const Processor& get(const std::string& name) {
  Result<const Processor*> found = find_processor(name);
  EXPECT_TRUE(found) << found.error().text();
  return found ? **found : host();
}

TEST(Processor, TheHostIsKnown) {
  EXPECT_FALSE(host().cpu.empty());
  EXPECT_GE(host().vector_bits, 128u);
  EXPECT_EQ(&get("native"), &host());
  EXPECT_TRUE(check_executable(host()));
}

// What the levels promise, from the architectures' manuals.
TEST(Processor, LevelsHaveTheRegistersOfTheirInstructions) {
  struct Expected {
    const char* name;
    bool x86, fma, mask_registers;
    uint32_t vector_bits, permute_bits, scalable_bits;
  };
  for (const Expected& e : {Expected{"sse4.2", true, false, false, 128, 0, 0}, Expected{"avx2", true, true, false, 256, 256, 0},
                            Expected{"avx512", true, true, true, 512, 512, 0}, Expected{"neon", false, true, false, 128, 0, 0},
                            Expected{"sve", false, true, false, 256, 0, 256}, Expected{"sve512", false, true, false, 512, 0, 512},
                            Expected{"haswell", true, true, false, 256, 256, 0}, Expected{"znver4", true, true, true, 512, 512, 0},
                            Expected{"neoverse-n1", false, true, false, 128, 0, 0}}) {
    const Processor& processor = get(e.name);
    EXPECT_EQ(processor.name, e.name);
    EXPECT_EQ(processor.is_x86, e.x86) << e.name;
    EXPECT_EQ(processor.fma, e.fma) << e.name;
    EXPECT_EQ(processor.mask_registers, e.mask_registers) << e.name;
    EXPECT_EQ(processor.vector_bits, e.vector_bits) << e.name;
    EXPECT_EQ(processor.permute_bits, e.permute_bits) << e.name;
    EXPECT_EQ(processor.scalable_bits, e.scalable_bits) << e.name;
    EXPECT_EQ(&get(e.name), &processor);
  }
}

TEST(Processor, WhatTheMachineCannotExecuteIsAnError) {
  const Result<> foreign = check_executable(get(host().is_x86 ? "neon" : "avx2"));
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, CUDA_ERROR_NOT_SUPPORTED);
  const char* baseline = host().is_x86 ? "x86-64" : "generic";
  EXPECT_TRUE(check_executable(get(baseline)));
  // No machine has all that these two have.
  if (host().is_x86) EXPECT_FALSE(check_executable(get("diamondrapids")) && check_executable(get("bdver4")));
}

TEST(Processor, AnUnknownNameIsAnError) {
  const Result<const Processor*> unknown = find_processor("avx3");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, CUDA_ERROR_INVALID_VALUE);
  EXPECT_NE(unknown.error().message.find("'avx3'"), std::string::npos);
  EXPECT_NE(unknown.error().message.find("sse4.2"), std::string::npos);
}

}  // namespace
}  // namespace anywarp::jit
