// PTX ISA, "Logic and Shift Instructions". Shift amounts are unsigned 32-bit values and clamp: beyond the width, shl and
// unsigned shr give zero and signed shr gives copies of the sign.
#include "lower/chapters.h"
#include "lower/lowering.h"

#include <llvm/IR/Intrinsics.h>

namespace anywarp::lower {

using llvm::Value;

void lower_logic(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  Value* a = lower.read(inst, 1, type);
  Value* result = nullptr;
  if (inst.opcode == "not") {
    result = lower.b.CreateNot(a);
  } else if (inst.opcode == "cnot") {
    result = lower.b.CreateZExt(lower.b.CreateICmpEQ(a, llvm::Constant::getNullValue(a->getType())), a->getType());
  } else {
    Value* b = lower.read(inst, 2, type);
    result = inst.opcode == "and" ? lower.b.CreateAnd(a, b) : inst.opcode == "or" ? lower.b.CreateOr(a, b) : lower.b.CreateXor(a, b);
  }
  lower.write(inst, 0, result, type);
}

// lop3: bit i of the table says whether the minterm of (a, b, c) = the bits of i is in the result. A few forms that
// compilers write are spelt as such; the rest is the sum of at most four minterms, complemented if there are more.
void lower_lop3(Lowering& lower, const Inst& inst) {
  const bool with_predicate = !inst.one_of({"and", "or"}).empty();
  Value *a = lower.read(inst, 1, kB32), *b = lower.read(inst, 2, kB32), *c = lower.read(inst, 3, kB32);
  auto table = lower.immediate(inst, 4);
  if (!table) return lower.unsupported(inst);
  unsigned lut = *table & 0xff;
  auto& build = lower.b;
  Value* result = nullptr;
  switch (lut) {
    case 0x00: result = build.getInt32(0); break;
    case 0xff: result = build.getInt32(~0u); break;
    case 0x80: result = build.CreateAnd(build.CreateAnd(a, b), c); break;
    case 0xfe: result = build.CreateOr(build.CreateOr(a, b), c); break;
    case 0x96: result = build.CreateXor(build.CreateXor(a, b), c); break;
    case 0xf8: result = build.CreateOr(a, build.CreateAnd(b, c)); break;
    case 0xea: result = build.CreateOr(build.CreateAnd(a, b), c); break;
    case 0xe0: result = build.CreateAnd(a, build.CreateOr(b, c)); break;
    case 0xa8: result = build.CreateAnd(build.CreateOr(a, b), c); break;
    case 0x78: result = build.CreateXor(a, build.CreateAnd(b, c)); break;
    case 0x6a: result = build.CreateXor(build.CreateAnd(a, b), c); break;
    case 0xca: result = build.CreateXor(build.CreateAnd(build.CreateXor(b, c), a), c); break;
    case 0xe8: result = build.CreateOr(build.CreateAnd(a, b), build.CreateAnd(c, build.CreateOr(a, b))); break;
    default: {
      const bool complement = llvm::popcount(lut) > 4;
      const unsigned minterms = complement ? ~lut & 0xff : lut;
      result = build.getInt32(0);
      for (unsigned i = 0; i < 8; ++i) {
        if (!(minterms >> i & 1)) continue;
        Value* term = build.CreateAnd(i & 4 ? a : build.CreateNot(a), i & 2 ? b : build.CreateNot(b));
        result = build.CreateOr(result, build.CreateAnd(term, i & 1 ? c : build.CreateNot(c)));
      }
      if (complement) result = build.CreateNot(result);
    }
  }
  if (!with_predicate) {
    lower.write(inst, 0, result, kB32);
    return;
  }
  // lop3.BoolOp d|p, a, b, c, lut, q
  Value* any = build.CreateICmpNE(result, build.getInt32(0));
  Value* q = lower.read_predicate(inst, 5);
  lower.write(inst, 0, result, kB32);
  lower.write_second(inst, 0, inst.has("and") ? build.CreateAnd(any, q) : build.CreateOr(any, q), kPredicate);
}

void lower_shift(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  const unsigned bits = type.bits();
  Value* a = lower.read(inst, 1, type);
  const bool left = inst.opcode == "shl", arithmetic = !left && type.is_signed();
  auto shift = [&](Value* amount) {
    return left ? lower.b.CreateShl(a, amount) : arithmetic ? lower.b.CreateAShr(a, amount) : lower.b.CreateLShr(a, amount);
  };
  if (auto amount = lower.immediate(inst, 2)) {
    const uint64_t by = *amount & 0xffffffff;
    if (by < bits)
      lower.write(inst, 0, shift(lower.constant(type, by)), type);
    else
      lower.write(inst, 0, arithmetic ? shift(lower.constant(type, bits - 1)) : lower.constant(type, 0), type);
    return;
  }
  Value* amount = lower.read(inst, 2, kU32);
  Value* last = lower.b.getInt32(bits - 1);
  Value* clamped = lower.b.CreateZExtOrTrunc(lower.intrinsic(llvm::Intrinsic::umin, {amount, last}), a->getType());
  Value* result = shift(clamped);
  if (!arithmetic) result = lower.b.CreateSelect(lower.b.CreateICmpUGT(amount, last), lower.constant(type, 0), result);
  lower.write(inst, 0, result, type);
}

// shf d, a, b, c: the pair b:a shifted by c; .l gives the upper word, .r the lower.
void lower_funnel(Lowering& lower, const Inst& inst) {
  Value *a = lower.read(inst, 1, kB32), *b = lower.read(inst, 2, kB32), *c = lower.read(inst, 3, kU32);
  const bool left = inst.has("l");
  Value* result = lower.intrinsic(left ? llvm::Intrinsic::fshl : llvm::Intrinsic::fshr, {b, a, c});
  if (inst.has("clamp")) {
    Value* all = lower.b.CreateICmpUGE(c, lower.b.getInt32(32));
    result = lower.b.CreateSelect(all, left ? a : b, result);
  }
  lower.write(inst, 0, result, kB32);
}

}  // namespace anywarp::lower
