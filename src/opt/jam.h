// Loops inside of loops over slices.
#pragma once

#include <llvm/IR/PassManager.h>

namespace anywarp::opt {

/// Runs the inner loop of several slices (kir::kSliceLoop) as one: round by round for all of them.
struct JamSlicesPass : llvm::PassInfoMixin<JamSlicesPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace anywarp::opt
