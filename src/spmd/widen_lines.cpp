// Lanes that all fall into one line of memory, in any order: a vector load or store of the line, and one instruction that
// permutes it. Of a crossed address (shapes.h: `data[i ^ j]`) only the order is known when the program runs. Of others (`data[(i & ~15) |
// table]`, an index that wraps around) nothing is, not even whether they are in one line: the other way is the gather or scatter, which
// costs ten times as much, so asking is cheap. It is asked of addresses that are computed only; those that hang on loaded values rarely
// come so close.
//
// With AVX-512 one instruction also picks from two lines, so that neighbours with gaps (`2 * t - (t & (j - 1))`, strides that are known
// late) are loaded as quickly. Stored are they where they rise: their elements spread over the lines by the mask of those that are written.
//
// A line is as long as a vector and aligned to it, so all of it lies in the page that a lane reads anyway. Lines in which no active lane
// has an element are left alone. A store writes the lanes' elements only. It needs the lane that writes each element, the inverse of the
// lanes' places, and knows it of permutations that are their own inverse: exchanges and reversals.
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

/// An element of two registers for each lane.
Value* Widener::permute_lines(Value* first, Value* second, Value* places) {
  const auto* type = cast<FixedVectorType>(first->getType());
  const unsigned bits = type->getScalarSizeInBits();
  auto* words = FixedVectorType::get(b_.getIntNTy(bits), type->getNumElements());
  const Intrinsic::ID instruction = bits == 32 ? Intrinsic::x86_avx512_vpermi2var_d_512 : Intrinsic::x86_avx512_vpermi2var_q_512;
  Value* picked = b_.CreateIntrinsic(instruction, {}, {b_.CreateBitCast(first, words), places, b_.CreateBitCast(second, words)});
  return b_.CreateBitCast(picked, first->getType());
}

/// Where the lanes of each register find their elements, in one line or in `count` neighbouring ones; `in_line` says whether they do.
Widener::Lines Widener::lines_of(Value* pointers, Type* type, unsigned lanes, unsigned count, Value*& in_line) {
  const unsigned bytes = unsigned(type->getPrimitiveSizeInBits().getFixedValue()) / 8;
  const uint64_t length = uint64_t(lanes) * bytes;
  Lines result{{}, lanes, Align(length), true};
  in_line = nullptr;
  SmallVector<Value*> active;
  if (mask_) active = in_lines(masks_.to_bools(mask_), lanes);
  for (const auto& [i, addresses] : enumerate(in_lines(b_.CreatePtrToInt(pointers, wide(b_.getInt64Ty())), lanes))) {
    Value* base = b_.CreateAnd(b_.CreateExtractElement(addresses, uint64_t(0)), b_.getInt64(~(length - 1)));
    Value* offsets = b_.CreateSub(addresses, b_.CreateVectorSplat(lanes, base));
    Value* all = b_.CreateAndReduce(b_.CreateICmpULT(offsets, ConstantInt::get(offsets->getType(), length * count)));
    in_line = in_line ? b_.CreateAnd(in_line, all) : all;
    Line line{b_.CreateIntToPtr(base, b_.getPtrTy()), nullptr};
    auto any_active = [&](Value* bools) { return b_.CreateOrReduce(mask_ ? b_.CreateAnd(active[i], bools) : bools); };
    Value* behind = b_.CreateICmpUGE(offsets, ConstantInt::get(offsets->getType(), length));
    if (count == 2) {
      line.second_is_used = any_active(behind);
      line.second = b_.CreateIntToPtr(b_.CreateAdd(base, b_.getInt64(length)), b_.getPtrTy());
    }
    if (mask_) line.is_used = any_active(b_.CreateNot(behind));
    line.places = b_.CreateTrunc(b_.CreateLShr(offsets, Log2_32(bytes)), FixedVectorType::get(b_.getIntNTy(bytes * 8), lanes));
    result.lines.push_back(line);
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
  auto read = [&](Value* base, Value* is_used) -> Value* {
    if (!is_used) return b_.CreateAlignedLoad(line_type, base, lines.align);
    return b_.CreateMaskedLoad(line_type, base, lines.align, b_.CreateVectorSplat(lines.lanes, is_used));
  };
  SmallVector<Value*> registers;
  for (const auto& [i, line] : enumerate(lines.lines)) {
    Value* data = masks.empty() ? read(line.base, line.is_used) : b_.CreateMaskedLoad(line_type, line.base, lines.align, masks[i]);
    if (line.second)
      registers.push_back(permute_lines(data, read(line.second, line.second_is_used), line.places));
    else
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

/// i1: the places rise from lane to lane.
Value* Widener::rise(Value* places) {
  const unsigned lanes = cast<FixedVectorType>(places->getType())->getNumElements();
  SmallVector<int> next;
  for (unsigned lane = 0; lane < lanes; ++lane) next.push_back(int(std::min(lane + 1, lanes - 1)));
  Value* rises = b_.CreateICmpULT(places, b_.CreateShuffleVector(places, next));
  return b_.CreateAndReduce(b_.CreateInsertElement(rises, b_.getTrue(), lanes - 1));
}

/// Requires: two lines each, in which the places rise.
void Widener::spread_over_lines(const Lines& lines, Value* data) {
  const unsigned lanes = lines.lanes;
  SmallVector<Value*> masks;
  if (mask_) masks = in_lines(masks_.to_bools(mask_), lanes);
  for (const auto& [i, part] : enumerate(in_lines(data, lanes))) {
    const Line& line = lines.lines[i];
    Type *places = line.places->getType(), *half = b_.getIntNTy(lanes);
    // Which elements of both lines are written; then the lanes' elements in order, as many as belong to the first line, and the others.
    Value* bit = b_.CreateShl(ConstantInt::get(places, 1), line.places);
    Value* elements = part;
    if (mask_) {
      bit = b_.CreateSelect(masks[i], bit, Constant::getNullValue(places));
      elements = b_.CreateIntrinsic(Intrinsic::experimental_vector_compress, {part->getType()},
                                    {part, masks[i], PoisonValue::get(part->getType())});
    }
    Value* written = b_.CreateOrReduce(bit);
    auto part_of = [&](unsigned shift) { return b_.CreateTrunc(b_.CreateLShr(written, uint64_t(shift)), half); };
    Value *in_first = part_of(0), *in_second = part_of(lanes);
    Value* before = b_.CreateZExtOrTrunc(b_.CreateUnaryIntrinsic(Intrinsic::ctpop, in_first), places->getScalarType());
    Value* rest = permute_line(elements, b_.CreateAdd(lane_numbers(lanes, places->getScalarType()), b_.CreateVectorSplat(lanes, before)));
    for (const auto& [from, mask, to] : {std::tuple(elements, in_first, line.base), std::tuple(rest, in_second, line.second)}) {
      Value* bools = b_.CreateBitCast(mask, FixedVectorType::get(b_.getInt1Ty(), lanes));
      Value* spread =
          b_.CreateIntrinsic(Intrinsic::x86_avx512_mask_expand, {from->getType()}, {from, Constant::getNullValue(from->getType()), bools});
      b_.CreateMaskedStore(spread, to, lines.align, bools);
    }
  }
}

Value* Widener::load_line_or(const Value* pointer, Value* pointers, Type* type, Align align, const std::function<Value*()>& anyhow) {
  const unsigned lanes = lanes_of_line(pointer, type, align);
  if (!lanes) return anyhow();
  Value* in_line;
  const Lines lines = lines_of(pointers, type, lanes, two_lines_ ? 2 : 1, in_line);
  return either_way(in_line, [&] { return load_lines(lines, type); }, anyhow);
}

void Widener::store_line_or(const Value* pointer, Value* pointers, Value* data, Align align, const std::function<Value*()>& anyhow) {
  const unsigned lanes = lanes_of_line(pointer, cast<FixedVectorType>(data->getType())->getElementType(), align);
  if (!lanes) {
    anyhow();
    return;
  }
  Value* possible;
  Type* type = cast<FixedVectorType>(data->getType())->getElementType();
  const Lines lines = lines_of(pointers, type, lanes, 1, possible);
  for (const Line& line : lines.lines) {
    Value* twice = permute_line(line.places, line.places);
    Value* unmoved = lane_numbers(lanes, line.places->getType()->getScalarType());
    possible = b_.CreateAnd(possible, b_.CreateAndReduce(b_.CreateICmpEQ(twice, unmoved)));
  }
  auto spread_or = [&]() -> Value* {
    if (!two_lines_) return anyhow();
    Value* rising;
    const Lines two = lines_of(pointers, type, lanes, 2, rising);
    for (const Line& line : two.lines) rising = b_.CreateAnd(rising, rise(line.places));
    return either_way(
        rising,
        [&]() -> Value* {
          spread_over_lines(two, data);
          return nullptr;
        },
        anyhow);
  };
  either_way(
      possible,
      [&]() -> Value* {
        store_lines(lines, data);
        return nullptr;
      },
      spread_or);
}

}  // namespace anywarp::spmd
