// PTX ISA, "Parallel Synchronization and Communication Instructions: atom, red". inc and dec are LLVM's uinc_wrap and udec_wrap.
// Without a word for the order they are relaxed, without a scope they are the GPU's.
#include "lower/chapters.h"
#include "lower/lowering.h"
#include "lower/memory_order.h"

#include <llvm/IR/Instructions.h>

namespace anywarp::lower {
namespace {

using llvm::AtomicRMWInst;
using llvm::Value;

std::optional<AtomicRMWInst::BinOp> operation(std::string_view op, Scalar type) {
  if (op == "exch") return AtomicRMWInst::Xchg;
  if (op == "add") return type.is_float() ? AtomicRMWInst::FAdd : AtomicRMWInst::Add;
  if (op == "min" && type.is_float()) return AtomicRMWInst::FMin;
  if (op == "max" && type.is_float()) return AtomicRMWInst::FMax;
  if (op == "min") return type.is_signed() ? AtomicRMWInst::Min : AtomicRMWInst::UMin;
  if (op == "max") return type.is_signed() ? AtomicRMWInst::Max : AtomicRMWInst::UMax;
  if (op == "and") return AtomicRMWInst::And;
  if (op == "or") return AtomicRMWInst::Or;
  if (op == "xor") return AtomicRMWInst::Xor;
  if (op == "inc") return AtomicRMWInst::UIncWrap;
  if (op == "dec") return AtomicRMWInst::UDecWrap;
  return std::nullopt;
}

}  // namespace

void lower_atom(Lowering& lower, const Inst& inst) {
  const bool returns = inst.opcode == "atom";
  const unsigned memory = returns ? 1 : 0;
  Scalar type = inst.type();
  const Space space = Lowering::space_of(inst);
  llvm::AtomicOrdering order = ordering_of(inst);
  if (order == llvm::AtomicOrdering::NotAtomic) order = llvm::AtomicOrdering::Monotonic;
  const llvm::SyncScope::ID scope = scope_of(lower.context, inst);
  const llvm::Align align(type.bytes());
  if (inst.has("cas")) {
    Scalar bits = type.as_bits();
    Value *expected = lower.read(inst, memory + 1, bits), *desired = lower.read(inst, memory + 2, bits);
    Value* pointer = lower.address(inst, memory, space);
    auto* exchange = lower.b.CreateAtomicCmpXchg(pointer, expected, desired, align, order,
                                                 llvm::AtomicCmpXchgInst::getStrongestFailureOrdering(order), scope);
    if (returns) lower.write(inst, 0, lower.b.CreateExtractValue(exchange, 0), bits);
    return;
  }
  auto op = operation(inst.one_of({"exch", "add", "min", "max", "and", "or", "xor", "inc", "dec"}), type);
  if (!op) return lower.unsupported(inst);
  const unsigned count = lower.elements(inst, memory + 1);
  llvm::SmallVector<Value*, 8> before;
  for (unsigned element = 0; element < count; ++element) {
    Value* operand = lower.read_element(inst, memory + 1, element, type);
    Value* pointer = lower.address(inst, memory, space, int64_t{element} * type.bytes());
    before.push_back(lower.b.CreateAtomicRMW(*op, pointer, operand, align, order, scope));
  }
  for (unsigned element = 0; returns && element < count; ++element) lower.write_element(inst, 0, element, before[element], type);
}

}  // namespace anywarp::lower
