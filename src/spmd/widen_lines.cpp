// Lanes that all fall into one line of memory, in any order: a vector load or store of the line, and one instruction that
// permutes it (`data[i ^ j]`, `data[(i & ~15) | table]`, an index that wraps around). Which order it is, or whether it is in one line at
// all, is known when the program runs: the other way is the gather or scatter, which costs ten times as much, so asking is cheap.
// It is asked of addresses that are computed only; those that hang on loaded values rarely come so close.
//
// A line is as long as a vector and aligned to it, so all of it lies in the page that a lane reads anyway. A store writes the
// lanes' elements only. It needs the lane that writes each element, the inverse of the lanes' places, and knows it of permutations that
// are their own inverse: exchanges and reversals.
#include "spmd/cost.h"
#include "spmd/widen.h"

#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/IntrinsicsX86.h>
#include <llvm/Support/MathExtras.h>

namespace anywarp::spmd {

using namespace llvm;

/// A vector of the elements of `data` at `places`, by one instruction; null where the machine has none for it. Both have one length, of
/// `permute_bits` together.
Value* Widener::permute_line(Value* data, Value* places) {
  const auto* type = cast<FixedVectorType>(data->getType());
  const unsigned bits = type->getScalarSizeInBits();
  Intrinsic::ID instruction = Intrinsic::not_intrinsic;
  if (bits == 32)
    instruction = target_.permute_bits == 512 ? Intrinsic::x86_avx512_permvar_si_512 : Intrinsic::x86_avx2_permd;
  else if (bits == 64 && target_.permute_bits == 512)
    instruction = Intrinsic::x86_avx512_permvar_di_512;
  Value* words = b_.CreateBitCast(data, FixedVectorType::get(b_.getIntNTy(bits), type->getNumElements()));
  return b_.CreateBitCast(b_.CreateIntrinsic(instruction, {}, {words, places}), data->getType());
}

/// The lanes of a vector that fill one register, for each register.
SmallVector<Value*> Widener::in_lines(Value* vector, unsigned lanes) {
  SmallVector<Value*> result;
  for (unsigned first = 0; first < width_; first += lanes) {
    SmallVector<int> mask(lanes);
    for (unsigned lane = 0; lane < lanes; ++lane) mask[lane] = int(first + lane);
    result.push_back(lanes == width_ ? vector : b_.CreateShuffleVector(vector, mask));
  }
  return result;
}

/// How many lanes of the type share a line; 0 if the machine cannot permute them.
unsigned Widener::lanes_of_line(const Value* pointer, Type* type, Align align) const {
  if (!type->isIntegerTy() && !type->isFloatingPointTy()) return 0;
  const unsigned bits = unsigned(type->getPrimitiveSizeInBits().getFixedValue());
  const bool permutes = target_.permute_bits && (bits == 32 || (bits == 64 && target_.permute_bits == 512));
  if (!permutes || align.value() * 8 < bits || target_.permute_bits / bits > width_ || !is_computed_address(*pointer, shapes_)) return 0;
  return target_.permute_bits / bits;
}

/// Where the lanes of each register find their elements; `in_line` says whether they do.
SmallVector<Widener::Line> Widener::lines_of(Value* pointers, Type* type, unsigned lanes, Value*& in_line) {
  const unsigned bytes = unsigned(type->getPrimitiveSizeInBits().getFixedValue()) / 8;
  const uint64_t length = uint64_t(lanes) * bytes;
  SmallVector<Line> lines;
  in_line = nullptr;
  for (Value* addresses : in_lines(b_.CreatePtrToInt(pointers, wide(b_.getInt64Ty())), lanes)) {
    Value* base = b_.CreateAnd(b_.CreateExtractElement(addresses, uint64_t(0)), b_.getInt64(~(length - 1)));
    Value* offsets = b_.CreateSub(addresses, b_.CreateVectorSplat(lanes, base));
    Value* all = b_.CreateAndReduce(b_.CreateICmpULT(offsets, ConstantInt::get(offsets->getType(), length)));
    in_line = in_line ? b_.CreateAnd(in_line, all) : all;
    Value* places = b_.CreateTrunc(b_.CreateLShr(offsets, Log2_32(bytes)), FixedVectorType::get(b_.getIntNTy(bytes * 8), lanes));
    lines.push_back({b_.CreateIntToPtr(base, b_.getPtrTy()), places});
  }
  return lines;
}

Value* Widener::load_line_or(const Value* pointer, Value* pointers, Type* type, Align align, const std::function<Value*()>& anyhow) {
  const unsigned lanes = lanes_of_line(pointer, type, align);
  if (!lanes) return anyhow();
  Value* in_line;
  const SmallVector<Line> lines = lines_of(pointers, type, lanes, in_line);
  return either_way(
      in_line,
      [&] {
        SmallVector<Value*> registers;
        for (const Line& line : lines) {
          Value* data = b_.CreateAlignedLoad(FixedVectorType::get(type, lanes), line.base, Align(target_.permute_bits / 8));
          registers.push_back(permute_line(data, line.places));
        }
        return concatenate(registers);
      },
      anyhow);
}

void Widener::store_line_or(const Value* pointer, Value* pointers, Value* data, Align align, const std::function<Value*()>& anyhow) {
  Type* type = cast<FixedVectorType>(data->getType())->getElementType();
  const unsigned lanes = lanes_of_line(pointer, type, align);
  if (!lanes) {
    anyhow();
    return;
  }
  Value* possible;
  const SmallVector<Line> lines = lines_of(pointers, type, lanes, possible);
  for (const Line& line : lines) {
    SmallVector<Constant*> lane_numbers;
    for (unsigned lane = 0; lane < lanes; ++lane) lane_numbers.push_back(ConstantInt::get(line.places->getType()->getScalarType(), lane));
    Value* twice = permute_line(line.places, line.places);
    possible = b_.CreateAnd(possible, b_.CreateAndReduce(b_.CreateICmpEQ(twice, ConstantVector::get(lane_numbers))));
  }
  either_way(
      possible,
      [&]() -> Value* {
        const SmallVector<Value*> registers = in_lines(data, lanes);
        SmallVector<Value*> bools;
        if (mask_) bools = in_lines(masks_.to_bools(mask_), lanes);
        for (size_t i = 0; i < lines.size(); ++i) {
          const auto& [base, places] = lines[i];
          Value* element = permute_line(registers[i], places);
          if (!mask_) {
            b_.CreateAlignedStore(element, base, Align(target_.permute_bits / 8));
            continue;
          }
          Value* on =
              b_.CreateICmpNE(permute_line(b_.CreateSExt(bools[i], places->getType()), places), Constant::getNullValue(places->getType()));
          b_.CreateMaskedStore(element, base, Align(target_.permute_bits / 8), on);
        }
        return nullptr;
      },
      anyhow);
}

}  // namespace anywarp::spmd
