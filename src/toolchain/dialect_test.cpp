#include "toolchain/dialect.h"

#include <gtest/gtest.h>

namespace anywarp::toolchain {
namespace {

std::string changed(std::string_view text) { return in_clangs_dialect(text).value_or("unchanged"); }

TEST(Dialect, PartedBracketsOfLaunches) {
  EXPECT_EQ(changed("k << <1, 32 >> > (x);"), "k <<< 1, 32  >>> (x);");
  EXPECT_EQ(changed("k<< <g, b>> >(x);"), "k<<< g, b >>>(x);");
  EXPECT_EQ(changed("k<int><< <g, f(b >> 1, c)>> >();"), "k<int><<< g, f(b >> 1, c) >>>();");
  EXPECT_EQ(changed("k<< <g, b>>>(x);"), "k<<< g, b>>>(x);");
  EXPECT_EQ(changed("k<<\n<g,\nb>>\n>(x);"), "k<<<\ng,\nb\n>>>(x);");
  EXPECT_EQ(changed("a<< <1, 1>> >();\nb<< <1, 1>> >();"), "a<<< 1, 1 >>>();\nb<<< 1, 1 >>>();");
}

TEST(Dialect, WhatIsNoLaunchStays) {
  for (const char* text : {
           "k<<<1, 32>>>(x);",
           "friend std::ostream& operator<< <T>(std::ostream&, const A<B<T> >&);",
           "std::vector<std::vector<std::vector<int>> > v; int y = x << 3 < 4;",
           "// k << <1, 32 >> > (x);\n/* k << <1, 32 >> > (x); */",
           "const char* s = \"k << <1, 32 >> > (x);\"; char c = '\\''; int n = 1'000;",
           "auto s = R\"x(k << <1, 32 >> > (x);)x\";",
           "k << <1, 32; y >> > (x);",
           "k << <",
           "asm(\"mov.u32 %0, %%tid.x;\" : \"=r\"(x));",
           "asm volatile(\"add.u32 %0, %1, %h2;\" : \"=r\"(x) : \"r\"(y), \"n\"(3));",
           "asm(\"mov.u32 x, %globaltimer;\");",
           "asm(\"mov.u32 %[out], 1;\" : [out] \"=r\"(x));",
           "asm(\"%",
           "\"",
           "R\"(",
           "",
       })
    EXPECT_EQ(changed(text), "unchanged") << text;
}

TEST(Dialect, OnePercentBeforeARegister) {
  EXPECT_EQ(changed("asm volatile(\"mov.u64 %0, %globaltimer;\" : \"=l\"(t));"),
            "asm volatile(\"mov.u64 %0, %%globaltimer;\" : \"=l\"(t));");
  EXPECT_EQ(changed("__asm__ (\"mov.u32 %0, %tid.x;\\n\" MACRO \"add.u32 %0, %0, %laneid;\" : \"=r\"(t) : : \"memory\");"),
            "__asm__ (\"mov.u32 %0, %%tid.x;\\n\" MACRO \"add.u32 %0, %0, %%laneid;\" : \"=r\"(t) : : \"memory\");");
}

}  // namespace
}  // namespace anywarp::toolchain
