// PTX ISA, "Half Precision Floating-Point Instructions" for f16, bf16 and their pairs.
//
// add, sub and mul of binary16 and bfloat16 may be computed in binary32 and rounded again without error, which is what LLVM does. The
// same does not hold for fma, so that one is devicelib's; it works on scalars, and pairs are taken apart.
#include "lower/chapters.h"
#include "lower/lowering.h"

#include <llvm/IR/Intrinsics.h>

namespace anywarp::lower {
namespace {

using llvm::Value;

/// Applies a scalar function to each lane.
Value* by_lane(Lowering& lower, Scalar type, llvm::ArrayRef<Value*> arguments, llvm::function_ref<Value*(llvm::ArrayRef<Value*>)> scalar) {
  if (type.lanes == 1) return scalar(arguments);
  Value* result = llvm::PoisonValue::get(lower.type(type));
  for (unsigned lane = 0; lane < type.lanes; ++lane) {
    llvm::SmallVector<Value*, 3> lanes;
    for (Value* argument : arguments) lanes.push_back(lower.b.CreateExtractElement(argument, lane));
    result = lower.b.CreateInsertElement(result, scalar(lanes), lane);
  }
  return result;
}

std::string_view name_of(Scalar type) { return type.kind == Scalar::Brain ? "bf16" : "f16"; }

/// Saturation of each lane, or .relu: what is below zero becomes +0, NaN stays.
Value* finish(Lowering& lower, const Inst& inst, Value* value) {
  value = lower.flush(inst, value);
  if (inst.has("sat")) return lower.saturate(value);
  if (!inst.has("relu")) return value;
  Value* zero = llvm::Constant::getNullValue(value->getType());
  return lower.b.CreateSelect(lower.b.CreateFCmpOLE(value, zero), zero, value);
}

}  // namespace

void lower_hadd(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  Value* a = lower.flush(inst, lower.read(inst, 1, type));
  Value* b = lower.flush(inst, lower.read(inst, 2, type));
  Value* result = inst.opcode == "add"   ? lower.b.CreateFAdd(a, b)
                  : inst.opcode == "sub" ? lower.b.CreateFSub(a, b)
                                         : lower.b.CreateFMul(a, b);
  lower.write(inst, 0, finish(lower, inst, result), type);
}

void lower_hfma(Lowering& lower, const Inst& inst) {
  if (inst.has("oob")) return lower.unsupported(inst);
  Scalar type = inst.type();
  Value* arguments[] = {lower.flush(inst, lower.read(inst, 1, type)), lower.flush(inst, lower.read(inst, 2, type)),
                        lower.flush(inst, lower.read(inst, 3, type))};
  Value* result = by_lane(lower, type, arguments, [&](llvm::ArrayRef<Value*> lanes) {
    return lower.devicelib({"fma", "rn", name_of(type)}, lanes[0]->getType(), lanes);
  });
  lower.write(inst, 0, finish(lower, inst, result), type);
}

// tanh.approx, ex2.approx{.ftz}
void lower_hfunction(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  Value* argument = lower.read(inst, 1, type);
  Value* result = by_lane(lower, type, argument, [&](llvm::ArrayRef<Value*> lanes) {
    if (inst.has("ftz")) return lower.devicelib({inst.opcode, "approx", "ftz", name_of(type)}, lanes[0]->getType(), lanes);
    return lower.devicelib({inst.opcode, "approx", name_of(type)}, lanes[0]->getType(), lanes);
  });
  lower.write(inst, 0, result, type);
}

}  // namespace anywarp::lower
