// Addresses that are integers because they were passed to a function that is inlined now.
#pragma once

#include <llvm/IR/PassManager.h>

namespace anywarp::opt {

/// inttoptr of a sum with ptrtoint becomes a GEP, through phis and selects as well.
struct RecoverAddressesPass : llvm::PassInfoMixin<RecoverAddressesPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace anywarp::opt
