#include "ptx/lexer.h"

#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <vector>

namespace anywarp::ptx {
namespace {

std::vector<Token> tokens(const std::string& text) {
  Lexer lexer(text);
  std::vector<Token> list;
  do list.push_back(lexer.next());
  while (list.back().kind != TokenKind::End && list.back().kind != TokenKind::Error);
  return list;
}

Token only(const std::string& text) {
  const std::vector<Token> list = tokens(text);
  EXPECT_EQ(list.size(), 2u) << text;
  return list[0];
}

std::string error_of(const std::string& text) {
  Lexer lexer(text);
  for (;;) {
    const Token token = lexer.next();
    if (token.kind == TokenKind::End) return "";
    if (token.kind == TokenKind::Error) return lexer.error();
  }
}

TEST(Lexer, Integers) {
  EXPECT_EQ(only("10").value, 10u);
  EXPECT_EQ(only("0x1F").value, 31u);
  EXPECT_EQ(only("0XfF").value, 255u);
  EXPECT_EQ(only("0b101").value, 5u);
  EXPECT_EQ(only("017").value, 15u);
  EXPECT_EQ(only("18446744073709551615").value, ~uint64_t{0});
  EXPECT_FALSE(only("9223372036854775807").is_unsigned);
  EXPECT_TRUE(only("9223372036854775808").is_unsigned);
  EXPECT_TRUE(only("5U").is_unsigned);
  EXPECT_NE(error_of("18446744073709551616"), "");
  EXPECT_NE(error_of("08"), "");
  EXPECT_NE(error_of("0x"), "");
  EXPECT_NE(error_of("1g"), "");
}

TEST(Lexer, Floats) {
  const Token one = only("0f3F800000");
  EXPECT_EQ(one.kind, TokenKind::Float);
  EXPECT_TRUE(one.is_f32);
  EXPECT_EQ(std::bit_cast<float>(static_cast<uint32_t>(one.value)), 1.0f);
  EXPECT_EQ(std::bit_cast<double>(only("0d4000000000000000").value), 2.0);
  EXPECT_EQ(std::bit_cast<double>(only("1.5").value), 1.5);
  EXPECT_EQ(std::bit_cast<double>(only("1e3").value), 1000.0);
  EXPECT_EQ(std::bit_cast<double>(only("2.5E-1").value), 0.25);
  EXPECT_NE(error_of("0f3F80000"), "");
  EXPECT_NE(error_of("0f3F8000000"), "");
  EXPECT_NE(error_of("0d4000"), "");
  EXPECT_NE(error_of("1e999"), "");
}

TEST(Lexer, WordsKeepTheirColons) {
  Lexer lexer("ld.global.L1::no_allocate.v4 %r1");
  const Token opcode = lexer.next();
  EXPECT_EQ(opcode.text, "ld");
  EXPECT_EQ(lexer.adjacent_words(), ".global.L1::no_allocate.v4");
  EXPECT_EQ(lexer.next().text, "%r1");
  EXPECT_EQ(only(".mbarrier::complete_tx::bytes").text, "mbarrier::complete_tx::bytes");
}

TEST(Lexer, CountsLinesAndColumns) {
  const std::vector<Token> list = tokens("a /* x\n y */ b\n  // c\n\tc");
  ASSERT_EQ(list.size(), 4u);
  EXPECT_EQ(list[1].location.line, 2u);
  EXPECT_EQ(list[1].location.column, 7u);
  EXPECT_EQ(list[2].location.line, 4u);
  EXPECT_EQ(list[2].location.column, 2u);
}

TEST(Lexer, ReportsWhatDoesNotEnd) {
  EXPECT_NE(error_of("/* a").find("comment"), std::string::npos);
  EXPECT_NE(error_of("\"a\nb\"").find("string"), std::string::npos);
  EXPECT_NE(error_of("`").find("'`'"), std::string::npos);
  EXPECT_NE(error_of("\x01").find("0x01"), std::string::npos);
  EXPECT_NE(error_of(std::string("a\0b", 3)).find("0x00"), std::string::npos);
}

}  // namespace
}  // namespace anywarp::ptx
