// printf in a kernel: "%s has %5.2f of %*llu\n" and a buffer of packed arguments.
//
// The format comes from the program, so nothing of it goes to the C library unread: every conversion is taken apart and
// put together again with the one length modifier that fits what the buffer holds. A bad format or string pointer faults like any other
// load of the kernel; no lock is held while the program's memory is read.
#include "exec/output.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>

namespace anywarp::exec {
namespace {

constexpr size_t kLongestText = 8192;  // of one call; longer text is cut

struct Output {
  std::mutex mutex;
  std::string text;
  size_t limit = 1 << 20;
};

Output& output() {
  static Output* const one = new Output;
  return *one;
}

void write_out(std::string& text) {
  if (text.empty()) return;
  fwrite(text.data(), 1, text.size(), stdout);
  fflush(stdout);
  text.clear();
}

class Arguments {
 public:
  explicit Arguments(const void* buffer) : base_(static_cast<const char*>(buffer)) {}
  template <class T>
  T next() {
    offset_ = (offset_ + sizeof(T) - 1) / sizeof(T) * sizeof(T);
    T value{};
    if (base_) memcpy(&value, base_ + offset_, sizeof(T));
    offset_ += sizeof(T);
    ++count_;
    return value;
  }
  int32_t count() const { return count_; }

 private:
  const char* base_;
  size_t offset_ = 0;
  int32_t count_ = 0;
};

// Text that grows to a bound, without memory of its own that a fault could leak.
class Text {
 public:
  void add(const char* text, size_t length) {
    length = std::min(length, sizeof text_ - length_);
    memcpy(text_ + length_, text, length);
    length_ += length;
  }
  template <class... T>
  void print(const char* format, T... values) {
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
#pragma clang diagnostic ignored "-Wformat-security"
    const int wanted = snprintf(text_ + length_, sizeof text_ - length_, format, values...);
#pragma clang diagnostic pop
    if (wanted > 0) length_ = std::min(length_ + size_t(wanted), sizeof text_ - 1);
  }
  const char* data() const { return text_; }
  size_t size() const { return length_; }

 private:
  char text_[kLongestText];
  size_t length_ = 0;
};

struct Conversion {
  char flags[8] = "";
  int width = -1, precision = -1;
  bool wide = false;  // 64 bits
  int narrow = 0;     // 'h' that it carries: 1 short, 2 char
  char kind = 0;
};

// Parses behind the '%'; returns the character after the conversion, or null when the format ends within it.
const char* parse(const char* at, Arguments& arguments, Conversion& conversion) {
  size_t flags = 0;
  for (; *at && strchr("-+ #0", *at); ++at)
    if (flags < 6 && !strchr(conversion.flags, *at)) conversion.flags[flags++] = *at, conversion.flags[flags] = 0;
  const auto number = [&](int& value) {
    if (*at == '*') {
      value = arguments.next<int32_t>();
      ++at;
      return;
    }
    for (value = 0; *at >= '0' && *at <= '9'; ++at) value = std::min(value * 10 + (*at - '0'), 4096);
  };
  if (*at == '*' || (*at >= '1' && *at <= '9')) number(conversion.width);
  if (conversion.width < -1) {
    conversion.width = -conversion.width;
    if (flags < 6 && !strchr(conversion.flags, '-')) conversion.flags[flags++] = '-', conversion.flags[flags] = 0;
  }
  if (*at == '.') {
    ++at;
    number(conversion.precision);
  }
  for (; *at && strchr("hlLqjzt", *at); ++at) {
    if (*at == 'h')
      ++conversion.narrow;
    else
      conversion.wide = true;
  }
  if (!*at) return nullptr;
  conversion.kind = *at;
  return at + 1;
}

// "%" flags width precision modifier kind, as the C library takes it.
struct Format {
  char text[64];
  Format(const Conversion& c, const char* modifier) {
    int length = snprintf(text, sizeof text, "%%%s", c.flags);
    if (c.width >= 0) length += snprintf(text + length, sizeof text - size_t(length), "%d", std::min(c.width, 4096));
    if (c.precision >= 0) length += snprintf(text + length, sizeof text - size_t(length), ".%d", std::min(c.precision, 4096));
    snprintf(text + length, sizeof text - size_t(length), "%s%c", modifier, c.kind);
  }
};

void convert(const Conversion& c, Arguments& arguments, Text& out) {
  switch (c.kind) {
    case 'd':
    case 'i': {
      int64_t value = c.wide ? arguments.next<int64_t>() : arguments.next<int32_t>();
      if (c.narrow == 1) value = int16_t(value);
      if (c.narrow >= 2) value = int64_t{int8_t(value)};
      return out.print(Format(c, "ll").text, static_cast<long long>(value));
    }
    case 'u':
    case 'o':
    case 'x':
    case 'X': {
      uint64_t value = c.wide ? arguments.next<uint64_t>() : arguments.next<uint32_t>();
      if (c.narrow == 1) value = uint16_t(value);
      if (c.narrow >= 2) value = uint8_t(value);
      return out.print(Format(c, "ll").text, static_cast<unsigned long long>(value));
    }
    case 'c': return out.print(Format(c, "").text, int(arguments.next<int32_t>()));
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case 'a':
    case 'A': return out.print(Format(c, "").text, arguments.next<double>());
    case 'p': return out.print(Format(c, "").text, arguments.next<void*>());
    case 's': {
      const char* text = arguments.next<const char*>();
      return out.print(Format(c, "").text, text ? text : "(null)");
    }
    default: return;
  }
}

}  // namespace

int32_t print_formatted(const char* format, const void* buffer) {
  if (!format) return -1;
  Arguments arguments(buffer);
  Text out;
  for (const char* at = format; *at;) {
    const char* percent = strchrnul(at, '%');
    out.add(at, size_t(percent - at));
    if (!*percent) break;
    if (percent[1] == '%') {
      out.add("%", 1);
      at = percent + 2;
      continue;
    }
    Conversion conversion;
    const char* next = parse(percent + 1, arguments, conversion);
    if (!next) {
      out.add(percent, strlen(percent));
      break;
    }
    if (!strchr("diuoxXceEfFgGaAps", conversion.kind))
      out.add(percent, size_t(next - percent));
    else
      convert(conversion, arguments, out);
    at = next;
  }
  Output& all = output();
  std::lock_guard lock(all.mutex);
  all.text.append(out.data(), out.size());
  if (all.text.size() > all.limit) write_out(all.text);
  return arguments.count();
}

void flush_output() {
  Output& all = output();
  std::lock_guard lock(all.mutex);
  write_out(all.text);
}

void set_output_limit(size_t bytes) {
  Output& all = output();
  std::lock_guard lock(all.mutex);
  all.limit = std::max<size_t>(bytes, 4096);
}

size_t output_limit() {
  Output& all = output();
  std::lock_guard lock(all.mutex);
  return all.limit;
}

}  // namespace anywarp::exec
