// The environment variables of environment.def as typed functions: env::workers(), env::engine(), ...
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace anywarp::env {

/// "0" or "1".
struct Flag {
  using Value = bool;
  std::optional<Value> parse(std::string_view text) const;
  std::string legal() const { return "0 or 1"; }
};

/// A whole number from `least` to `most`.
struct Number {
  using Value = uint64_t;
  uint64_t least, most;
  constexpr Number(uint64_t least, uint64_t most) : least(least), most(most) {}
  std::optional<Value> parse(std::string_view text) const;
  std::string legal() const;
};

/// One of some numbers, written "0|8|16".
struct NumberOf {
  using Value = uint64_t;
  std::string_view numbers;
  constexpr NumberOf(std::string_view numbers) : numbers(numbers) {}
  std::optional<Value> parse(std::string_view text) const;
  std::string legal() const;
};

/// One of some words, written "a|b|c". The value points into that list.
struct Choice {
  using Value = std::string_view;
  std::string_view words;
  constexpr Choice(std::string_view words) : words(words) {}
  std::optional<Value> parse(std::string_view text) const;
  std::string legal() const;
};

/// Bytes: a whole number with an optional suffix K, M, G or T (powers of 1024).
struct Size {
  using Value = uint64_t;
  std::optional<Value> parse(std::string_view text) const;
  std::string legal() const { return "a number of bytes, such as 1073741824, 512M or 16G"; }
};

/// "major.minor".
struct Version {
  struct Value {
    unsigned major = 0, minor = 0;
  };
  std::optional<Value> parse(std::string_view text) const;
  std::string legal() const { return "a version such as 9.0"; }
};

struct Text {
  using Value = std::string;
  std::optional<Value> parse(std::string_view text) const { return std::string(text); }
  std::string legal() const { return "any text"; }
};

/// The value of a variable as it is now. A value that is not legal gives one warning, and the default.
/// An empty default is Value{}.
template <class Type>
typename Type::Value read(const Type& type, const char* name, std::string_view fallback);

#define AW_ENV(accessor, name, type, fallback, description) \
  inline auto accessor() { return read(type, #name, fallback); }
#include "base/environment.def"
#undef AW_ENV

/// docs/environment.md, printed from the table.
std::string page();

}  // namespace anywarp::env
