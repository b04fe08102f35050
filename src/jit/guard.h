// LLVM ends the process when it meets what it cannot do: report_fatal_error() aborts, an unhandled diagnostic exits. Under a
// guard both become an Error.
#pragma once

#include "base/result.h"

#include <functional>
#include <string>

namespace llvm {
class LLVMContext;
}

namespace anywarp::jit {

/// Runs `work`. A fatal error or an error diagnostic of LLVM within becomes the result, with `lost` set to true if LLVM
/// was left in the middle of something: then the context and its modules must be leaked, not destroyed.
Result<> guarded(llvm::LLVMContext& context, bool& lost, const std::function<Result<>()>& work);

}  // namespace anywarp::jit
