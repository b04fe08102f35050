// Arithmetic, casts, compares and aggregates, each in the cheapest form that its shape allows:
//
//   uniform    one scalar instruction, whatever the width
//   affine     the same instruction on the base of lane 0, and so of crossed values. Lane 0 may be inactive, and then the base may lie
//   where no active lane
//              is: it must wrap like the machine does, so nsw, nuw, inbounds and their like go
//   varying    one vector instruction for each scalar component of the type: <2 x half> is two vectors of halves
//
// Poison in an inactive lane stays in that lane. Only what looks at all lanes at once (masks, ballots, reductions) has to freeze.
#include "spmd/widen.h"

#include <llvm/IR/GetElementPtrTypeIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Operator.h>

#include <algorithm>

namespace anywarp::spmd {

using namespace llvm;

bool Widener::write_instruction(Instruction& instruction) {
  if (isa<PHINode>(instruction)) return true;  // the incoming edges have written it
  switch (instruction.getOpcode()) {
    case Instruction::Load: write_load(cast<LoadInst>(instruction)); return true;
    case Instruction::Store: write_store(cast<StoreInst>(instruction)); return true;
    case Instruction::AtomicRMW:
    case Instruction::AtomicCmpXchg: write_atomic(instruction); return true;
    case Instruction::Alloca: write_alloca(cast<AllocaInst>(instruction)); return true;
    case Instruction::Fence: write_fence(cast<FenceInst>(instruction)); return true;
    case Instruction::Call: return write_call(cast<CallInst>(instruction));
    default: break;
  }
  if (shapes_.uniform(&instruction)) {
    write_uniform(instruction);
    return true;
  }
  if (const Affine* shape = shapes_.shape(&instruction)) {
    write_affine(instruction, *shape);
    // Where the shape may not hold, the lanes are computed for themselves.
    return !shape->conditional || write_varying(instruction);
  }
  return write_varying(instruction);
}

void Widener::write_uniform(Instruction& instruction) {
  if (isa<AddrSpaceCastInst>(instruction)) {
    define_scalar(&instruction, scalar(instruction.getOperand(0)));
    return;
  }
  // Something that is uniform although its operands are not is computed by their bases.
  bool by_bases = false;
  SmallVector<Value*> operands;
  for (const Use& use : instruction.operands()) {
    by_bases |= !shapes_.uniform(use.get());
    operands.push_back(scalar(use.get()));
  }
  Instruction* copy = instruction.clone();
  for (unsigned i = 0; i < operands.size(); ++i) copy->setOperand(i, operands[i]);
  copy->mutateType(host_type(instruction.getType()));
  copy->setDebugLoc(DebugLoc());
  copy->dropUnknownNonDebugMetadata({LLVMContext::MD_range, LLVMContext::MD_invariant_load, LLVMContext::MD_fpmath});
  if (by_bases) copy->dropPoisonGeneratingAnnotations();
  define_scalar(&instruction, b_.Insert(copy, instruction.getName()));
}

void Widener::write_affine(Instruction& instruction, const Affine& shape) {
  Value* holds = nullptr;
  auto and_also = [&](Value* condition) {
    if (condition) holds = holds ? b_.CreateAnd(holds, condition) : condition;
  };
  Value* crossed = nullptr;
  for (const Use& use : instruction.operands()) {
    and_also(valid(use.get()));
    if (shape.crossing && !crossed) crossed = crossing(use.get());
  }

  Value* base = nullptr;
  Value* first = scalar(instruction.getOperand(0));
  Type* type = host_type(instruction.getType());
  switch (instruction.getOpcode()) {
    case Instruction::SExt:
    case Instruction::ZExt: {
      const Affine* before = shapes_.shape(instruction.getOperand(0));
      const bool exact = shapes_.exact_extension(&instruction);
      // Of a value that is not negative; the base may be, unless no bit of it meets the offsets.
      const bool is_signed = isa<SExtInst>(instruction) || (exact && !before->disjoint());
      base = is_signed ? b_.CreateSExt(first, type) : b_.CreateZExt(first, type);
      if (!exact) {
        const auto [low, high] = std::minmax_element(before->offsets.begin(), before->offsets.end());
        const unsigned bits = first->getType()->getIntegerBitWidth();
        const APInt above(bits, uint64_t(std::max<int64_t>(*high, 0))), below(bits, uint64_t(-std::min<int64_t>(*low, 0)));
        const APInt least = is_signed ? APInt::getSignedMinValue(bits) : APInt::getZero(bits);
        const APInt most = is_signed ? APInt::getSignedMaxValue(bits) : APInt::getMaxValue(bits);
        if (!above.isZero()) and_also(b_.CreateICmp(is_signed ? CmpInst::ICMP_SLE : CmpInst::ICMP_ULE, first, b_.getInt(most - above)));
        if (!below.isZero()) and_also(b_.CreateICmp(is_signed ? CmpInst::ICMP_SGE : CmpInst::ICMP_UGE, first, b_.getInt(least + below)));
      }
      break;
    }
    case Instruction::AddrSpaceCast:
    case Instruction::Freeze: base = first; break;
    case Instruction::Xor:
      if (shape.crossing && !crossed) {
        // The low bits of what is crossed with go with the lanes, the others with the base.
        const Value* left = instruction.getOperand(0);
        Value* with = scalar(shape.crossing);
        Value* low = ConstantInt::get(type, width_ - 1);
        crossed = b_.CreateZExtOrTrunc(b_.CreateAnd(with, low), b_.getInt32Ty());
        base = b_.CreateXor(scalar(left == shape.crossing ? instruction.getOperand(1) : left), b_.CreateAnd(with, b_.CreateNot(low)));
        break;
      }
      [[fallthrough]];
    default: {
      if (const auto* bits = dyn_cast<PossiblyDisjointInst>(&instruction); bits && bits->isDisjoint()) {
        // Disjoint in every active lane; the bases need not be.
        base = b_.CreateAdd(first, scalar(instruction.getOperand(1)));
        break;
      }
      Instruction* copy = instruction.clone();
      for (unsigned i = 0; i < instruction.getNumOperands(); ++i) copy->setOperand(i, scalar(instruction.getOperand(i)));
      copy->mutateType(type);
      copy->setDebugLoc(DebugLoc());
      copy->dropUnknownNonDebugMetadata({});
      copy->dropPoisonGeneratingAnnotations();
      base = b_.Insert(copy, instruction.getName());
    }
  }
  define_affine(&instruction, base, shape.conditional ? holds : nullptr, crossed);
}

namespace {

/// The components of the type that precede element `index` of it.
unsigned components_before(Type* type, unsigned index, function_ref<unsigned(Type*)> count) {
  if (auto* structure = dyn_cast<StructType>(type)) {
    unsigned before = 0;
    for (unsigned i = 0; i < index; ++i) before += count(structure->getElementType(i));
    return before;
  }
  return index * count(type->getContainedType(0));
}

/// Where in the components of `aggregate` the element at `indices` begins, and how many it has.
std::pair<unsigned, unsigned> component_range(Type* aggregate, ArrayRef<unsigned> indices, function_ref<unsigned(Type*)> count) {
  unsigned first = 0;
  for (unsigned index : indices) {
    first += components_before(aggregate, index, count);
    aggregate = isa<StructType>(aggregate) ? aggregate->getStructElementType(index) : aggregate->getContainedType(0);
  }
  return {first, count(aggregate)};
}

}  // namespace

bool Widener::write_varying(Instruction& instruction) {
  auto count = [&](Type* type) {
    SmallVector<Type*> types;
    component_types(type, types);
    return unsigned(types.size());
  };
  // One vector instruction a component, with the flags of the scalar one.
  auto each = [&](auto&& make) {
    Lanes result;
    const unsigned components = count(instruction.getType());
    for (unsigned i = 0; i < components; ++i) {
      Value* value = make(i);
      if (auto* made = dyn_cast<Instruction>(value); made && (isa<BinaryOperator, UnaryOperator, CastInst, CmpInst>(instruction)))
        if (made->getOpcode() == instruction.getOpcode()) made->copyIRFlags(&instruction);
      result.push_back(value);
    }
    define_lanes(&instruction, std::move(result));
    return true;
  };
  auto in = [&](unsigned i) { return lanes(instruction.getOperand(i)); };

  if (auto* binary = dyn_cast<BinaryOperator>(&instruction)) {
    const Lanes left = in(0), right = in(1);
    return each([&](unsigned i) {
      Value* divisor = right[i];
      if (binary->isIntDivRem()) divisor = safe_divisor(binary, left[i], divisor);
      return b_.CreateBinOp(binary->getOpcode(), left[i], divisor);
    });
  }
  switch (instruction.getOpcode()) {
    case Instruction::FNeg: {
      const Lanes from = in(0);
      return each([&](unsigned i) { return b_.CreateFNeg(from[i]); });
    }
    case Instruction::Freeze: {
      const Lanes from = in(0);
      return each([&](unsigned i) { return b_.CreateFreeze(from[i]); });
    }
    case Instruction::ICmp:
    case Instruction::FCmp: {
      const Lanes left = in(0), right = in(1);
      return each([&](unsigned i) { return b_.CreateCmp(cast<CmpInst>(instruction).getPredicate(), left[i], right[i]); });
    }
    case Instruction::Select: {
      const auto& select = cast<SelectInst>(instruction);
      const Lanes yes = lanes(select.getTrueValue()), no = lanes(select.getFalseValue());
      if (shapes_.uniform(select.getCondition()) && !select.getCondition()->getType()->isVectorTy()) {
        Value* condition = scalar(select.getCondition());
        return each([&](unsigned i) { return b_.CreateSelect(condition, yes[i], no[i]); });
      }
      const Lanes condition = lanes(select.getCondition());
      return each([&](unsigned i) { return b_.CreateSelect(condition[condition.size() > 1 ? i : 0], yes[i], no[i]); });
    }
    case Instruction::BitCast: return write_bitcast(cast<CastInst>(instruction));
    case Instruction::AddrSpaceCast: define_lanes(&instruction, in(0)); return true;
    case Instruction::GetElementPtr:
      if (instruction.getType()->isVectorTy()) return false;
      write_gep(cast<GetElementPtrInst>(instruction));
      return true;
    case Instruction::ExtractValue: {
      const auto& extract = cast<ExtractValueInst>(instruction);
      const Lanes from = in(0);
      const auto [first, number] = component_range(extract.getAggregateOperand()->getType(), extract.getIndices(), count);
      define_lanes(&instruction, Lanes(from.begin() + first, from.begin() + first + number));
      return true;
    }
    case Instruction::InsertValue: {
      const auto& insert = cast<InsertValueInst>(instruction);
      Lanes result = in(0);
      const Lanes part = in(1);
      const auto [first, number] = component_range(insert.getType(), insert.getIndices(), count);
      std::copy(part.begin(), part.end(), result.begin() + first);
      define_lanes(&instruction, std::move(result));
      return true;
    }
    case Instruction::ExtractElement: {
      const Lanes from = in(0);
      if (const auto* index = dyn_cast<ConstantInt>(instruction.getOperand(1))) {
        define(&instruction, from[index->getZExtValue() < from.size() ? index->getZExtValue() : 0]);
        return true;
      }
      Value* index = vector(instruction.getOperand(1));
      Value* result = from[0];
      for (unsigned i = 1; i < from.size(); ++i)
        result = b_.CreateSelect(b_.CreateICmpEQ(index, ConstantInt::get(index->getType(), i)), from[i], result);
      define(&instruction, result);
      return true;
    }
    case Instruction::InsertElement: {
      Lanes result = in(0);
      Value* part = vector(instruction.getOperand(1));
      if (const auto* index = dyn_cast<ConstantInt>(instruction.getOperand(2))) {
        if (index->getZExtValue() < result.size()) result[index->getZExtValue()] = part;
      } else {
        Value* at = vector(instruction.getOperand(2));
        for (unsigned i = 0; i < result.size(); ++i)
          result[i] = b_.CreateSelect(b_.CreateICmpEQ(at, ConstantInt::get(at->getType(), i)), part, result[i]);
      }
      define_lanes(&instruction, std::move(result));
      return true;
    }
    case Instruction::ShuffleVector: {
      const auto& shuffle = cast<ShuffleVectorInst>(instruction);
      const Lanes left = in(0), right = in(1);
      Lanes result;
      for (int from : shuffle.getShuffleMask())
        result.push_back(from < 0                       ? PoisonValue::get(left[0]->getType())
                         : unsigned(from) < left.size() ? left[unsigned(from)]
                                                        : right[unsigned(from) - left.size()]);
      define_lanes(&instruction, std::move(result));
      return true;
    }
    default: break;
  }
  if (auto* cast_to = dyn_cast<CastInst>(&instruction)) {
    SmallVector<Type*> types;
    component_types(cast_to->getDestTy(), types);
    const Lanes from = in(0);
    if (from.size() != types.size()) return false;
    return each([&](unsigned i) { return b_.CreateCast(cast_to->getOpcode(), from[i], wide(types[i])); });
  }
  return false;
}

/// A base that all lanes share stays scalar: the back end finds the addressing mode of its gather in that.
void Widener::write_gep(GetElementPtrInst& gep) {
  const Value* pointer = gep.getPointerOperand();
  bool any_lanes = !shapes_.uniform(pointer);
  Value* base = any_lanes ? vector(pointer) : scalar(pointer);
  SmallVector<Value*> indices;
  for (auto step = gep_type_begin(gep), end = gep_type_end(gep); step != end; ++step) {
    const Value* index = step.getOperand();
    if (step.isStruct() || shapes_.uniform(index)) {
      indices.push_back(scalar(index));
    } else {
      indices.push_back(vector(index));
      any_lanes = true;
    }
  }
  Value* result = b_.CreateGEP(gep.getSourceElementType(), base, indices, gep.getName(), gep.getNoWrapFlags());
  define(&gep, any_lanes ? result : splat(result));
}

/// Between types of the same components; between a small vector and a scalar; between small vectors of other counts.
bool Widener::write_bitcast(CastInst& cast) {
  SmallVector<Type*> from_types, to_types;
  component_types(cast.getSrcTy(), from_types);
  component_types(cast.getDestTy(), to_types);
  const Lanes from = lanes(cast.getOperand(0));
  Lanes to;
  if (from_types.size() == to_types.size()) {
    for (unsigned i = 0; i < to_types.size(); ++i) to.push_back(b_.CreateBitCast(from[i], wide(to_types[i])));
    define_lanes(&cast, std::move(to));
    return true;
  }
  const unsigned from_bits = from_types[0]->getPrimitiveSizeInBits(), to_bits = to_types[0]->getPrimitiveSizeInBits();
  if (!from_bits || !to_bits || (from_bits % to_bits != 0 && to_bits % from_bits != 0)) return false;
  Type* from_ints = FixedVectorType::get(b_.getIntNTy(from_bits), width_);
  Type* to_ints = FixedVectorType::get(b_.getIntNTy(to_bits), width_);
  if (from_bits > to_bits) {
    const unsigned pieces = from_bits / to_bits;
    for (unsigned i = 0; i < to_types.size(); ++i) {
      Value* whole = b_.CreateBitCast(from[i / pieces], from_ints);
      Value* piece = b_.CreateTrunc(b_.CreateLShr(whole, uint64_t(i % pieces) * to_bits), to_ints);
      to.push_back(b_.CreateBitCast(piece, wide(to_types[i])));
    }
  } else {
    const unsigned pieces = to_bits / from_bits;
    for (unsigned i = 0; i < to_types.size(); ++i) {
      Value* whole = nullptr;
      for (unsigned piece = 0; piece < pieces; ++piece) {
        Value* part = b_.CreateZExt(b_.CreateBitCast(from[i * pieces + piece], from_ints), to_ints);
        part = b_.CreateShl(part, uint64_t(piece) * from_bits);
        whole = whole ? b_.CreateOr(whole, part) : part;
      }
      to.push_back(b_.CreateBitCast(whole, wide(to_types[i])));
    }
  }
  define_lanes(&cast, std::move(to));
  return true;
}

/// Inactive lanes divide by 1. With a divisor that is a constant other than -1 and 0 nothing can go wrong.
Value* Widener::safe_divisor(const BinaryOperator* division, Value* dividend, Value* divisor) {
  if (!mask_) return divisor;
  if (const auto* constant = dyn_cast<ConstantInt>(division->getOperand(1)); constant && !constant->isZero() && !constant->isMinusOne())
    return divisor;
  return b_.CreateSelect(masks_.to_bools(mask_), divisor, ConstantInt::get(dividend->getType(), 1));
}

}  // namespace anywarp::spmd
