// ptx::Module -> kernel IR.
#pragma once

#include "kir/kir.h"

#include <string_view>

namespace anywarp::ptx {
class Module;
}

namespace anywarp::lower {

/// Lowers one kernel and every device function that it reaches.
/// Requires: `module` has passed ptx::verify. Ensures: kir::verify holds.
/// Errors: NOT_FOUND when no .entry has that name; NOT_SUPPORTED with "file:line:column: instruction ... is not
/// supported" for an instruction that is known but not lowered.
Result<kir::KernelModule> run(const ptx::Module& module, std::string_view kernel);

}  // namespace anywarp::lower
