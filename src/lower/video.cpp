// PTX ISA, "Video Instructions": scalar (vadd, vsub, vabsdiff, vmin, vmax, vshl, vshr, vmad, vset) and SIMD in a word (the same with 2 or
// 4, and vavrg).
//
// A scalar video instruction selects a byte, halfword or word of each source, extends it by its own type to more bits than
// any result needs, computes, saturates to the type of the result, and then either merges the result into a part of c or
// combines it with c: d = op2(op1(a.b1, b.h0), c). The SIMD ones do that for every lane, with selectors .b7210 of lanes over {b, a}.
#include "lower/chapters.h"
#include "lower/lowering.h"

#include <llvm/IR/Intrinsics.h>

namespace anywarp::lower {
namespace {

using llvm::Value;

Value* wide_limit(Lowering& lower, Value* value, llvm::Intrinsic::ID id, int64_t bound) {
  return lower.intrinsic(id, {value, lower.b.getInt64(bound)});
}

Value* saturated(Lowering& lower, Value* value, Scalar type) {
  const unsigned bits = type.bits();
  const int64_t low = type.is_signed() ? -(int64_t{1} << (bits - 1)) : 0;
  const int64_t high = type.is_signed() ? (int64_t{1} << (bits - 1)) - 1 : (int64_t{1} << bits) - 1;
  return wide_limit(lower, wide_limit(lower, value, llvm::Intrinsic::smax, low), llvm::Intrinsic::smin, high);
}

/// Bits first .. first+count-1 of a word, extended to 64 by the sign of `type`.
Value* field(Lowering& lower, Value* word, unsigned first, unsigned count, bool is_signed) {
  Value* part = lower.b.CreateTrunc(lower.b.CreateLShr(word, first), lower.b.getIntNTy(count));
  return is_signed ? lower.b.CreateSExt(part, lower.b.getInt64Ty()) : lower.b.CreateZExt(part, lower.b.getInt64Ty());
}

struct Selector {
  unsigned first = 0, count = 32;
};

/// ".b0" .. ".b3", ".h0", ".h1"; the whole word for anything else.
Selector selector(std::string_view word) {
  if (word.size() == 2 && word[0] == 'b' && word[1] <= '3') return {8u * (word[1] - '0'), 8};
  if (word.size() == 2 && word[0] == 'h' && word[1] <= '1') return {16u * (word[1] - '0'), 16};
  return {};
}

Value* compute(Lowering& lower, const Inst& inst, std::string_view op, Value* a, Value* b, bool is_signed) {
  auto& build = lower.b;
  if (op == "vadd") return build.CreateAdd(a, b);
  if (op == "vsub") return build.CreateSub(a, b);
  if (op == "vabsdiff") return build.CreateBinaryIntrinsic(llvm::Intrinsic::abs, build.CreateSub(a, b), build.getFalse());
  if (op == "vmin") return lower.intrinsic(llvm::Intrinsic::smin, {a, b});
  if (op == "vmax") return lower.intrinsic(llvm::Intrinsic::smax, {a, b});
  if (op == "vavrg") {
    // Rounded half away from zero.
    Value* sum = build.CreateAdd(a, b);
    Value* up = build.CreateAdd(sum, build.CreateZExt(build.CreateICmpSGE(sum, build.getInt64(0)), build.getInt64Ty()));
    return build.CreateAShr(up, 1);
  }
  if (op == "vset") {
    std::string_view how = inst.one_of({"eq", "ne", "lt", "le", "gt", "ge"});
    llvm::CmpInst::Predicate predicate = how == "eq"   ? llvm::CmpInst::ICMP_EQ
                                         : how == "ne" ? llvm::CmpInst::ICMP_NE
                                         : how == "lt" ? llvm::CmpInst::ICMP_SLT
                                         : how == "le" ? llvm::CmpInst::ICMP_SLE
                                         : how == "gt" ? llvm::CmpInst::ICMP_SGT
                                                       : llvm::CmpInst::ICMP_SGE;
    return build.CreateZExt(build.CreateICmp(predicate, a, b), build.getInt64Ty());
  }
  return nullptr;
}

Value* shifted(Lowering& lower, const Inst& inst, Value* a, Value* amount) {
  auto& build = lower.b;
  Value* limit = build.getInt64(32);
  Value* by = inst.has("wrap") ? build.CreateAnd(amount, build.getInt64(31)) : lower.intrinsic(llvm::Intrinsic::umin, {amount, limit});
  return inst.opcode == "vshl" ? build.CreateShl(a, by) : build.CreateAShr(a, by);
}

/// The second operation, or the merge into a part of c.
Value* finished(Lowering& lower, const Inst& inst, Value* result, Value* c, Scalar to, Selector part) {
  auto& build = lower.b;
  Value* word = build.CreateTrunc(result, build.getInt32Ty());
  if (!c) return word;
  std::string_view second = inst.one_of({"add", "min", "max"});
  if (second == "add") return build.CreateAdd(word, c);
  if (second == "min") return lower.intrinsic(to.is_signed() ? llvm::Intrinsic::smin : llvm::Intrinsic::umin, {word, c});
  if (second == "max") return lower.intrinsic(to.is_signed() ? llvm::Intrinsic::smax : llvm::Intrinsic::umax, {word, c});
  llvm::APInt mask = llvm::APInt::getBitsSet(32, part.first, part.first + part.count);
  Value* kept = build.CreateAnd(c, llvm::ConstantInt::get(lower.context, ~mask));
  Value* put = build.CreateAnd(build.CreateShl(word, part.first), llvm::ConstantInt::get(lower.context, mask));
  return build.CreateOr(kept, put);
}

}  // namespace

// op.dtype.atype.btype{.sat}{.op2} d{.part}, a{.part}, b{.part}{, c}
void lower_video(Lowering& lower, const Inst& inst) {
  // vset names only the types of its sources.
  const bool is_set = inst.opcode == "vset", is_mad = inst.opcode == "vmad";
  const Scalar to = is_set ? kU32 : inst.type(0), from_a = inst.type(is_set ? 0 : 1), from_b = inst.type(is_set ? 1 : 2);
  const bool is_shift = inst.opcode == "vshl" || inst.opcode == "vshr";
  auto source = [&](unsigned i, Scalar type) {
    Selector part = selector(lower.part(inst, i));
    return field(lower, lower.read(inst, i, kB32), part.first, part.count, type.is_signed());
  };
  Value *a = source(1, from_a), *b = source(2, from_b);
  Value* result = nullptr;
  if (is_mad) {
    // d = {-}(a * b) + {-}c, or + 1 with .po; then shifted right.
    Value* product = lower.b.CreateMul(a, b);
    Value* c = lower.read(inst, 3, to);
    c = to.is_signed() ? lower.b.CreateSExt(c, lower.b.getInt64Ty()) : lower.b.CreateZExt(c, lower.b.getInt64Ty());
    if (lower.is_negated(inst, 1) || lower.is_negated(inst, 2)) product = lower.b.CreateNeg(product);
    if (lower.is_negated(inst, 3)) c = lower.b.CreateNeg(c);
    result = lower.b.CreateAdd(product, c);
    if (inst.has("po")) result = lower.b.CreateAdd(result, lower.b.getInt64(1));
    std::string_view scale = inst.one_of({"shr7", "shr15"});
    if (!scale.empty()) result = lower.b.CreateAShr(result, scale == "shr7" ? 7 : 15);
  } else {
    result = is_shift ? shifted(lower, inst, a, b) : compute(lower, inst, inst.opcode, a, b, to.is_signed());
  }
  if (!result) return lower.unsupported(inst);
  Selector part = selector(lower.part(inst, 0));
  if (inst.has("sat")) result = saturated(lower, result, {to.kind, static_cast<uint16_t>(part.count), 1});
  Value* c = !is_mad && inst.operand_count() > 3 ? lower.read(inst, 3, kB32) : nullptr;
  lower.write(inst, 0, finished(lower, inst, result, c, to, part), to);
}

// vop2, vop4: op.dtype.atype.btype{.sat}{.add} d{.mask}, a{.lanes}, b{.lanes}, c
void lower_video_simd(Lowering& lower, const Inst& inst) {
  std::string_view op = inst.opcode;
  const unsigned lanes = op.back() - '0', width = 32 / lanes;
  op.remove_suffix(1);
  const bool is_set = op == "vset";
  const Scalar to = is_set ? kU32 : inst.type(0), from_a = inst.type(is_set ? 0 : 1), from_b = inst.type(is_set ? 1 : 2);
  // Selectors choose among the lanes of b and a as of one 64-bit word, .h3210 or .b76543210; left out, a's are a's and b's are b's.
  const std::string_view of_a = lanes == 2 ? "h10" : "b3210", of_b = lanes == 2 ? "h32" : "b7654";
  const std::string_view mask = lower.part(inst, 0), pick_a = lower.part(inst, 1), pick_b = lower.part(inst, 2);
  if (!(mask.empty() || mask == of_a) || !(pick_a.empty() || pick_a == of_a) || !(pick_b.empty() || pick_b == of_b))
    return lower.unsupported(inst, "selects lanes");
  Value *a = lower.read(inst, 1, kB32), *b = lower.read(inst, 2, kB32);
  Value* c = inst.has("add") ? lower.read(inst, 3, kB32) : nullptr;
  Value* word = lower.b.getInt32(0);
  for (unsigned lane = 0; lane < lanes; ++lane) {
    Value* x = field(lower, a, lane * width, width, from_a.is_signed());
    Value* y = field(lower, b, lane * width, width, from_b.is_signed());
    Value* result = compute(lower, inst, op, x, y, to.is_signed());
    if (!result) return lower.unsupported(inst);
    if (inst.has("sat")) result = saturated(lower, result, {to.kind, static_cast<uint16_t>(width), 1});
    result = lower.b.CreateTrunc(result, lower.b.getInt32Ty());
    if (c) {
      c = lower.b.CreateAdd(c, result);
      continue;
    }
    result = lower.b.CreateAnd(result, lower.b.getInt32((lanes == 2 ? 0xffffu : 0xffu)));
    word = lower.b.CreateOr(word, lower.b.CreateShl(result, lane * width));
  }
  lower.write(inst, 0, c ? c : word, to);
}

}  // namespace anywarp::lower
