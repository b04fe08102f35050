// Lanes that all fall into one line of memory, in any order: a vector load or store of the line, and one instruction that
// permutes it. Of a crossed address (shapes.h: `data[i ^ j]`) only the order is known when the program runs. Of others (`data[(i & ~15) |
// table]`, an index that wraps around) nothing is, not even whether they are in one line: the other way is the gather or scatter, which
// costs ten times as much, so asking is cheap. It is asked of addresses that are computed only; those that hang on loaded values rarely
// come so close.
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
Widener::Lines Widener::lines_of(Value* pointers, Type* type, unsigned lanes, Value*& in_line) {
  const unsigned bytes = unsigned(type->getPrimitiveSizeInBits().getFixedValue()) / 8;
  const uint64_t length = uint64_t(lanes) * bytes;
  Lines result{{}, lanes, Align(length), true};
  in_line = nullptr;
  for (Value* addresses : in_lines(b_.CreatePtrToInt(pointers, wide(b_.getInt64Ty())), lanes)) {
    Value* base = b_.CreateAnd(b_.CreateExtractElement(addresses, uint64_t(0)), b_.getInt64(~(length - 1)));
    Value* offsets = b_.CreateSub(addresses, b_.CreateVectorSplat(lanes, base));
    Value* all = b_.CreateAndReduce(b_.CreateICmpULT(offsets, ConstantInt::get(offsets->getType(), length)));
    in_line = in_line ? b_.CreateAnd(in_line, all) : all;
    Value* places = b_.CreateTrunc(b_.CreateLShr(offsets, Log2_32(bytes)), FixedVectorType::get(b_.getIntNTy(bytes * 8), lanes));
    result.lines.push_back({b_.CreateIntToPtr(base, b_.getPtrTy()), places});
  }
  return result;
}

/// Of a crossed pointer: the low bits of its crossing are the order within a line, the others that of the lines.
std::optional<Widener::Lines> Widener::crossed_lines(const Value* pointer, int64_t offset, Type* type, Align align) {
  const Affine* shape = shapes_.shape(pointer);
  if (!shape || !shape->crossing || (shape->conditional && valid(pointer) && !assume(valid(pointer)))) return std::nullopt;
  const unsigned lanes = lanes_of_line(pointer, type, align), bytes = unsigned(type->getPrimitiveSizeInBits().getFixedValue()) / 8;
  if (!lanes || !shape->contiguous(bytes)) return std::nullopt;
  Value* crossed = crossing(pointer);
  Type* place = b_.getIntNTy(bytes * 8);
  Value* within = b_.CreateZExt(b_.CreateAnd(crossed, b_.getInt32(lanes - 1)), place);
  Value* places = b_.CreateXor(lane_numbers(lanes, place), b_.CreateVectorSplat(lanes, within));
  Value* above = b_.CreateAnd(crossed, b_.getInt32(~(lanes - 1)));
  Value* base = offset_pointer(scalar(pointer), offset + shape->offsets[0]);
  Lines result{{}, lanes, align, false};
  for (unsigned first = 0; first < width_; first += lanes) {
    Value* from = b_.CreateMul(b_.CreateZExt(b_.CreateXor(above, b_.getInt32(first)), b_.getInt64Ty()), b_.getInt64(bytes));
    result.lines.push_back({b_.CreateGEP(b_.getInt8Ty(), base, from), places});
  }
  return result;
}

/// Which elements of each line are some active lane's; for permutations that are their own inverse.
SmallVector<Value*> Widener::permuted_masks(const Lines& lines) {
  SmallVector<Value*> masks;
  for (const auto& [line, bools] : zip_equal(lines.lines, in_lines(masks_.to_bools(mask_), lines.lanes))) {
    Type* type = line.places->getType();
    masks.push_back(b_.CreateICmpNE(permute_line(b_.CreateSExt(bools, type), line.places), Constant::getNullValue(type)));
  }
  return masks;
}

Value* Widener::load_lines(const Lines& lines, Type* type) {
  auto* line_type = FixedVectorType::get(type, lines.lanes);
  SmallVector<Value*> masks;
  if (mask_ && !lines.all_readable) masks = permuted_masks(lines);
  SmallVector<Value*> registers;
  for (const auto& [i, line] : enumerate(lines.lines)) {
    Value* data = masks.empty() ? static_cast<Value*>(b_.CreateAlignedLoad(line_type, line.base, lines.align))
                                : b_.CreateMaskedLoad(line_type, line.base, lines.align, masks[i]);
    registers.push_back(permute_line(data, line.places));
  }
  return concatenate(registers);
}

/// Requires: the permutations are their own inverse.
void Widener::store_lines(const Lines& lines, Value* data) {
  SmallVector<Value*> masks;
  if (mask_) masks = permuted_masks(lines);
  for (const auto& [i, part] : enumerate(in_lines(data, lines.lanes))) {
    const Line& line = lines.lines[i];
    Value* element = permute_line(part, line.places);
    if (masks.empty())
      b_.CreateAlignedStore(element, line.base, lines.align);
    else
      b_.CreateMaskedStore(element, line.base, lines.align, masks[i]);
  }
}

Value* Widener::load_line_or(const Value* pointer, Value* pointers, Type* type, Align align, const std::function<Value*()>& anyhow) {
  const unsigned lanes = lanes_of_line(pointer, type, align);
  if (!lanes) return anyhow();
  Value* in_line;
  const Lines lines = lines_of(pointers, type, lanes, in_line);
  return either_way(in_line, [&] { return load_lines(lines, type); }, anyhow);
}

void Widener::store_line_or(const Value* pointer, Value* pointers, Value* data, Align align, const std::function<Value*()>& anyhow) {
  const unsigned lanes = lanes_of_line(pointer, cast<FixedVectorType>(data->getType())->getElementType(), align);
  if (!lanes) {
    anyhow();
    return;
  }
  Value* possible;
  const Lines lines = lines_of(pointers, cast<FixedVectorType>(data->getType())->getElementType(), lanes, possible);
  for (const Line& line : lines.lines) {
    Value* twice = permute_line(line.places, line.places);
    Value* unmoved = lane_numbers(lanes, line.places->getType()->getScalarType());
    possible = b_.CreateAnd(possible, b_.CreateAndReduce(b_.CreateICmpEQ(twice, unmoved)));
  }
  either_way(
      possible,
      [&]() -> Value* {
        store_lines(lines, data);
        return nullptr;
      },
      anyhow);
}

}  // namespace anywarp::spmd
