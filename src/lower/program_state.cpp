#include "lower/program_state.h"

#include "lower/lowering.h"
#include "ptx/module.h"

namespace anywarp::lower {
namespace {

void mark_functions(llvm::ArrayRef<ptx::Operand> operands, std::vector<bool>& taken) {
  for (const ptx::Operand& operand : operands) {
    if (operand.kind == ptx::OperandKind::Function) taken[operand.index] = true;
    mark_functions({operand.elements.data(), operand.elements.size()}, taken);
  }
}

void mark_initialisers(const std::vector<ptx::Variable>& variables, std::vector<bool>& taken) {
  for (const ptx::Variable& variable : variables) {
    for (const ptx::Relocation& relocation : variable.relocations) {
      if (relocation.is_function) taken[relocation.index] = true;
    }
  }
}

}  // namespace

uint32_t ProgramState::resolve(uint32_t function) const {
  // An alias of an alias is possible, a cycle of them is not valid but must end.
  for (size_t step = 0; step < source.aliases.size() && !source.functions[function].has_body; ++step) {
    auto alias = llvm::find_if(source.aliases, [&](const ptx::Alias& alias) { return alias.alias == function; });
    if (alias == source.aliases.end()) break;
    function = alias->aliasee;
  }
  return function;
}

llvm::Function* ProgramState::device_function(uint32_t index) {
  llvm::Function*& function = functions_[index];
  if (function) return function;
  const ptx::Function& declared = source.functions[index];
  const Signature signature = signature_of(declared.returns, declared.parameters);
  function = llvm::Function::Create(function_type(module.getContext(), signature), llvm::GlobalValue::InternalLinkage,
                                    llvm::StringRef(declared.name), module);
  function->setDoesNotThrow();
  function->setConvergent();
  if (declared.noreturn) function->setDoesNotReturn();
  // Nobody else knows the .param variables of a call.
  for (llvm::Argument& argument : function->args()) {
    if (argument.getType()->isPointerTy()) argument.addAttr(llvm::Attribute::NoAlias);
  }
  pending.push_back(index);
  return function;
}

llvm::GlobalVariable* ProgramState::module_variable(uint32_t index) {
  llvm::GlobalVariable*& variable = variables_[index];
  if (!variable) {
    const ptx::Variable& declared = source.variables[index];
    variable = declare(declared, std::string(declared.name));
  }
  return variable;
}

llvm::GlobalVariable* ProgramState::declare(const ptx::Variable& variable, const std::string& name) {
  Space space = Space::Generic;
  switch (variable.space) {
    case ptx::Space::Global: space = Space::Global; break;
    case ptx::Space::Const: space = Space::Const; break;
    case ptx::Space::Shared:
    case ptx::Space::SharedCta:
    case ptx::Space::SharedCluster: space = Space::Shared; break;
    default: return nullptr;
  }
  const bool is_static = space == Space::Shared && variable.size != 0;
  auto* type = llvm::ArrayType::get(llvm::Type::getInt8Ty(module.getContext()), variable.size);
  auto* global = new llvm::GlobalVariable(
      module, type, false, is_static ? llvm::GlobalValue::InternalLinkage : llvm::GlobalValue::ExternalLinkage,
      is_static ? llvm::UndefValue::get(type) : nullptr, name, nullptr, llvm::GlobalValue::NotThreadLocal, static_cast<unsigned>(space));
  global->setAlignment(llvm::Align(llvm::PowerOf2Ceil(std::max(variable.align, 1u))));
  return global;
}

const std::vector<uint32_t>& ProgramState::address_taken() {
  if (address_taken_) return *address_taken_;
  std::vector<bool> taken(source.functions.size());
  mark_initialisers(source.variables, taken);
  for (const ptx::Function& function : source.functions) {
    mark_initialisers(function.variables, taken);
    for (const ptx::Instruction& instruction : function.instructions) {
      llvm::ArrayRef<ptx::Operand> operands(instruction.operands.data(), instruction.operands.size());
      if (instruction.opcode == ptx::Opcode::Call && operands.size() >= 3) {
        mark_functions(operands[0], taken);
        mark_functions(operands.drop_front(2), taken);
      } else {
        mark_functions(operands, taken);
      }
    }
  }
  address_taken_.emplace();
  for (uint32_t i = 0; i < taken.size(); ++i) {
    if (taken[i] && !source.functions[i].is_entry && source.functions[resolve(i)].has_body) address_taken_->push_back(i);
  }
  return *address_taken_;
}

}  // namespace anywarp::lower
