// The order matters: registers must be SSA values before pointers can be followed through them, and the stack frame's address must be a
// pointer before SROA can take the frame apart.
#include "lower/finish.h"

#include "lower/devicelib_names.h"
#include "lower/pointers.h"

#include <llvm/Analysis/AssumptionCache.h>
#include <llvm/Analysis/CGSCCPassManager.h>
#include <llvm/Analysis/LoopAnalysisManager.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/PassManager.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Transforms/Scalar/ADCE.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/InstSimplifyPass.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Utils/Local.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

namespace anywarp::lower {

void finish(llvm::Function& function, llvm::ArrayRef<llvm::AllocaInst*> registers) {
  llvm::removeUnreachableBlocks(function);
  {
    llvm::DominatorTree dominators(function);
    llvm::PromoteMemToReg(registers, dominators);
  }

  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);

  llvm::FunctionPassManager early;
  early.addPass(llvm::InstSimplifyPass());
  early.addPass(llvm::EarlyCSEPass());
  early.run(function, functions);

  remove_double_flushes(function);
  recover_pointers(function);
  functions.invalidate(function, llvm::PreservedAnalyses::none());

  llvm::FunctionPassManager late;
  late.addPass(llvm::SROAPass(llvm::SROAOptions::PreserveCFG));
  late.addPass(llvm::EarlyCSEPass());
  late.addPass(llvm::ADCEPass());
  late.run(function, functions);
}

}  // namespace anywarp::lower
