// What PTX leaves to do is known: nvcc has optimised the program already, but every register is a variable again, every
// address is an integer that was a pointer once, and device functions come in from devicelib. So the list is short.
//
// Three things are left out on purpose. Jump threading duplicates code along paths and would pull apart the threads that
// meet at a barrier. Sinking and hoisting of common code moves operations between masks. Unrolling (but where threads meet) and the
// loop vectoriser would spend on one thread the registers that the lanes need.
#include "opt/opt.h"

#include "opt/addresses.h"
#include "opt/analyses.h"
#include "opt/inline_all.h"
#include "opt/unroll.h"

#include <llvm/IR/Module.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Transforms/IPO/AlwaysInliner.h>
#include <llvm/Transforms/IPO/GlobalDCE.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/ADCE.h>
#include <llvm/Transforms/Scalar/CorrelatedValuePropagation.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/GVN.h>
#include <llvm/Transforms/Scalar/InferAddressSpaces.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>

#include <mutex>

namespace anywarp::opt {
namespace {

using namespace llvm;

/// A target that only answers questions: that branches diverge, which address space is the flat one, what nvvm
/// intrinsics fold to.
std::unique_ptr<TargetMachine> gpu(const Triple& triple) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
  });
  std::string error;
  const llvm::Target* target = TargetRegistry::lookupTarget(triple, error);
  if (!target) return nullptr;
  return std::unique_ptr<TargetMachine>(target->createTargetMachine(triple, "sm_90", "", TargetOptions(), std::nullopt));
}

SimplifyCFGOptions control_flow() {
  // Tables would be new constants in memory, which kernel IR does not have.
  return SimplifyCFGOptions().convertSwitchRangeToICmp(true).convertSwitchToLookupTable(false).hoistCommonInsts(false).sinkCommonInsts(
      false);
}

FunctionPassManager passes() {
  FunctionPassManager list;
  // Registers first: nothing below sees through an alloca.
  list.addPass(SROAPass(SROAOptions::ModifyCFG));
  list.addPass(EarlyCSEPass());
  // Integer arithmetic on addresses becomes GEPs here, which InferAddressSpaces can follow.
  list.addPass(InstCombinePass());
  list.addPass(RecoverAddressesPass());
  // Shared and local accesses through generic pointers find their space, and with it that they do not alias.
  list.addPass(InferAddressSpacesPass());
  // A local array whose address was cast to generic is an ordinary one now.
  list.addPass(SROAPass(SROAOptions::ModifyCFG));
  // The ranges of tid and ctaid make index arithmetic nsw/nuw, and compares against the block's size constant.
  list.addPass(CorrelatedValuePropagationPass());
  list.addPass(SimplifyCFGPass(control_flow()));
  list.addPass(InstCombinePass());
  list.addPass(UnrollConvergentPass());
  list.addPass(SimplifyCFGPass(control_flow()));
  list.addPass(InstCombinePass());
  // Alias analysis is at its best here: spaces are known, addresses are simple.
  list.addPass(EarlyCSEPass(/*UseMemorySSA=*/true));
  list.addPass(createFunctionToLoopPassAdaptor(LICMPass(LICMOptions()), /*UseMemorySSA=*/true));
  // No PRE: it would add phis, hence blends, on paths that only some lanes take.
  list.addPass(GVNPass(GVNOptions().setPRE(false).setLoadPRE(false)));
  list.addPass(ADCEPass());
  list.addPass(SimplifyCFGPass(control_flow()));
  list.addPass(InstCombinePass());
  return list;
}

}  // namespace

Result<> scalar(kir::KernelModule& kernel) {
  Module& module = *kernel.module;
  const std::unique_ptr<TargetMachine> machine = gpu(module.getTargetTriple());
  if (!machine) return Error{CUDA_ERROR_NOT_SUPPORTED, "This LLVM was built without its NVPTX target.", kernel.kernel->getName().str()};
  mark_inlinable(module);

  Analyses analyses(machine.get());
  ModulePassManager list;
  list.addPass(AlwaysInlinerPass(/*InsertLifetime=*/false));
  list.addPass(GlobalDCEPass());
  list.addPass(createModuleToFunctionPassAdaptor(passes()));
  // Once more, for calls through pointers that have become direct; then what nobody calls any more goes.
  list.addPass(GlobalDCEPass());
  list.run(module, analyses.module);
  return {};
}

}  // namespace anywarp::opt
