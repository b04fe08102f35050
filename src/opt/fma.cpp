// x86 before AVX2 has no fma, and LLVM calls libm's for one lane after the other. A product of floats is exact in double, so what is left
// is to round product + c once. Rounding it to double and then to float would round twice; it is right if the first rounding is to odd:
// a sum that is not exact takes, of its two neighbours in double, the one whose last bit is 1 (Boldo and Melquiond, "Emulation of a FMA
// and correctly rounded sums"). Double has more than the two bits beyond float's that this needs, in denormals even more.
//
//   sum = product + c, rounded to nearest; error = what that lost, exactly (Knuth's TwoSum)
//   where error != 0 and sum is even: the neighbour of sum in error's direction, which is one step of its bits
//
// Infinities and NaNs make the error NaN, and stay.
#include "opt/fma.h"

#include <llvm/ADT/STLExtras.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>

namespace anywarp::opt {

using namespace llvm;

namespace {

Value* expanded(IntrinsicInst& call) {
  IRBuilder<> b(&call);
  Type *type = call.getType(), *wide = type->getWithNewType(b.getDoubleTy()), *bits = type->getWithNewType(b.getInt64Ty());
  auto widened = [&](unsigned i) { return b.CreateFPExt(call.getArgOperand(i), wide); };
  Value *product = b.CreateFMul(widened(0), widened(1)), *c = widened(2);
  Value* sum = b.CreateFAdd(product, c);
  Value* part = b.CreateFSub(sum, product);
  Value* error = b.CreateFAdd(b.CreateFSub(product, b.CreateFSub(sum, part)), b.CreateFSub(c, part));

  Value *number = b.CreateBitCast(sum, bits), *one = ConstantInt::get(bits, 1), *zero = ConstantInt::get(bits, 0);
  Value* towards = b.CreateXor(number, b.CreateBitCast(error, bits));  // its sign: whether the magnitude shrinks
  Value* step = b.CreateOr(b.CreateAShr(towards, ConstantInt::get(bits, 63)), one);
  Value* even = b.CreateICmpEQ(b.CreateAnd(number, one), zero);
  Value* inexact = b.CreateFCmpONE(error, ConstantFP::get(wide, 0));
  Value* odd = b.CreateAdd(number, b.CreateSelect(b.CreateAnd(even, inexact), step, zero));
  return b.CreateFPTrunc(b.CreateBitCast(odd, wide), type);
}

}  // namespace

PreservedAnalyses ExpandFmaPass::run(Function& function, FunctionAnalysisManager&) {
  bool changed = false;
  for (Instruction& instruction : make_early_inc_range(instructions(function))) {
    auto* call = dyn_cast<IntrinsicInst>(&instruction);
    if (!call || call->getIntrinsicID() != Intrinsic::fma || !call->getType()->getScalarType()->isFloatTy()) continue;
    call->replaceAllUsesWith(expanded(*call));
    call->eraseFromParent();
    changed = true;
  }
  if (!changed) return PreservedAnalyses::all();
  PreservedAnalyses kept;
  kept.preserveSet<CFGAnalyses>();
  return kept;
}

}  // namespace anywarp::opt
