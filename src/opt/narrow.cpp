// The last rounds of a tree have work for 16, 8, 4, 2 lanes and one. As masked stores of whole vectors they would stall the processor: the
// next round reads elements of which some were stored just now and some before, and no store buffer hands those on. A plain store of
// just those elements it does, and the arithmetic between gets as narrow.
#include "opt/narrow.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/Support/MathExtras.h>

namespace anywarp::opt {

using namespace llvm;

namespace {

/// How many lanes at the front a constant mask has on, if it has no others and the number is a power of two; else 0.
unsigned lanes_in_front(const Value* mask) {
  const auto* constant = dyn_cast<Constant>(mask);
  const unsigned lanes = cast<FixedVectorType>(mask->getType())->getNumElements();
  unsigned on = 0;
  for (unsigned lane = 0; lane < lanes; ++lane) {
    const auto* bit = constant ? dyn_cast_or_null<ConstantInt>(constant->getAggregateElement(lane)) : nullptr;
    if (!bit || (bit->isOne() && on != lane)) return 0;
    on += bit->isOne();
  }
  return on < lanes && isPowerOf2_32(on) ? on : 0;
}

/// Lanes `from` on of a new vector of `lanes` lanes are poison (-1), the ones before stay.
SmallVector<int> first_lanes(unsigned lanes, unsigned from) {
  SmallVector<int> mask(lanes, -1);
  for (unsigned lane = 0; lane < from; ++lane) mask[lane] = int(lane);
  return mask;
}

bool narrow(IntrinsicInst& access) {
  const bool loads = access.getIntrinsicID() == Intrinsic::masked_load;
  if (!loads && access.getIntrinsicID() != Intrinsic::masked_store) return false;
  Value* pointer = access.getArgOperand(loads ? 0 : 1);
  const unsigned on = lanes_in_front(access.getArgOperand(loads ? 1 : 2));
  if (on == 0) return false;
  auto* type = cast<FixedVectorType>(loads ? access.getType() : access.getArgOperand(0)->getType());
  const unsigned lanes = type->getNumElements();
  const Align align = access.getParamAlign(loads ? 0 : 1).valueOrOne();
  IRBuilder<> b(&access);
  if (!loads) {
    Value* data = access.getArgOperand(0);
    b.CreateAlignedStore(on == 1 ? b.CreateExtractElement(data, uint64_t(0)) : b.CreateShuffleVector(data, first_lanes(on, on)), pointer,
                         align);
    return true;
  }
  Value* others = access.getArgOperand(2);
  Type* part = on == 1 ? type->getElementType() : FixedVectorType::get(type->getElementType(), on);
  Value* loaded = b.CreateAlignedLoad(part, pointer, align);
  Value* result = on == 1 ? b.CreateInsertElement(type, loaded, uint64_t(0)) : b.CreateShuffleVector(loaded, first_lanes(lanes, on));
  if (!isa<UndefValue>(others)) {
    SmallVector<int> either;
    for (unsigned lane = 0; lane < lanes; ++lane) either.push_back(int(lane < on ? lane : lanes + lane));
    result = b.CreateShuffleVector(result, others, either);
  }
  access.replaceAllUsesWith(result);
  return true;
}

}  // namespace

PreservedAnalyses NarrowAccessesPass::run(Function& function, FunctionAnalysisManager&) {
  bool changed = false;
  for (Instruction& instruction : make_early_inc_range(instructions(function)))
    if (auto* access = dyn_cast<IntrinsicInst>(&instruction); access && narrow(*access)) {
      access->eraseFromParent();
      changed = true;
    }
  if (!changed) return PreservedAnalyses::all();
  PreservedAnalyses kept;
  kept.preserveSet<CFGAnalyses>();
  return kept;
}

}  // namespace anywarp::opt
