// The two pass lists: LLVM's optimiser before and after vectorisation.
#pragma once

#include "base/result.h"
#include "kir/kir.h"

namespace llvm {
class Module;
class TargetMachine;
}  // namespace llvm

namespace anywarp::opt {

/// Kernel IR to better kernel IR: everything inlined that can be, no memory for what fits in registers, address spaces
/// and ranges known. Barriers and warp operations stay where the program has them.
/// Requires: kir form, devicelib linked. Ensures: kir form.
Result<> scalar(kir::KernelModule& kernel);

/// Host code of an engine to better host code; splits the coroutine if the module has one.
/// Requires: jit::target() has prepared the module for `machine`.
Result<> vector(llvm::Module& module, llvm::TargetMachine& machine);

/// The least that code needs to be code: coroutines are split, nothing is optimised.
Result<> lower_coroutines(llvm::Module& module, llvm::TargetMachine& machine);

}  // namespace anywarp::opt
