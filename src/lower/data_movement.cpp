// PTX ISA, "Data Movement and Conversion Instructions" but for cvt and shfl: mov, ld, st, prmt, cvta, isspacep, prefetch, cp.async.
//
// Vector accesses become one access a element, aligned as the vector promises: kernel IR has no wide vectors, and the
// vectoriser puts neighbours together again. Cache operators and hints say nothing about the result. cp.async is
// done at once, which every wait_group allows.
#include "lower/chapters.h"
#include "lower/lowering.h"
#include "lower/memory_order.h"

#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/MDBuilder.h>

namespace anywarp::lower {
namespace {

using llvm::Value;

llvm::Align align_of(Scalar scalar, unsigned elements, unsigned element) {
  return llvm::commonAlignment(llvm::Align(llvm::PowerOf2Ceil(uint64_t{scalar.bytes()} * elements)), uint64_t{scalar.bytes()} * element);
}

/// The type that an access moves: the register's own where it has the width, so that floats are loaded as floats.
llvm::Type* moved_type(Lowering& lower, const Inst& inst, unsigned i, unsigned element, Scalar scalar, bool atomic) {
  llvm::Type* held = lower.register_type(inst, i, element);
  llvm::Type* own = lower.type(scalar);
  if (!held || held->getPrimitiveSizeInBits().getFixedValue() != scalar.bits() || (atomic && held->isVectorTy()))
    return atomic && own->isVectorTy() ? lower.type(scalar.as_bits()) : own;
  return held;
}

bool is_volatile(const Inst& inst) { return inst.has("volatile") || inst.has("mmio"); }

}  // namespace

void lower_mov(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  const unsigned to = lower.elements(inst, 0), from = lower.elements(inst, 1);
  if (to == from) {
    for (unsigned i = 0; i < to; ++i) lower.write_element(inst, 0, i, lower.read_element(inst, 1, i, type), type);
    return;
  }
  if ((to > 1 && from > 1) || type.bits() % std::max(to, from)) return lower.unsupported(inst);
  const Scalar whole = type.as_bits();
  const unsigned count = std::max(to, from), width = type.bits() / count;
  const Scalar piece{Scalar::Bits, static_cast<uint16_t>(width), 1};
  llvm::Type* held = lower.register_type(inst, to > 1 ? 1 : 0);
  auto* pair = held && width == 16 && count == 2 ? llvm::dyn_cast<llvm::FixedVectorType>(held) : nullptr;
  const Scalar half = pair && pair->getElementType()->isBFloatTy() ? Scalar{Scalar::Brain, 16, 1} : kF16;
  if (to > 1) {
    // {a, b} = d: a is the low part.
    if (pair) {
      Value* value = lower.read(inst, 1, {half.kind, 16, 2});
      for (unsigned i = 0; i < count; ++i) lower.write_element(inst, 0, i, lower.b.CreateExtractElement(value, i), half);
      return;
    }
    Value* value = lower.read(inst, 1, whole);
    for (unsigned i = 0; i < count; ++i)
      lower.write_element(inst, 0, i, lower.b.CreateTrunc(lower.b.CreateLShr(value, i * width), lower.type(piece)), piece);
    return;
  }
  if (pair) {
    Value* value = llvm::PoisonValue::get(pair);
    for (unsigned i = 0; i < count; ++i) value = lower.b.CreateInsertElement(value, lower.read_element(inst, 1, i, half), i);
    lower.write(inst, 0, value, {half.kind, 16, 2});
    return;
  }
  Value* value = lower.constant(whole, 0);
  for (unsigned i = 0; i < count; ++i) {
    Value* part = lower.b.CreateZExt(lower.read_element(inst, 1, i, piece), lower.type(whole));
    value = lower.b.CreateOr(value, lower.b.CreateShl(part, i * width));
  }
  lower.write(inst, 0, value, whole);
}

// ld, ldu, ld.nc
void lower_ld(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  const Space space = Lowering::space_of(inst);
  const unsigned count = lower.elements(inst, 0);
  const llvm::AtomicOrdering order = ordering_of(inst);
  const bool atomic = order != llvm::AtomicOrdering::NotAtomic;
  llvm::SmallVector<Value*, 8> values;
  for (unsigned element = 0; element < count; ++element) {
    Value* pointer = lower.address(inst, 1, space, int64_t{element} * type.bytes());
    llvm::Align align = atomic ? llvm::Align(type.bytes()) : align_of(type, count, element);
    llvm::LoadInst* load = lower.b.CreateAlignedLoad(moved_type(lower, inst, 0, element, type, atomic), pointer, align, is_volatile(inst));
    if (atomic)
      load->setAtomic(order, scope_of(lower.context, inst));
    else if (inst.has("nc") || space == Space::Const || lower.is_kernel_parameter(pointer))
      load->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(lower.context, {}));
    values.push_back(load);
  }
  for (unsigned element = 0; element < count; ++element) lower.write_element(inst, 0, element, values[element], type);
}

void lower_st(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  const Space space = Lowering::space_of(inst);
  const unsigned count = lower.elements(inst, 1);
  const llvm::AtomicOrdering order = ordering_of(inst);
  const bool atomic = order != llvm::AtomicOrdering::NotAtomic;
  llvm::SmallVector<Value*, 8> values;
  for (unsigned element = 0; element < count; ++element) {
    Value* value = lower.read_element(inst, 1, element, type);
    values.push_back(lower.coerce(value, moved_type(lower, inst, 1, element, type, atomic)));
  }
  for (unsigned element = 0; element < count; ++element) {
    Value* pointer = lower.address(inst, 0, space, int64_t{element} * type.bytes());
    llvm::Align align = atomic ? llvm::Align(type.bytes()) : align_of(type, count, element);
    llvm::StoreInst* store = lower.b.CreateAlignedStore(values[element], pointer, align, is_volatile(inst));
    if (atomic) store->setAtomic(order, scope_of(lower.context, inst));
  }
}

namespace {

// A constant selector of prmt: runs of neighbouring bytes of one source move together.
Value* permuted(Lowering& lower, Value* a, Value* b, unsigned selector) {
  auto& build = lower.b;
  auto source_byte = [&](unsigned i) { return selector >> (4 * i) & 0xf; };
  Value* result = build.getInt32(0);
  for (unsigned i = 0; i < 4;) {
    const unsigned first = source_byte(i);
    Value* source = first & 4 ? b : a;
    if (first & 8) {
      // The sign of the byte, eight times.
      Value* sign = build.CreateAShr(build.CreateShl(source, 8 * (3 - (first & 3))), 31);
      result = build.CreateOr(result, build.CreateAnd(sign, build.getInt32(0xffu << (8 * i))));
      ++i;
      continue;
    }
    unsigned length = 1;
    while (i + length < 4 && source_byte(i + length) == first + length && ((first + length) & 3) != 0) ++length;
    const int by = 8 * (static_cast<int>(i) - static_cast<int>(first & 3));
    Value* moved = by >= 0 ? build.CreateShl(source, by) : build.CreateLShr(source, -by);
    const uint32_t ones = length == 4 ? ~0u : (1u << (8 * length)) - 1;
    result = build.CreateOr(result, build.CreateAnd(moved, build.getInt32(ones << (8 * i))));
    i += length;
  }
  return result;
}

}  // namespace

void lower_prmt(Lowering& lower, const Inst& inst) {
  Value *a = lower.read(inst, 1, kB32), *b = lower.read(inst, 2, kB32);
  const std::string_view mode = inst.one_of({"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"});
  if (auto selector = lower.immediate(inst, 3); selector && mode.empty()) {
    lower.write(inst, 0, permuted(lower, a, b, *selector & 0xffff), kB32);
    return;
  }
  Value* arguments[] = {a, b, lower.read(inst, 3, kB32)};
  Value* result = mode.empty() ? lower.devicelib({"prmt", "b32"}, lower.b.getInt32Ty(), arguments)
                               : lower.devicelib({"prmt", "b32", mode}, lower.b.getInt32Ty(), arguments);
  lower.write(inst, 0, result, kB32);
}

// cvta.space: from the space to generic; cvta.to.space: back. The numbers are the same, the casts tell LLVM the space.
void lower_cvta(Lowering& lower, const Inst& inst) {
  const Space space = Lowering::space_of(inst);
  if (inst.type().bits() != 64) return lower.unsupported(inst);
  Value* value = lower.read(inst, 1, kU64);
  if (space != Space::Param && space != Space::Generic) {
    const bool to = inst.has("to");
    Value* from = lower.b.CreateIntToPtr(value, lower.pointer_type(to ? Space::Generic : space));
    Value* cast = lower.b.CreateAddrSpaceCast(from, lower.pointer_type(to ? space : Space::Generic));
    value = lower.b.CreatePtrToInt(cast, lower.b.getInt64Ty());
  }
  lower.write(inst, 0, value, kU64);
}

void lower_isspacep(Lowering& lower, const Inst& inst) {
  const Space space = Lowering::space_of(inst);
  llvm::Intrinsic::ID id = space == Space::Global   ? llvm::Intrinsic::nvvm_isspacep_global
                           : space == Space::Shared ? llvm::Intrinsic::nvvm_isspacep_shared
                           : space == Space::Local  ? llvm::Intrinsic::nvvm_isspacep_local
                           : space == Space::Const  ? llvm::Intrinsic::nvvm_isspacep_const
                                                    : llvm::Intrinsic::ID(llvm::Intrinsic::not_intrinsic);
  if (id == llvm::Intrinsic::not_intrinsic) return lower.unsupported(inst);
  Value* pointer = lower.b.CreateIntToPtr(lower.read(inst, 1, kU64), lower.pointer_type(Space::Generic));
  lower.write(inst, 0, lower.nvvm(id, {pointer}), kPredicate);
}

namespace {

void copy_async(Lowering& lower, const Inst& inst) {
  auto size = lower.immediate(inst, 2);
  if (!size || (*size != 4 && *size != 8 && *size != 16)) return lower.unsupported(inst);
  const unsigned bytes = *size, chunk = std::min(bytes, 8u), chunks = bytes / chunk;
  const Scalar type{Scalar::Bits, static_cast<uint16_t>(chunk * 8), 1};
  auto copy = [&] {
    for (unsigned i = 0; i < chunks; ++i) {
      llvm::Align align = llvm::commonAlignment(llvm::Align(bytes), uint64_t{chunk} * i);
      Value* source = lower.address(inst, 1, Space::Global, int64_t{chunk} * i);
      Value* value = lower.b.CreateAlignedLoad(lower.type(type), source, align);
      lower.b.CreateAlignedStore(value, lower.address(inst, 0, Space::Shared, int64_t{chunk} * i), align);
    }
  };
  auto clear = [&] {
    for (unsigned i = 0; i < chunks; ++i) {
      llvm::Align align = llvm::commonAlignment(llvm::Align(bytes), uint64_t{chunk} * i);
      lower.b.CreateAlignedStore(lower.constant(type, 0), lower.address(inst, 0, Space::Shared, int64_t{chunk} * i), align);
    }
  };
  const unsigned given = inst.has("L2::cache_hint") ? inst.operand_count() - 1 : inst.operand_count();
  auto valid = given > 3 ? lower.immediate(inst, 3) : std::optional<uint64_t>(bytes);
  if (valid && *valid >= bytes) return copy();
  if (lower.is_predicate(inst, 3)) {
    // ignore-src
    Value* ignore = lower.read_predicate(inst, 3);
    lower.guarded(ignore, clear);
    return lower.guarded(lower.b.CreateNot(ignore), copy);
  }
  // src-size bytes come from the source, the rest is zero.
  Value* count = lower.read(inst, 3, kU32);
  Value* whole = lower.b.CreateICmpUGE(count, lower.b.getInt32(bytes));
  lower.guarded(whole, copy);
  lower.guarded(lower.b.CreateNot(whole), [&] {
    clear();
    for (unsigned i = 0; i + 1 < bytes; ++i) {
      lower.guarded(lower.b.CreateICmpUGT(count, lower.b.getInt32(i)), [&] {
        Value* byte = lower.b.CreateLoad(lower.b.getInt8Ty(), lower.address(inst, 1, Space::Global, i));
        lower.b.CreateStore(byte, lower.address(inst, 0, Space::Shared, i));
      });
    }
  });
}

}  // namespace

void lower_cp(Lowering& lower, const Inst& inst) {
  if (!inst.has("async") || inst.has("bulk") || inst.has("reduce")) return lower.unsupported(inst);
  if (inst.has("mbarrier")) return lower_copy_arrive(lower, inst);
  if (inst.has("commit_group") || inst.has("wait_group") || inst.has("wait_all")) return;
  copy_async(lower, inst);
}

// prefetch, prefetchu, applypriority, discard: they may do nothing.
void lower_hint(Lowering&, const Inst&) {}

}  // namespace anywarp::lower
