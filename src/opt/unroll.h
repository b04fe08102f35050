// Loops around barriers and warp operations.
#pragma once

#include <llvm/IR/PassManager.h>

namespace anywarp::opt {

/// Unrolls, in full, loops of a few rounds in which threads meet.
struct UnrollMeetingsPass : llvm::PassInfoMixin<UnrollMeetingsPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace anywarp::opt
