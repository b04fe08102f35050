// PTX ISA, "Integer Arithmetic Instructions". Everything wraps unless `.sat` says otherwise; division by zero does not
// trap on a GPU, so it must not here: the quotient is all ones and the remainder is the dividend.
#include "lower/chapters.h"
#include "lower/lowering.h"

#include <llvm/IR/Intrinsics.h>

namespace anywarp::lower {

using llvm::Value;
using llvm::Intrinsic::ID;

void lower_add(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  Value *a = lower.read(inst, 1, type), *b = lower.read(inst, 2, type);
  const bool subtract = inst.opcode == "sub";
  Value* result = nullptr;
  if (inst.has("sat"))
    result = lower.intrinsic(subtract ? llvm::Intrinsic::ssub_sat : llvm::Intrinsic::sadd_sat, {a, b});
  else
    result = subtract ? lower.b.CreateSub(a, b) : lower.b.CreateAdd(a, b);
  lower.write(inst, 0, result, type);
}

namespace {

/// The product in double width. It fits, so LLVM may know that it does not wrap.
Value* wide_product(Lowering& lower, Value* a, Value* b, Scalar type) {
  llvm::Type* wide = lower.type(type.widened());
  Value* x = type.is_signed() ? lower.b.CreateSExt(a, wide) : lower.b.CreateZExt(a, wide);
  Value* y = type.is_signed() ? lower.b.CreateSExt(b, wide) : lower.b.CreateZExt(b, wide);
  return lower.b.CreateMul(x, y, "", !type.is_signed(), type.is_signed());
}

Value* high_half(Lowering& lower, Value* product, Scalar type) {
  return lower.b.CreateTrunc(lower.b.CreateLShr(product, type.bits()), lower.type(type));
}

}  // namespace

void lower_mul(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  Value *a = lower.read(inst, 1, type), *b = lower.read(inst, 2, type);
  if (inst.has("wide"))
    lower.write(inst, 0, wide_product(lower, a, b, type), type.widened());
  else if (inst.has("hi"))
    lower.write(inst, 0, high_half(lower, wide_product(lower, a, b, type), type), type);
  else
    lower.write(inst, 0, lower.b.CreateMul(a, b), type);
}

void lower_mad(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  Value *a = lower.read(inst, 1, type), *b = lower.read(inst, 2, type);
  if (inst.has("wide")) {
    Value* c = lower.read(inst, 3, type.widened());
    lower.write(inst, 0, lower.b.CreateAdd(wide_product(lower, a, b, type), c), type.widened());
    return;
  }
  Value* c = lower.read(inst, 3, type);
  Value* product = inst.has("hi") ? high_half(lower, wide_product(lower, a, b, type), type) : lower.b.CreateMul(a, b);
  Value* sum = inst.has("sat") ? lower.intrinsic(llvm::Intrinsic::sadd_sat, {product, c}) : lower.b.CreateAdd(product, c);
  lower.write(inst, 0, sum, type);
}

// mul24, mad24: the low 24 bits of each operand; .lo is bits 0..31 of the 48-bit product, .hi bits 16..47.
void lower_mul24(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  auto narrow = [&](unsigned i) {
    Value* shifted = lower.b.CreateShl(lower.read(inst, i, type), 8);
    return type.is_signed() ? lower.b.CreateAShr(shifted, 8) : lower.b.CreateLShr(shifted, 8);
  };
  Value *a = narrow(1), *b = narrow(2);
  Value* product = nullptr;
  if (inst.has("hi"))
    product = lower.b.CreateTrunc(lower.b.CreateLShr(wide_product(lower, a, b, type), 16), lower.type(type));
  else
    product = lower.b.CreateMul(a, b);
  if (inst.opcode == "mad24") {
    Value* c = lower.read(inst, 3, type);
    product = inst.has("sat") ? lower.intrinsic(llvm::Intrinsic::sadd_sat, {product, c}) : lower.b.CreateAdd(product, c);
  }
  lower.write(inst, 0, product, type);
}

// sad: c + |a - b|, the difference taken without overflow.
void lower_sad(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  Value *a = lower.read(inst, 1, type), *b = lower.read(inst, 2, type), *c = lower.read(inst, 3, type);
  Value* less = type.is_signed() ? lower.b.CreateICmpSLT(a, b) : lower.b.CreateICmpULT(a, b);
  Value* distance = lower.b.CreateSelect(less, lower.b.CreateSub(b, a), lower.b.CreateSub(a, b));
  lower.write(inst, 0, lower.b.CreateAdd(c, distance), type);
}

void lower_div(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  const bool remainder = inst.opcode == "rem";
  Value *a = lower.read(inst, 1, type), *b = lower.read(inst, 2, type);
  Value* zero = lower.constant(type, 0);
  Value* one = lower.constant(type, 1);
  Value* ones = llvm::Constant::getAllOnesValue(a->getType());
  Value* by_zero = lower.b.CreateICmpEQ(b, zero);
  Value* unsafe = by_zero;
  if (type.is_signed()) {
    // MIN / -1 wraps to MIN, as MIN / 1 gives; the remainders are 0 both.
    Value* least = llvm::ConstantInt::get(a->getType(), llvm::APInt::getSignedMinValue(type.bits()));
    Value* overflow = lower.b.CreateAnd(lower.b.CreateICmpEQ(a, least), lower.b.CreateICmpEQ(b, ones));
    unsafe = lower.b.CreateOr(by_zero, overflow);
  }
  Value* divisor = lower.b.CreateSelect(unsafe, one, b);
  if (remainder) {
    Value* result = type.is_signed() ? lower.b.CreateSRem(a, divisor) : lower.b.CreateURem(a, divisor);
    lower.write(inst, 0, lower.b.CreateSelect(by_zero, a, result), type);
  } else {
    Value* result = type.is_signed() ? lower.b.CreateSDiv(a, divisor) : lower.b.CreateUDiv(a, divisor);
    lower.write(inst, 0, lower.b.CreateSelect(by_zero, ones, result), type);
  }
}

void lower_abs(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  Value* a = lower.read(inst, 1, type);
  if (inst.opcode == "neg")
    lower.write(inst, 0, lower.b.CreateNeg(a), type);
  else
    lower.write(inst, 0, lower.b.CreateBinaryIntrinsic(llvm::Intrinsic::abs, a, lower.b.getFalse()), type);
}

void lower_min(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  Value *a = lower.read(inst, 1, type), *b = lower.read(inst, 2, type);
  const bool least = inst.opcode == "min";
  ID id =
      type.is_signed() ? (least ? llvm::Intrinsic::smin : llvm::Intrinsic::smax) : (least ? llvm::Intrinsic::umin : llvm::Intrinsic::umax);
  Value* result = lower.intrinsic(id, {a, b});
  if (inst.has("relu")) result = lower.intrinsic(llvm::Intrinsic::smax, {result, llvm::Constant::getNullValue(result->getType())});
  lower.write(inst, 0, result, type);
}

void lower_popc(Lowering& lower, const Inst& inst) {
  Value* count = lower.intrinsic(llvm::Intrinsic::ctpop, {lower.read(inst, 1, inst.type())});
  lower.write(inst, 0, lower.b.CreateZExtOrTrunc(count, lower.b.getInt32Ty()), kU32);
}

void lower_clz(Lowering& lower, const Inst& inst) {
  Value* count = lower.b.CreateBinaryIntrinsic(llvm::Intrinsic::ctlz, lower.read(inst, 1, inst.type()), lower.b.getFalse());
  lower.write(inst, 0, lower.b.CreateZExtOrTrunc(count, lower.b.getInt32Ty()), kU32);
}

// bfind: the position of the most significant bit that differs from the sign (of signed types), ~0 when there is none.
// With .shiftamt, the shift that moves it to the top.
void lower_bfind(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  Value* a = lower.read(inst, 1, type);
  if (type.is_signed()) a = lower.b.CreateXor(a, lower.b.CreateAShr(a, type.bits() - 1));
  Value* zeros = lower.b.CreateBinaryIntrinsic(llvm::Intrinsic::ctlz, a, lower.b.getFalse());
  zeros = lower.b.CreateZExtOrTrunc(zeros, lower.b.getInt32Ty());
  Value* position = inst.has("shiftamt") ? zeros : lower.b.CreateSub(lower.b.getInt32(type.bits() - 1), zeros);
  Value* none = lower.b.CreateICmpEQ(a, llvm::Constant::getNullValue(a->getType()));
  lower.write(inst, 0, lower.b.CreateSelect(none, lower.b.getInt32(~0u), position), kU32);
}

void lower_fns(Lowering& lower, const Inst& inst) {
  Value* arguments[] = {lower.read(inst, 1, kB32), lower.read(inst, 2, kB32), lower.read(inst, 3, kB32)};
  lower.write(inst, 0, lower.devicelib({"fns", "b32"}, lower.b.getInt32Ty(), arguments), kB32);
}

void lower_brev(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  lower.write(inst, 0, lower.intrinsic(llvm::Intrinsic::bitreverse, {lower.read(inst, 1, type)}), type);
}

// bfe: bits pos .. pos+len-1, both taken modulo 256; what lies beyond the top is the sign (or zero).
void lower_bfe(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  Value* a = lower.read(inst, 1, type);
  auto pos = lower.immediate(inst, 2), len = lower.immediate(inst, 3);
  const unsigned bits = type.bits();
  if (pos && len && (*pos & 255) + (*len & 255) <= bits && (*len & 255) != 0) {
    const unsigned left = bits - (*pos & 255) - (*len & 255), right = bits - (*len & 255);
    Value* top = lower.b.CreateShl(a, left);
    lower.write(inst, 0, type.is_signed() ? lower.b.CreateAShr(top, right) : lower.b.CreateLShr(top, right), type);
    return;
  }
  lower.write(inst, 0, lower.devicelib(inst, a->getType(), {a, lower.read(inst, 2, kU32), lower.read(inst, 3, kU32)}), type);
}

void lower_bfi(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  Value *a = lower.read(inst, 1, type), *b = lower.read(inst, 2, type);
  auto pos = lower.immediate(inst, 3), len = lower.immediate(inst, 4);
  const unsigned bits = type.bits();
  if (pos && len && (*pos & 255) + (*len & 255) <= bits) {
    const unsigned first = *pos & 255, count = *len & 255;
    llvm::APInt mask = llvm::APInt::getBitsSet(bits, first, first + count);
    Value* kept = lower.b.CreateAnd(b, llvm::ConstantInt::get(a->getType(), ~mask));
    Value* put = first == bits ? lower.constant(type, 0) : lower.b.CreateShl(a, first);
    put = lower.b.CreateAnd(put, llvm::ConstantInt::get(a->getType(), mask));
    lower.write(inst, 0, lower.b.CreateOr(kept, put), type);
    return;
  }
  lower.write(inst, 0, lower.devicelib(inst, a->getType(), {a, b, lower.read(inst, 3, kU32), lower.read(inst, 4, kU32)}), type);
}

void lower_bmsk(Lowering& lower, const Inst& inst) {
  Value* arguments[] = {lower.read(inst, 1, kB32), lower.read(inst, 2, kB32)};
  lower.write(inst, 0, lower.devicelib(inst, lower.b.getInt32Ty(), arguments), kB32);
}

// szext: the low b bits of a, sign- or zero-extended.
void lower_szext(Lowering& lower, const Inst& inst) {
  Value* arguments[] = {lower.read(inst, 1, inst.type()), lower.read(inst, 2, kU32)};
  lower.write(inst, 0, lower.devicelib(inst, lower.b.getInt32Ty(), arguments), inst.type());
}

// dp4a, dp2a: dot products of bytes (dp2a: of halfwords with bytes) that are accumulated in 32 bits.
void lower_dp(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type().is_signed() || inst.type(1).is_signed() ? Scalar{Scalar::Signed, 32, 1} : kU32;
  Value* arguments[] = {lower.read(inst, 1, kB32), lower.read(inst, 2, kB32), lower.read(inst, 3, type)};
  lower.write(inst, 0, lower.devicelib(inst, lower.b.getInt32Ty(), arguments), type);
}

}  // namespace anywarp::lower
