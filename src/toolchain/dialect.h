// Source text that nvcc accepts and clang refuses, put into a form that both accept.
#pragma once

#include "base/result.h"
#include "toolchain/nvcc_options.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace anywarp::toolchain {

/// The text with what clang refuses changed; nothing when there is nothing to change. No line moves.
std::optional<std::string> in_clangs_dialect(std::string_view text);

/// The names that #include lines of a text give, in quotes or angle brackets.
std::vector<std::string> included_names(std::string_view text);

/// Looks through the CUDA sources and the headers that they find beside themselves or by -I. Where text has to be changed, writes
/// the changed text below `scratch` and an overlay that clang reads with -ivfsoverlay: diagnostics, __FILE__, dependencies and
/// debug information keep the names of the originals. Returns the overlay's path, or an empty string when no file needs it.
Result<std::string> write_overlay(const NvccOptions& options, const std::string& scratch);

}  // namespace anywarp::toolchain
