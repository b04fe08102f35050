// The ends of loops.
#pragma once

#include <llvm/IR/PassManager.h>

namespace anywarp::opt {

/// What a loop does between the branch that leaves it and its header is done before that branch, so that the branch is the loop's end.
struct HoistLatchesPass : llvm::PassInfoMixin<HoistLatchesPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace anywarp::opt
