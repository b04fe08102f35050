// PTX ISA, "Data Movement and Conversion Instructions: cvt, cvt.pack".
//
// float -> integer saturates; NaN gives 0, but where the source is f64 or the destination has 64 bits it gives the top bit alone (the
// ISA's words). `.ftz` touches f32 sources and results only. Rounding other than to nearest, and the formats that LLVM has no
// type for, are devicelib's.
#include "lower/chapters.h"
#include "lower/lowering.h"

#include <llvm/IR/Intrinsics.h>

namespace anywarp::lower {
namespace {

using llvm::Value;

std::string_view format_name(Scalar scalar) {
  if (scalar.kind == Scalar::Brain) return "bf16";
  return scalar.lane_bits == 16 ? "f16" : scalar.lane_bits == 32 ? "f32" : "f64";
}

std::string integer_name(Scalar scalar) { return (scalar.is_signed() ? "s" : "u") + std::to_string(scalar.bits()); }

Value* flush_single(Lowering& lower, const Inst& inst, Value* value) {
  return value->getType()->isFloatTy() ? lower.flush(inst, value) : value;
}

/// .rni, .rzi, .rmi, .rpi: to an integral value.
Value* round_integral(Lowering& lower, const Inst& inst, Value* value) {
  std::string_view mode = inst.one_of({"rni", "rzi", "rmi", "rpi"});
  if (mode.empty()) return value;
  llvm::Intrinsic::ID id = mode == "rni"   ? llvm::Intrinsic::roundeven
                           : mode == "rzi" ? llvm::Intrinsic::trunc
                           : mode == "rmi" ? llvm::Intrinsic::floor
                                           : llvm::Intrinsic::ceil;
  return lower.intrinsic(id, {value});
}

Value* integer_to_integer(Lowering& lower, const Inst& inst, Scalar to, Scalar from) {
  Value* value = lower.read(inst, 1, from);
  auto limit = [&](llvm::Intrinsic::ID id, llvm::APInt bound) {
    value = lower.intrinsic(id, {value, llvm::ConstantInt::get(value->getType(), bound)});
  };
  if (inst.has("sat")) {
    const unsigned width = from.bits();
    if (from.is_signed() && !to.is_signed())
      limit(llvm::Intrinsic::smax, llvm::APInt::getZero(width));
    else if (from.is_signed() && to.bits() < width)
      limit(llvm::Intrinsic::smax, llvm::APInt::getSignedMinValue(to.bits()).sext(width));
    llvm::APInt top = to.is_signed() ? llvm::APInt::getSignedMaxValue(to.bits()) : llvm::APInt::getMaxValue(to.bits());
    if (to.bits() < width || (to.bits() == width && to.is_signed() && !from.is_signed()))
      limit(from.is_signed() ? llvm::Intrinsic::smin : llvm::Intrinsic::umin, top.zextOrTrunc(width));
  }
  return from.is_signed() ? lower.b.CreateSExtOrTrunc(value, lower.type(to)) : lower.b.CreateZExtOrTrunc(value, lower.type(to));
}

Value* float_to_integer(Lowering& lower, const Inst& inst, Scalar to, Scalar from) {
  Value* value = flush_single(lower, inst, lower.read(inst, 1, from));
  if (from.is_half()) value = lower.b.CreateFPExt(value, lower.b.getFloatTy());
  value = round_integral(lower, inst, value);
  llvm::Intrinsic::ID id = to.is_signed() ? llvm::Intrinsic::fptosi_sat : llvm::Intrinsic::fptoui_sat;
  Value* result = lower.b.CreateIntrinsic(id, {lower.type(to), value->getType()}, {value});
  if (from.bits() != 64 && to.bits() != 64) return result;
  Value* nan = lower.constant(to, uint64_t{1} << (to.bits() - 1));
  return lower.b.CreateSelect(lower.b.CreateFCmpUNO(value, value), nan, result);
}

Value* integer_to_float(Lowering& lower, const Inst& inst, Scalar to, Scalar from) {
  Value* value = lower.read(inst, 1, from);
  // A wide integer takes two roundings on its way to bfloat16, if LLVM goes there through binary32.
  const bool twice = to.kind == Scalar::Brain && from.bits() > 16;
  if (inst.rounding() != "rn" || twice) {
    if (from.bits() < 32) {
      from.lane_bits = 32;
      value = lower.coerce(value, lower.b.getInt32Ty(), from.is_signed());
    }
    return lower.devicelib({"cvt", inst.rounding(), format_name(to), integer_name(from)}, lower.type(to), {value});
  }
  return from.is_signed() ? lower.b.CreateSIToFP(value, lower.type(to)) : lower.b.CreateUIToFP(value, lower.type(to));
}

Value* narrowed(Lowering& lower, const Inst& inst, Value* value, Scalar to, Scalar from) {
  const std::string_view rounding = inst.rounding();
  const bool plain = rounding == "rn" && !(to.lane_bits == 16 && from.lane_bits == 64);
  if (plain && !inst.has("satfinite")) return lower.b.CreateFPTrunc(value, lower.type(to));
  if (inst.has("satfinite"))
    return lower.devicelib({"cvt", rounding, "satfinite", format_name(to), format_name(from)}, lower.type(to), {value});
  return lower.devicelib({"cvt", rounding, format_name(to), format_name(from)}, lower.type(to), {value});
}

Value* float_to_float(Lowering& lower, const Inst& inst, Value* value, Scalar to, Scalar from) {
  value = flush_single(lower, inst, value);
  if (to == from) {
    value = round_integral(lower, inst, value);
  } else if (to.lane_bits > from.lane_bits) {
    value = lower.b.CreateFPExt(value, lower.type(to));
  } else if (to.lane_bits < from.lane_bits) {
    value = narrowed(lower, inst, value, to, from);
  } else {
    value = narrowed(lower, inst, lower.b.CreateFPExt(value, lower.b.getFloatTy()), to, kF32);
  }
  value = flush_single(lower, inst, value);
  if (inst.has("relu")) {
    Value* zero = llvm::Constant::getNullValue(value->getType());
    value = lower.b.CreateSelect(lower.b.CreateFCmpOLE(value, zero), zero, value);
  }
  return inst.has("sat") ? lower.saturate(value) : value;
}

// cvt to or from a format without an LLVM type: the whole instruction is one devicelib function.
void convert_format(Lowering& lower, const Inst& inst, Scalar to, Scalar from) {
  const bool known = (to.kind == Scalar::Other && (inst.has("tf32") || inst.has("e4m3x2") || inst.has("e5m2x2"))) ||
                     (from.kind == Scalar::Other && (inst.has("e4m3x2") || inst.has("e5m2x2")));
  if (!known || inst.has("rs")) return lower.unsupported(inst);
  llvm::SmallVector<Value*, 2> arguments;
  for (unsigned i = 1; i < inst.operand_count(); ++i) arguments.push_back(lower.read(inst, i, from));
  lower.write(inst, 0, lower.devicelib(inst, lower.type(to), arguments), to);
}

// cvt.pack: two (and with c, more) saturated integers in one word, b in the lowest bits.
void convert_pack(Lowering& lower, const Inst& inst) {
  Scalar piece = inst.type(0), from = inst.type(1);
  if (inst.types.size() < 2 || from.bits() != 32 || piece.bits() > 16) return lower.unsupported(inst);
  llvm::Type* word = lower.b.getInt32Ty();
  auto clamp = [&](unsigned i) -> Value* {
    Value* value = lower.read(inst, i, from);
    llvm::APInt low = piece.is_signed() ? llvm::APInt::getSignedMinValue(piece.bits()).sext(32) : llvm::APInt::getZero(32);
    llvm::APInt high = (piece.is_signed() ? llvm::APInt::getSignedMaxValue(piece.bits()) : llvm::APInt::getMaxValue(piece.bits())).zext(32);
    if (from.is_signed())
      value = lower.intrinsic(llvm::Intrinsic::smin, {lower.intrinsic(llvm::Intrinsic::smax, {value, llvm::ConstantInt::get(word, low)}),
                                                      llvm::ConstantInt::get(word, high)});
    else
      value = lower.intrinsic(llvm::Intrinsic::umin, {value, llvm::ConstantInt::get(word, high)});
    return lower.b.CreateAnd(value, lower.b.getInt32((1u << piece.bits()) - 1));
  };
  Value* result = lower.b.CreateOr(lower.b.CreateShl(clamp(1), piece.bits()), clamp(2));
  if (inst.operand_count() > 3) result = lower.b.CreateOr(result, lower.b.CreateShl(lower.read(inst, 3, kB32), 2 * piece.bits()));
  lower.write(inst, 0, result, kB32);
}

}  // namespace

void lower_cvt(Lowering& lower, const Inst& inst) {
  if (inst.has("pack")) return convert_pack(lower, inst);
  Scalar to = inst.type(0), from = inst.type(1);
  if (inst.types.size() < 2 || inst.has("scaled::n2::ue8m0")) return lower.unsupported(inst);
  if (to.kind == Scalar::Other || from.kind == Scalar::Other) return convert_format(lower, inst, to, from);
  if (to.lanes == 2 && from.lanes == 1) {
    // cvt.rn.f16x2.f32 d, a, b: a goes to the upper half.
    if (inst.operand_count() != 3 || inst.rounding() == "rs") return lower.unsupported(inst);
    Value* high = float_to_float(lower, inst, lower.read(inst, 1, from), to.lane(), from);
    Value* low = float_to_float(lower, inst, lower.read(inst, 2, from), to.lane(), from);
    Value* pair = lower.b.CreateInsertElement(llvm::PoisonValue::get(lower.type(to)), low, uint64_t{0});
    lower.write(inst, 0, lower.b.CreateInsertElement(pair, high, uint64_t{1}), to);
    return;
  }
  if (to.lanes != from.lanes || to.lanes > 1) return lower.unsupported(inst);
  Value* result = nullptr;
  if (to.is_float() && from.is_float()) {
    result = float_to_float(lower, inst, lower.read(inst, 1, from), to, from);
  } else if (to.is_float()) {
    result = integer_to_float(lower, inst, to, from);
    if (inst.has("sat")) result = lower.saturate(result);
  } else {
    result = from.is_float() ? float_to_integer(lower, inst, to, from) : integer_to_integer(lower, inst, to, from);
  }
  lower.write(inst, 0, result, to);
}

}  // namespace anywarp::lower
