// PTX text -> tokens, one at a time, without copies. Whatever is not PTX becomes a token of kind Error with a sentence.
#pragma once

#include "ptx/module.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace anywarp::ptx {

enum class TokenKind : uint8_t {
  End,
  Error,       // Lexer::error says why
  Identifier,  // add, %r1, $L__BB0_1, _
  Word,        // .u32, .L1::no_allocate; text without the dot
  Integer,     // value; is_unsigned for the suffix U and for values of 2^63 and up
  Float,       // value holds the bits of an f64: 1.5, 0d..., or of an f32: is_f32
  String,      // text without the quotes, escapes as written
  Dwarf,       // an @@DWARF line; text is the whole of it
  Symbol,      // punctuation, see Token::symbol
};

/// Two-character operators are multi-character constants, as in symbol('<', '<').
constexpr uint16_t symbol(char first, char second = 0) {
  return static_cast<uint16_t>(static_cast<uint8_t>(first) | static_cast<uint8_t>(second) << 8);
}

struct Token {
  TokenKind kind = TokenKind::End;
  bool is_unsigned = false;
  bool is_f32 = false;
  uint16_t symbol = 0;
  Location location;
  std::string_view text = {};
  uint64_t value = 0;

  bool is(char c) const { return kind == TokenKind::Symbol && symbol == ptx::symbol(c); }
  bool is(char a, char b) const { return kind == TokenKind::Symbol && symbol == ptx::symbol(a, b); }
  bool is_word(std::string_view word) const { return kind == TokenKind::Word && text == word; }
};

class Lexer {
 public:
  /// The text must be followed by a zero byte, and outlive the lexer.
  explicit Lexer(std::string_view text);

  Token next();
  /// Directly behind an identifier: the words that follow it without a space, ".global.v4.f32", else "".
  std::string_view adjacent_words();
  /// Of the last Error token.
  const std::string& error() const { return error_; }
  const char* position() const { return at_; }

 private:
  void skip_space();
  Token number(Token token);
  Token hex_float(Token token, unsigned digits);
  Token fail(Token token, std::string message);
  Location here() const { return {line_, static_cast<uint32_t>(at_ - line_start_ + 1)}; }

  const char* at_;
  const char* end_;
  const char* line_start_;
  uint32_t line_ = 1;
  bool open_comment_ = false;
  std::string error_;
};

/// A message that says what is wrong, as a sentence.
std::string as_sentence(std::string message);

/// What a message calls the token: "'foo'", "the end of the file".
std::string describe(const Token& token);

}  // namespace anywarp::ptx
