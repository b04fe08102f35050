// PTX ISA, "Warp Level Matrix Multiply-Accumulate Instructions": ldmatrix, stmatrix, movmatrix, mma and wmma. They become calls of the
// operations that kir/matrix.h lists; movmatrix becomes shuffles.
//
// Products of binary16, bfloat16, tf32 and the 8-bit formats are exact, sums are binary32: the ISA asks for single precision at least and
// leaves the order of the sum, its rounding and denormal inputs open. Where C or D is binary16, it is rounded once, at the end. Integers
// wrap; with .satfinite the sum of products, which always fits, is added to C once, saturating.
//
// A fragment of wmma has more registers than elements for some shapes of binary16. The others hold the elements once more.
#include "lower/matrix.h"

#include "lower/chapters.h"

#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/MDBuilder.h>

#include <cstdio>

namespace anywarp::lower {
namespace {

using llvm::Value;

constexpr Scalar kPair{Scalar::Float, 16, 2};

/// Registers of A, B or a fragment that only moves.
Values registers(Lowering& lower, const Inst& inst, unsigned i, Scalar type) {
  Values values;
  for (unsigned r = 0; r < lower.elements(inst, i); ++r) values.push_back(lower.read_element(inst, i, r, type));
  return values;
}

/// A call of an operation on matrices, and its results.
Values call(Lowering& lower, const std::string& name, llvm::ArrayRef<llvm::Type*> results, llvm::ArrayRef<Value*> arguments,
            llvm::MemoryEffects effects) {
  auto& b = lower.b;
  llvm::Type* type = results.empty() ? b.getVoidTy() : results.size() == 1 ? results[0] : llvm::StructType::get(lower.context, results);
  llvm::CallInst* made = lower.runtime(name, type, arguments);
  llvm::Function* callee = made->getCalledFunction();
  callee->setMemoryEffects(effects);
  callee->setWillReturn();
  callee->setConvergent();
  callee->addFnAttr(llvm::Attribute::NoCallback);
  made->setConvergent();
  Values values;
  if (results.size() == 1) values.push_back(made);
  for (unsigned i = 0; results.size() > 1 && i < results.size(); ++i) values.push_back(b.CreateExtractValue(made, i));
  return values;
}

/// A shape of kernel IR and the types of C and D, if lowering knows them all.
struct Operation {
  kir::Product product;
  Scalar of_d, of_c;
};

std::optional<Operation> operation_of(const Inst& inst, MatrixShape shape, std::string_view d, std::string_view a, std::string_view b,
                                      std::string_view c) {
  const auto of_a = element_of(a), of_b = element_of(b);
  const auto of_d = accumulator_of(d), of_c = accumulator_of(c);
  if (!of_a || !of_b || !of_d || !of_c || inst.has("block_scale") || inst.has("popc")) return std::nullopt;
  Operation operation{{shape.m, shape.n, shape.k, *of_a, *of_b}, *of_d, *of_c};
  const Scalar wanted = kir::is_integer(*of_a) ? Scalar{Scalar::Signed, 32, 1} : *of_a == kir::Element::F64 ? kF64 : kF32;
  auto fits = [&](Scalar type) { return type == wanted || (wanted == kF32 && type == kF16); };
  if (!operation.product.is_valid() || !fits(*of_d) || !fits(*of_c)) return std::nullopt;
  return operation;
}

Values first(const Values& values, unsigned count) {
  return Values(values.begin(), values.begin() + std::min<size_t>(count, values.size()));
}

void lower_product(Lowering& lower, const Inst& inst, const Operation& operation) {
  const kir::Product& product = operation.product;
  const Scalar held = product.a == kir::Element::F64 ? kF64 : kB32;
  const Values a = first(registers(lower, inst, 1, held), product.registers_of_a());
  const Values b = first(registers(lower, inst, 2, held), product.registers_of_b());
  const Values c = read_accumulators(lower, inst, 3, operation.of_c);
  if (a.size() != product.registers_of_a() || b.size() != product.registers_of_b() || c.size() != product.registers_of_c())
    return lower.unsupported(inst);
  write_accumulators(lower, inst, 0, operation.of_d, multiply(lower, product, a, b, c, inst.has("satfinite")));
}

}  // namespace

std::optional<MatrixShape> matrix_shape(const Inst& inst) {
  for (std::string_view word : inst.words) {
    MatrixShape shape;
    if (word.size() > 4 && word[0] == 'm' && std::sscanf(std::string(word).c_str(), "m%un%uk%u", &shape.m, &shape.n, &shape.k) == 3)
      return shape;
  }
  return std::nullopt;
}

llvm::SmallVector<std::string_view, 4> matrix_types(const Inst& inst) {
  llvm::SmallVector<std::string_view, 4> words;
  for (std::string_view word : inst.words)
    if (element_of(word) || accumulator_of(word)) words.push_back(word);
  return words;
}

std::optional<kir::Element> element_of(std::string_view word) {
  constexpr std::pair<std::string_view, kir::Element> kElements[] = {
      {"f16", kir::Element::F16},   {"bf16", kir::Element::Bf16}, {"tf32", kir::Element::Tf32}, {"e4m3", kir::Element::E4m3},
      {"e5m2", kir::Element::E5m2}, {"f64", kir::Element::F64},   {"s8", kir::Element::S8},     {"u8", kir::Element::U8}};
  for (const auto& [name, element] : kElements)
    if (name == word) return element;
  return std::nullopt;
}

std::optional<Scalar> accumulator_of(std::string_view word) {
  if (word != "f16" && word != "f32" && word != "f64" && word != "s32") return std::nullopt;
  return parse_scalar(word);
}

Values read_accumulators(Lowering& lower, const Inst& inst, unsigned i, Scalar type) {
  auto& b = lower.b;
  if (type != kF16) return registers(lower, inst, i, type);
  Values values;
  for (Value* pair : registers(lower, inst, i, kPair))
    for (uint64_t e : {0, 1}) values.push_back(b.CreateFPExt(b.CreateExtractElement(pair, e), b.getFloatTy()));
  return values;
}

void write_accumulators(Lowering& lower, const Inst& inst, unsigned i, Scalar type, const Values& values) {
  auto& b = lower.b;
  if (type != kF16) {
    for (unsigned r = 0; r < values.size(); ++r) lower.write_element(inst, i, r, values[r], type);
    return;
  }
  for (unsigned r = 0; r < values.size() / 2; ++r) {
    Value* both = llvm::PoisonValue::get(lower.type(kPair));
    for (uint64_t e : {0, 1}) both = b.CreateInsertElement(both, b.CreateFPTrunc(values[2 * r + e], b.getHalfTy()), e);
    lower.write_element(inst, i, r, both, kPair);
  }
}

Values multiply(Lowering& lower, const kir::Product& product, llvm::ArrayRef<Value*> a, llvm::ArrayRef<Value*> b, llvm::ArrayRef<Value*> c,
                bool saturate) {
  saturate &= kir::is_integer(product.a);
  Values arguments(a.begin(), a.end());
  arguments.append(b.begin(), b.end());
  for (Value* sum : c) arguments.push_back(saturate ? lower.b.getInt32(0) : sum);
  llvm::SmallVector<llvm::Type*> types(c.size(), c[0]->getType());
  Values sums = call(lower, product.name(), types, arguments, llvm::MemoryEffects::none());
  for (size_t i = 0; saturate && i < sums.size(); ++i) sums[i] = lower.intrinsic(llvm::Intrinsic::sadd_sat, {c[i], sums[i]});
  return sums;
}

Values load_rows(Lowering& lower, unsigned count, bool transposed, Value* address) {
  const kir::RowMatrices matrices{false, transposed, count};
  return call(lower, matrices.name(), llvm::SmallVector<llvm::Type*>(count, lower.b.getInt32Ty()), {address},
              llvm::MemoryEffects::readOnly());
}

// mma.sync.aligned.shape.row.col.dtype.atype.btype.ctype d, a, b, c
void lower_mma(Lowering& lower, const Inst& inst) {
  const auto shape = matrix_shape(inst);
  const auto types = matrix_types(inst);
  if (!shape || shape->n != 8 || types.size() != 4 || !inst.has("sync") || inst.has("sp") || inst.has("sp::ordered_metadata"))
    return lower.unsupported(inst);
  const auto operation = operation_of(inst, *shape, types[0], types[1], types[2], types[3]);
  if (!operation) return lower.unsupported(inst);  // m8n8k4 of halves, which four threads compute among themselves
  lower_product(lower, inst, *operation);
}

namespace {

void lower_wmma_memory(Lowering& lower, const Inst& inst, MatrixShape shape) {
  auto& b = lower.b;
  kir::Tile tile;
  tile.store = inst.has("store");
  tile.operand = inst.has("a") ? 'a' : inst.has("b") ? 'b' : 'c';
  tile.m = shape.m;
  tile.n = shape.n;
  tile.k = shape.k;
  const auto types = matrix_types(inst);
  if (types.size() != 1 || (tile.operand == 'c' ? !accumulator_of(types[0]) : !element_of(types[0]))) return lower.unsupported(inst);
  tile.bits = tile.operand == 'c' ? accumulator_of(types[0])->lane_bits : kir::bits_of(*element_of(types[0]));
  tile.along = inst.has(tile.operand == 'b' ? "col" : "row");
  const unsigned data = tile.store ? 1 : 0, memory = tile.store ? 0 : 1, count = lower.elements(inst, data);
  if (!tile.is_valid() || count % tile.registers() != 0) return lower.unsupported(inst);
  const unsigned length = tile.operand == 'c' ? shape.n : shape.k, other = tile.operand == 'b' ? shape.n : shape.m;
  Value* stride = inst.operand_count() > 2 ? lower.read(inst, 2, kU32) : b.getInt32(tile.along ? length : other);
  Value* pointer = b.CreateAddrSpaceCast(lower.address(inst, memory, Lowering::space_of(inst)), b.getPtrTy());
  const Scalar held{Scalar::Bits, static_cast<uint16_t>(tile.bits == 64 ? 64 : 32), 1};
  Values arguments{pointer, stride};
  if (tile.store) {
    arguments.append(registers(lower, inst, data, held));
    call(lower, tile.name(), {}, arguments, llvm::MemoryEffects::writeOnly());
    return;
  }
  const Values loaded = call(lower, tile.name(), llvm::SmallVector<llvm::Type*>(tile.registers(), lower.type(held)), arguments,
                             llvm::MemoryEffects::readOnly());
  for (unsigned r = 0; r < count; ++r) lower.write_element(inst, data, r, loaded[r % loaded.size()], held);
}

}  // namespace

void lower_wmma(Lowering& lower, const Inst& inst) {
  const auto shape = matrix_shape(inst);
  if (!shape) return lower.unsupported(inst);
  if (inst.has("load") || inst.has("store")) return lower_wmma_memory(lower, inst, *shape);
  const auto types = matrix_types(inst);
  // Of halves, the words name D and C only.
  const auto operation = types.size() == 2   ? operation_of(inst, *shape, types[0], "f16", "f16", types[1])
                         : types.size() == 4 ? operation_of(inst, *shape, types[0], types[1], types[2], types[3])
                                             : std::nullopt;
  if (!operation) return lower.unsupported(inst);
  lower_product(lower, inst, *operation);
}

// ldmatrix{.trans}: lane 8*j + i has the address of row i of matrix j; every lane gets two neighbours of row lane/4 (with .trans: of
// column lane/4). stmatrix is the way back.
void lower_ldmatrix(Lowering& lower, const Inst& inst) {
  auto& b = lower.b;
  const bool store = inst.opcode == "stmatrix";
  const unsigned data = store ? 1 : 0, memory = store ? 0 : 1, matrices = lower.elements(inst, data);
  if (!inst.has("m8n8") || !inst.has("b16") || matrices > 4) return lower.unsupported(inst);
  Value* pointer = b.CreateAddrSpaceCast(lower.address(inst, memory, Lowering::space_of(inst)), b.getPtrTy());
  if (!store) {
    const Values loaded = load_rows(lower, matrices, inst.has("trans"), pointer);
    for (unsigned j = 0; j < matrices; ++j) lower.write_element(inst, data, j, loaded[j], kB32);
    return;
  }
  Values arguments{pointer};
  arguments.append(registers(lower, inst, data, kB32));
  call(lower, kir::RowMatrices{true, inst.has("trans"), matrices}.name(), {}, arguments, llvm::MemoryEffects::writeOnly());
}

// movmatrix.trans: lane 4*g + t has elements 2*t and 2*t + 1 of row g, before and after.
void lower_movmatrix(Lowering& lower, const Inst& inst) {
  auto& b = lower.b;
  llvm::CallInst* lane = lower.nvvm(llvm::Intrinsic::nvvm_read_ptx_sreg_laneid);
  lane->setMetadata(llvm::LLVMContext::MD_range, llvm::MDBuilder(lower.context).createRange(llvm::APInt(32, 0), llvm::APInt(32, 32)));
  Value *own = lower.read(inst, 1, kB32), *group = b.CreateLShr(lane, 2), *thread = b.CreateAnd(lane, b.getInt32(3));
  Value* result = b.getInt32(0);
  for (unsigned e : {0, 1}) {
    Value* row = b.CreateAdd(b.CreateShl(thread, 1), b.getInt32(e));
    Value* from = b.CreateAdd(b.CreateShl(row, 2), b.CreateLShr(group, 1));
    Value* word = lower.nvvm(llvm::Intrinsic::nvvm_shfl_sync_idx_i32, {b.getInt32(~0u), own, from, b.getInt32(31)});
    Value* half = b.CreateAnd(b.CreateLShr(word, b.CreateShl(b.CreateAnd(group, b.getInt32(1)), 4)), b.getInt32(0xffff));
    result = b.CreateOr(result, b.CreateShl(half, 16 * e));
  }
  lower.write(inst, 0, result, kB32);
}

}  // namespace anywarp::lower
