// NVRTC compiles what nvcc compiles on the device's side, from memory to memory. There is no machine code: where the options ask for it,
// the "cubin" is a fat binary that holds the PTX, which our driver loads wherever it loads a cubin. 'LTO IR' is LLVM bitcode, which
// libnvJitLink and the driver's linker take.
#include "program.h"

#include "options.h"
#include "toolchain/fatbinary.h"
#include "toolchain/toolkit.h"
#include "version.h"

#include <sys/stat.h>
#include <algorithm>
#include <cstdio>

namespace anywarp::nvrtc {

namespace {

Result<std::string> toolkit_root() {
  static const Result<toolchain::Toolkit> toolkit = toolchain::find_toolkit_of(reinterpret_cast<const void*>(&toolkit_root));
  if (!toolkit) return Error(toolkit.error());
  return toolkit->root;
}

/// The table that -time asks for.
bool report_times(const std::string& file, const std::string& source, const frontend::Compilation& done, std::string& log) {
  std::string rows;
  struct stat there;
  if (file == "-" || stat(file.c_str(), &there) != 0) rows = "File name, phase name, metric, unit\n";
  for (const frontend::Timing& timing : done.timings) {
    char number[32];
    std::snprintf(number, sizeof number, "%.3f", timing.milliseconds);
    rows += source + ", " + timing.phase + ", " + number + ", ms\n";
  }
  if (file == "-") {
    log += "\n" + rows;
    return true;
  }
  FILE* out = std::fopen(file.c_str(), "a");
  if (!out) return false;
  const bool written = std::fwrite(rows.data(), 1, rows.size(), out) == rows.size();
  return std::fclose(out) == 0 && written;
}

nvrtcResult code_of(const Error& error) {
  return error.code == CUDA_ERROR_OUT_OF_MEMORY ? NVRTC_ERROR_OUT_OF_MEMORY : NVRTC_ERROR_INTERNAL_ERROR;
}

}  // namespace

void Program::clear() {
  tried_ = compiled_ = false;
  ptx_.clear();
  cubin_.clear();
  lto_ir_.clear();
  log_.clear();
  names_.clear();
}

nvrtcResult Program::compile(const std::vector<std::string>& arguments) {
  clear();
  Result<Options> options = parse_options(arguments, default_arch);
  if (!options) {
    log_ = "nvrtc: error: " + options.error().message + "\n";
    return NVRTC_ERROR_INVALID_OPTION;
  }
  Result<std::string> root = toolkit_root();
  if (!root) {
    log_ = "nvrtc: error: " + root.error().text() + "\n";
    return NVRTC_ERROR_INTERNAL_ERROR;
  }
  frontend::Request& request = options->request;
  request.toolkit = *root;
  request.name_expressions = expressions_;
  if (callback_) request.cancelled = [this] { return callback_(payload_, nullptr) == 1; };
  Result<frontend::Compilation> done = frontend::compile(source_, request);
  tried_ = true;
  if (!done) {
    log_ = "nvrtc: error: " + done.error().text() + "\n";
    return code_of(done.error());
  }
  log_ = std::move(done->log);
  if (done->cancelled) return NVRTC_ERROR_CANCELLED;
  if (!options->time_file.empty() && !report_times(options->time_file, source_.name, *done, log_))
    return NVRTC_ERROR_TIME_FILE_WRITE_FAILED;
  if (done->time_trace_failed) return NVRTC_ERROR_TIME_TRACE_FILE_WRITE_FAILED;
  if (!done->succeeded) return NVRTC_ERROR_COMPILATION;
  compiled_ = true;
  names_ = std::move(done->lowered_names);
  switch (request.output) {
    case frontend::Output::Ptx: ptx_ = std::move(done->code); break;
    case frontend::Output::Bitcode: lto_ir_ = std::move(done->code); break;
    case frontend::Output::Nothing: break;
  }
  if (options->cubin && !ptx_.empty()) {
    toolchain::Image image;
    image.arch = request.device.arch;
    image.name = source_.name;
    image.bytes = ptx_;
    cubin_ = toolchain::write_fatbin({&image, 1});
  }
  return NVRTC_SUCCESS;
}

nvrtcResult Program::add_name(const char* expression) {
  if (tried_) return NVRTC_ERROR_NO_NAME_EXPRESSIONS_AFTER_COMPILATION;
  if (std::find(expressions_.begin(), expressions_.end(), expression) == expressions_.end()) expressions_.emplace_back(expression);
  return NVRTC_SUCCESS;
}

nvrtcResult Program::lowered_name(const char* expression, const char** name) {
  if (!compiled_) return NVRTC_ERROR_NO_LOWERED_NAMES_BEFORE_COMPILATION;
  auto at = std::find(expressions_.begin(), expressions_.end(), expression);
  if (at == expressions_.end() || names_[at - expressions_.begin()].empty()) return NVRTC_ERROR_NAME_EXPRESSION_NOT_VALID;
  *name = names_[at - expressions_.begin()].c_str();
  return NVRTC_SUCCESS;
}

void Program::set_callback(int (*callback)(void*, void*), void* payload) {
  callback_ = callback;
  payload_ = payload;
}

}  // namespace anywarp::nvrtc
