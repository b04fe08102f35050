// Lowering finds the pointers among a function's integers (lower/pointers.cpp), but arguments and results stay integers, and calls
// that are inlined leave
//
//     %a = ptrtoint (addrspacecast %array to ptr)      ; the caller
//     %s = add i64 %a, 16
//     %p = inttoptr i64 %s to ptr                      ; the callee
//
// behind, in which nobody sees that a local array is read: it stays in memory, with all that is known of it lost. Here everything is
// in one function, so an integer is a pointer where all that flows into it comes from ptrtoint:
//
//     %p = getelementptr i8, ptr (addrspacecast %array to ptr), i64 16
#include "opt/addresses.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>

namespace anywarp::opt {

using namespace llvm;

namespace {

class Recovery {
 public:
  /// Null if it is not known to be a pointer.
  Value* pointer(Value* integer) {
    SmallPtrSet<Value*, 16> seen;
    return is_pointer(integer, seen, 0) ? make(integer) : nullptr;
  }

 private:
  static constexpr unsigned kDepth = 64;

  /// What is seen again in a cycle counts as a pointer: then what flows in elsewhere decides.
  bool is_pointer(Value* value, SmallPtrSetImpl<Value*>& seen, unsigned depth) {
    if (made_.count(value)) return true;
    if (depth > kDepth) return false;
    if (auto* cast = dyn_cast<PtrToIntInst>(value)) return cast->getPointerAddressSpace() == 0 && cast->getType()->isIntegerTy(64);
    if (!isa<Instruction>(value) || !value->getType()->isIntegerTy(64)) return false;
    if (!seen.insert(value).second) return true;
    if (auto* sum = dyn_cast<BinaryOperator>(value)) return base_of(*sum, seen, depth) != nullptr;
    if (auto* phi = dyn_cast<PHINode>(value))
      return all_of(phi->incoming_values(), [&](Value* incoming) { return is_pointer(incoming, seen, depth + 1); });
    if (auto* select = dyn_cast<SelectInst>(value))
      return is_pointer(select->getTrueValue(), seen, depth + 1) && is_pointer(select->getFalseValue(), seen, depth + 1);
    return false;
  }

  /// The summand that is the pointer; null unless it is one of them.
  Value* base_of(BinaryOperator& sum, SmallPtrSetImpl<Value*>& seen, unsigned depth) {
    const bool subtracts = sum.getOpcode() == Instruction::Sub;
    if (sum.getOpcode() != Instruction::Add && !subtracts) return nullptr;
    // Whatever is found out about the other summand must not hang on guesses about this one.
    SmallPtrSet<Value*, 16> apart(seen.begin(), seen.end());
    Value *left = sum.getOperand(0), *right = sum.getOperand(1);
    const bool is_left = is_pointer(left, seen, depth + 1), is_right = is_pointer(right, apart, depth + 1);
    if (is_left == is_right || (subtracts && is_right)) return nullptr;
    return is_left ? left : right;
  }

  Value* make(Value* integer) {
    if (Value* known = made_.lookup(integer)) return known;
    if (auto* cast = dyn_cast<PtrToIntInst>(integer)) return made_[integer] = cast->getPointerOperand();
    auto* instruction = cast<Instruction>(integer);
    IRBuilder<> b(instruction);
    if (auto* sum = dyn_cast<BinaryOperator>(instruction)) {
      SmallPtrSet<Value*, 16> seen;
      Value* base = base_of(*sum, seen, 0);
      if (!base) return b.CreateIntToPtr(integer, b.getPtrTy());  // a cycle that was a pointer as a whole only
      Value* offset = base == sum->getOperand(0) ? sum->getOperand(1) : sum->getOperand(0);
      if (sum->getOpcode() == Instruction::Sub) offset = b.CreateNeg(offset);
      return made_[integer] = b.CreatePtrAdd(make(base), offset);
    }
    if (auto* phi = dyn_cast<PHINode>(instruction)) {
      PHINode* result = b.CreatePHI(b.getPtrTy(), phi->getNumIncomingValues());
      made_[integer] = result;
      for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i)
        result->addIncoming(make(phi->getIncomingValue(i)), phi->getIncomingBlock(i));
      return result;
    }
    auto* select = cast<SelectInst>(instruction);
    Value *yes = make(select->getTrueValue()), *no = make(select->getFalseValue());
    b.SetInsertPoint(select);
    return made_[integer] = b.CreateSelect(select->getCondition(), yes, no);
  }

  DenseMap<Value*, Value*> made_;
};

}  // namespace

PreservedAnalyses RecoverAddressesPass::run(Function& function, FunctionAnalysisManager& analyses) {
  SmallVector<IntToPtrInst*> casts;
  for (Instruction& instruction : instructions(function))
    if (auto* cast = dyn_cast<IntToPtrInst>(&instruction)) casts.push_back(cast);
  Recovery recovery;
  bool changed = false;
  for (IntToPtrInst* cast : casts) {
    Value* pointer = recovery.pointer(cast->getOperand(0));
    if (!pointer) continue;
    IRBuilder<> b(cast);
    cast->replaceAllUsesWith(pointer->getType() == cast->getType() ? pointer : b.CreateAddrSpaceCast(pointer, cast->getType()));
    cast->eraseFromParent();
    changed = true;
  }
  if (!changed) return PreservedAnalyses::all();
  PreservedAnalyses kept;
  kept.preserveSet<CFGAnalyses>();
  return kept;
}

}  // namespace anywarp::opt
