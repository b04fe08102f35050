// CUDA C++ in memory becomes PTX or bitcode in memory: device code only, for one architecture, as NVRTC's programs are.
#pragma once

#include "base/result.h"
#include "toolchain/device_flags.h"

#include <functional>
#include <string>
#include <vector>

namespace anywarp::frontend {

struct Header {
  std::string name, text;  // the name as #include gives it
};

struct Source {
  std::string text;
  std::string name;  // as messages show it; #include "x" looks into its folder
  std::vector<Header> headers;
};

enum class Output { Ptx, Bitcode, Nothing };

struct Request {
  toolchain::DeviceOptions device;
  std::string toolkit;        // its root
  std::string std = "c++17";
  std::vector<std::string> preprocessor_flags;  // -Dx, -Ux, -Idir; -include and a file
  std::vector<std::string> name_expressions;
  Output output = Output::Ptx;
  bool default_device = false;        // what is not annotated is for the device
  bool source_folder = true;          // #include "x" looks into the source's folder
  bool no_warnings = false;
  bool error_numbers = false;
  int max_registers = 0;              // 0: no limit is written down
  std::string time_trace;             // a file for clang's trace of its own time; empty: none
  std::function<bool()> cancelled;    // asked now and then; may be empty
};

struct Timing {
  const char* phase;
  double milliseconds;
};

struct Compilation {
  bool succeeded = false, cancelled = false, time_trace_failed = false;
  std::string code;
  std::string log;                         // in nvcc's form
  std::vector<std::string> lowered_names;  // of the name expressions, in order, when it succeeded
  std::vector<std::string> static_variables;  // of the device, outside of namespaces
  std::vector<Timing> timings;
};

/// Compiles on a thread of its own, whose stack is deep enough for nested code. Any number of calls may run at once.
/// Errors are those of the machine (no toolkit, no memory, LLVM gave up); what is wrong with the source is in the log.
Result<Compilation> compile(const Source& source, const Request& request);

}  // namespace anywarp::frontend
