#include "compile/stage.h"

#include "base/environment.h"
#include "base/log.h"

#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace anywarp::compile {
namespace {

/// Kernel names are long where C++ mangles them, and file names are not.
std::string file_stem(const std::string& kernel) {
  std::string stem;
  for (char c : kernel) stem += isalnum(static_cast<unsigned char>(c)) || c == '_' ? c : '_';
  return stem.substr(0, 80);
}

std::atomic<unsigned> compilations{0};

}  // namespace

StageTrace::StageTrace(std::string_view kernel)
    : kernel_(kernel), directory_(env::dump()), verifies_(env::verify() == "each"), times_(env::time()), serial_(compilations++) {
  if (directory_.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (!error) return;
  log_once(LogLevel::Warning, "dump", "The directory '%s' of ANYWARP_DUMP cannot be made: %s.", directory_.c_str(),
           error.message().c_str());
  directory_.clear();
}

StageTrace::~StageTrace() {
  if (!times_) return;
  std::string line = kernel_ + ":";
  double sum = 0;
  char text[64];
  for (const auto& [stage, milliseconds] : milliseconds_) {
    snprintf(text, sizeof text, " %s %.2f", stage.c_str(), milliseconds);
    line += text;
    sum += milliseconds;
  }
  snprintf(text, sizeof text, ", in all %.2f ms", sum);
  line += text;
  for (const std::string& note : notes_) line += "; " + note;
  write_log_line("time", line);
}

void StageTrace::dump(std::string_view stage, std::string_view suffix, std::string_view text) {
  if (directory_.empty()) return;
  char number[32];
  snprintf(number, sizeof number, ".%u.%02u-", serial_, number_++);
  const std::string path = directory_ + "/" + file_stem(kernel_) + number + std::string(stage) + std::string(suffix);
  std::ofstream file(path, std::ios::binary);
  for (const std::string& note : notes_)
    if (suffix == ".ll") file << "; " << note << '\n';
  file << text;
  if (!file.flush()) log_once(LogLevel::Warning, "dump file", "The file '%s' cannot be written.", path.c_str());
}

StageScope::StageScope(StageTrace& trace, std::string_view name) : trace_(trace), name_(name), start_(std::chrono::steady_clock::now()) {}

StageScope::~StageScope() { stop(); }

void StageScope::stop() {
  if (!running_) return;
  running_ = false;
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start_;
  trace_.milliseconds_.emplace_back(name_, time.count());
}

void StageScope::dump(const kir::KernelModule& kernel) {
  stop();
  if (!trace_.dumps()) return;
  std::string text;
  llvm::raw_string_ostream(text) << *kernel.module;
  trace_.dump(name_, ".ll", text);
}

Result<> StageScope::done(const kir::KernelModule& kernel) {
  dump(kernel);
  if (!trace_.verifies()) return {};
  Result<> verified = kir::verify(kernel);
  if (verified) return {};
  Error error = verified.take_error();
  error.message = "After the stage '" + name_ + "': " + error.message;
  return error;
}

Result<> StageScope::done_host(const kir::KernelModule& kernel) {
  dump(kernel);
  if (!trace_.verifies()) return {};
  std::string message;
  llvm::raw_string_ostream stream(message);
  if (!llvm::verifyModule(*kernel.module, &stream)) return {};
  return Error{CUDA_ERROR_UNKNOWN, "After the stage '" + name_ + "' the code is malformed: " + message, {}};
}

}  // namespace anywarp::compile
