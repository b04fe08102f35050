// NVRTC's options, parsed.
#pragma once

#include "frontend/compile.h"

#include <string>
#include <vector>

namespace anywarp::nvrtc {

struct Options {
  frontend::Request request;
  bool cubin = false;              // -arch=sm_NN asks for machine code as well
  bool lto = false;                // -dlto
  bool syntax_only = false;
  bool pch = false;                // a precompiled header is asked for
  std::string time_file;           // "-": the log
};

/// Errors: INVALID_VALUE with the sentence that the log shows after "nvrtc: error: ".
Result<Options> parse_options(const std::vector<std::string>& arguments, const std::string& default_arch);

}  // namespace anywarp::nvrtc
