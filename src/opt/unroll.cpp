// A tree of sums
//
//     for (int half = blockDim.x / 2; half > 0; half /= 2) {
//       if (t < half) sums[t] += sums[t + half];
//       __syncthreads();
//     }
//
// has eight rounds once the block's size is known. Unrolled, `half` is a constant in each: which slices have work is known, so are the
// masks and the strides, and `offset = 16; offset > 0; offset /= 2` of a warp's reduction becomes five shuffles by constant lanes. nvcc
// has unrolled what it knew the length of; the block's size it did not know.
//
// Then a round is a loop over the slices in which `t < half` holds for some of them, for others not, and for the lanes at the front of one:
// unrolled, that loop too loses its tests, and the slices that have nothing to do. So does one whose rounds have much in common. Other
// loops over slices gain little, and compiling takes longer: only short ones unroll.
#include "opt/unroll.h"

#include "kir/kir.h"

#include <llvm/Analysis/AliasAnalysis.h>
#include <llvm/Analysis/AssumptionCache.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/OptimizationRemarkEmitter.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstrTypes.h>
#include <llvm/Transforms/Utils/LoopSimplify.h>
#include <llvm/Transforms/Utils/LoopUtils.h>
#include <llvm/Transforms/Utils/UnrollLoop.h>

#include <functional>

namespace anywarp::opt {

using namespace llvm;

namespace {

constexpr unsigned kMostRounds = 16;
// Instructions of all rounds together.
constexpr size_t kMostInstructions = 1500;

constexpr size_t kMostOfSlices = 800;
constexpr size_t kMostOfOtherSlices = 250;

bool is_convergent_call(const Instruction& instruction) {
  const auto* call = dyn_cast<CallBase>(&instruction);
  return call && call->isConvergent();
}

bool has_convergent_call(const Loop& loop) {
  return any_of(loop.blocks(), [](const BasicBlock* block) { return any_of(*block, is_convergent_call); });
}

size_t instructions(const Loop& loop) {
  size_t count = 0;
  for (const BasicBlock* block : loop.blocks()) count += block->size();
  return count;
}

/// A compare in the loop, besides that of its end, of which each round knows the result.
bool decides_by_round(const Loop& loop, ScalarEvolution& evolution) {
  const auto is_known = [&](Value* value) {
    const SCEV* expression = evolution.getSCEV(value);
    const auto* steps = dyn_cast<SCEVAddRecExpr>(expression);
    if (!steps) return isa<SCEVConstant>(expression);
    return steps->getLoop() == &loop && isa<SCEVConstant>(steps->getStart()) && isa<SCEVConstant>(steps->getStepRecurrence(evolution));
  };
  const auto* end = dyn_cast<BranchInst>(loop.getLoopLatch()->getTerminator());
  for (BasicBlock* block : loop.blocks())
    for (Instruction& instruction : *block)
      if (auto* compare = dyn_cast<ICmpInst>(&instruction);
          compare && compare->getType()->isIntegerTy() && end && compare != end->getCondition())
        if (evolution.isSCEVable(compare->getOperand(0)->getType()) && is_known(compare->getOperand(0)) && is_known(compare->getOperand(1)))
          return true;
  return false;
}

/// Vectors that every round reads, such as the columns of a tile: more than stay in registers beside what a round needs. Where the rounds
/// are written out, each is loaded next to its uses in all of them.
bool shares_much(const Loop& loop) {
  constexpr size_t kMuch = 8;
  SmallPtrSet<const Value*, 32> shared;
  for (const BasicBlock* block : loop.blocks())
    for (const Instruction& instruction : *block) {
      if (const auto* load = dyn_cast<LoadInst>(&instruction);
          load && load->getType()->isVectorTy() && loop.isLoopInvariant(load->getPointerOperand()))
        shared.insert(load);
      for (const Value* operand : instruction.operands())
        if (isa<Instruction>(operand) && operand->getType()->isVectorTy() && loop.isLoopInvariant(operand)) shared.insert(operand);
    }
  return shared.size() >= kMuch;
}

/// Unrolls loops with all that LLVM asks for.
class Unroller {
 public:
  Unroller(Function& function, FunctionAnalysisManager& analyses)
      : function_(function),
        analyses_(analyses),
        loops_(analyses.getResult<LoopAnalysis>(function)),
        evolution_(analyses.getResult<ScalarEvolutionAnalysis>(function)) {}

  ScalarEvolution& evolution() { return evolution_; }
  /// 0: not known.
  unsigned rounds(const Loop& loop) { return evolution_.getSmallConstantTripCount(&loop); }

  /// Unrolls, in full, every loop for which `choose` gives the number of its rounds and not 0.
  PreservedAnalyses run(const std::function<unsigned(const Loop&)>& choose) {
    bool changed = false;
    SmallPtrSet<const Loop*, 4> kept;
    for (bool again = true; again;) {
      again = false;
      for (Loop* loop : loops_.getLoopsInPreorder()) {
        const unsigned rounds = kept.contains(loop) ? 0 : choose(*loop);
        if (rounds == 0) continue;
        changed = again = true;
        if (!unroll(*loop, rounds)) kept.insert(loop);
        break;  // the list of loops is another one
      }
    }
    return changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
  }

 private:
  bool unroll(Loop& loop, unsigned rounds) {
    auto& dominators = analyses_.getResult<DominatorTreeAnalysis>(function_);
    auto& assumptions = analyses_.getResult<AssumptionAnalysis>(function_);
    simplifyLoop(&loop, &dominators, &loops_, &evolution_, &assumptions, nullptr, /*PreserveLCSSA=*/false);
    formLCSSARecursively(loop, dominators, &loops_, &evolution_);
    UnrollLoopOptions options{};
    options.Count = rounds;
    options.Force = true;
    return UnrollLoop(&loop, options, &loops_, &evolution_, &dominators, &assumptions, &analyses_.getResult<TargetIRAnalysis>(function_),
                      &analyses_.getResult<OptimizationRemarkEmitterAnalysis>(function_), /*PreserveLCSSA=*/true, nullptr,
                      &analyses_.getResult<AAManager>(function_)) == LoopUnrollResult::FullyUnrolled;
  }

  Function& function_;
  FunctionAnalysisManager& analyses_;
  LoopInfo& loops_;
  ScalarEvolution& evolution_;
};

}  // namespace

PreservedAnalyses UnrollConvergentPass::run(Function& function, FunctionAnalysisManager& analyses) {
  Unroller unroller(function, analyses);
  return unroller.run([&](const Loop& loop) -> unsigned {
    if (!loop.isInnermost() || !has_convergent_call(loop)) return 0;
    const unsigned rounds = unroller.rounds(loop);
    return rounds <= kMostRounds && rounds * instructions(loop) <= kMostInstructions ? rounds : 0;
  });
}

PreservedAnalyses UnrollSlicesPass::run(Function& function, FunctionAnalysisManager& analyses) {
  Unroller unroller(function, analyses);
  return unroller.run([&](const Loop& loop) -> unsigned {
    if (!loop.isInnermost() || !findOptionMDForLoop(&loop, kir::kSliceLoop)) return 0;
    const bool gains = decides_by_round(loop, unroller.evolution()) || shares_much(loop);
    const unsigned rounds = unroller.rounds(loop);
    return rounds * instructions(loop) <= (gains ? kMostOfSlices : kMostOfOtherSlices) ? rounds : 0;
  });
}

}  // namespace anywarp::opt
