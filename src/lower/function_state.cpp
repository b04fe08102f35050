#include "lower/function_state.h"

#include "lower/lowering.h"
#include "lower/program_state.h"
#include "lower/register_types.h"
#include "ptx/module.h"

#include <llvm/IR/CallingConv.h>

namespace anywarp::lower {
namespace {

constexpr unsigned kLocal = 5;
constexpr uint64_t kMostWordsCopied = 64;

bool is_kernel(const llvm::Function& function) { return function.getCallingConv() == llvm::CallingConv::PTX_Kernel; }

bool mentions(llvm::ArrayRef<ptx::Operand> operands, uint32_t variable) {
  return llvm::any_of(operands, [&](const ptx::Operand& operand) {
    return (operand.kind == ptx::OperandKind::FunctionVariable && operand.index == variable) ||
           mentions({operand.elements.data(), operand.elements.size()}, variable);
  });
}

/// Whether the function may write to its parameter: it stores to it, or takes its address.
bool may_write(const ptx::Function& function, uint32_t variable) {
  return llvm::any_of(function.instructions, [&](const ptx::Instruction& instruction) {
    llvm::ArrayRef<ptx::Operand> operands(instruction.operands.data(), instruction.operands.size());
    if (instruction.opcode == ptx::Opcode::St && !operands.empty() && operands[0].kind == ptx::OperandKind::Address &&
        operands[0].base == ptx::OperandKind::FunctionVariable && operands[0].index == variable)
      return true;
    return instruction.opcode != ptx::Opcode::Call && mentions(operands, variable);
  });
}

/// Copies by words where that is short, for SROA and the vectoriser see through loads and stores best.
void copy(llvm::IRBuilder<>& b, llvm::Value* to, llvm::Value* from, uint64_t size, llvm::Align align) {
  const uint64_t word = std::min<uint64_t>(align.value(), 8);
  if (size / word > kMostWordsCopied) {
    b.CreateMemCpy(to, align, from, align, size);
    return;
  }
  for (uint64_t at = 0; at < size;) {
    uint64_t bytes = word;
    while (at + bytes > size) bytes /= 2;
    const llvm::Align here = llvm::commonAlignment(align, at);
    llvm::Value* value = b.CreateAlignedLoad(b.getIntNTy(bytes * 8), b.CreateConstGEP1_64(b.getInt8Ty(), from, at), here);
    b.CreateAlignedStore(value, b.CreateConstGEP1_64(b.getInt8Ty(), to, at), here);
    at += bytes;
  }
}

}  // namespace

FunctionState::FunctionState(const ptx::Function& source, llvm::Function& target)
    : source(source), target(target), components_(source.registers.size()), variables_(source.variables.size()) {
  if (!is_kernel(target)) signature = signature_of(source.returns, source.parameters);
}

void FunctionState::begin(Lowering& lower) {
  lower.start(llvm::BasicBlock::Create(lower.context, "", &target));
  types_ = infer_register_types(lower.context, source);
  for (const ptx::Label& label : source.labels)
    labels.push_back(llvm::BasicBlock::Create(lower.context, llvm::StringRef(label.name), &target));

  if (is_kernel(target)) {
    for (const ptx::Parameter& parameter : source.parameters) {
      if (parameter.space == ptx::Space::Param)
        variables_[parameter.index] = lower.b.CreateConstInBoundsGEP1_64(lower.b.getInt8Ty(), target.getArg(0), parameter.offset);
    }
    return;
  }

  // Results first: by address, they are the first arguments.
  unsigned next = 0;
  for (unsigned i = 0; i < source.returns.size(); ++i) {
    const ptx::Parameter& result = source.returns[i];
    if (signature.results[i].by_address) variables_[result.index] = target.getArg(next++);
  }
  for (unsigned i = 0; i < source.parameters.size(); ++i) {
    const ptx::Parameter& parameter = source.parameters[i];
    const Passed& how = signature.arguments[i];
    llvm::Argument* argument = target.getArg(next++);
    if (parameter.space == ptx::Space::Reg) {
      llvm::AllocaInst* variable = variable_of(parameter.index, 0);
      lower.b.CreateStore(lower.coerce(argument, variable->getAllocatedType()), variable);
    } else if (!how.by_address) {
      lower.b.CreateAlignedStore(argument, pointer_of(lower, nullptr, parameter.index), llvm::Align(llvm::PowerOf2Ceil(how.align)));
    } else if (may_write(source, parameter.index)) {
      copy(lower.b, pointer_of(lower, nullptr, parameter.index), argument, how.size, llvm::Align(llvm::PowerOf2Ceil(how.align)));
    } else {
      variables_[parameter.index] = argument;
    }
  }
}

llvm::AllocaInst* FunctionState::allocate(llvm::Type* type) {
  llvm::BasicBlock& entry = target.getEntryBlock();
  return new llvm::AllocaInst(type, kLocal, nullptr, target.getDataLayout().getPrefTypeAlign(type), "", entry.begin());
}

llvm::AllocaInst* FunctionState::variable_of(unsigned reg, unsigned component) {
  auto& components = components_[reg];
  if (components.empty()) components.resize(std::max<unsigned>(source.registers[reg].vector, 1));
  llvm::AllocaInst*& variable = components[std::min<size_t>(component, components.size() - 1)];
  if (!variable) {
    variable = allocate(types_[reg]);
    registers.push_back(variable);
  }
  return variable;
}

llvm::Value* FunctionState::pointer_of(Lowering& lower, const Inst* inst, unsigned index) {
  llvm::Value*& pointer = variables_[index];
  if (pointer) return pointer;
  const ptx::Variable& variable = source.variables[index];
  switch (variable.space) {
    case ptx::Space::Param:
    case ptx::Space::Local: {
      llvm::AllocaInst* place = allocate(llvm::ArrayType::get(lower.b.getInt8Ty(), variable.size));
      // A scalar .param variable may be read as the integer that it is passed as.
      place->setAlignment(llvm::Align(llvm::PowerOf2Ceil(std::max<uint64_t>(variable.align, 1))));
      return pointer = place;
    }
    case ptx::Space::Shared:
    case ptx::Space::SharedCta:
    case ptx::Space::SharedCluster:
      return pointer = lower.program.declare(variable, std::string(source.name) + "." + std::string(variable.name));
    default: break;
  }
  if (inst) lower.unsupported(*inst, "uses a variable that functions do not have here");
  return nullptr;
}

void FunctionState::emit_return(Lowering& lower) {
  llvm::SmallVector<llvm::Value*, 2> values;
  for (unsigned i = 0; i < signature.results.size(); ++i) {
    const Passed& how = signature.results[i];
    if (how.by_address) continue;
    const ptx::Parameter& result = source.returns[i];
    llvm::Type* type = scalar_type(lower.context, how);
    if (result.space == ptx::Space::Reg) {
      llvm::AllocaInst* variable = variable_of(result.index, 0);
      values.push_back(lower.coerce(lower.b.CreateLoad(variable->getAllocatedType(), variable), type));
    } else {
      values.push_back(
          lower.b.CreateAlignedLoad(type, pointer_of(lower, nullptr, result.index), llvm::Align(llvm::PowerOf2Ceil(how.align))));
    }
  }
  if (values.empty()) {
    lower.b.CreateRetVoid();
  } else if (values.size() == 1) {
    lower.b.CreateRet(values[0]);
  } else {
    llvm::Value* all = llvm::PoisonValue::get(target.getReturnType());
    for (unsigned i = 0; i < values.size(); ++i) all = lower.b.CreateInsertValue(all, values[i], i);
    lower.b.CreateRet(all);
  }
}

void FunctionState::start_dead(Lowering& lower) {
  dead_ = lower.new_block();
  lower.start(dead_);
}

bool FunctionState::is_dead(Lowering& lower) const { return lower.b.GetInsertBlock() == dead_; }

llvm::Value* FunctionState::read_carry(Lowering& lower) {
  if (!carry_) {
    carry_ = allocate(lower.b.getInt1Ty());
    registers.push_back(carry_);
  }
  return lower.b.CreateLoad(lower.b.getInt1Ty(), carry_);
}

void FunctionState::write_carry(Lowering& lower, llvm::Value* carry) {
  llvm::Value* before = read_carry(lower);
  lower.b.CreateStore(guard ? lower.b.CreateSelect(guard, carry, before) : carry, carry_);
}

}  // namespace anywarp::lower
