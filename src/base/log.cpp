#include "base/log.h"

#include "base/environment.h"

#include <algorithm>
#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <unordered_set>

#include <unistd.h>

namespace anywarp {
namespace {

constexpr std::string_view kNames[] = {"off", "error", "warning", "info", "debug"};

LogLevel level_of_environment() {
  const auto* name = std::find(std::begin(kNames), std::end(kNames), env::log());
  return static_cast<LogLevel>(name - std::begin(kNames));
}

void write_message(LogLevel level, const char* format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  std::string text(static_cast<size_t>(std::max(0, std::vsnprintf(nullptr, 0, format, again))), '\0');
  va_end(again);
  std::vsnprintf(text.data(), text.size() + 1, format, arguments);
  write_log_line(kNames[static_cast<size_t>(level)], std::move(text));
}

/// True for the first caller with this key.
bool first_time(std::string_view key) {
  // Leaked, so that a message may still be written while the process exits.
  static auto* lock = new std::mutex;
  static auto* said = new std::unordered_set<std::string>;
  std::lock_guard guard(*lock);
  return said->emplace(key).second;
}

}  // namespace

bool log_enabled(LogLevel level) {
  static const LogLevel most = level_of_environment();
  return level <= most && level != LogLevel::Off;
}

void log_message(LogLevel level, const char* format, ...) {
  if (!log_enabled(level)) return;
  va_list arguments;
  va_start(arguments, format);
  write_message(level, format, arguments);
  va_end(arguments);
}

void log_once(LogLevel level, std::string_view key, const char* format, ...) {
  if (!log_enabled(level) || !first_time(key)) return;
  va_list arguments;
  va_start(arguments, format);
  write_message(level, format, arguments);
  va_end(arguments);
}

void write_log_line(std::string_view kind, std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  const std::string line = "anywarp: " + std::string(kind) + ": " + text + "\n";
  for (size_t done = 0; done < line.size();) {
    const ssize_t written = ::write(STDERR_FILENO, line.data() + done, line.size() - done);
    if (written <= 0) return;
    done += static_cast<size_t>(written);
  }
}

}  // namespace anywarp
