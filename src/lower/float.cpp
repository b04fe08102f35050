// PTX ISA, "Floating-Point Instructions" for f32 and f64 (and the mixed-precision and f32x2 forms).
//
// Round-to-nearest is LLVM's own arithmetic and is never contracted: whoever wrote the PTX has decided on fma already. Directed
// rounding is devicelib's. `.ftz` flushes operands before and the result after the operation, which is what the ISA
// says and costs nothing for code that does not ask for it; approximate functions have `_ftz_` versions of their own.
#include "lower/chapters.h"
#include "lower/lowering.h"

#include <llvm/IR/Intrinsics.h>

namespace anywarp::lower {

using llvm::Value;

namespace {

/// Source `i` as the type of the result; the mixed-precision forms (add.f32.f16) widen it exactly.
Value* source(Lowering& lower, const Inst& inst, unsigned i, bool last = false) {
  Scalar from = last ? inst.type(0) : inst.type(1);
  Value* value = lower.flush(inst, lower.read(inst, i, from));
  return from == inst.type(0) ? value : lower.b.CreateFPExt(value, lower.type(inst.type(0)));
}

void finish(Lowering& lower, const Inst& inst, Value* result) {
  result = lower.flush(inst, result);
  lower.write(inst, 0, inst.has("sat") ? lower.saturate(result) : result, inst.type());
}

bool is_directed(std::string_view rounding) { return !rounding.empty() && rounding != "rn"; }

Value* directed(Lowering& lower, const Inst& inst, std::string_view op, llvm::ArrayRef<Value*> arguments) {
  const Scalar type = inst.type();
  const std::string_view words[] = {op, inst.rounding(), type.lane_bits == 64 ? "f64" : "f32"};
  if (type.lanes == 1) return lower.devicelib(words, arguments[0]->getType(), arguments);
  Value* result = llvm::PoisonValue::get(lower.type(type));
  for (unsigned lane = 0; lane < type.lanes; ++lane) {
    llvm::SmallVector<Value*, 3> lanes;
    for (Value* argument : arguments) lanes.push_back(lower.b.CreateExtractElement(argument, lane));
    result = lower.b.CreateInsertElement(result, lower.devicelib(words, lanes[0]->getType(), lanes), lane);
  }
  return result;
}

}  // namespace

void lower_fadd(Lowering& lower, const Inst& inst) {
  const bool mixed = inst.types.size() > 1 && inst.opcode != "mul";
  Value *a = source(lower, inst, 1), *b = source(lower, inst, 2, mixed);
  Value* result = nullptr;
  if (is_directed(inst.rounding()))
    result = directed(lower, inst, inst.opcode, {a, b});
  else if (inst.opcode == "add")
    result = lower.b.CreateFAdd(a, b);
  else if (inst.opcode == "sub")
    result = lower.b.CreateFSub(a, b);
  else
    result = lower.b.CreateFMul(a, b);
  finish(lower, inst, result);
}

// fma, and mad, which is fma on every architecture since sm_20.
void lower_ffma(Lowering& lower, const Inst& inst) {
  Value *a = source(lower, inst, 1), *b = source(lower, inst, 2), *c = source(lower, inst, 3, true);
  if (is_directed(inst.rounding()))
    finish(lower, inst, directed(lower, inst, "fma", {a, b, c}));
  else
    finish(lower, inst, lower.intrinsic(llvm::Intrinsic::fma, {a, b, c}));
}

void lower_fdiv(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  if (inst.has("approx") || inst.has("full")) {
    Value *a = lower.read(inst, 1, type), *b = lower.read(inst, 2, type);
    lower.write(inst, 0, lower.devicelib(inst, a->getType(), {a, b}), type);
    return;
  }
  Value *a = source(lower, inst, 1), *b = source(lower, inst, 2);
  finish(lower, inst, is_directed(inst.rounding()) ? directed(lower, inst, "div", {a, b}) : lower.b.CreateFDiv(a, b));
}

// rcp, sqrt, and the functions that exist approximate only: rsqrt, sin, cos, lg2, ex2, tanh.
void lower_ffunction(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  const std::string_view rounding = inst.rounding();
  if (inst.has("approx") || rounding.empty()) {
    Value* a = lower.read(inst, 1, type);
    lower.write(inst, 0, lower.devicelib(inst, a->getType(), {a}), type);
    return;
  }
  Value* a = source(lower, inst, 1);
  if (is_directed(rounding))
    finish(lower, inst, directed(lower, inst, inst.opcode, {a}));
  else if (inst.opcode == "rcp")
    finish(lower, inst, lower.b.CreateFDiv(lower.fp(type, 1.0), a));
  else if (inst.opcode == "sqrt")
    finish(lower, inst, lower.intrinsic(llvm::Intrinsic::sqrt, {a}));
  else
    lower.unsupported(inst);
}

void lower_fabs(Lowering& lower, const Inst& inst) {
  Value* a = source(lower, inst, 1);
  Value* result = inst.opcode == "neg" ? lower.b.CreateFNeg(a) : lower.intrinsic(llvm::Intrinsic::fabs, {a});
  lower.write(inst, 0, result, inst.type());
}

Value* minimum(Lowering& lower, const Inst& inst, Value* a, Value* b) {
  const bool least = inst.opcode == "min";
  llvm::Intrinsic::ID id = inst.has("NaN") ? (least ? llvm::Intrinsic::minimum : llvm::Intrinsic::maximum)
                                           : (least ? llvm::Intrinsic::minimumnum : llvm::Intrinsic::maximumnum);
  if (!inst.has("abs")) return lower.intrinsic(id, {a, b});
  // .xorsign.abs: the magnitude is that of the smaller (larger) magnitude, the sign the product's.
  Value* magnitude = lower.intrinsic(id, {lower.intrinsic(llvm::Intrinsic::fabs, {a}), lower.intrinsic(llvm::Intrinsic::fabs, {b})});
  if (!inst.has("xorsign")) return magnitude;
  llvm::Type* bits = lower.b.getIntNTy(a->getType()->getScalarSizeInBits());
  if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(a->getType())) bits = llvm::FixedVectorType::get(bits, vector->getNumElements());
  Value* sign = lower.b.CreateXor(lower.b.CreateBitCast(a, bits), lower.b.CreateBitCast(b, bits));
  return lower.intrinsic(llvm::Intrinsic::copysign, {magnitude, lower.b.CreateBitCast(sign, a->getType())});
}

// min, max with two or three sources: without .NaN, a NaN loses against a number; -0 is less than +0.
void lower_fmin(Lowering& lower, const Inst& inst) {
  Value* result = source(lower, inst, 1);
  for (unsigned i = 2; i < inst.operand_count(); ++i) result = minimum(lower, inst, result, source(lower, inst, i));
  lower.write(inst, 0, result, inst.type());
}

void lower_testp(Lowering& lower, const Inst& inst) {
  llvm::FPClassTest test = inst.has("finite")       ? llvm::fcFinite
                           : inst.has("infinite")   ? llvm::fcInf
                           : inst.has("number")     ? ~llvm::fcNan & llvm::fcAllFlags
                           : inst.has("notanumber") ? llvm::fcNan
                           : inst.has("normal")     ? llvm::fcNormal
                                                    : llvm::fcSubnormal;
  Value* a = lower.read(inst, 1, inst.type());
  lower.write(inst, 0, lower.b.createIsFPClass(a, test), kPredicate);
}

// copysign d, a, b: the sign of a on the value of b.
void lower_copysign(Lowering& lower, const Inst& inst) {
  Value *a = lower.read(inst, 1, inst.type()), *b = lower.read(inst, 2, inst.type());
  lower.write(inst, 0, lower.intrinsic(llvm::Intrinsic::copysign, {b, a}), inst.type());
}

}  // namespace anywarp::lower
