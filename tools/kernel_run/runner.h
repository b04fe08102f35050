// Runs a test case on one engine, and compares what came out.
#pragma once

#include "kernel_run/case.h"

#include <memory>
#include <string>
#include <vector>

namespace anywarp::ptx {
class Module;
}

namespace anywarp::kernel_run {

struct Run {
  std::string engine;
  std::string error;                           // of the launch, without CUDA_ERROR_; empty: it went well
  std::vector<std::vector<uint8_t>> buffers;   // of each argument after the last launch
};

/// `engine`: "scalar", or the width of the vector engine. One worker, no cache: a run is deterministic.
/// Errors: those of loading, of compiling, and of the launch if the case expects none.
Result<Run> run(const Case& test, const std::shared_ptr<const ptx::Module>& module, const std::string& engine);

/// The assembly of the kernel of each launch, for `engine` ("vector": the width that the cost model chooses) and `target`, a name as
/// ANYWARP_TARGET takes it; code of a foreign processor is only shown.
Result<std::string> assembly(const Case& test, const ptx::Module& module, const std::string& engine, const std::string& target);

/// Writes the first differences to stderr; false when there is one. `want` may be shorter than `got`.
bool compare(const std::string& file, const Argument& argument, const std::vector<uint8_t>& got, const std::string& got_by,
             std::vector<uint8_t> want, const std::string& want_by, const Tolerance& tolerance);

/// Runs the case on all of its engines, checks what it expects, and the engines against the first of them.
bool run_all(const std::string& name, const Case& test, const std::shared_ptr<const ptx::Module>& module);

}  // namespace anywarp::kernel_run
