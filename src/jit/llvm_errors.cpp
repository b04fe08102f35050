// Both were found by random kernels, the engines disagreeing. An entry may go when every LLVM that we are built with has the fix.
#include "jit/llvm_errors.h"

#include <llvm/IR/Function.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/Target/TargetMachine.h>

namespace anywarp::jit {
namespace {

using namespace llvm;

/// x86: a scalar minimumnum or maximumnum gives NaN when one operand is NaN and the other is known not to be (AVX512DQ; it sorts the two
/// by vfpclass the wrong way round). With the other operand in a NaN's place there is nothing to sort.
void keep_numbers(IntrinsicInst& call) {
  IRBuilder<> builder(&call);
  for (unsigned i = 0; i < 2; ++i) {
    Value *value = call.getArgOperand(i), *other = call.getArgOperand(1 - i);
    if (!isa<Constant>(value)) call.setArgOperand(i, builder.CreateSelect(builder.CreateFCmpUNO(value, value), other, value));
  }
}

bool is_logic(const Value* value) {
  const auto* operation = dyn_cast<BinaryOperator>(value);
  return operation && operation->isBitwiseLogicOp();
}

/// x86 with AVX-512: `select(mask, (x & c) | (y & ~c), x)` becomes one masked vpternlog, whose truth table is wrong where x is the second
/// operand and c is in memory (llvm/llvm-project issue 157929, mended in LLVM 23). A select of another type is not taken into it.
void keep_select_apart(SelectInst& select) {
  auto* type = dyn_cast<FixedVectorType>(select.getType());
  if (!type || !select.getCondition()->getType()->isVectorTy()) return;
  if (!type->getElementType()->isIntegerTy(32) && !type->getElementType()->isIntegerTy(64)) return;
  if (!is_logic(select.getTrueValue()) && !is_logic(select.getFalseValue())) return;
  IRBuilder<> builder(&select);
  Type* other =
      FixedVectorType::get(type->getElementType()->isIntegerTy(32) ? builder.getFloatTy() : builder.getDoubleTy(), type->getNumElements());
  Value* apart = builder.CreateSelect(select.getCondition(), builder.CreateBitCast(select.getTrueValue(), other),
                                      builder.CreateBitCast(select.getFalseValue(), other));
  select.replaceAllUsesWith(builder.CreateBitCast(apart, type));
  select.eraseFromParent();
}

}  // namespace

void avoid_llvm_errors(Module& module, const TargetMachine& machine) {
  if (!machine.getTargetTriple().isX86()) return;
  const bool mask_registers = machine.getMCSubtargetInfo()->checkFeatures("+avx512f");
  for (Function& function : module)
    for (Instruction& instruction : make_early_inc_range(instructions(function))) {
      if (auto* call = dyn_cast<IntrinsicInst>(&instruction)) {
        const Intrinsic::ID id = call->getIntrinsicID();
        if ((id == Intrinsic::minimumnum || id == Intrinsic::maximumnum) && !call->getType()->isVectorTy()) keep_numbers(*call);
      } else if (auto* select = dyn_cast<SelectInst>(&instruction); select && mask_registers) {
        keep_select_apart(*select);
      }
    }
}

}  // namespace anywarp::jit
