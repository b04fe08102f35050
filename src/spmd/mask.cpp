#include "spmd/mask.h"

#include <llvm/IR/Constants.h>

namespace anywarp::spmd {

using namespace llvm;

Type* Masks::type() const { return FixedVectorType::get(registers_ ? b_.getInt1Ty() : b_.getInt32Ty(), width_); }
Value* Masks::none() const { return Constant::getNullValue(type()); }
Value* Masks::all() const { return Constant::getAllOnesValue(type()); }

Value* Masks::from_bools(Value* bools) { return registers_ ? bools : b_.CreateSExt(bools, type()); }

Value* Masks::to_bools(Value* mask) {
  if (!mask) return Constant::getAllOnesValue(FixedVectorType::get(b_.getInt1Ty(), width_));
  return registers_ ? mask : b_.CreateICmpSLT(mask, none());
}

Value* Masks::where(Value* mask, Value* bools) {
  Value* lanes = from_bools(b_.CreateFreeze(bools));
  return mask ? b_.CreateAnd(mask, lanes) : lanes;
}

Value* Masks::where_not(Value* mask, Value* bools) { return where(mask, b_.CreateNot(bools)); }

Value* Masks::when(Value* mask, Value* condition) { return b_.CreateSelect(condition, mask ? mask : all(), none()); }

Value* Masks::either(Value* a, Value* b) { return a && b ? b_.CreateOr(a, b) : all(); }

Value* Masks::any(Value* mask) {
  if (!mask) return b_.getTrue();
  Value* lanes = mask;
  uint32_t count = width_;
  if (!registers_) {
    // Halve to what one compare and movmsk take.
    for (; count > 8; count /= 2) {
      SmallVector<int, 32> low, high;
      for (uint32_t i = 0; i < count / 2; ++i) {
        low.push_back(int(i));
        high.push_back(int(i + count / 2));
      }
      lanes = b_.CreateOr(b_.CreateShuffleVector(lanes, low), b_.CreateShuffleVector(lanes, high));
    }
    lanes = b_.CreateICmpSLT(lanes, Constant::getNullValue(lanes->getType()));
  }
  return b_.CreateICmpNE(b_.CreateBitCast(lanes, b_.getIntNTy(count)), b_.getIntN(count, 0));
}

Value* Masks::bits(Value* mask) {
  if (!mask) return b_.getInt(APInt::getAllOnes(width_));
  return b_.CreateBitCast(to_bools(mask), b_.getIntNTy(width_));
}

Value* Masks::full(Value* mask) {
  if (!mask) return b_.getTrue();
  return b_.CreateICmpEQ(bits(mask), b_.getInt(APInt::getAllOnes(width_)));
}

Value* Masks::blend(Value* mask, Value* a, Value* b) { return mask ? b_.CreateSelect(to_bools(mask), a, b) : a; }

}  // namespace anywarp::spmd
