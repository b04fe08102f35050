#include "observe/trace.h"

#include "base/log.h"

#include <cinttypes>
#include <cstdio>
#include <cstring>

namespace anywarp::observe {
namespace {

constexpr size_t kLongestText = 80;

void append(std::string& line, const Argument& argument) {
  char text[32];
  line += argument.name;
  line += '=';
  switch (argument.kind) {
    case Argument::Kind::Signed: snprintf(text, sizeof text, "%" PRId64, int64_t(argument.bits)); break;
    case Argument::Kind::Unsigned: snprintf(text, sizeof text, "%" PRIu64, argument.bits); break;
    case Argument::Kind::Aggregate: snprintf(text, sizeof text, "{...}"); break;
    case Argument::Kind::Text:
      if (const auto* string = reinterpret_cast<const char*>(argument.bits)) {
        const size_t length = strnlen(string, kLongestText);
        line += '"';
        line.append(string, length);
        line += length == kLongestText ? "...\"" : "\"";
        return;
      }
      [[fallthrough]];
    case Argument::Kind::Pointer:
      if (argument.bits == 0)
        snprintf(text, sizeof text, "null");
      else
        snprintf(text, sizeof text, "0x%" PRIx64, argument.bits);
      break;
  }
  line += text;
}

class Trace final : public Listener {
 public:
  void call_ended(const Call& call) override { write_log_line("trace", trace_line(call)); }
};

}  // namespace

std::string trace_line(const Call& call) {
  std::string line = call.function;
  line += '(';
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    if (i != 0) line += ", ";
    append(line, call.arguments[i]);
  }
  line += ") = ";
  line += call.result_name;
  char time[32];
  snprintf(time, sizeof time, ", %.1f us", double(call.end_ns - call.begin_ns) / 1000);
  line += time;
  if (!call.message.empty()) {
    line += "; ";
    line += call.message;
  }
  return line;
}

Listener* make_trace() { return new Trace; }

}  // namespace anywarp::observe
