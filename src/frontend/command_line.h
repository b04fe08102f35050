// What clang's driver would hand to the compiler proper.
#pragma once

#include "base/result.h"
#include "frontend/compile.h"

#include <string>
#include <vector>

namespace anywarp::frontend {

/// The arguments of `clang -cc1` for the request's device options, standard and toolkit; nothing of what the source's owner gave.
/// CUDA's own headers are found last, so that what the owner names comes first.
Result<std::vector<std::string>> compiler_arguments(const Request& request, bool textures);

/// Whether the source may fetch from textures, or may include what does.
bool uses_textures(const Source& source, const Request& request);

/// Where clang is installed.
std::string clang_program();

}  // namespace anywarp::frontend
