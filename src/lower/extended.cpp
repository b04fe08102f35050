// PTX ISA, "Extended-Precision Integer Arithmetic Instructions": the carry flag CC.CF, which is a register of the thread
// that only these instructions see.
#include "lower/chapters.h"
#include "lower/function_state.h"
#include "lower/lowering.h"

#include <llvm/IR/Intrinsics.h>

namespace anywarp::lower {
namespace {

using llvm::Value;

struct Sum {
  Value* value;
  Value* carry;
};

Sum with_carry(Lowering& lower, llvm::Intrinsic::ID id, Value* a, Value* b) {
  Value* both = lower.intrinsic(id, {a, b});
  return {lower.b.CreateExtractValue(both, 0), lower.b.CreateExtractValue(both, 1)};
}

/// a + b + CF, or a - (b + CF) with the borrow in CF.
Sum chained(Lowering& lower, bool subtract, Value* a, Value* b) {
  llvm::Intrinsic::ID id = subtract ? llvm::Intrinsic::usub_with_overflow : llvm::Intrinsic::uadd_with_overflow;
  Sum first = with_carry(lower, id, a, b);
  Value* in = lower.b.CreateZExt(lower.function.read_carry(lower), a->getType());
  Sum second = with_carry(lower, id, first.value, in);
  return {second.value, lower.b.CreateOr(first.carry, second.carry)};
}

void finish(Lowering& lower, const Inst& inst, Sum sum) {
  lower.write(inst, 0, sum.value, inst.type());
  if (inst.has("cc")) lower.function.write_carry(lower, sum.carry);
}

}  // namespace

// add.cc, addc, sub.cc, subc
void lower_carry(Lowering& lower, const Inst& inst) {
  Value *a = lower.read(inst, 1, inst.type()), *b = lower.read(inst, 2, inst.type());
  const bool subtract = inst.opcode == "sub" || inst.opcode == "subc";
  if (inst.opcode == "addc" || inst.opcode == "subc")
    finish(lower, inst, chained(lower, subtract, a, b));
  else
    finish(lower, inst, with_carry(lower, subtract ? llvm::Intrinsic::usub_with_overflow : llvm::Intrinsic::uadd_with_overflow, a, b));
}

// mad.cc, madc: the low or high half of the product, then the sum.
void lower_carry_mad(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  Value *a = lower.read(inst, 1, type), *b = lower.read(inst, 2, type), *c = lower.read(inst, 3, type);
  Value* product = nullptr;
  if (inst.has("hi")) {
    llvm::Type* wide = lower.type(type.widened());
    Value* x = type.is_signed() ? lower.b.CreateSExt(a, wide) : lower.b.CreateZExt(a, wide);
    Value* y = type.is_signed() ? lower.b.CreateSExt(b, wide) : lower.b.CreateZExt(b, wide);
    product = lower.b.CreateTrunc(lower.b.CreateLShr(lower.b.CreateMul(x, y), type.bits()), a->getType());
  } else {
    product = lower.b.CreateMul(a, b);
  }
  if (inst.opcode == "madc")
    finish(lower, inst, chained(lower, false, product, c));
  else
    finish(lower, inst, with_carry(lower, llvm::Intrinsic::uadd_with_overflow, product, c));
}

}  // namespace anywarp::lower
