// Known errors of LLVM 22's code generators, and code that keeps clear of them.
#pragma once

namespace llvm {
class Module;
class TargetMachine;
}  // namespace llvm

namespace anywarp::jit {

/// Rewrites what LLVM would translate wrongly, right before code is made: LLVM's own passes might turn it back.
void avoid_llvm_errors(llvm::Module& module, const llvm::TargetMachine& machine);

}  // namespace anywarp::jit
