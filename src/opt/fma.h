// Fused multiply-add where the processor has none.
#pragma once

#include <llvm/IR/PassManager.h>

namespace anywarp::opt {

/// llvm.fma of floats, also of vectors of them, becomes arithmetic in double with the same result. Of doubles it stays a call of libm's.
struct ExpandFmaPass : llvm::PassInfoMixin<ExpandFmaPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace anywarp::opt
