// Messages for the person who runs the program: one line each, on stderr, as many as ANYWARP_LOG lets through.
#pragma once

#include <string>
#include <string_view>

namespace anywarp {

enum class LogLevel { Off, Error, Warning, Info, Debug };

/// Whether messages of this level are written.
bool log_enabled(LogLevel level);

/// "anywarp: warning: text", as one line, in one write. `format` is printf's.
void log_message(LogLevel level, const char* format, ...) __attribute__((format(printf, 2, 3)));
#define log_error(...) log_message(::anywarp::LogLevel::Error, __VA_ARGS__)
#define log_warning(...) log_message(::anywarp::LogLevel::Warning, __VA_ARGS__)
#define log_info(...) log_message(::anywarp::LogLevel::Info, __VA_ARGS__)
#define log_debug(...) log_message(::anywarp::LogLevel::Debug, __VA_ARGS__)

/// The same, but only the first time that this process says anything under `key`.
void log_once(LogLevel level, std::string_view key, const char* format, ...) __attribute__((format(printf, 3, 4)));

/// Writes the line whatever ANYWARP_LOG says.
void write_log_line(std::string_view kind, std::string text);

}  // namespace anywarp
