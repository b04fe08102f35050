// Vector accesses of which some lanes are known to be off.
#pragma once

#include <llvm/IR/PassManager.h>

namespace anywarp::opt {

/// A masked load or store whose mask is a constant with its first 2^k lanes on becomes a plain access of 2^k elements.
struct NarrowAccessesPass : llvm::PassInfoMixin<NarrowAccessesPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace anywarp::opt
