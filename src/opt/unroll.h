// Loops around barriers and warp operations, and loops over slices.
#pragma once

#include <llvm/IR/PassManager.h>

namespace anywarp::opt {

/// Unrolls, in full, loops of a few rounds with convergent operations: barriers, shuffles, votes.
struct UnrollConvergentPass : llvm::PassInfoMixin<UnrollConvergentPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

/// Unrolls, in full, loops over slices (kir::kSliceLoop) in which it hangs on the number of the slice what there is to do.
struct UnrollSlicesPass : llvm::PassInfoMixin<UnrollSlicesPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace anywarp::opt
