// A program of NVRTC: its source, and what its last compilation gave.
#pragma once

#include "frontend/compile.h"

#include <nvrtc.h>

#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace anywarp::nvrtc {

class Program {
 public:
  explicit Program(frontend::Source source) : source_(std::move(source)) {}

  nvrtcResult compile(const std::vector<std::string>& arguments);
  nvrtcResult add_name(const char* expression);
  nvrtcResult lowered_name(const char* expression, const char** name);
  void set_callback(int (*callback)(void*, void*), void* payload);

  // What there is; each is empty before a compilation, after a failed one, and when the options did not ask for it.
  const std::string& ptx() const { return ptx_; }
  const std::string& cubin() const { return cubin_; }
  const std::string& lto_ir() const { return lto_ir_; }
  const std::string& log() const { return log_; }

  /// Calls on one program wait for each other.
  std::mutex& lock() { return lock_; }

 private:
  void clear();

  std::mutex lock_;
  frontend::Source source_;
  std::vector<std::string> expressions_, names_;
  int (*callback_)(void*, void*) = nullptr;
  void* payload_ = nullptr;
  bool tried_ = false, compiled_ = false;
  std::string ptx_, cubin_, lto_ir_, log_;
};

}  // namespace anywarp::nvrtc
