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
#include "opt/unroll.h"

#include <llvm/Analysis/AliasAnalysis.h>
#include <llvm/Analysis/AssumptionCache.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/OptimizationRemarkEmitter.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstrTypes.h>
#include <llvm/Transforms/Utils/LoopSimplify.h>
#include <llvm/Transforms/Utils/LoopUtils.h>
#include <llvm/Transforms/Utils/UnrollLoop.h>

namespace anywarp::opt {

using namespace llvm;

namespace {

constexpr unsigned kMostRounds = 16;
constexpr size_t kMostInstructions = 1500;  // of all rounds together

bool is_meeting(const Instruction& instruction) {
  const auto* call = dyn_cast<CallBase>(&instruction);
  return call && call->isConvergent();
}

bool has_meeting(const Loop& loop) {
  return any_of(loop.blocks(), [](const BasicBlock* block) { return any_of(*block, is_meeting); });
}

size_t instructions(const Loop& loop) {
  size_t count = 0;
  for (const BasicBlock* block : loop.blocks()) count += block->size();
  return count;
}

}  // namespace

PreservedAnalyses UnrollMeetingsPass::run(Function& function, FunctionAnalysisManager& analyses) {
  auto& loops = analyses.getResult<LoopAnalysis>(function);
  if (loops.empty()) return PreservedAnalyses::all();
  auto& dominators = analyses.getResult<DominatorTreeAnalysis>(function);
  auto& evolution = analyses.getResult<ScalarEvolutionAnalysis>(function);
  auto& assumptions = analyses.getResult<AssumptionAnalysis>(function);
  bool changed = false;
  for (bool again = true; again;) {
    again = false;
    for (Loop* loop : loops.getLoopsInPreorder()) {
      if (!loop->isInnermost() || !has_meeting(*loop)) continue;
      const unsigned rounds = evolution.getSmallConstantTripCount(loop);
      if (rounds == 0 || rounds > kMostRounds || rounds * instructions(*loop) > kMostInstructions) continue;
      simplifyLoop(loop, &dominators, &loops, &evolution, &assumptions, nullptr, /*PreserveLCSSA=*/false);
      formLCSSARecursively(*loop, dominators, &loops, &evolution);
      UnrollLoopOptions options{};
      options.Count = rounds;
      options.Force = true;
      const LoopUnrollResult result =
          UnrollLoop(loop, options, &loops, &evolution, &dominators, &assumptions, &analyses.getResult<TargetIRAnalysis>(function),
                     &analyses.getResult<OptimizationRemarkEmitterAnalysis>(function), /*PreserveLCSSA=*/true, nullptr,
                     &analyses.getResult<AAManager>(function));
      changed = true;
      if (result != LoopUnrollResult::FullyUnrolled) continue;
      again = true;  // the loop is gone, and the list with it
      break;
    }
  }
  return changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
}

}  // namespace anywarp::opt
