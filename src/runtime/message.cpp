#include "runtime/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace anywarp::runtime {
namespace {

int level_of(const char* word) {
  static constexpr const char* kLevels[] = {"off", "error", "warning", "info", "debug"};
  for (int level = 0; word && level < 5; ++level) {
    if (strcmp(word, kLevels[level]) == 0) return level;
  }
  return 2;
}

void write_line(const char* kind, const char* text) {
  char line[1200];
  const int length = snprintf(line, sizeof line, "anywarp: %s%s\n", kind, text);
  const size_t size = length < static_cast<int>(sizeof line) ? static_cast<size_t>(length) : sizeof line - 1;
  if (write(STDERR_FILENO, line, size) < 0) return;  // there is nowhere to say so
}

}  // namespace

void message(MessageKind kind, const char* format, ...) {
  static constexpr const char* kWords[] = {"error: ", "warning: ", "info: "};
  const int index = static_cast<int>(kind);
  if (level_of(getenv("ANYWARP_LOG")) <= index) return;
  char text[1100];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  write_line(kWords[index], text);
}

bool tracing() {
  static int state;  // 0: not asked yet, 1: off, 2: on
  int known = __atomic_load_n(&state, __ATOMIC_RELAXED);
  if (!known) {
    const char* value = getenv("ANYWARP_TRACE");
    known = value && strcmp(value, "api") == 0 ? 2 : 1;
    __atomic_store_n(&state, known, __ATOMIC_RELAXED);
  }
  return known == 2;
}

void trace_line(const char* text) { write_line("", text); }

}  // namespace anywarp::runtime
