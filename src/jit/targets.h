// LLVM's code generators for the architectures that we make code for.
#pragma once

#include <llvm/MC/TargetRegistry.h>
#include <llvm/TargetParser/Triple.h>

#include <string>

namespace anywarp::jit {

/// Null, and what LLVM says of it, if this LLVM was built without it.
const llvm::Target* find_target(const llvm::Triple& triple, std::string& error);

}  // namespace anywarp::jit
