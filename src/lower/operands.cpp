// Operands in and out: registers, constants, special registers and addresses of variables.
#include "lower/function_state.h"
#include "lower/lowering.h"
#include "lower/program_state.h"
#include "lower/special_registers.h"
#include "ptx/function_handle.h"
#include "ptx/module.h"

#include <bit>
#include <cmath>

namespace anywarp::lower {

using llvm::Value;
using ptx::Operand;
using ptx::OperandKind;

namespace {

constexpr std::string_view kComponents[] = {".x", ".y", ".z", ".w"};

const Operand kNothing{};

const Operand& operand_of(const Inst& inst, unsigned i) {
  if (i >= inst.ast.operands.size()) return kNothing;
  const Operand& operand = inst.ast.operands[i];
  return operand.kind == OperandKind::Pair ? operand.elements[0] : operand;
}

bool is_whole_vector(const FunctionState& function, const Operand& operand) {
  return operand.kind == OperandKind::Register && operand.component == ptx::kNoComponent &&
         function.source.registers[operand.index].vector > 1;
}

/// The element of a vector operand; any other operand is its own only element.
Operand element_of(const FunctionState& function, const Operand& operand, unsigned element) {
  if (operand.kind == OperandKind::Vector) return element < operand.elements.size() ? operand.elements[element] : kNothing;
  Operand result = operand;
  if (is_whole_vector(function, operand)) result.component = static_cast<uint8_t>(element);
  return result;
}

double value_of(const Operand& operand) {
  return operand.type == ptx::Type::F32 ? std::bit_cast<float>(static_cast<uint32_t>(operand.value)) : std::bit_cast<double>(operand.value);
}

/// A constant as a value of the type: 0f3F800000 keeps its bits, whatever the instruction calls them.
Value* constant_of(Lowering& lower, const Operand& operand, Scalar as) {
  if (operand.kind == OperandKind::Immediate) {
    if (as.is_float() && as.lane_bits > 16 && as.lanes == 1)
      return lower.fp(as, operand.type == ptx::Type::U64 ? static_cast<double>(operand.value) : static_cast<double>(operand.offset()));
    if (as.bits() > 64) return llvm::ConstantInt::get(lower.type(as.as_bits()), operand.value, true);
    return lower.constant(as, operand.value);
  }
  const Scalar exact = as.bits() == 64 ? kF64 : as.bits() == 32 ? kF32 : kF16;
  if (as.is_float() && as.lanes == 1) {
    // Through the bits, which also keeps the payload of a NaN.
    if (operand.type == ptx::Type::F32 && as == kF32) return lower.constant(as, operand.value);
    if (operand.type == ptx::Type::F64 && as == kF64) return lower.constant(as, operand.value);
    return lower.fp(as, value_of(operand));
  }
  if (as.bits() == 32 && operand.type == ptx::Type::F32) return lower.constant(as, operand.value);
  if (as.bits() == 64 && operand.type == ptx::Type::F64) return lower.constant(as, operand.value);
  return lower.coerce(lower.fp(exact, value_of(operand)), lower.type(as));
}

Value* read_special(Lowering& lower, const Inst& inst, const Operand& operand) {
  std::string name(ptx::info(operand.special).name);
  if (operand.component != ptx::kNoComponent) name += kComponents[operand.component & 3];
  Value* value = read_special_register(lower, name);
  if (!value) {
    lower.unsupported(inst, "reads %" + name);
    return lower.b.getInt32(0);
  }
  return value;
}

Value* read_operand(Lowering& lower, const Inst& inst, const Operand& operand, Scalar as) {
  llvm::Type* type = lower.type(as);
  switch (operand.kind) {
    case OperandKind::Register: {
      const unsigned component = operand.component == ptx::kNoComponent ? 0 : operand.component;
      llvm::AllocaInst* variable = lower.function.variable_of(operand.index, component);
      Value* value = lower.coerce(lower.b.CreateLoad(variable->getAllocatedType(), variable), type);
      return operand.negated && as == kPredicate ? lower.b.CreateNot(value) : value;
    }
    case OperandKind::Special: return lower.coerce(read_special(lower, inst, operand), type);
    case OperandKind::Immediate:
    case OperandKind::Float: return constant_of(lower, operand, as);
    case OperandKind::ModuleVariable:
    case OperandKind::FunctionVariable: {
      Value* pointer = operand.kind == OperandKind::ModuleVariable ? lower.program.module_variable(operand.index)
                                                                   : lower.function.pointer_of(lower, &inst, operand.index);
      if (!pointer) {
        lower.unsupported(inst, "names a variable of a state space that is not supported");
        break;
      }
      Value* address = lower.b.CreatePtrToInt(pointer, lower.b.getInt64Ty());
      if (operand.value) address = lower.b.CreateAdd(address, lower.b.getInt64(operand.value));
      return lower.coerce(address, type);
    }
    case OperandKind::Function: return lower.coerce(lower.b.getInt64(ptx::function_handle(operand.index)), type);
    case OperandKind::Vector:
      if (operand.elements.size() == 1) return read_operand(lower, inst, operand.elements[0], as);
      [[fallthrough]];
    default: lower.unsupported(inst, "has an operand of a kind that is not supported");
  }
  return llvm::Constant::getNullValue(type);
}

void write_operand(Lowering& lower, const Inst& inst, const Operand& operand, Value* value, Scalar as) {
  if (operand.kind == OperandKind::Sink) return;
  if (operand.kind == OperandKind::Vector && operand.elements.size() == 1)
    return write_operand(lower, inst, operand.elements[0], value, as);
  if (operand.kind != OperandKind::Register) return lower.unsupported(inst, "writes to what is no register");
  const unsigned component = operand.component == ptx::kNoComponent ? 0 : operand.component;
  llvm::AllocaInst* variable = lower.function.variable_of(operand.index, component);
  value = lower.coerce(value, variable->getAllocatedType(), as.is_signed());
  if (lower.function.guard)
    value = lower.b.CreateSelect(lower.function.guard, value, lower.b.CreateLoad(variable->getAllocatedType(), variable));
  lower.b.CreateStore(value, variable);
}

}  // namespace

Value* Lowering::read(const Inst& inst, unsigned i, Scalar as) { return read_operand(*this, inst, operand_of(inst, i), as); }

Value* Lowering::read_guard(const Inst& inst) {
  Value* guard = b.CreateLoad(b.getInt1Ty(), function.variable_of(inst.ast.guard.reg, 0));
  return inst.ast.guard.negated ? b.CreateNot(guard) : guard;
}

void Lowering::write(const Inst& inst, unsigned i, Value* value, Scalar as) { write_operand(*this, inst, operand_of(inst, i), value, as); }

bool Lowering::has_second(const Inst& inst, unsigned i) const {
  return i < inst.ast.operands.size() && inst.ast.operands[i].kind == OperandKind::Pair && inst.ast.operands[i].elements.size() > 1;
}

void Lowering::write_second(const Inst& inst, unsigned i, Value* value, Scalar as) {
  if (has_second(inst, i)) write_operand(*this, inst, inst.ast.operands[i].elements[1], value, as);
}

unsigned Lowering::elements(const Inst& inst, unsigned i) const {
  const Operand& operand = operand_of(inst, i);
  if (operand.kind == OperandKind::Vector) return operand.elements.size();
  return is_whole_vector(function, operand) ? function.source.registers[operand.index].vector : 1;
}

Value* Lowering::read_element(const Inst& inst, unsigned i, unsigned element, Scalar as) {
  return read_operand(*this, inst, element_of(function, operand_of(inst, i), element), as);
}

Value* Lowering::read_part(const Inst& inst, unsigned i, unsigned part, unsigned element, Scalar as) {
  const Operand& operand = operand_of(inst, i);
  if (operand.kind == OperandKind::Texture)
    return read_operand(*this, inst, part < operand.elements.size() ? element_of(function, operand.elements[part], element) : kNothing, as);
  Operand base = operand;
  base.kind = operand.base;
  return read_operand(*this, inst, base, as);
}

void Lowering::write_element(const Inst& inst, unsigned i, unsigned element, Value* value, Scalar as) {
  write_operand(*this, inst, element_of(function, operand_of(inst, i), element), value, as);
}

llvm::Type* Lowering::register_type(const Inst& inst, unsigned i, unsigned element) const {
  const Operand operand = element_of(function, operand_of(inst, i), element);
  return operand.kind == OperandKind::Register ? function.variable_of(operand.index, 0)->getAllocatedType() : nullptr;
}

std::string_view Lowering::part(const Inst& inst, unsigned i) const { return ptx::word(operand_of(inst, i).part); }

bool Lowering::is_negated(const Inst& inst, unsigned i) const { return operand_of(inst, i).negated; }

bool Lowering::is_predicate(const Inst& inst, unsigned i) const {
  const Operand& operand = operand_of(inst, i);
  return operand.kind == OperandKind::Register && function.source.registers[operand.index].type == ptx::Type::Pred;
}

std::optional<uint64_t> Lowering::immediate(const Inst& inst, unsigned i) const {
  const Operand& operand = operand_of(inst, i);
  return operand.kind == OperandKind::Immediate ? std::optional(operand.value) : std::nullopt;
}

}  // namespace anywarp::lower
