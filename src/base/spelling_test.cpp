#include "base/spelling.h"

#include <gtest/gtest.h>

namespace anywarp {
namespace {

TEST(Spelling, NearestWord) {
  EXPECT_EQ(nearest("rnu", {"run", "info"}), "run");
  EXPECT_EQ(nearest("rum", {"run", "info"}), "run");
  EXPECT_EQ(nearest("inof", {"run", "info", "nvcc"}), "info");
  EXPECT_EQ(nearest("generate-lineinfo", {"generate-line-info", "generate-code"}), "generate-line-info");
  EXPECT_EQ(nearest("zzzzzz", {"run", "info"}), "");
}

}  // namespace
}  // namespace anywarp
