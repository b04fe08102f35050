// What LLVM's verifier cannot know: the form that kir.h states. Each rule is one function over one kind of thing; the
// first breach is reported with the function and the instruction that breaks it.
#include "kir/kir.h"

#include <llvm/IR/CallingConv.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/TargetParser/Triple.h>

namespace anywarp::kir {
namespace {

enum AddressSpace : unsigned { kGeneric = 0, kGlobal = 1, kShared = 3, kConst = 4, kLocal = 5 };

Error broken(const llvm::Twine& what) { return Error{CUDA_ERROR_INVALID_PTX, "The kernel IR is malformed: " + what.str() + ".", {}}; }

std::string text(const llvm::Value& value) {
  std::string out;
  llvm::raw_string_ostream stream(out);
  value.print(stream);
  return out;
}

Result<> check_target(const llvm::Module& module) {
  if (!module.getTargetTriple().isNVPTX())
    return broken("the target triple is '" + module.getTargetTriple().str() + "', not nvptx64-nvidia-cuda");
  if (module.getDataLayoutStr() != module.getTargetTriple().computeDataLayout())
    return broken("the data layout '" + module.getDataLayoutStr() + "' is not that of nvptx64-nvidia-cuda");
  return {};
}

Result<> check_variable(const llvm::GlobalVariable& variable) {
  const std::string name = variable.getName().str();
  switch (variable.getAddressSpace()) {
    case kGlobal:
    case kConst:
      if (variable.hasInitializer()) return broken("the variable '" + name + "' must be an external declaration");
      return {};
    case kShared:
      if (variable.hasInitializer() && !llvm::isa<llvm::UndefValue>(variable.getInitializer()))
        return broken("the shared variable '" + name + "' has an initialiser");
      if (!variable.hasInitializer() && variable.getDataLayout().getTypeAllocSize(variable.getValueType()) != 0)
        return broken("the dynamic shared variable '" + name + "' has a size");
      return {};
    default: return broken("the variable '" + name + "' is in address space " + llvm::Twine(variable.getAddressSpace()));
  }
}

Result<> check_kernel(const KernelModule& kernel) {
  const llvm::Function* found = nullptr;
  for (const llvm::Function& function : *kernel.module) {
    if (function.isDeclaration()) continue;
    if (function.getCallingConv() == llvm::CallingConv::PTX_Kernel) {
      if (found) return broken("'" + found->getName() + "' and '" + function.getName() + "' are both kernels");
      found = &function;
    } else if (!function.hasLocalLinkage()) {
      return broken("the device function '" + function.getName() + "' is not internal");
    }
  }
  if (!found || found != kernel.kernel) return broken("the module has no kernel, or another than KernelModule says");
  if (!found->getReturnType()->isVoidTy() || found->arg_size() != 1 || !found->getArg(0)->getType()->isPointerTy())
    return broken("the kernel '" + found->getName() + "' does not have the type void(ptr)");
  return {};
}

bool is_allowed_value(llvm::Type* type) {
  if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type))
    return vector->getNumElements() <= 4 && is_allowed_value(vector->getElementType());
  return true;
}

Result<> check_instruction(const llvm::Instruction& instruction) {
  const llvm::Function& function = *instruction.getFunction();
  if (auto* alloca = llvm::dyn_cast<llvm::AllocaInst>(&instruction); alloca && alloca->getAddressSpace() != kLocal)
    return broken("in '" + function.getName() + "', an alloca outside of address space 5: " + text(instruction));
  if (!is_allowed_value(instruction.getType())) return broken("in '" + function.getName() + "', a wide vector: " + text(instruction));
  if (llvm::isa<llvm::InvokeInst, llvm::CallBrInst, llvm::IndirectBrInst, llvm::LandingPadInst>(instruction))
    return broken("in '" + function.getName() + "', control flow that kernels do not have: " + text(instruction));
  return {};
}

Result<> check_callee(const llvm::Function& function) {
  const llvm::StringRef name = function.getName();
  if (function.isIntrinsic() || name.starts_with("__aw_") || name.starts_with("aw.") || name.starts_with("__nv_")) return {};
  return broken("the function '" + name + "' is declared but neither defined nor part of the device runtime");
}

}  // namespace

Result<> verify(const KernelModule& kernel) {
  if (!kernel.module || !kernel.kernel) return broken("there is no module");
  std::string message;
  llvm::raw_string_ostream stream(message);
  if (llvm::verifyModule(*kernel.module, &stream)) return broken(message);
  AW_TRY(check_target(*kernel.module));
  AW_TRY(check_kernel(kernel));
  for (const llvm::GlobalVariable& variable : kernel.module->globals()) AW_TRY(check_variable(variable));
  for (const llvm::Function& function : *kernel.module) {
    if (function.isDeclaration()) {
      AW_TRY(check_callee(function));
      continue;
    }
    for (const llvm::Instruction& instruction : llvm::instructions(function)) AW_TRY(check_instruction(instruction));
  }
  return {};
}

}  // namespace anywarp::kir
