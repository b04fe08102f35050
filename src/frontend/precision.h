// The precision of single-precision division and square root as a property of a module; to LLVM it is an option of the process.
#pragma once

#include "toolchain/device_flags.h"

namespace llvm {
class Module;
}

namespace anywarp::frontend {

/// Requires: the device library is linked, and nothing was optimised.
/// Ensures: LLVM's code for PTX has the divisions and square roots that the options ask for.
void set_precision(llvm::Module& module, const toolchain::DeviceOptions& options);

/// Lets each multiplication and each addition be fused with others, whatever the module says of it.
void allow_contraction(llvm::Module& module);

}  // namespace anywarp::frontend
