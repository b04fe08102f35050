#include "base/environment.h"

#include "base/hash.h"
#include "base/log.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace anywarp::env {
namespace {

TEST(Environment, DefaultsHoldWhenNothingIsSet) {
  unsetenv("ANYWARP_ENGINE");
  EXPECT_EQ(engine(), "vector");
  EXPECT_EQ(width(), 0u);
  EXPECT_TRUE(cache());
  EXPECT_EQ(cuda_cache_maxsize(), uint64_t{1} << 30);
  EXPECT_EQ(memory(), 0u);
}

TEST(Environment, EveryDefaultIsLegal) {
#define AW_ENV(accessor, name, type, fallback, description) EXPECT_TRUE(!*fallback || (type).parse(fallback)) << #name;
#include "base/environment.def"
#undef AW_ENV
}

TEST(Environment, ValuesAreRead) {
  setenv("ANYWARP_ENGINE", "scalar", 1);
  setenv("ANYWARP_MEMORY", "16G", 1);
  setenv("ANYWARP_COMPUTE_CAPABILITY", "12.1", 1);
  EXPECT_EQ(engine(), "scalar");
  EXPECT_EQ(memory(), uint64_t{16} << 30);
  EXPECT_EQ(compute_capability().major, 12u);
  EXPECT_EQ(compute_capability().minor, 1u);
  for (const char* name : {"ANYWARP_ENGINE", "ANYWARP_MEMORY", "ANYWARP_COMPUTE_CAPABILITY"}) unsetenv(name);
}

TEST(Environment, AWrongValueGivesOneWarningThatNamesTheLegalOnes) {
  setenv("ANYWARP_WIDTH", "12", 1);
  testing::internal::CaptureStderr();
  EXPECT_EQ(width(), 0u);
  EXPECT_EQ(width(), 0u);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "anywarp: warning: ANYWARP_WIDTH is '12', but it must be 0, 8, 16 or 32; '0' is used.\n");
  unsetenv("ANYWARP_WIDTH");
}

TEST(Environment, MalformedValuesAreRefused) {
  for (const char* text : {"", "K", "1.5G", "-1", "12X", "18446744073709551616", "16777216T"}) EXPECT_FALSE(Size{}.parse(text)) << text;
  for (const char* text : {"9", "9.", ".0", "9.0.1", "9.10", "100.0"}) EXPECT_FALSE(Version{}.parse(text)) << text;
  for (const char* text : {"off|", "of", "offf", "|", "off|api"}) EXPECT_FALSE(Choice("off|api").parse(text)) << text;
  for (const char* text : {"2", "true", "00"}) EXPECT_FALSE(Flag{}.parse(text)) << text;
  EXPECT_FALSE(Number(1, 64).parse("65"));
  EXPECT_FALSE(Number(1, 64).parse("0"));
  EXPECT_EQ(Size{}.parse("3K"), 3072u);
}

TEST(Environment, ThePageIsWhatTheTablePrints) {
  std::ifstream file(AW_ENVIRONMENT_PAGE);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), page()) << "docs/environment.md is out of date: ninja -C build environment_page";
}

TEST(Log, OneLineAndOncePerKey) {
  testing::internal::CaptureStderr();
  log_once(LogLevel::Warning, "key", "first\nsecond %d", 2);
  log_once(LogLevel::Warning, "key", "again");
  log_debug("not shown");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "anywarp: warning: first second 2\n");
}

TEST(Hash, FieldsDoNotRunIntoEachOther) {
  std::set<std::string> seen;
  seen.insert(Hasher().add("ab").add("c").digest());
  seen.insert(Hasher().add("a").add("bc").digest());
  seen.insert(Hasher().add("abc").digest());
  seen.insert(Hasher().add(uint64_t{1}).digest());
  EXPECT_EQ(seen.size(), 4u);
  EXPECT_EQ(Hasher().add("x").digest(), Hasher().add("x").digest());
  EXPECT_EQ(Hasher().add("x").digest().size(), 32u);
}

}  // namespace
}  // namespace anywarp::env
