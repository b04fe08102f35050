// The header that every source sees, precompiled.
#pragma once

#include "base/result.h"
#include "frontend/compile.h"

#include <memory>
#include <string>
#include <vector>

namespace anywarp::frontend {

inline constexpr const char* prelude_header = "crt/nvrtc_runtime.h";

/// The prelude as a compilation with these arguments can load it: from this process, from the cache on disk, or made now.
/// Null when it cannot be made; the compilation then includes the header and says what is wrong with it.
std::shared_ptr<const std::string> prelude_for(const std::vector<std::string>& arguments, const Request& request);

}  // namespace anywarp::frontend
