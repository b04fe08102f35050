// nvcc's options become a list of commands.
#pragma once

#include "base/result.h"
#include "toolchain/nvcc_options.h"
#include "toolchain/toolkit.h"

#include <string>
#include <vector>

namespace anywarp::toolchain {

/// One command. argv[0] is the program's path; `fatbinary` is our own and runs inside nvcc.
struct Step {
  std::vector<std::string> argv;
};

struct Plan {
  std::vector<Step> steps;
  std::string program;  // what -run runs
};

/// Requires: parse_nvcc made the options. `scratch` is the folder for intermediate files.
/// Errors: INVALID_VALUE for a combination that makes no sense.
Result<Plan> make_plan(const NvccOptions& options, const Toolkit& toolkit, const std::string& scratch);

/// A command as a shell would take it, quoted as nvcc quotes.
std::string shown(const Step& step);

/// The `#$ NAME=value` lines that precede the commands under -v; CMake reads them.
std::string settings(const Toolkit& toolkit);

}  // namespace anywarp::toolchain
