// After an engine: its code is one function of plain vector code, written block by block without looking back. Masks that
// are known to be full, values that nobody reads and loads of the same launch constant are for LLVM to clean up. Nothing
// here may vectorise again.
//
// A suspending kernel is a coroutine. As in LLVM's own pipelines, CoroEarly goes first, the function is simplified while
// it is whole (what is dead before the split needs no place in the frame), CoroSplit cuts it, and the parts are simplified
// again.
#include "opt/analyses.h"
#include "opt/fma.h"
#include "opt/jam.h"
#include "opt/latches.h"
#include "opt/narrow.h"
#include "opt/opt.h"
#include "opt/unroll.h"

#include <llvm/Analysis/CaptureTracking.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/Coroutines/CoroCleanup.h>
#include <llvm/Transforms/Coroutines/CoroEarly.h>
#include <llvm/Transforms/Coroutines/CoroSplit.h>
#include <llvm/Transforms/IPO/AlwaysInliner.h>
#include <llvm/Transforms/IPO/GlobalDCE.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/ADCE.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/GVN.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopDeletion.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/LoopRotation.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/SimpleLoopUnswitch.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>
#include <llvm/Transforms/Utils/LCSSA.h>
#include <llvm/Transforms/Utils/LoopSimplify.h>

namespace anywarp::opt {
namespace {

using namespace llvm;

bool has_coroutine(const Module& module) {
  return llvm::any_of(module, [](const Function& function) { return function.isPresplitCoroutine(); });
}

bool has_fma(const TargetMachine& machine) {
  return !machine.getTargetTriple().isX86() || machine.getMCSubtargetInfo()->checkFeatures("+fma");
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
  // The loops of slices side by side; what all slices of a block agree on is decided before their loop.
  list.addPass(createFunctionToLoopPassAdaptor(LoopRotatePass(/*EnableHeaderDuplication=*/false)));
  list.addPass(createFunctionToLoopPassAdaptor(SimpleLoopUnswitchPass(/*NonTrivial=*/true), /*UseMemorySSA=*/true));
  list.addPass(SimplifyCFGPass(control_flow()));
  list.addPass(LoopSimplifyPass());
  list.addPass(LCSSAPass());
  list.addPass(JamSlicesPass());
  // Which slices take part in a round of a tree, and with which lanes, is known of each slice.
  list.addPass(UnrollSlicesPass());
  list.addPass(GVNPass(GVNOptions().setPRE(false).setLoadPRE(false)));
  list.addPass(NarrowAccessesPass());
  list.addPass(InstCombinePass());
  list.addPass(ADCEPass());
  list.addPass(SimplifyCFGPass(control_flow()));
  // Between two barriers there may be nothing left to do for the slices.
  list.addPass(createFunctionToLoopPassAdaptor(LoopDeletionPass()));
  list.addPass(HoistLatchesPass());
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
  list.addPass(HoistLatchesPass());
  return list;
}

/// What is computed anew after a suspension instead of being saved: what is cheap, unless a loop computes it. Of that the last value is
/// wanted, and to have its operands ready the loop would save them in every round.
bool is_computed_anew(const Instruction& instruction, const SmallPtrSetImpl<const Instruction*>& in_loops) {
  return isa<CastInst, GetElementPtrInst, BinaryOperator, CmpInst, SelectInst>(instruction) && !in_loops.contains(&instruction);
}

/// Nobody knows an address in the frame but the coroutine itself, by the frame's.
bool has_private_frame(const Function& coroutine) {
  return none_of(instructions(coroutine), [](const Instruction& instruction) {
    return isa<AllocaInst>(instruction) && PointerMayBeCaptured(&instruction, /*ReturnCaptures=*/true);
  });
}

void split(Module& module, Analyses& analyses) {
  SmallPtrSet<const Instruction*, 32> in_loops;
  SmallVector<std::string> private_parts;
  for (Function& function : module) {
    if (!function.isPresplitCoroutine()) continue;
    const auto& loops = analyses.function.getResult<LoopAnalysis>(function);
    for (const Instruction& instruction : instructions(function))
      if (loops.getLoopFor(instruction.getParent())) in_loops.insert(&instruction);
    if (has_private_frame(function)) private_parts.push_back((function.getName() + ".resume").str());
  }
  std::function<bool(Instruction&)> anew = [&in_loops](Instruction& instruction) { return is_computed_anew(instruction, in_loops); };
  ModulePassManager list;
  list.addPass(createModuleToPostOrderCGSCCPassAdaptor(CoroSplitPass(anew, /*OptimizeFrame=*/true)));
  list.addPass(CoroCleanupPass());
  list.run(module, analyses.module);

  // What the frame holds can stay in registers while the kernel writes to memory.
  for (const std::string& name : private_parts)
    if (Function* part = module.getFunction(name)) part->addParamAttr(0, Attribute::NoAlias);
  ModulePassManager after;
  after.addPass(createModuleToFunctionPassAdaptor(simplify_parts()));
  after.addPass(GlobalDCEPass());
  after.run(module, analyses.module);
}

}  // namespace

Result<> vector(Module& module, TargetMachine& machine) {
  Analyses analyses(&machine);
  const bool coroutine = has_coroutine(module);
  ModulePassManager list;
  if (coroutine) list.addPass(CoroEarlyPass());
  if (!has_fma(machine)) list.addPass(createModuleToFunctionPassAdaptor(ExpandFmaPass()));
  list.addPass(createModuleToFunctionPassAdaptor(simplify()));
  list.addPass(AlwaysInlinerPass());
  // A value that a loop computes and that is read behind it crosses a suspension under a name of its own, so that it is saved once.
  if (coroutine) list.addPass(createModuleToFunctionPassAdaptor(LCSSAPass()));
  list.addPass(GlobalDCEPass());
  list.run(module, analyses.module);
  if (coroutine) split(module, analyses);
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
