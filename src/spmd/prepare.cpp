#include "spmd/prepare.h"

#include "spmd/intrinsics.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/ReplaceConstant.h>
#include <llvm/Transforms/Scalar/Scalarizer.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/FixIrreducible.h>
#include <llvm/Transforms/Utils/LCSSA.h>
#include <llvm/Transforms/Utils/LoopSimplify.h>
#include <llvm/Transforms/Utils/LowerSwitch.h>
#include <llvm/Transforms/Utils/UnifyFunctionExitNodes.h>

namespace anywarp::spmd {
namespace {

using namespace llvm;

Result<> check_calls(Function& kernel) {
  for (Instruction& instruction : instructions(kernel)) {
    auto* call = dyn_cast<CallBase>(&instruction);
    if (!call) continue;
    const Function* callee = call->getCalledFunction();
    if (!callee) return Error{CUDA_ERROR_NOT_SUPPORTED, "The vector engine does not take calls through a pointer.", kernel.getName().str()};
    if (!callee->isDeclaration() && !call->doesNotAccessMemory())
      return Error{CUDA_ERROR_NOT_SUPPORTED,
                   "The vector engine does not take the call of '" + callee->getName().str() + "', which could not be inlined.",
                   kernel.getName().str()};
  }
  return {};
}

/// A trap has no successor; its lanes leave by the return, like all others.
void unreachable_returns(Function& kernel) {
  for (BasicBlock& block : kernel)
    if (auto* end = dyn_cast<UnreachableInst>(block.getTerminator())) {
      ReturnInst::Create(kernel.getContext(), nullptr, end->getIterator());
      end->eraseFromParent();
    }
}

/// Constant expressions over globals become instructions, so that every address has a place in the code.
void expand_constants(Function& kernel) {
  SmallVector<Constant*> globals;
  for (GlobalVariable& variable : kernel.getParent()->globals()) globals.push_back(&variable);
  convertUsersOfConstantsToInstructions(globals, &kernel, /*RemoveDeadConstants=*/true, /*IncludeSelf=*/false);
}

void widen_indices(Function& kernel) {
  const DataLayout& layout = kernel.getDataLayout();
  for (Instruction& instruction : make_early_inc_range(instructions(kernel))) {
    auto* gep = dyn_cast<GetElementPtrInst>(&instruction);
    if (!gep || gep->getType()->isVectorTy()) continue;
    IRBuilder<> builder(gep);
    Type* index_type = layout.getIndexType(gep->getType());
    Type* current = gep->getSourceElementType();
    for (unsigned i = 1; i < gep->getNumOperands(); ++i) {
      Value* index = gep->getOperand(i);
      const bool into_struct = i > 1 && current->isStructTy();
      if (!into_struct && index->getType() != index_type) gep->setOperand(i, builder.CreateSExtOrTrunc(index, index_type));
      if (i > 1) current = GetElementPtrInst::getTypeAtIndex(current, index);
    }
  }
}

/// A barrier has a block for itself: where the slice is suspended nothing else happens, and the blocks beside it may have two versions.
void isolate_barriers(Function& kernel) {
  SmallVector<CallBase*> barriers;
  for (Instruction& instruction : instructions(kernel))
    if (auto* call = dyn_cast<CallBase>(&instruction); call && is_waiting_barrier(*call)) barriers.push_back(call);
  for (CallBase* barrier : barriers) {
    if (barrier != &*barrier->getParent()->getFirstNonPHIIt()) SplitBlock(barrier->getParent(), barrier->getIterator());
    const auto* jump = dyn_cast<BranchInst>(barrier->getNextNode());
    if (!jump || jump->isConditional()) SplitBlock(barrier->getParent(), barrier->getNextNode()->getIterator());
  }
}

/// The back edge gets a block of its own: all exits then leave from blocks before the latch. So does the way into the loop, if a barrier
/// is right before it: what starts behind the barrier is not the loop's header.
void part_loop_edges(Function& kernel, FunctionAnalysisManager& analyses) {
  auto& loops = analyses.getResult<LoopAnalysis>(kernel);
  auto& dominators = analyses.getResult<DominatorTreeAnalysis>(kernel);
  for (Loop* loop : loops.getLoopsInPreorder()) {
    const auto* before = dyn_cast<CallBase>(&loop->getLoopPreheader()->front());
    if (before && is_waiting_barrier(*before)) SplitEdge(loop->getLoopPreheader(), loop->getHeader(), &dominators, &loops);
    BasicBlock* latch = loop->getLoopLatch();
    if (latch->size() == 1 && latch != loop->getHeader() && cast<BranchInst>(latch->getTerminator())->isUnconditional()) continue;
    SplitEdge(latch, loop->getHeader(), &dominators, &loops);
  }
}

}  // namespace

Result<> prepare(Function& kernel, FunctionAnalysisManager& analyses) {
  AW_TRY(check_calls(kernel));
  unreachable_returns(kernel);
  expand_constants(kernel);
  widen_indices(kernel);
  isolate_barriers(kernel);
  analyses.invalidate(kernel, PreservedAnalyses::none());

  ScalarizerPassOptions scalarizer;
  scalarizer.ScalarizeLoadStore = true;
  FunctionPassManager passes;
  passes.addPass(ScalarizerPass(scalarizer));
  passes.addPass(LowerSwitchPass());
  passes.addPass(FixIrreduciblePass());
  passes.addPass(UnifyFunctionExitNodesPass());
  passes.addPass(LoopSimplifyPass());
  passes.addPass(LCSSAPass());
  passes.run(kernel, analyses);
  analyses.invalidate(kernel, PreservedAnalyses::none());

  part_loop_edges(kernel, analyses);
  analyses.invalidate(kernel, PreservedAnalyses::none());
  return {};
}

}  // namespace anywarp::spmd
