#include "ptx/lexer.h"

#include <array>
#include <charconv>
#include <cstring>

namespace anywarp::ptx {
namespace {

enum CharClass : uint8_t { kIdentifierStart = 1, kIdentifier = 2, kDigit = 4, kSpace = 8, kHex = 16 };

constexpr std::array<uint8_t, 256> kClasses = [] {
  std::array<uint8_t, 256> classes{};
  for (int c = 'a'; c <= 'z'; ++c) classes[c] = classes[c - 'a' + 'A'] = kIdentifierStart | kIdentifier;
  for (int c = 'a'; c <= 'f'; ++c) {
    classes[c] |= kHex;
    classes[c - 'a' + 'A'] |= kHex;
  }
  for (int c = '0'; c <= '9'; ++c) classes[c] = kIdentifier | kDigit | kHex;
  for (char c : {'_', '$', '%'}) classes[static_cast<uint8_t>(c)] = kIdentifierStart | kIdentifier;
  classes['%'] = kIdentifierStart;
  for (char c : {' ', '\t', '\r', '\v', '\f'}) classes[static_cast<uint8_t>(c)] = kSpace;
  return classes;
}();

bool has(char c, uint8_t classes) { return kClasses[static_cast<uint8_t>(c)] & classes; }

/// Operators of two characters.
bool is_pair(char a, char b) {
  switch (a) {
    case '<': return b == '<' || b == '=';
    case '>': return b == '>' || b == '=';
    case '=': return b == '=';
    case '!': return b == '=';
    case '&': return b == '&';
    case '|': return b == '|';
    default: return false;
  }
}

}  // namespace

Lexer::Lexer(std::string_view text) : at_(text.data()), end_(text.data() + text.size()), line_start_(text.data()) {}

void Lexer::skip_space() {
  for (;;) {
    const char c = *at_;
    if (has(c, kSpace)) {
      ++at_;
    } else if (c == '\n') {
      line_start_ = ++at_;
      ++line_;
    } else if (c == '/' && at_[1] == '/') {
      const void* line_end = memchr(at_, '\n', end_ - at_);
      at_ = line_end ? static_cast<const char*>(line_end) : end_;
    } else if (c == '/' && at_[1] == '*') {
      const char* comment = at_;
      for (at_ += 2; at_ < end_ && !(*at_ == '*' && at_[1] == '/'); ++at_) {
        if (*at_ == '\n') {
          line_start_ = at_ + 1;
          ++line_;
        }
      }
      if (at_ >= end_) {
        at_ = comment;
        open_comment_ = true;
        return;
      }
      at_ += 2;
    } else {
      return;
    }
  }
}

Token Lexer::fail(Token token, std::string message) {
  token.kind = TokenKind::Error;
  error_ = std::move(message);
  at_ = end_;
  return token;
}

std::string_view Lexer::adjacent_words() {
  const char* start = at_;
  while (*at_ == '.' && has(at_[1], kIdentifier)) {
    for (++at_; has(*at_, kIdentifier) || (*at_ == ':' && at_[1] == ':'); ++at_) {
      if (*at_ == ':') ++at_;
    }
  }
  return {start, static_cast<size_t>(at_ - start)};
}

Token Lexer::next() {
  skip_space();
  Token token;
  token.location = here();
  if (open_comment_) return fail(token, "A comment begins here and does not end.");
  const char* start = at_;
  const char c = *at_;
  auto text_from = [&](const char* from) { return std::string_view(from, static_cast<size_t>(at_ - from)); };
  if (at_ >= end_) return token;
  if (has(c, kIdentifierStart)) {
    for (++at_; has(*at_, kIdentifier); ++at_) {}
    token.text = text_from(start);
    if (token.text == "%") {
      token.kind = TokenKind::Symbol;
      token.symbol = symbol('%');
      return token;
    }
    token.kind = TokenKind::Identifier;
    return token;
  }
  if (c == '.' && has(at_[1], kIdentifier)) {
    for (++at_; has(*at_, kIdentifier) || (*at_ == ':' && at_[1] == ':' && has(at_[2], kIdentifier)); ++at_) {
      if (*at_ == ':') ++at_;
    }
    token.kind = TokenKind::Word;
    token.text = text_from(start + 1);
    return token;
  }
  if (has(c, kDigit)) return number(token);
  if (c == '"') {
    for (++at_; at_ < end_ && *at_ != '"' && *at_ != '\n'; ++at_) {
      if (*at_ == '\\' && at_[1] != '\n' && at_ + 1 < end_) ++at_;
    }
    if (at_ >= end_ || *at_ != '"') return fail(token, "A string begins here and does not end on its line.");
    token.kind = TokenKind::String;
    token.text = text_from(start + 1);
    ++at_;
    return token;
  }
  if (c == '@' && at_[1] == '@') {
    const void* line_end = memchr(at_, '\n', end_ - at_);
    at_ = line_end ? static_cast<const char*>(line_end) : end_;
    token.kind = TokenKind::Dwarf;
    token.text = text_from(start);
    while (!token.text.empty() && has(token.text.back(), kSpace)) token.text.remove_suffix(1);
    return token;
  }
  if (c > ' ' && c < 0x7f && strchr("{}[]()<>,;:=+-*/%!~&|^?@", c)) {
    token.kind = TokenKind::Symbol;
    ++at_;
    token.symbol = symbol(c);
    if (is_pair(c, *at_)) token.symbol = symbol(c, *at_++);
    token.text = text_from(start);
    return token;
  }
  char shown[8];
  if (c > ' ' && c < 0x7f)
    snprintf(shown, sizeof shown, "'%c'", c);
  else
    snprintf(shown, sizeof shown, "0x%02x", static_cast<uint8_t>(c));
  return fail(token, "The character " + std::string(shown) + " has no meaning in PTX.");
}

Token Lexer::hex_float(Token token, unsigned digits) {
  const char* start = at_;
  uint64_t bits = 0;
  for (at_ += 2; has(*at_, kHex) && static_cast<unsigned>(at_ - start) < digits + 2; ++at_)
    bits = bits << 4 | static_cast<uint64_t>(*at_ <= '9' ? *at_ - '0' : (*at_ | 0x20) - 'a' + 10);
  token.text = {start, static_cast<size_t>(at_ - start)};
  if (token.text.size() != digits + 2 || has(*at_, kIdentifier))
    return fail(token, "The constant '" + std::string(token.text) + "' needs exactly " + std::to_string(digits) + " hexadecimal digits.");
  token.kind = TokenKind::Float;
  token.is_f32 = digits == 8;
  token.value = bits;
  return token;
}

Token Lexer::number(Token token) {
  const char* start = at_;
  if (*at_ == '0') {
    switch (at_[1]) {
      case 'f':
      case 'F': return hex_float(token, 8);
      case 'd':
      case 'D': return hex_float(token, 16);
      default: break;
    }
  }
  unsigned base = 10;
  if (*at_ == '0' && (at_[1] == 'x' || at_[1] == 'X')) {
    base = 16;
    at_ += 2;
  } else if (*at_ == '0' && (at_[1] == 'b' || at_[1] == 'B')) {
    base = 2;
    at_ += 2;
  }
  const char* digits = at_;
  if (base == 10) {
    while (has(*at_, kDigit)) ++at_;
    const bool exponent =
        (*at_ == 'e' || *at_ == 'E') && (has(at_[1], kDigit) || ((at_[1] == '+' || at_[1] == '-') && has(at_[2], kDigit)));
    if ((*at_ == '.' && !has(at_[1], kIdentifierStart)) || exponent) {
      double value = 0;
      auto [end, problem] = std::from_chars(start, end_, value);
      at_ = end;
      token.text = {start, static_cast<size_t>(at_ - start)};
      if (problem != std::errc{} || has(*at_, kIdentifier))
        return fail(token, "The constant '" + std::string(token.text) + "' is not a number of type .f64.");
      token.kind = TokenKind::Float;
      memcpy(&token.value, &value, sizeof value);
      return token;
    }
    if (*start == '0' && at_ - start > 1) base = 8;
  } else {
    while (has(*at_, kHex)) ++at_;
  }
  uint64_t value = 0;
  auto [end, problem] = std::from_chars(digits, at_, value, static_cast<int>(base));
  const bool complete = end == at_ && digits != at_;
  if (*at_ == 'U') {
    token.is_unsigned = true;
    ++at_;
  }
  token.text = {start, static_cast<size_t>(at_ - start)};
  if (problem == std::errc::result_out_of_range)
    return fail(token, "The constant '" + std::string(token.text) + "' does not fit into 64 bits.");
  if (!complete || problem != std::errc{} || has(*at_, kIdentifier)) {
    while (has(*at_, kIdentifier)) ++at_;
    return fail(token, "'" + std::string(start, static_cast<size_t>(at_ - start)) + "' is not a number.");
  }
  token.kind = TokenKind::Integer;
  token.value = value;
  token.is_unsigned |= value >> 63 != 0;
  return token;
}

std::string as_sentence(std::string message) {
  if (message.empty()) return message;
  if (message[0] >= 'a' && message[0] <= 'z') message[0] = static_cast<char>(message[0] - 'a' + 'A');
  if (message.back() != '.') message += '.';
  return message;
}

std::string describe(const Token& token) {
  constexpr size_t kLongest = 60;
  std::string text(token.text.substr(0, kLongest));
  for (char& c : text) {
    if (static_cast<uint8_t>(c) < ' ') c = '?';
  }
  if (token.text.size() > kLongest) text += "...";
  switch (token.kind) {
    case TokenKind::End: return "the end of the file";
    case TokenKind::Word: return "'." + text + "'";
    case TokenKind::String: return "the string \"" + text + "\"";
    default: return "'" + text + "'";
  }
}

}  // namespace anywarp::ptx
