// PTX ISA, "Comparison and Selection Instructions" for all types: set, setp, selp, slct.
//
// Of floating-point comparisons, eq ne lt le gt ge are false on NaN; equ neu ltu leu gtu geu are true; num and nan ask. A
// boolean operator combines the comparison t with a predicate c: p = t op c, and the second destination q = !t op c.
#include "lower/chapters.h"
#include "lower/lowering.h"

#include <llvm/IR/Intrinsics.h>

namespace anywarp::lower {
namespace {

using llvm::CmpInst;
using llvm::Value;

struct Comparison {
  std::string_view word;
  CmpInst::Predicate floating, is_signed, is_unsigned;
};

constexpr Comparison kComparisons[] = {
    {"eq", CmpInst::FCMP_OEQ, CmpInst::ICMP_EQ, CmpInst::ICMP_EQ},
    {"ne", CmpInst::FCMP_ONE, CmpInst::ICMP_NE, CmpInst::ICMP_NE},
    {"lt", CmpInst::FCMP_OLT, CmpInst::ICMP_SLT, CmpInst::ICMP_ULT},
    {"le", CmpInst::FCMP_OLE, CmpInst::ICMP_SLE, CmpInst::ICMP_ULE},
    {"gt", CmpInst::FCMP_OGT, CmpInst::ICMP_SGT, CmpInst::ICMP_UGT},
    {"ge", CmpInst::FCMP_OGE, CmpInst::ICMP_SGE, CmpInst::ICMP_UGE},
    {"lo", CmpInst::BAD_FCMP_PREDICATE, CmpInst::ICMP_ULT, CmpInst::ICMP_ULT},
    {"ls", CmpInst::BAD_FCMP_PREDICATE, CmpInst::ICMP_ULE, CmpInst::ICMP_ULE},
    {"hi", CmpInst::BAD_FCMP_PREDICATE, CmpInst::ICMP_UGT, CmpInst::ICMP_UGT},
    {"hs", CmpInst::BAD_FCMP_PREDICATE, CmpInst::ICMP_UGE, CmpInst::ICMP_UGE},
    {"equ", CmpInst::FCMP_UEQ, CmpInst::BAD_ICMP_PREDICATE, CmpInst::BAD_ICMP_PREDICATE},
    {"neu", CmpInst::FCMP_UNE, CmpInst::BAD_ICMP_PREDICATE, CmpInst::BAD_ICMP_PREDICATE},
    {"ltu", CmpInst::FCMP_ULT, CmpInst::BAD_ICMP_PREDICATE, CmpInst::BAD_ICMP_PREDICATE},
    {"leu", CmpInst::FCMP_ULE, CmpInst::BAD_ICMP_PREDICATE, CmpInst::BAD_ICMP_PREDICATE},
    {"gtu", CmpInst::FCMP_UGT, CmpInst::BAD_ICMP_PREDICATE, CmpInst::BAD_ICMP_PREDICATE},
    {"geu", CmpInst::FCMP_UGE, CmpInst::BAD_ICMP_PREDICATE, CmpInst::BAD_ICMP_PREDICATE},
    {"num", CmpInst::FCMP_ORD, CmpInst::BAD_ICMP_PREDICATE, CmpInst::BAD_ICMP_PREDICATE},
    {"nan", CmpInst::FCMP_UNO, CmpInst::BAD_ICMP_PREDICATE, CmpInst::BAD_ICMP_PREDICATE},
};

const Comparison* comparison_of(const Inst& inst) {
  for (std::string_view word : inst.words) {
    for (const Comparison& comparison : kComparisons) {
      if (comparison.word == word) return &comparison;
    }
  }
  return nullptr;
}

/// The comparison of sources 1 and 2; null and an error when it is none that the type has.
Value* compare(Lowering& lower, const Inst& inst, Scalar type) {
  const Comparison* comparison = comparison_of(inst);
  CmpInst::Predicate predicate = !comparison        ? CmpInst::BAD_ICMP_PREDICATE
                                 : type.is_float()  ? comparison->floating
                                 : type.is_signed() ? comparison->is_signed
                                                    : comparison->is_unsigned;
  if (predicate == CmpInst::BAD_ICMP_PREDICATE || predicate == CmpInst::BAD_FCMP_PREDICATE) {
    lower.unsupported(inst);
    return nullptr;
  }
  Value *a = lower.read(inst, 1, type), *b = lower.read(inst, 2, type);
  if (type.is_float()) return lower.b.CreateFCmp(predicate, lower.flush(inst, a), lower.flush(inst, b));
  return lower.b.CreateICmp(predicate, a, b);
}

Value* combine(Lowering& lower, const Inst& inst, Value* test, Value* c) {
  std::string_view op = inst.one_of({"and", "or", "xor"});
  if (op.empty() || !c) return test;
  return op == "and" ? lower.b.CreateAnd(test, c) : op == "or" ? lower.b.CreateOr(test, c) : lower.b.CreateXor(test, c);
}

/// The predicate of a boolean operator, one for all lanes, in the shape of `test`.
Value* third(Lowering& lower, const Inst& inst, Value* test) {
  if (inst.operand_count() < 4) return nullptr;
  Value* c = lower.read_predicate(inst, 3);
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(test->getType());
  return vector ? lower.b.CreateVectorSplat(vector->getNumElements(), c) : c;
}

}  // namespace

void lower_setp(Lowering& lower, const Inst& inst) {
  Value* test = compare(lower, inst, inst.type());
  if (!test) return;
  Value* c = third(lower, inst, test);
  if (test->getType()->isVectorTy()) {
    // setp.f16x2: p is the low lane, q the high one.
    Value* result = combine(lower, inst, test, c);
    lower.write(inst, 0, lower.b.CreateExtractElement(result, uint64_t{0}), kPredicate);
    lower.write_second(inst, 0, lower.b.CreateExtractElement(result, uint64_t{1}), kPredicate);
    return;
  }
  lower.write(inst, 0, combine(lower, inst, test, c), kPredicate);
  if (lower.has_second(inst, 0)) lower.write_second(inst, 0, combine(lower, inst, lower.b.CreateNot(test), c), kPredicate);
}

// set: all ones, or 1.0, where the comparison holds.
void lower_set(Lowering& lower, const Inst& inst) {
  Scalar to = inst.type(0), from = inst.type(1);
  Value* test = compare(lower, inst, from);
  if (!test) return;
  test = combine(lower, inst, test, third(lower, inst, test));
  if (to.is_float()) {
    lower.write(inst, 0, lower.b.CreateUIToFP(test, lower.type(to)), to);
    return;
  }
  if (from.lanes > 1) {
    Value* lanes = lower.b.CreateSExt(test, llvm::FixedVectorType::get(lower.b.getIntNTy(to.bits() / from.lanes), from.lanes));
    lower.write(inst, 0, lower.b.CreateBitCast(lanes, lower.type(to)), to);
    return;
  }
  lower.write(inst, 0, lower.b.CreateSExt(test, lower.type(to)), to);
}

void lower_selp(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  // The registers' own type, so that a selected float stays a float.
  llvm::Type* held = lower.register_type(inst, 0);
  Value *a = lower.read(inst, 1, type), *b = lower.read(inst, 2, type), *c = lower.read_predicate(inst, 3);
  if (held && held != a->getType() && held->getPrimitiveSizeInBits() == a->getType()->getPrimitiveSizeInBits()) {
    a = lower.coerce(a, held);
    b = lower.coerce(b, held);
  }
  lower.write(inst, 0, lower.b.CreateSelect(c, a, b), type);
}

void lower_slct(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type(0), by = inst.type(1);
  Value *a = lower.read(inst, 1, type), *b = lower.read(inst, 2, type), *c = lower.read(inst, 3, by);
  Value* zero = llvm::Constant::getNullValue(c->getType());
  Value* holds = by.is_float() ? lower.b.CreateFCmpOGE(lower.flush(inst, c), zero) : lower.b.CreateICmpSGE(c, zero);
  lower.write(inst, 0, lower.b.CreateSelect(holds, a, b), type);
}

}  // namespace anywarp::lower
