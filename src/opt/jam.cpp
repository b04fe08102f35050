// A loop of each slice, such as that over the columns of a row or over the tiles of a matrix product, is a loop in the loop over
// the slices:
//
//     for each slice:                             for each 4 slices:
//       for (k...) sum += a[y][k] * b[k][x]   ->    for (k...) sum0 += a[y0][k] * b[k][x], sum1 += a[y1][k] * b[k][x], ...
//
// Several slices in one round use what they read in common once, have as many chains of dependent operations side by side, and go
// through memory in order where one slice alone would jump. Slices are warps, which nothing orders between two barriers, so there is
// nothing to prove about their memory; LLVM's unroll-and-jam does the rest. Left alone are loops that make calls or atomic accesses, and
// slices that use memory of the code's own in turn.
#include "opt/jam.h"

#include "kir/kir.h"

#include <llvm/Analysis/AssumptionCache.h>
#include <llvm/Analysis/CaptureTracking.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/OptimizationRemarkEmitter.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/Support/MathExtras.h>
#include <llvm/Transforms/Utils/LoopSimplify.h>
#include <llvm/Transforms/Utils/LoopUtils.h>
#include <llvm/Transforms/Utils/UnrollLoop.h>

#include <algorithm>

namespace anywarp::opt {

using namespace llvm;

namespace {

constexpr unsigned kMostSlices = 8;
constexpr unsigned kMostInstructions = 400;  // of a round of the inner loop, for all its slices

bool has_form(const Loop& loop) {
  return loop.isLoopSimplifyForm() && loop.isRotatedForm() && loop.getExitBlock() && loop.getExitingBlock();
}

/// Control goes through the inner loop in every round: what comes before it and behind it has no way around it.
bool always_runs(const Loop& outer, const Loop& inner, const DominatorTree& dominators) {
  for (const BasicBlock* block : outer.blocks()) {
    if (inner.contains(block) || dominators.dominates(inner.getLoopLatch(), block) || block == inner.getLoopPreheader()) continue;
    for (const BasicBlock* successor : successors(block))
      if (inner.contains(successor) || dominators.dominates(inner.getLoopLatch(), successor) || !outer.contains(successor) ||
          successor == outer.getHeader())
        return false;
  }
  return true;
}

/// The inner loop has as many rounds for each slice: its end hangs on nothing that the loop over the slices computes.
bool rounds_agree(const Loop& outer, const Loop& inner) {
  SmallPtrSet<const Value*, 16> seen;
  SmallVector<const Value*> work{cast<BranchInst>(inner.getLoopLatch()->getTerminator())->getCondition()};
  while (!work.empty()) {
    const auto* instruction = dyn_cast<Instruction>(work.pop_back_val());
    if (!instruction || !outer.contains(instruction) || !seen.insert(instruction).second) continue;
    if (!inner.contains(instruction) || instruction->mayReadFromMemory()) return false;
    if (isa<PHINode>(instruction) && instruction->getParent() != inner.getHeader()) return false;
    append_range(work, instruction->operands());
  }
  return true;
}

/// Where every slice makes as many rounds, although the loop's end compares what differs between them (`for (i = t; i < 4096; i += 256)`):
/// lets the end count rounds instead. Returns whether it did.
bool count_rounds(const Loop& inner, ScalarEvolution& evolution) {
  const SCEV* rounds = evolution.getBackedgeTakenCount(&inner);
  auto* end = dyn_cast<BranchInst>(inner.getLoopLatch()->getTerminator());
  if (isa<SCEVCouldNotCompute>(rounds) || isa<SCEVConstant>(rounds) || !end || !end->isConditional()) return false;
  const ConstantRange range = evolution.getUnsignedRange(rounds);
  const APInt* again = range.getSingleElement();
  if (!again) return false;
  IRBuilder<> b(&inner.getHeader()->front());
  PHINode* round = b.CreatePHI(rounds->getType(), 2, "round");
  round->addIncoming(Constant::getNullValue(round->getType()), inner.getLoopPreheader());
  b.SetInsertPoint(end);
  round->addIncoming(b.CreateAdd(round, ConstantInt::get(round->getType(), 1), "", /*HasNUW=*/true), inner.getLoopLatch());
  const bool ends_if_true = !inner.contains(end->getSuccessor(0));
  end->setCondition(b.CreateICmp(ends_if_true ? CmpInst::ICMP_EQ : CmpInst::ICMP_NE, round, b.getInt(*again)));
  evolution.forgetLoop(&inner);
  return true;
}

/// The address is another one for each slice.
bool differs_by_slice(Value* pointer, const Loop& slices, ScalarEvolution& evolution) {
  return SCEVExprContains(evolution.getSCEV(pointer), [&](const SCEV* part) {
    const auto* steps = dyn_cast<SCEVAddRecExpr>(part);
    return steps && steps->getLoop() == &slices;
  });
}

/// Addresses of the code's own memory are known where they are used. Local arrays of lanes that were left in memory are not: gathers, or
/// pointers that the program made, may go to them.
bool owns_hidden_memory(const Function& function) {
  return any_of(instructions(function), [](const Instruction& instruction) {
    return isa<AllocaInst>(instruction) && PointerMayBeCaptured(&instruction, /*ReturnCaptures=*/true);
  });
}

bool may_interleave(const Loop& slices, ScalarEvolution& evolution) {
  for (BasicBlock* block : slices.blocks())
    for (Instruction& instruction : *block) {
      if (!instruction.mayReadOrWriteMemory()) continue;
      if (instruction.isVolatile() || instruction.isAtomic()) return false;
      Value* pointer = getLoadStorePointerOperand(&instruction);
      if (const auto* intrinsic = dyn_cast<IntrinsicInst>(&instruction)) switch (intrinsic->getIntrinsicID()) {
          case Intrinsic::masked_load: pointer = intrinsic->getArgOperand(0); break;
          case Intrinsic::masked_store: pointer = intrinsic->getArgOperand(1); break;
          case Intrinsic::masked_gather:
          case Intrinsic::masked_scatter: continue;  // not of the code's own memory: that would be captured
          default: break;
        }
      if (!pointer) return false;
      if (isa<AllocaInst>(getUnderlyingObject(pointer)) && !differs_by_slice(pointer, slices, evolution)) return false;
    }
  return true;
}

/// Vector registers that a slice needs from one round of the loop to the next.
unsigned registers_of(const Loop& loop, unsigned bits) {
  unsigned count = 0;
  for (const PHINode& phi : loop.getHeader()->phis())
    if (const auto* vector = dyn_cast<FixedVectorType>(phi.getType()))
      count += unsigned(divideCeil(vector->getNumElements() * std::max(1u, vector->getScalarSizeInBits()), bits));
  return count;
}

unsigned instructions_of(const Loop& loop) {
  unsigned count = 0;
  for (const BasicBlock* block : loop.blocks()) count += unsigned(block->size());
  return count;
}

/// How many slices run side by side; 1: each for itself.
unsigned slices_together(const Loop& inner, unsigned slices, const TargetTransformInfo& target) {
  const unsigned bits = unsigned(target.getRegisterBitWidth(TargetTransformInfo::RGK_FixedWidthVector).getFixedValue());
  const unsigned all_registers = target.getNumberOfRegisters(target.getRegisterClassForType(true));
  // The other half is for operands.
  const unsigned needs = std::max(1u, registers_of(inner, bits)), size = std::max(1u, instructions_of(inner));
  unsigned together = std::min({kMostSlices, all_registers / 2 / needs, kMostInstructions / size});
  while (together > 1 && slices % together != 0) --together;
  return std::max(1u, together);
}

}  // namespace

PreservedAnalyses JamSlicesPass::run(Function& function, FunctionAnalysisManager& analyses) {
  auto& loops = analyses.getResult<LoopAnalysis>(function);
  if (loops.empty() || owns_hidden_memory(function)) return PreservedAnalyses::all();
  auto& dominators = analyses.getResult<DominatorTreeAnalysis>(function);
  auto& evolution = analyses.getResult<ScalarEvolutionAnalysis>(function);
  auto& assumptions = analyses.getResult<AssumptionAnalysis>(function);
  const auto& target = analyses.getResult<TargetIRAnalysis>(function);
  bool changed = false;
  SmallVector<Loop*> candidates;
  for (Loop* loop : loops.getLoopsInPreorder())
    if (findOptionMDForLoop(loop, kir::kSliceLoop) && loop->getSubLoops().size() == 1 && loop->getSubLoops()[0]->isInnermost())
      candidates.push_back(loop);
  for (Loop* loop : candidates) {
    Loop* inner = loop->getSubLoops()[0];
    const unsigned slices = evolution.getSmallConstantTripCount(loop);
    if (slices < 2 || !has_form(*loop) || !has_form(*inner) || !always_runs(*loop, *inner, dominators)) continue;
    if (!rounds_agree(*loop, *inner)) {
      if (!count_rounds(*inner, evolution)) continue;
      changed = true;
    }
    if (!may_interleave(*loop, evolution)) continue;
    const unsigned together = slices_together(*inner, slices, target);
    if (together < 2) continue;
    const LoopUnrollResult result =
        UnrollAndJamLoop(loop, together, slices, slices, /*UnrollRemainder=*/false, &loops, &evolution, &dominators, &assumptions, &target,
                         &analyses.getResult<OptimizationRemarkEmitterAnalysis>(function));
    changed |= result != LoopUnrollResult::Unmodified;
  }
  return changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
}

}  // namespace anywarp::opt
