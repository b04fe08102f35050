// Address operands. A variable's address is a pointer of the variable's own space; a register's is an integer that recover_pointers
// turns into a pointer once it sees where the integer comes from.
#include "lower/function_state.h"
#include "lower/lowering.h"
#include "lower/program_state.h"
#include "ptx/module.h"

namespace anywarp::lower {

using llvm::Value;
using ptx::OperandKind;

Value* Lowering::address(const Inst& inst, unsigned i, Space space, int64_t offset) {
  const ptx::Operand nothing{};
  const ptx::Operand& operand = i < inst.ast.operands.size() ? inst.ast.operands[i] : nothing;
  llvm::PointerType* type = pointer_type(space);
  if (operand.kind != OperandKind::Address) {
    unsupported(inst, "has an operand that is no address");
    return llvm::ConstantPointerNull::get(type);
  }
  const int64_t total = operand.offset() + offset;
  switch (operand.base) {
    case OperandKind::Register: {
      const unsigned component = operand.component == ptx::kNoComponent ? 0 : operand.component;
      llvm::AllocaInst* variable = function.variable_of(operand.index, component);
      Value* base = b.CreateLoad(variable->getAllocatedType(), variable);
      const unsigned bits = base->getType()->getPrimitiveSizeInBits().getFixedValue();
      base = coerce(base, b.getIntNTy(bits));
      // Addresses of 32 bits wrap in 32 bits.
      if (total) base = b.CreateAdd(base, llvm::ConstantInt::getSigned(base->getType(), llvm::SignExtend64(total, bits)));
      return b.CreateIntToPtr(b.CreateZExtOrTrunc(base, b.getInt64Ty()), type);
    }
    case OperandKind::ModuleVariable:
    case OperandKind::FunctionVariable: {
      Value* pointer = operand.base == OperandKind::ModuleVariable ? program.module_variable(operand.index)
                                                                   : function.pointer_of(*this, &inst, operand.index);
      if (pointer) return total ? b.CreatePtrAdd(pointer, b.getInt64(total)) : pointer;
      unsupported(inst, "names a variable of a state space that is not supported");
      break;
    }
    case OperandKind::Immediate: return b.CreateIntToPtr(b.getInt64(total), type);
    default: unsupported(inst, "has an address of a kind that is not supported");
  }
  return llvm::ConstantPointerNull::get(type);
}

namespace {

Space lowered(ptx::Space space) {
  switch (space) {
    case ptx::Space::Const: return Space::Const;
    case ptx::Space::Global: return Space::Global;
    case ptx::Space::Local: return Space::Local;
    case ptx::Space::Param:
    case ptx::Space::ParamEntry:
    case ptx::Space::ParamFunc: return Space::Param;
    case ptx::Space::Shared:
    case ptx::Space::SharedCta:
    case ptx::Space::SharedCluster: return Space::Shared;
    default: return Space::Generic;
  }
}

}  // namespace

Space Lowering::space_of(const Inst& inst) { return lowered(inst.ast.space); }

// .param has no space of its own: a kernel's parameters are in a buffer that the generic space reaches, those of functions are local.
llvm::PointerType* Lowering::pointer_type(Space space) {
  return llvm::PointerType::get(context, space == Space::Param ? 0 : static_cast<unsigned>(space));
}

bool Lowering::is_kernel_parameter(const Value* pointer) const {
  llvm::APInt offset(64, 0);
  auto* argument = llvm::dyn_cast<llvm::Argument>(pointer->stripAndAccumulateConstantOffsets(module.getDataLayout(), offset, true));
  return argument && argument->getParent()->getCallingConv() == llvm::CallingConv::PTX_Kernel;
}

}  // namespace anywarp::lower
