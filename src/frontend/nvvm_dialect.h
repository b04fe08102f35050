// NVVM IR is LLVM IR with rules and intrinsics of its own.
#pragma once

#include "base/result.h"

namespace llvm {
class Module;
}

namespace anywarp::frontend {

/// Ensures: the module means to LLVM what NVVM's specification says. Errors: INVALID_VALUE for an intrinsic that is unknown, or whose
/// mode is no constant.
Result<> translate_nvvm_ir(llvm::Module& module);

}  // namespace anywarp::frontend
