// -prec-div=false:   %q = fdiv float %a, %b   ->   %q = call float @llvm.nvvm.div.full(float %a, float %b)       (div.full.f32)
// --use_fast_math:   %q = fdiv float %a, %b   ->   %q = fdiv afn float %a, %b                                    (div.approx.f32)
// -prec-sqrt=false:  %r = call float @llvm.sqrt.f32(float %a)   ->   the same with afn                           (sqrt.approx.f32)
#include "frontend/precision.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/Module.h>

namespace anywarp::frontend {

namespace {

using namespace llvm;

bool is_one(const Value& value) {
  const auto* constant = dyn_cast<ConstantFP>(&value);
  return constant && constant->isExactlyValue(1.0);
}

void divide_in_full(Instruction& divide, bool flush) {
  IRBuilder<> builder(&divide);
  Value* quotient = builder.CreateIntrinsic(flush ? Intrinsic::nvvm_div_full_ftz : Intrinsic::nvvm_div_full, {},
                                            {divide.getOperand(0), divide.getOperand(1)});
  divide.replaceAllUsesWith(quotient);
  divide.eraseFromParent();
}

}  // namespace

void set_precision(Module& module, const toolchain::DeviceOptions& options) {
  const toolchain::Division division = toolchain::division(options);
  const bool exact_sqrt = toolchain::exact_sqrt(options);
  if (division == toolchain::Division::Exact && exact_sqrt) return;
  for (Function& function : module) {
    for (Instruction& instruction : make_early_inc_range(instructions(function))) {
      if (!instruction.getType()->isFloatTy()) continue;
      if (instruction.getOpcode() == Instruction::FDiv) {
        if (division == toolchain::Division::Approximate) instruction.setHasApproxFunc(true);
        if (division == toolchain::Division::Full) {
          if (is_one(*instruction.getOperand(0)))
            instruction.setHasApproxFunc(true);  // rcp.approx.f32
          else
            divide_in_full(instruction, options.ftz);
        }
      } else if (auto* call = dyn_cast<IntrinsicInst>(&instruction); call && call->getIntrinsicID() == Intrinsic::sqrt && !exact_sqrt) {
        call->setHasApproxFunc(true);
      }
    }
  }
}

void allow_contraction(Module& module) {
  for (Function& function : module)
    for (Instruction& instruction : instructions(function))
      if (instruction.getOpcode() == Instruction::FMul || instruction.getOpcode() == Instruction::FAdd ||
          instruction.getOpcode() == Instruction::FSub)
        instruction.setHasAllowContract(true);
}

}  // namespace anywarp::frontend
