// InstCombine moves the steps of a loop's variables behind the branch that leaves the loop, where alone they are needed:
//
//   loop:  ...                                      loop:  ...
//          br %done, exit, step                            %next = add %i, 1
//   step:  %next = add %i, 1                 ->            br %done, exit, loop
//          br loop
//
// As it is, each round takes two jumps; a short loop, such as that over a row of a sparse matrix, feels the second one.
#include "opt/latches.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/Instructions.h>

namespace anywarp::opt {

using namespace llvm;

namespace {

constexpr size_t kMostSteps = 8;

bool hoist(BasicBlock& latch, BasicBlock& header) {
  BasicBlock* before = latch.getSinglePredecessor();
  auto *leaves = before ? dyn_cast<BranchInst>(before->getTerminator()) : nullptr, *back = dyn_cast<BranchInst>(latch.getTerminator());
  if (!leaves || !leaves->isConditional() || !back || back->isConditional() || latch.size() > kMostSteps + 1) return false;
  if (leaves->getSuccessor(0) == leaves->getSuccessor(1) || is_contained(successors(before), &header)) return false;
  if (!all_of(drop_end(latch), [](const Instruction& instruction) { return isSafeToSpeculativelyExecute(&instruction); })) return false;
  before->splice(leaves->getIterator(), &latch, latch.begin(), back->getIterator());
  leaves->replaceSuccessorWith(&latch, &header);
  header.replacePhiUsesWith(&latch, before);
  if (MDNode* properties = back->getMetadata(LLVMContext::MD_loop)) leaves->setMetadata(LLVMContext::MD_loop, properties);
  latch.eraseFromParent();
  return true;
}

}  // namespace

PreservedAnalyses HoistLatchesPass::run(Function& function, FunctionAnalysisManager& analyses) {
  SmallVector<std::pair<BasicBlock*, BasicBlock*>> ends;
  for (const Loop* loop : analyses.getResult<LoopAnalysis>(function).getLoopsInPreorder())
    if (BasicBlock* latch = loop->getLoopLatch(); latch && latch != loop->getHeader()) ends.push_back({latch, loop->getHeader()});
  bool changed = false;
  for (const auto& [latch, header] : ends) changed |= hoist(*latch, *header);
  return changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
}

}  // namespace anywarp::opt
