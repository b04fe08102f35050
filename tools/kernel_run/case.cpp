// Reads the head of a test file. It is written by hand, so each mistake is named with its line.
#include "kernel_run/case.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <random>
#include <sstream>

namespace anywarp::kernel_run {
namespace {

std::string trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

std::optional<Element> element_of(std::string_view word) {
  Element element;
  if (word.starts_with("bf")) {
    element = {Kind::Float, 2, true};
    return word == "bf16" ? std::optional(element) : std::nullopt;
  }
  if (word.empty()) return std::nullopt;
  element.kind = word[0] == 'f' ? Kind::Float : word[0] == 's' ? Kind::Signed : Kind::Unsigned;
  unsigned bits = 0;
  const auto parsed = std::from_chars(word.data() + 1, word.data() + word.size(), bits);
  if (parsed.ptr != word.data() + word.size() || std::string_view("fsub").find(word[0]) == std::string_view::npos) return std::nullopt;
  if (bits != 8 && bits != 16 && bits != 32 && bits != 64) return std::nullopt;
  if (element.kind == Kind::Float && bits == 8) return std::nullopt;
  element.bytes = static_cast<uint8_t>(bits / 8);
  return element;
}

uint16_t half_bits(double value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  value = std::fabs(value);
  if (std::isnan(value)) return 0x7fff;
  if (value >= 65520) return sign | 0x7c00;
  if (value < std::ldexp(1, -14)) return sign | static_cast<uint16_t>(std::nearbyint(std::ldexp(value, 24)));
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  const double scaled = std::nearbyint(std::ldexp(fraction, 11));
  return static_cast<uint16_t>(sign | (static_cast<unsigned>(exponent + 13) << 10) + static_cast<unsigned>(scaled));
}

uint16_t brain_bits(double value) {
  const auto single = static_cast<float>(value);
  const uint32_t bits = std::bit_cast<uint32_t>(single);
  if (std::isnan(value)) return 0x7fff;
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

void put(std::vector<uint8_t>& to, const Element& element, uint64_t bits) {
  uint8_t bytes[8];
  memcpy(bytes, &bits, 8);
  to.insert(to.end(), bytes, bytes + element.bytes);
}

uint64_t encode(const Element& element, double value) {
  if (element.kind != Kind::Float) return value < 0 ? static_cast<uint64_t>(static_cast<int64_t>(value)) : static_cast<uint64_t>(value);
  if (element.bytes == 8) return std::bit_cast<uint64_t>(value);
  if (element.bytes == 4) return std::bit_cast<uint32_t>(static_cast<float>(value));
  return element.brain ? brain_bits(value) : half_bits(value);
}

/// 12, -3, 0x7fff (bits), 1.5, inf, -inf, nan.
bool read_value(const Element& element, const std::string& word, uint64_t& bits) {
  if (word.empty()) return false;
  char* end = nullptr;
  if (word.starts_with("0x") || word.starts_with("0X")) {
    bits = strtoull(word.c_str(), &end, 16);
    return *end == 0;
  }
  if (element.kind != Kind::Float) {
    bits = word[0] == '-' ? static_cast<uint64_t>(strtoll(word.c_str(), &end, 10)) : strtoull(word.c_str(), &end, 10);
    return *end == 0;
  }
  bits = encode(element, strtod(word.c_str(), &end));
  return *end == 0;
}

const std::vector<std::string>& special_words(const Element& element) {
  static const std::vector<std::string> floats = {"0",    "-0",   "1",    "-1",  "0.5",   "-0.5",   "1.5",   "2.5",  "-2.5",  "3",
                                                  "inf",  "-inf", "nan",  "0x1", "1e4",   "-1e4",   "0.1",   "-0.1", "65504", "100.25",
                                                  "1e-5", "7",    "-3.7", "255", "256.5", "-128.5", "32767", "1e-7", "2",     "0.999"};
  static const std::vector<std::string> integers = {"0",
                                                    "1",
                                                    "2",
                                                    "3",
                                                    "7",
                                                    "8",
                                                    "15",
                                                    "16",
                                                    "31",
                                                    "32",
                                                    "33",
                                                    "63",
                                                    "64",
                                                    "100",
                                                    "127",
                                                    "128",
                                                    "255",
                                                    "256",
                                                    "-1",
                                                    "-2",
                                                    "-128",
                                                    "-129",
                                                    "0x7fff",
                                                    "0x8000",
                                                    "0x7fffffff",
                                                    "0x80000000",
                                                    "0xffffffff",
                                                    "0x12345678",
                                                    "0xdeadbeef",
                                                    "-32768",
                                                    "0x5555555555555555",
                                                    "0x8000000000000000",
                                                    "0x7fffffffffffffff",
                                                    "0xfedcba9876543210"};
  return element.kind == Kind::Float ? floats : integers;
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  Result<Case> run() {
    std::istringstream lines{std::string(text_)};
    std::string line;
    for (line_ = 1; std::getline(lines, line); ++line_) {
      line = trim(line);
      if (line.empty()) continue;
      if (!line.starts_with("//")) break;  // the head has ended
      line = trim(std::string_view(line).substr(2));
      AW_TRY(read(line));
    }
    if (case_.launches.empty()) return error("there is no line `// run: kernel=NAME grid=N block=N`");
    if (case_.engines.empty()) case_.engines = {"scalar", "8", "16", "32"};
    return std::move(case_);
  }

 private:
  Error error(const std::string& what) const { return Error{CUDA_ERROR_INVALID_VALUE, what + ".", file_ + ":" + std::to_string(line_)}; }

  Result<> read(const std::string& line) {
    if (line.starts_with("run:")) return launch(line.substr(4));
    if (line.starts_with("buffer ")) return argument(line.substr(7), true);
    if (line.starts_with("value ")) return argument(line.substr(6), false);
    if (line.starts_with("expect ")) return expectation(line.substr(7));
    if (line.starts_with("compare ")) return comparison(line.substr(8));
    if (line.starts_with("engines:")) {
      std::istringstream words(line.substr(8));
      for (std::string word; words >> word;) case_.engines.push_back(word);
      return {};
    }
    if (line.starts_with("error:")) case_.error = trim(std::string_view(line).substr(6));
    return {};  // a remark
  }

  static bool extents(const std::string& text, uint32_t (&to)[3]) {
    std::istringstream in(text);
    std::string part;
    unsigned axis = 0;
    while (std::getline(in, part, 'x')) {
      if (axis == 3) return false;
      char* end = nullptr;
      to[axis++] = static_cast<uint32_t>(strtoul(part.c_str(), &end, 10));
      if (part.empty() || *end) return false;
    }
    return axis > 0;
  }

  Result<> launch(const std::string& text) {
    LaunchLine launch;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
      const size_t equals = word.find('=');
      const std::string key = word.substr(0, equals), value = equals == std::string::npos ? "" : word.substr(equals + 1);
      if (key == "kernel")
        launch.kernel = value;
      else if (key == "grid" && extents(value, launch.grid)) {
      } else if (key == "block" && extents(value, launch.block)) {
      } else if (key == "shared")
        launch.shared = static_cast<uint32_t>(strtoul(value.c_str(), nullptr, 10));
      else if (key == "cooperative")
        launch.cooperative = true;
      else
        return error("'" + word + "' is none of kernel=, grid=, block=, shared=, cooperative");
    }
    if (launch.kernel.empty()) return error("the launch names no kernel");
    case_.launches.push_back(launch);
    return {};
  }

  Result<> argument(const std::string& text, bool is_buffer) {
    const size_t colon = text.find(':'), equals = text.find('=');
    if (colon == std::string::npos || equals == std::string::npos || equals < colon) return error("expected `name: type = filling`");
    Argument argument;
    argument.name = trim(std::string_view(text).substr(0, colon));
    argument.is_buffer = is_buffer;
    argument.line = line_;
    std::string type = trim(std::string_view(text).substr(colon + 1, equals - colon - 1));
    if (const size_t bracket = type.find('['); bracket != std::string::npos) {
      argument.count = strtoull(type.c_str() + bracket + 1, nullptr, 10);
      type.resize(bracket);
    }
    const std::optional<Element> element = element_of(type);
    if (!element) return error("'" + type + "' is no element type");
    if (argument.count == 0 || argument.count > (size_t{1} << 26)) return error("a buffer has from 1 to 2^26 elements");
    argument.element = *element;
    AW_TRY(fill(argument, trim(std::string_view(text).substr(equals + 1))));
    case_.arguments.push_back(std::move(argument));
    return {};
  }

  Result<> fill(Argument& argument, const std::string& how) {
    std::istringstream words(how);
    std::string word;
    words >> word;
    const Element& element = argument.element;
    if (word == "iota") {
      double scale = 1, offset = 0;
      std::string formula;
      if (words >> formula && sscanf(formula.c_str(), "%lf*i%lf", &scale, &offset) < 1) return error("expected `iota A*i+B`");
      for (size_t i = 0; i < argument.count; ++i) put(argument.bytes, element, encode(element, scale * static_cast<double>(i) + offset));
      return {};
    }
    if (word == "fill") {
      uint64_t bits = 0;
      if (!(words >> word) || !read_value(element, word, bits)) return error("`fill` needs a value");
      for (size_t i = 0; i < argument.count; ++i) put(argument.bytes, element, bits);
      return {};
    }
    if (word == "random") {
      uint64_t seed = 0;
      double low = 0, high = 0;
      if (!(words >> seed)) return error("`random` needs a seed");
      const bool bounded = static_cast<bool>(words >> low >> high);
      std::mt19937_64 random(seed);
      for (size_t i = 0; i < argument.count; ++i) {
        if (!bounded)
          put(argument.bytes, element, random());
        else if (element.kind == Kind::Float)
          put(argument.bytes, element, encode(element, low + (high - low) * (static_cast<double>(random() >> 11) * 0x1p-53)));
        else
          put(argument.bytes, element, encode(element, low + static_cast<double>(random() % static_cast<uint64_t>(high - low + 1))));
      }
      return {};
    }
    if (word == "special") {
      const auto& values = special_words(element);
      // Several such buffers go through their values at different speeds, so that all pairs meet.
      const size_t speed = case_.arguments.size();
      for (size_t i = 0; i < argument.count; ++i) {
        uint64_t bits = 0;
        const size_t index = speed == 0 ? i % values.size() : (i / values.size() * speed + i) % values.size();
        read_value(element, values[index], bits);
        put(argument.bytes, element, bits);
      }
      return {};
    }
    return list(element, how, argument.count, true, argument.bytes);
  }

  /// `1, 2, 3...`; `whole`: all `count` elements must be there.
  Result<> list(const Element& element, std::string text, size_t count, bool whole, std::vector<uint8_t>& to) {
    const bool repeats = text.ends_with("...");
    if (repeats) text.resize(text.size() - 3);
    std::istringstream words(text);
    for (std::string word; std::getline(words, word, ',');) {
      uint64_t bits = 0;
      if (!read_value(element, trim(word), bits)) return error("'" + trim(word) + "' is no value of that type");
      put(to, element, bits);
    }
    const size_t given = to.size() / element.bytes;
    if (given == 0 || given > count)
      return error("there are " + std::to_string(given) + " values for " + std::to_string(count) + " elements");
    if (repeats)
      for (size_t i = given; i < count; ++i) {
        const std::vector<uint8_t> value(to.begin() + long((i % given) * element.bytes),
                                         to.begin() + long((i % given + 1) * element.bytes));
        to.insert(to.end(), value.begin(), value.end());
      }
    else if (whole && given != count)
      return error("there are " + std::to_string(given) + " values for " + std::to_string(count) + " elements; `...` repeats them");
    return {};
  }

  Result<Argument*> named(const std::string& text, std::string& rest) {
    const size_t colon = text.find(':');
    if (colon == std::string::npos) return error("expected `name:`");
    const std::string name = trim(std::string_view(text).substr(0, colon));
    rest = trim(std::string_view(text).substr(colon + 1));
    for (Argument& argument : case_.arguments)
      if (argument.name == name) return &argument;
    return error("there is no argument '" + name + "' above");
  }

  static bool tolerance_word(const std::string& word, Tolerance& tolerance) {
    if (word.starts_with("ulp="))
      tolerance.ulp = atof(word.c_str() + 4);
    else if (word.starts_with("abs="))
      tolerance.absolute = atof(word.c_str() + 4);
    else if (word == "unordered")
      tolerance.unordered = true;
    else if (word == "off")
      tolerance.off = true;
    else
      return false;
    return true;
  }

  Result<> expectation(const std::string& text) {
    std::string rest;
    AW_ASSIGN(Argument * argument, named(text, rest));
    for (;;) {
      const size_t space = rest.find(' ');
      if (space == std::string::npos || !tolerance_word(rest.substr(0, space), argument->expect_tolerance)) break;
      rest = trim(std::string_view(rest).substr(space));
    }
    argument->has_expectation = true;
    return list(argument->element, rest, argument->count, false, argument->expected);
  }

  Result<> comparison(const std::string& text) {
    std::string rest;
    AW_ASSIGN(Argument * argument, named(text, rest));
    std::istringstream words(rest);
    for (std::string word; words >> word;)
      if (!tolerance_word(word, argument->compare)) return error("'" + word + "' is none of ulp=, abs=, unordered, off");
    return {};
  }

  std::string_view text_;
  const std::string& file_;
  unsigned line_ = 1;
  Case case_;
};

}  // namespace

Result<Case> parse_case(std::string_view text, const std::string& file_name) { return Reader(text, file_name).run(); }

}  // namespace anywarp::kernel_run
