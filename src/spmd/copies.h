// What a thread copies between shared memory and elsewhere, in one piece.
#pragma once

#include <llvm/IR/Function.h>
#include <llvm/IR/PassManager.h>

namespace anywarp::spmd {

/// Joins loads and stores of neighbouring bytes to calls `aw.copy.BYTES.TO.FROM (ptr addrspace(TO), ptr addrspace(FROM), i64 STEP)`, 8 or
/// 16 bytes each, which the widener knows. STEP is how far the next tile is. Returns how many it made.
unsigned join_copies(llvm::Function& kernel, llvm::FunctionAnalysisManager& analyses);

/// The bytes that a call of the function copies; 0 if it is another one.
unsigned bytes_of_copy(llvm::StringRef name);

}  // namespace anywarp::spmd
