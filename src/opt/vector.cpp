// After an engine: its code is one function of plain vector code, written block by block without looking back. Masks that
// are known to be full, values that nobody reads and loads of the same launch constant are for LLVM to clean up. Nothing
// here may vectorise again.
//
// A suspending kernel is a coroutine. As in LLVM's own pipelines, CoroEarly goes first, the function is simplified while
// it is whole (what is dead before the split needs no place in the frame), CoroSplit cuts it, and the parts are simplified
// again.
#include "opt/analyses.h"
#include "opt/opt.h"

#include <llvm/IR/Module.h>
#include <llvm/Transforms/Coroutines/CoroCleanup.h>
#include <llvm/Transforms/Coroutines/CoroEarly.h>
#include <llvm/Transforms/Coroutines/CoroSplit.h>
#include <llvm/Transforms/IPO/GlobalDCE.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/ADCE.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/GVN.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>

namespace anywarp::opt {
namespace {

using namespace llvm;

bool has_coroutine(const Module& module) {
  return llvm::any_of(module, [](const Function& function) { return function.isPresplitCoroutine(); });
}

SimplifyCFGOptions control_flow() { return SimplifyCFGOptions().convertSwitchRangeToICmp(true); }

FunctionPassManager simplify() {
  FunctionPassManager list;
  // Slots of values and masks become SSA values again.
  list.addPass(SROAPass(SROAOptions::ModifyCFG));
  list.addPass(EarlyCSEPass(/*UseMemorySSA=*/true));
  // Full and empty masks fold here, so branches on them are constant for SimplifyCFG.
  list.addPass(InstCombinePass());
  list.addPass(SimplifyCFGPass(control_flow()));
  // Broadcasts and addresses of launch constants leave the loops.
  list.addPass(createFunctionToLoopPassAdaptor(LICMPass(LICMOptions()), /*UseMemorySSA=*/true));
  list.addPass(GVNPass(GVNOptions().setPRE(false).setLoadPRE(false)));
  list.addPass(InstCombinePass());
  list.addPass(ADCEPass());
  list.addPass(SimplifyCFGPass(control_flow()));
  return list;
}

/// The parts of a coroutine reload their values from the frame.
FunctionPassManager simplify_parts() {
  FunctionPassManager list;
  list.addPass(SROAPass(SROAOptions::ModifyCFG));
  list.addPass(EarlyCSEPass(/*UseMemorySSA=*/true));
  list.addPass(SimplifyCFGPass(control_flow()));
  list.addPass(createFunctionToLoopPassAdaptor(LICMPass(LICMOptions()), /*UseMemorySSA=*/true));
  list.addPass(InstCombinePass());
  list.addPass(ADCEPass());
  return list;
}

}  // namespace

Result<> vector(Module& module, TargetMachine& machine) {
  Analyses analyses(&machine);
  ModulePassManager list;
  const bool coroutine = has_coroutine(module);
  if (coroutine) list.addPass(CoroEarlyPass());
  list.addPass(createModuleToFunctionPassAdaptor(simplify()));
  if (coroutine) {
    list.addPass(createModuleToPostOrderCGSCCPassAdaptor(CoroSplitPass(/*OptimizeFrame=*/true)));
    list.addPass(CoroCleanupPass());
    list.addPass(createModuleToFunctionPassAdaptor(simplify_parts()));
  }
  list.addPass(GlobalDCEPass());
  list.run(module, analyses.module);
  return {};
}

Result<> lower_coroutines(Module& module, TargetMachine& machine) {
  if (!has_coroutine(module)) return {};
  Analyses analyses(&machine);
  ModulePassManager list;
  list.addPass(CoroEarlyPass());
  list.addPass(createModuleToPostOrderCGSCCPassAdaptor(CoroSplitPass()));
  list.addPass(CoroCleanupPass());
  list.run(module, analyses.module);
  return {};
}

}  // namespace anywarp::opt
