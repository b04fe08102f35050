#include "base/environment.h"

#include "base/log.h"

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace anywarp::env {
namespace {

std::optional<uint64_t> whole_number(std::string_view text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The word of "a|b|c" that equals `text`; null data when there is none.
std::string_view find_word(std::string_view words, std::string_view text) {
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find('|'));
    if (word == text) return word;
    words.remove_prefix(std::min(words.size(), word.size() + 1));
  }
  return {};
}

/// "a|b|c" -> "a, b or c".
std::string spoken(std::string_view words) {
  std::string out;
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find('|'));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
    if (!out.empty()) out += words.empty() ? " or " : ", ";
    out += word;
  }
  return out;
}

}  // namespace

std::optional<bool> Flag::parse(std::string_view text) const {
  if (text == "0") return false;
  if (text == "1") return true;
  return std::nullopt;
}

std::optional<uint64_t> Number::parse(std::string_view text) const {
  const auto value = whole_number(text);
  return value && *value >= least && *value <= most ? value : std::nullopt;
}

std::string Number::legal() const { return "a number from " + std::to_string(least) + " to " + std::to_string(most); }

std::optional<uint64_t> NumberOf::parse(std::string_view text) const {
  return find_word(numbers, text).data() ? whole_number(text) : std::nullopt;
}

std::string NumberOf::legal() const { return spoken(numbers); }

std::optional<std::string_view> Choice::parse(std::string_view text) const {
  const std::string_view word = find_word(words, text);
  return word.data() ? std::optional(word) : std::nullopt;
}

std::string Choice::legal() const { return spoken(words); }

std::optional<uint64_t> Size::parse(std::string_view text) const {
  static constexpr std::string_view kSuffixes = "KMGT";
  unsigned shift = 0;
  if (const size_t at = text.empty() ? std::string_view::npos : kSuffixes.find(text.back()); at != std::string_view::npos) {
    shift = 10 * (static_cast<unsigned>(at) + 1);
    text.remove_suffix(1);
  }
  const auto value = whole_number(text);
  if (!value || *value > (UINT64_MAX >> shift)) return std::nullopt;
  return *value << shift;
}

std::optional<Version::Value> Version::parse(std::string_view text) const {
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto major = whole_number(text.substr(0, dot)), minor = whole_number(text.substr(dot + 1));
  if (!major || !minor || *major > 99 || *minor > 9) return std::nullopt;
  return Value{static_cast<unsigned>(*major), static_cast<unsigned>(*minor)};
}

template <class Type>
typename Type::Value read(const Type& type, const char* name, std::string_view fallback) {
  const char* text = std::getenv(name);
  if (text && *text) {
    if (auto value = type.parse(text)) return *value;
    const std::string shown = fallback.empty() ? "its default" : "'" + std::string(fallback) + "'";
    const std::string message = std::string(name) + " is '" + text + "', but it must be " + type.legal() + "; " + shown + " is used.";
    // The log asks for ANYWARP_LOG itself, so a mistake in that one goes past the log's levels.
    if (std::strcmp(name, "ANYWARP_LOG") == 0)
      write_log_line("warning", message);
    else
      log_once(LogLevel::Warning, name, "%s", message.c_str());
  }
  if (fallback.empty()) return typename Type::Value{};
  return type.parse(fallback).value_or(typename Type::Value{});
}

template bool read(const Flag&, const char*, std::string_view);
template uint64_t read(const Number&, const char*, std::string_view);
template uint64_t read(const NumberOf&, const char*, std::string_view);
template uint64_t read(const Size&, const char*, std::string_view);
template std::string_view read(const Choice&, const char*, std::string_view);
template Version::Value read(const Version&, const char*, std::string_view);
template std::string read(const Text&, const char*, std::string_view);

std::string page() {
  std::string out =
      "# Environment variables\n\n"
      "Printed from `src/base/environment.def`; edit that, then `ninja -C build environment_page`.\n\n"
      "A value that is not legal gives a warning, and the default is used. An empty value counts as not set.\n\n"
      "| variable | value | default | |\n|---|---|---|---|\n";
#define AW_ENV(accessor, name, type, fallback, description)                                                              \
  out += "| `" #name "` | " + (type).legal() + " | " + (*fallback ? "`" + std::string(fallback) + "`" : std::string()) + \
         " | " description " |\n";
#include "base/environment.def"
#undef AW_ENV
  return out;
}

}  // namespace anywarp::env
