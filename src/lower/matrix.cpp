// PTX ISA, "Warp Level Matrix Multiply-Accumulate Instructions": ldmatrix, stmatrix, movmatrix, mma and wmma as shuffles and sums.
//
// Each lane computes the elements of D that it holds: it gathers the row of A and the columns of B that they need from the lanes
// that hold them, and sums up. Sums of halves are binary32 (the ISA leaves the order and the precision of sums open), of bytes
// 32-bit integers.
//
// mma states who holds what. With g = lane / 4, t = lane % 4 and E elements in a register, for all shapes of 8 columns:
//
//     A register r: row g + 8 * (r % 2), columns t*E + 4*E*(r / 2) ...     (of 8 rows: register r, columns t*E + 4*E*r)
//     B register r: column g, rows t*E + 4*E*r ...
//     C, D: rows g and g + 8, columns 2*t and 2*t + 1
//
// wmma leaves that open. Here rows of A, columns of B and rows of C lie one behind the other, and lane l holds elements l*P to
// l*P + P-1; where all lanes together have room for more than one copy, the upper lanes hold the others.
#include "lower/chapters.h"
#include "lower/lowering.h"

#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/MDBuilder.h>

#include <cstdio>

namespace anywarp::lower {
namespace {

using llvm::Value;
using Values = llvm::SmallVector<Value*, 16>;

struct Shape {
  unsigned m = 0, n = 0, k = 0;
};

std::optional<Shape> shape_of(const Inst& inst) {
  for (std::string_view word : inst.words) {
    Shape shape;
    if (word.size() > 4 && word[0] == 'm' && std::sscanf(std::string(word).c_str(), "m%un%uk%u", &shape.m, &shape.n, &shape.k) == 3)
      return shape;
  }
  return std::nullopt;
}

/// What elements of A and B are and how they are computed with.
struct Format {
  unsigned bits = 16;  // of an element
  enum Kind : uint8_t { Half, Brain, Tf32, Double, Unsigned, Signed } kind = Half;
  bool is_integer() const { return kind == Unsigned || kind == Signed; }
  unsigned in_register() const { return kind == Double ? 1 : 32 / bits; }
};

std::optional<Format> format_of(Scalar type, bool is_tf32) {
  if (is_tf32) return Format{32, Format::Tf32};
  if (type.lanes != 1) return std::nullopt;
  if (type == kF16) return Format{16, Format::Half};
  if (type.kind == Scalar::Brain) return Format{16, Format::Brain};
  if (type == kF64) return Format{64, Format::Double};
  if (type.lane_bits == 8 && (type.kind == Scalar::Unsigned || type.kind == Scalar::Signed))
    return Format{8, type.is_signed() ? Format::Signed : Format::Unsigned};
  return std::nullopt;
}

class Matrix {
 public:
  Matrix(Lowering& lower, const Inst& inst) : lower_(lower), inst_(inst), b_(lower.b) {}

  Value* lane() {
    llvm::CallInst* lane = lower_.nvvm(llvm::Intrinsic::nvvm_read_ptx_sreg_laneid);
    lane->setMetadata(llvm::LLVMContext::MD_range, llvm::MDBuilder(lower_.context).createRange(llvm::APInt(32, 0), llvm::APInt(32, 32)));
    return lane;
  }

  Value* from_lane(Value* value, Value* lane) {
    if (value->getType()->getPrimitiveSizeInBits() == 64) {
      Value* bits = lower_.coerce(value, b_.getInt64Ty());
      Value* low = b_.CreateZExt(from_lane(b_.CreateTrunc(bits, b_.getInt32Ty()), lane), b_.getInt64Ty());
      Value* high = b_.CreateZExt(from_lane(b_.CreateTrunc(b_.CreateLShr(bits, 32), b_.getInt32Ty()), lane), b_.getInt64Ty());
      return lower_.coerce(b_.CreateOr(low, b_.CreateShl(high, 32)), value->getType());
    }
    return lower_.nvvm(llvm::Intrinsic::nvvm_shfl_sync_idx_i32, {b_.getInt32(~0u), value, lane, b_.getInt32(31)});
  }

  /// The registers of operand `i`: words, or doubles.
  Values registers(unsigned i, Scalar type) {
    Values values;
    for (unsigned r = 0; r < lower_.elements(inst_, i); ++r) values.push_back(lower_.read_element(inst_, i, r, type));
    return values;
  }

  /// Element `e` of a register of A or B, as it is computed with.
  Value* element(Value* reg, unsigned e, Format format) {
    switch (format.kind) {
      case Format::Double: return reg;
      case Format::Tf32: return b_.CreateBitCast(b_.CreateAnd(reg, b_.getInt32(0xffffe000)), b_.getFloatTy());
      default: break;
    }
    Value* bits = b_.CreateTrunc(b_.CreateLShr(reg, e * format.bits), b_.getIntNTy(format.bits));
    if (format.kind == Format::Half) return b_.CreateFPExt(b_.CreateBitCast(bits, b_.getHalfTy()), b_.getFloatTy());
    if (format.kind == Format::Brain) return b_.CreateBitCast(b_.CreateShl(b_.CreateZExt(bits, b_.getInt32Ty()), 16), b_.getFloatTy());
    return format.kind == Format::Signed ? b_.CreateSExt(bits, b_.getInt32Ty()) : b_.CreateZExt(bits, b_.getInt32Ty());
  }

  /// sum + the products of corresponding elements. With `wide`, sums of integers have 64 bits, for .satfinite.
  Value* dot(Value* sum, const Values& row, Format row_format, const Values& column, Format column_format) {
    for (size_t r = 0; r < row.size(); ++r) {
      for (unsigned e = 0; e < row_format.in_register(); ++e) {
        Value *x = element(row[r], e, row_format), *y = element(column[r], e, column_format);
        if (!row_format.is_integer())
          sum = lower_.intrinsic(llvm::Intrinsic::fma, {x, y, sum});
        else
          sum = b_.CreateAdd(sum, b_.CreateSExt(b_.CreateMul(x, y), sum->getType()));
      }
    }
    return sum;
  }

  /// Elements of C: two halves in a word, or one number in a register. Integers that saturate are summed up in 64 bits.
  Values accumulators(unsigned i, Scalar type) {
    Values values;
    for (unsigned r = 0; r < lower_.elements(inst_, i); ++r) {
      if (type == kF16) {
        Value* pair = lower_.read_element(inst_, i, r, {Scalar::Float, 16, 2});
        for (uint64_t e : {0, 1}) values.push_back(b_.CreateFPExt(b_.CreateExtractElement(pair, e), b_.getFloatTy()));
      } else {
        Value* value = lower_.read_element(inst_, i, r, type);
        values.push_back(inst_.has("satfinite") && type.is_integer() ? b_.CreateSExt(value, b_.getInt64Ty()) : value);
      }
    }
    return values;
  }

  void write_accumulators(unsigned i, Scalar type, const Values& values) {
    if (type == kF16) {
      const Scalar pair{Scalar::Float, 16, 2};
      for (unsigned r = 0; r < values.size() / 2; ++r) {
        Value* both = llvm::PoisonValue::get(lower_.type(pair));
        for (uint64_t e : {0, 1}) both = b_.CreateInsertElement(both, b_.CreateFPTrunc(values[2 * r + e], b_.getHalfTy()), e);
        lower_.write_element(inst_, i, r, both, pair);
      }
      return;
    }
    for (unsigned r = 0; r < values.size(); ++r) {
      Value* value = values[r];
      if (type.is_integer() && value->getType()->isIntegerTy(64)) {
        value = lower_.intrinsic(llvm::Intrinsic::smax, {value, b_.getInt64(INT32_MIN)});
        value = b_.CreateTrunc(lower_.intrinsic(llvm::Intrinsic::smin, {value, b_.getInt64(INT32_MAX)}), b_.getInt32Ty());
      }
      lower_.write_element(inst_, i, r, value, type);
    }
  }

 private:
  Lowering& lower_;
  const Inst& inst_;
  llvm::IRBuilder<>& b_;
};

bool is_accumulator(Scalar type) { return type == kF16 || type == kF32 || type == kF64 || (type.lane_bits == 32 && type.is_signed()); }

}  // namespace

// mma.sync.aligned.shape.row.col.dtype.atype.btype.ctype d, a, b, c
void lower_mma(Lowering& lower, const Inst& inst) {
  auto& b = lower.b;
  const auto shape = shape_of(inst);
  if (!shape || shape->n != 8 || inst.types.size() != 4 || inst.has("sp") || inst.has("block_scale") || !inst.has("sync"))
    return lower.unsupported(inst);
  const bool tf32 = inst.has("tf32");
  const auto of_a = format_of(inst.type(1), tf32), of_b = format_of(inst.type(2), tf32);
  if (!of_a || !of_b || of_a->bits != of_b->bits || !is_accumulator(inst.type(0)) || !is_accumulator(inst.type(3)))
    return lower.unsupported(inst);
  const unsigned in_register = of_a->in_register(), halves = shape->m / 8, blocks = shape->k / (4 * in_register);
  Matrix matrix(lower, inst);
  const Scalar held = of_a->kind == Format::Double ? kF64 : kB32;
  const Values a = matrix.registers(1, held), columns = matrix.registers(2, held);
  Values sums = matrix.accumulators(3, inst.type(3));
  if (halves == 0 || halves > 2 || blocks == 0 || a.size() != halves * blocks || columns.size() != blocks || sums.size() != 2 * halves)
    return lower.unsupported(inst);  // m8n8k4 of halves, which four threads compute among themselves
  Value* lane = matrix.lane();
  Value *group = b.CreateAnd(lane, b.getInt32(28)), *first = b.CreateShl(b.CreateAnd(lane, b.getInt32(3)), 3);
  auto gather = [&](llvm::ArrayRef<Value*> registers, unsigned begin, unsigned step, Value* from) {
    Values all;
    for (unsigned block = 0; block < blocks; ++block) {
      for (unsigned t = 0; t < 4; ++t) all.push_back(matrix.from_lane(registers[begin + step * block], b.CreateAdd(from, b.getInt32(t))));
    }
    return all;
  };
  const Values column[2] = {gather(columns, 0, 1, first), gather(columns, 0, 1, b.CreateAdd(first, b.getInt32(4)))};
  for (unsigned half = 0; half < halves; ++half) {
    const Values row = gather(a, half, halves, group);
    for (unsigned j = 0; j < 2; ++j) sums[2 * half + j] = matrix.dot(sums[2 * half + j], row, *of_a, column[j], *of_b);
  }
  matrix.write_accumulators(0, inst.type(0), sums);
}

namespace {

/// One matrix of wmma as lanes hold it: `vectors` rows (columns of B) of `length` elements.
struct Fragment {
  unsigned vectors = 0, length = 0, bits = 0, held = 0;  // held: elements of a lane
  unsigned copies() const { return held * 32 / (vectors * length); }
  bool is_valid() const { return held && held <= length && length % held == 0 && llvm::isPowerOf2_32(copies()); }
};

/// The vector that the lane's first element is in, and its place there.
std::pair<Value*, Value*> place_of(llvm::IRBuilder<>& b, Value* lane, const Fragment& fragment) {
  Value* index = b.CreateMul(lane, b.getInt32(fragment.held));
  if (fragment.copies() > 1) index = b.CreateAnd(index, b.getInt32(fragment.vectors * fragment.length - 1));
  return {b.CreateUDiv(index, b.getInt32(fragment.length)), b.CreateURem(index, b.getInt32(fragment.length))};
}

void lower_wmma_memory(Lowering& lower, const Inst& inst, Shape shape) {
  auto& b = lower.b;
  const bool store = inst.has("store");
  const unsigned data = store ? 1 : 0, memory = store ? 0 : 1;
  const bool of_a = inst.has("a"), of_b = inst.has("b");
  const bool tf32 = inst.has("tf32");
  unsigned bits = inst.type().lane_bits;
  if (of_a || of_b) {
    if (!format_of(inst.type(), tf32)) return lower.unsupported(inst);
  } else if (!is_accumulator(inst.type())) {
    return lower.unsupported(inst);
  }
  const unsigned registers = lower.elements(inst, data), in_register = bits == 64 ? 1 : 32 / bits;
  const Fragment fragment = {of_b ? shape.n : shape.m, of_a || of_b ? shape.k : shape.n, bits, registers * in_register};
  if (!fragment.is_valid()) return lower.unsupported(inst);
  // Whether a vector of the fragment is contiguous in memory.
  const bool contiguous = inst.has(of_b ? "col" : "row");
  const unsigned other = of_b ? shape.n : shape.m;
  Value* stride = inst.operand_count() > 2 ? lower.read(inst, 2, kU32) : b.getInt32(contiguous ? fragment.length : other);
  Matrix matrix(lower, inst);
  auto [vector, first] = place_of(b, matrix.lane(), fragment);
  const Scalar element_type{Scalar::Bits, static_cast<uint16_t>(bits), 1},
      held{Scalar::Bits, static_cast<uint16_t>(bits == 64 ? 64 : 32), 1};
  auto* space = lower.pointer_type(Lowering::space_of(inst));
  Value* base = b.CreatePtrToInt(lower.address(inst, memory, Lowering::space_of(inst)), b.getInt64Ty());
  auto pointer = [&](unsigned e) {
    Value* place = b.CreateAdd(first, b.getInt32(e));
    Value* index = contiguous ? b.CreateAdd(b.CreateMul(vector, stride), place) : b.CreateAdd(b.CreateMul(place, stride), vector);
    return b.CreateIntToPtr(b.CreateAdd(base, b.CreateMul(b.CreateZExt(index, b.getInt64Ty()), b.getInt64(bits / 8))), space);
  };
  for (unsigned r = 0; r < registers; ++r) {
    if (store) {
      Value* value = lower.read_element(inst, data, r, held);
      for (unsigned e = 0; e < in_register; ++e)
        b.CreateAlignedStore(b.CreateTrunc(b.CreateLShr(value, e * bits), lower.type(element_type)), pointer(r * in_register + e),
                             llvm::Align(bits / 8));
    } else {
      Value* value = lower.constant(held, 0);
      for (unsigned e = 0; e < in_register; ++e) {
        Value* part = b.CreateAlignedLoad(lower.type(element_type), pointer(r * in_register + e), llvm::Align(bits / 8));
        value = b.CreateOr(value, b.CreateShl(b.CreateZExt(part, lower.type(held)), e * bits));
      }
      lower.write_element(inst, data, r, value, held);
    }
  }
}

void lower_wmma_multiply(Lowering& lower, const Inst& inst, Shape shape) {
  auto& b = lower.b;
  // Of halves, the words name D and C only.
  const Scalar of_d = inst.type(0), of_c = inst.types.size() == 2 ? inst.type(1) : inst.type(3);
  const bool tf32 = inst.has("tf32");
  const auto format = inst.types.size() == 2 ? std::optional(Format{16, Format::Half}) : format_of(inst.type(1), tf32);
  if (!format || !is_accumulator(of_c) || !is_accumulator(of_d) || inst.has("popc")) return lower.unsupported(inst);
  Matrix matrix(lower, inst);
  const Scalar held = format->kind == Format::Double ? kF64 : kB32;
  const Values a = matrix.registers(1, held), columns = matrix.registers(2, held);
  Values sums = matrix.accumulators(3, of_c);
  const Fragment rows_of_a = {shape.m, shape.k, format->bits, static_cast<unsigned>(a.size()) * format->in_register()};
  const Fragment columns_of_b = {shape.n, shape.k, format->bits, static_cast<unsigned>(columns.size()) * format->in_register()};
  const Fragment of_result = {shape.m, shape.n, 32, static_cast<unsigned>(sums.size())};
  if (!rows_of_a.is_valid() || !columns_of_b.is_valid() || !of_result.is_valid() || of_result.copies() != 1) return lower.unsupported(inst);
  auto [row, column] = place_of(b, matrix.lane(), of_result);
  auto gather = [&](const Values& registers, const Fragment& fragment, Value* vector) {
    Values all;
    const unsigned lanes = fragment.length / fragment.held;
    for (unsigned i = 0; i < lanes; ++i) {
      Value* from = b.CreateAdd(b.CreateMul(vector, b.getInt32(lanes)), b.getInt32(i));
      for (Value* reg : registers) all.push_back(matrix.from_lane(reg, from));
    }
    return all;
  };
  const Values row_of_a = gather(a, rows_of_a, row);
  for (unsigned e = 0; e < sums.size(); ++e) {
    const Values column_of_b = gather(columns, columns_of_b, b.CreateAdd(column, b.getInt32(e)));
    sums[e] = matrix.dot(sums[e], row_of_a, *format, column_of_b, *format);
  }
  matrix.write_accumulators(0, of_d, sums);
}

}  // namespace

void lower_wmma(Lowering& lower, const Inst& inst) {
  const auto shape = shape_of(inst);
  if (!shape) return lower.unsupported(inst);
  if (inst.has("load") || inst.has("store"))
    lower_wmma_memory(lower, inst, *shape);
  else
    lower_wmma_multiply(lower, inst, *shape);
}

// ldmatrix{.trans}: lane 8*j + i has the address of row i of matrix j; every lane gets two neighbours of row lane/4 (with .trans: of
// column lane/4). stmatrix is the way back.
void lower_ldmatrix(Lowering& lower, const Inst& inst) {
  auto& b = lower.b;
  const bool store = inst.opcode == "stmatrix";
  const unsigned data = store ? 1 : 0, memory = store ? 0 : 1, matrices = lower.elements(inst, data);
  if (!inst.has("m8n8") || !inst.has("b16") || matrices > 4) return lower.unsupported(inst);
  Matrix matrix(lower, inst);
  auto* space = lower.pointer_type(Lowering::space_of(inst));
  Value* own = b.CreatePtrToInt(lower.address(inst, memory, Lowering::space_of(inst)), b.getInt64Ty());
  Value* lane = matrix.lane();
  Value *group = b.CreateLShr(lane, 2), *thread = b.CreateAnd(lane, b.getInt32(3));
  auto at = [&](unsigned j, Value* row, Value* byte) {
    Value* address = matrix.from_lane(own, b.CreateAdd(row, b.getInt32(8 * j)));
    return b.CreateIntToPtr(b.CreateAdd(address, b.CreateZExt(byte, b.getInt64Ty())), space);
  };
  for (unsigned j = 0; j < matrices; ++j) {
    Value* value = store ? lower.read_element(inst, data, j, kB32) : nullptr;
    if (!inst.has("trans")) {
      Value* pointer = at(j, group, b.CreateShl(thread, 2));
      if (store)
        b.CreateAlignedStore(value, pointer, llvm::Align(4));
      else
        value = b.CreateAlignedLoad(b.getInt32Ty(), pointer, llvm::Align(4));
    } else {
      Value* pointers[2];
      for (unsigned e : {0, 1}) pointers[e] = at(j, b.CreateAdd(b.CreateShl(thread, 1), b.getInt32(e)), b.CreateShl(group, 1));
      if (store) {
        for (unsigned e : {0, 1})
          b.CreateAlignedStore(b.CreateTrunc(b.CreateLShr(value, 16 * e), b.getInt16Ty()), pointers[e], llvm::Align(2));
      } else {
        Value* low = b.CreateZExt(b.CreateAlignedLoad(b.getInt16Ty(), pointers[0], llvm::Align(2)), b.getInt32Ty());
        Value* high = b.CreateZExt(b.CreateAlignedLoad(b.getInt16Ty(), pointers[1], llvm::Align(2)), b.getInt32Ty());
        value = b.CreateOr(low, b.CreateShl(high, 16));
      }
    }
    if (!store) lower.write_element(inst, data, j, value, kB32);
  }
}

// movmatrix.trans: lane 4*g + t has elements 2*t and 2*t + 1 of row g, before and after.
void lower_movmatrix(Lowering& lower, const Inst& inst) {
  auto& b = lower.b;
  Matrix matrix(lower, inst);
  Value *own = lower.read(inst, 1, kB32), *lane = matrix.lane();
  Value *group = b.CreateLShr(lane, 2), *thread = b.CreateAnd(lane, b.getInt32(3));
  Value* result = b.getInt32(0);
  for (unsigned e : {0, 1}) {
    Value* row = b.CreateAdd(b.CreateShl(thread, 1), b.getInt32(e));
    Value* word = matrix.from_lane(own, b.CreateAdd(b.CreateShl(row, 2), b.CreateLShr(group, 1)));
    Value* half = b.CreateAnd(b.CreateLShr(word, b.CreateShl(b.CreateAnd(group, b.getInt32(1)), 4)), b.getInt32(0xffff));
    result = b.CreateOr(result, b.CreateShl(half, 16 * e));
  }
  lower.write(inst, 0, result, kB32);
}

}  // namespace anywarp::lower
