// PTX has no pointers, only 64-bit (for shared memory also 32-bit) integers. Lowered word by word, a[i] is
//
//     %a    = load i64, ptr %params
//     %g    = ptrtoint (addrspacecast (inttoptr %a) to ptr addrspace(1))      ; cvta.to.global
//     %x    = add i64 %g, %offset
//     %p    = inttoptr i64 %x to ptr addrspace(1)
//     load float, ptr addrspace(1) %p
//
// in which LLVM's alias analysis and the vectoriser's address shapes see nothing. This pass makes it
//
//     %a    = load ptr, ptr %params
//     %g    = addrspacecast ptr %a to ptr addrspace(1)
//     %p    = getelementptr i8, ptr addrspace(1) %g, i64 %offset
//
// Every `inttoptr` asks for the pointer form of its operand. An integer is *certainly* a pointer when it comes from
// ptrtoint (an address of a variable, a cvta), and *possibly* one when it is loaded, passed or returned: then it is one if the other
// summand is certainly none. A sum of two possible pointers stays an integer, which is always right, only opaque.
//
// Shared addresses in 32 bits: zext(trunc(ptrtoint @v) + x) is the address of @v plus sext(x), because shared memory
// lies below 4 GiB and a valid address is less than 2 GiB from its variable. The sum x is formed in 32 bits, as the
// program does, and extended once.
#include "lower/pointers.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Operator.h>
#include <llvm/Transforms/Utils/Local.h>

namespace anywarp::lower {
namespace {

using llvm::Instruction;
using llvm::Operator;
using llvm::Value;

// Unknown: not visited yet, the bottom of the analysis. Null: the constant 0, which is a pointer where pointers meet.
enum class Kind : unsigned char { Unknown, Null, Integer, Possible, Certain };
constexpr unsigned kShared = 3;
constexpr int kRounds = 8;

bool is_pointer(Kind kind) { return kind >= Kind::Possible; }

class Recovery {
 public:
  explicit Recovery(llvm::Function& function) : function_(function), layout_(function.getDataLayout()) {}

  void run() {
    classify_all();
    llvm::SmallVector<llvm::IntToPtrInst*, 32> casts;
    for (Instruction& instruction : llvm::instructions(function_)) {
      if (auto* cast = llvm::dyn_cast<llvm::IntToPtrInst>(&instruction)) casts.push_back(cast);
    }
    for (llvm::IntToPtrInst* cast : casts) {
      Value* pointer = find(cast->getOperand(0), cast->getAddressSpace());
      if (!pointer) continue;
      llvm::IRBuilder<> builder(cast);
      cast->replaceAllUsesWith(in_space(builder, pointer, cast->getAddressSpace()));
      cast->eraseFromParent();
    }
    for (llvm::WeakTrackingVH& handle : dead_) {
      if (auto* instruction = llvm::dyn_cast_or_null<Instruction>(handle)) llvm::RecursivelyDeleteTriviallyDeadInstructions(instruction);
    }
  }

 private:
  static unsigned opcode(Value* value) {
    auto* op = llvm::dyn_cast<Operator>(value);
    return op ? op->getOpcode() : 0;
  }
  static Value* operand(Value* value, unsigned i) { return llvm::cast<llvm::User>(value)->getOperand(i); }

  static Value* in_space(llvm::IRBuilder<>& builder, Value* pointer, unsigned space) {
    return builder.CreateAddrSpaceCast(pointer, llvm::PointerType::get(builder.getContext(), space));
  }

  bool is_disjoint_or(Value* value) {
    if (opcode(value) != Instruction::Or) return false;
    if (auto* instruction = llvm::dyn_cast<llvm::PossiblyDisjointInst>(value); instruction && instruction->isDisjoint()) return true;
    auto* constant = llvm::dyn_cast<llvm::ConstantInt>(operand(value, 1));
    return constant && llvm::MaskedValueIsZero(operand(value, 0), constant->getValue(), llvm::SimplifyQuery(layout_));
  }

  // The pointer form of a 64-bit integer, or null. `space` is where the access goes.
  Value* find(Value* value, unsigned space) {
    if (opcode(value) == Instruction::ZExt && operand(value, 0)->getType()->isIntegerTy(32)) return find_narrow(value);
    return is_pointer(kind_of(value)) ? pointer_of(value) : nullptr;
  }

  // The classification is optimistic on cycles (an induction variable that is a pointer). A value whose kind does not
  // settle only costs precision: pointer_of gives every integer its right pointer form.
  void classify_all() {
    for (int round = 0; round < kRounds; ++round) {
      bool changed = false;
      for (llvm::BasicBlock* block : llvm::ReversePostOrderTraversal<llvm::Function*>(&function_)) {
        for (Instruction& instruction : *block) {
          if (!instruction.getType()->isIntegerTy(64)) continue;
          Kind kind = classify(&instruction);
          Kind& known = kinds_[&instruction];
          changed |= known != kind;
          known = kind;
        }
      }
      if (!changed) return;
    }
  }

  Kind kind_of(Value* value) {
    if (llvm::isa<Instruction>(value)) {
      auto it = kinds_.find(value);
      return it == kinds_.end() ? Kind::Unknown : it->second;
    }
    return classify(value);
  }

  Kind classify(Value* value) {
    if (auto* constant = llvm::dyn_cast<llvm::ConstantInt>(value)) return constant->isZero() ? Kind::Null : Kind::Integer;
    if (llvm::isa<llvm::Argument>(value)) return Kind::Possible;
    switch (opcode(value)) {
      case Instruction::PtrToInt: return Kind::Certain;
      case Instruction::ZExt: return Kind::Integer;
      case Instruction::Load: return llvm::cast<llvm::LoadInst>(value)->isSimple() ? Kind::Possible : Kind::Integer;
      case Instruction::Call: return llvm::isa<llvm::IntrinsicInst>(value) ? Kind::Integer : Kind::Possible;
      case Instruction::Or:
        if (!is_disjoint_or(value)) return Kind::Integer;
        [[fallthrough]];
      case Instruction::Add: return sum(kind_of(operand(value, 0)), kind_of(operand(value, 1)));
      case Instruction::Sub: {
        Kind a = kind_of(operand(value, 0)), b = kind_of(operand(value, 1));
        if (a == Kind::Unknown || b == Kind::Unknown) return Kind::Unknown;
        if (b == Kind::Certain || !is_pointer(a)) return Kind::Integer;
        return b == Kind::Possible && a == Kind::Possible ? Kind::Integer : a;
      }
      case Instruction::Select: return join(kind_of(operand(value, 1)), kind_of(operand(value, 2)));
      case Instruction::PHI: {
        Kind kind = Kind::Unknown;
        for (Value* incoming : llvm::cast<llvm::PHINode>(value)->incoming_values()) kind = join(kind, kind_of(incoming));
        return kind;
      }
      default: return Kind::Integer;
    }
  }

  static Kind sum(Kind a, Kind b) {
    if (a == Kind::Unknown || b == Kind::Unknown) return Kind::Unknown;
    if (!is_pointer(a) && !is_pointer(b)) return Kind::Integer;
    return a == b ? Kind::Integer : std::max(a, b);
  }

  static Kind join(Kind a, Kind b) {
    if (a == Kind::Integer || b == Kind::Integer) return Kind::Integer;
    return std::max(a, b);
  }

  // Where code that computes something from `value` may stand.
  llvm::BasicBlock::iterator after(Value* value) {
    if (auto* instruction = llvm::dyn_cast<Instruction>(value)) {
      if (auto place = instruction->getInsertionPointAfterDef()) return *place;
    }
    return function_.getEntryBlock().getFirstNonPHIOrDbgOrAlloca();
  }

  // Requires: kind_of(value) is Possible or Certain, or Null (the null pointer, or a phi of its own cycle).
  Value* pointer_of(Value* value) {
    if (auto it = pointers_.find(value); it != pointers_.end()) return it->second;
    Value* pointer = build(value);
    pointers_[value] = pointer;
    return pointer;
  }

  Value* build(Value* value) {
    llvm::LLVMContext& context = function_.getContext();
    if (auto* constant = llvm::dyn_cast<llvm::Constant>(value); constant && opcode(value) != Instruction::PtrToInt)
      return build_constant(constant);
    switch (opcode(value)) {
      case Instruction::PtrToInt: return through_cast(operand(value, 0));
      case Instruction::Add:
      case Instruction::Or: {
        Value *a = operand(value, 0), *b = operand(value, 1);
        if (kind_of(b) > kind_of(a)) std::swap(a, b);
        Value* base = pointer_of(a);
        llvm::IRBuilder<> builder(context);
        set_point(builder, value);
        return builder.CreatePtrAdd(base, b);
      }
      case Instruction::Sub: {
        Value* base = pointer_of(operand(value, 0));
        llvm::IRBuilder<> builder(context);
        set_point(builder, value);
        return builder.CreatePtrAdd(base, builder.CreateNeg(operand(value, 1)));
      }
      case Instruction::Select: {
        llvm::SmallPtrSet<Value*, 8> seen;
        unsigned space = space_of(value, seen).value_or(0);
        Value *a = pointer_of(operand(value, 1)), *b = pointer_of(operand(value, 2));
        llvm::IRBuilder<> builder(llvm::cast<Instruction>(value));
        return builder.CreateSelect(operand(value, 0), in_space(builder, a, space), in_space(builder, b, space));
      }
      case Instruction::PHI: return build_phi(*llvm::cast<llvm::PHINode>(value));
      case Instruction::Load: return build_load(*llvm::cast<llvm::LoadInst>(value));
      default: {
        llvm::IRBuilder<> builder(context);
        llvm::BasicBlock::iterator place = after(value);
        builder.SetInsertPoint(place->getParent(), place);
        return builder.CreateIntToPtr(value, llvm::PointerType::get(context, 0));
      }
    }
  }

  Value* build_constant(llvm::Constant* constant) {
    llvm::LLVMContext& context = function_.getContext();
    if (opcode(constant) == Instruction::Add && opcode(operand(constant, 0)) == Instruction::PtrToInt) {
      auto* base = llvm::cast<llvm::Constant>(operand(operand(constant, 0), 0));
      auto* offset = llvm::cast<llvm::Constant>(operand(constant, 1));
      return llvm::ConstantExpr::getGetElementPtr(llvm::Type::getInt8Ty(context), base, offset);
    }
    return llvm::ConstantExpr::getIntToPtr(constant, llvm::PointerType::get(context, 0));
  }

  // A new pointer stands where the integer stands, so that it dominates what the integer dominates.
  void set_point(llvm::IRBuilder<>& builder, Value* value) { builder.SetInsertPoint(llvm::cast<Instruction>(value)); }

  // Behind cvta stands inttoptr of the address in the other space.
  Value* through_cast(Value* pointer) {
    if (auto* source = llvm::dyn_cast<llvm::IntToPtrInst>(pointer)) {
      Value* origin = find(source->getOperand(0), source->getAddressSpace());
      return origin ? origin : pointer;
    }
    if (opcode(pointer) != Instruction::AddrSpaceCast || !llvm::isa<Instruction>(pointer)) return pointer;
    auto* source = llvm::dyn_cast<llvm::IntToPtrInst>(operand(pointer, 0));
    if (!source) return pointer;
    Value* origin = find(source->getOperand(0), source->getAddressSpace());
    if (!origin) return pointer;
    llvm::IRBuilder<> builder(llvm::cast<Instruction>(pointer));
    return in_space(builder, origin, pointer->getType()->getPointerAddressSpace());
  }

  Value* build_phi(llvm::PHINode& phi) {
    llvm::SmallPtrSet<Value*, 8> seen;
    unsigned space = space_of(&phi, seen).value_or(0);
    llvm::IRBuilder<> builder(&phi);
    llvm::PHINode* made = builder.CreatePHI(llvm::PointerType::get(phi.getContext(), space), phi.getNumIncomingValues());
    pointers_[&phi] = made;
    for (unsigned i = 0; i < phi.getNumIncomingValues(); ++i) {
      Value* incoming = pointer_of(phi.getIncomingValue(i));
      builder.SetInsertPoint(phi.getIncomingBlock(i)->getTerminator());
      // One block may come in several times (a switch); LLVM wants the same value then.
      int first = made->getBasicBlockIndex(phi.getIncomingBlock(i));
      made->addIncoming(first >= 0 ? made->getIncomingValue(first) : in_space(builder, incoming, space), phi.getIncomingBlock(i));
    }
    dead_.push_back(&phi);
    return made;
  }

  Value* build_load(llvm::LoadInst& load) {
    llvm::IRBuilder<> builder(&load);
    llvm::LoadInst* made = builder.CreateAlignedLoad(builder.getPtrTy(), load.getPointerOperand(), load.getAlign());
    if (llvm::MDNode* node = load.getMetadata(llvm::LLVMContext::MD_invariant_load))
      made->setMetadata(llvm::LLVMContext::MD_invariant_load, node);
    Value* integer = builder.CreatePtrToInt(made, load.getType());
    kinds_[integer] = Kind::Certain;
    pointers_[integer] = made;
    load.replaceAllUsesWith(integer);
    dead_.push_back(&load);
    return made;
  }

  // The address space in which the pointer form of `value` lives; nothing when it is null or only its own cycle.
  std::optional<unsigned> space_of(Value* value, llvm::SmallPtrSet<Value*, 8>& seen) {
    if (!seen.insert(value).second) return std::nullopt;
    if (auto it = pointers_.find(value); it != pointers_.end()) return it->second->getType()->getPointerAddressSpace();
    if (kind_of(value) == Kind::Null) return std::nullopt;
    switch (opcode(value)) {
      case Instruction::PtrToInt: return operand(value, 0)->getType()->getPointerAddressSpace();
      case Instruction::Add:
      case Instruction::Or: {
        Value *a = operand(value, 0), *b = operand(value, 1);
        return space_of(kind_of(b) > kind_of(a) ? b : a, seen);
      }
      case Instruction::Sub: return space_of(operand(value, 0), seen);
      case Instruction::Select: return meet(space_of(operand(value, 1), seen), space_of(operand(value, 2), seen));
      case Instruction::PHI: {
        std::optional<unsigned> space;
        for (Value* incoming : llvm::cast<llvm::PHINode>(value)->incoming_values()) space = meet(space, space_of(incoming, seen));
        return space;
      }
      default: return 0;
    }
  }

  static std::optional<unsigned> meet(std::optional<unsigned> a, std::optional<unsigned> b) {
    if (!a || !b) return a ? a : b;
    return *a == *b ? *a : 0;
  }

  // A shared address in 32 bits: the pointer it starts from and the offset in 32 bits (null: 0).
  struct Narrow {
    llvm::WeakTrackingVH root;
    llvm::WeakTrackingVH offset;
  };

  Value* find_narrow(Value* extended) {
    Value* value = operand(extended, 0);
    Narrow narrow = narrow_of(value);
    if (!narrow.root || !llvm::isa<Instruction>(extended)) return narrow.root && !narrow.offset ? narrow.root : nullptr;
    if (!narrow.offset) return narrow.root;
    llvm::IRBuilder<> builder(llvm::cast<Instruction>(extended));
    // A constant that is added last goes last, so that neighbouring accesses share the rest.
    if (opcode(value) == Instruction::Add && llvm::isa<llvm::ConstantInt>(operand(value, 1))) {
      if (Narrow inner = narrow_of(operand(value, 0)); inner.root && inner.offset) {
        Value* near = builder.CreatePtrAdd(inner.root, builder.CreateSExt(inner.offset, builder.getInt64Ty()));
        return builder.CreatePtrAdd(near, builder.CreateSExt(operand(value, 1), builder.getInt64Ty()));
      }
    }
    return builder.CreatePtrAdd(narrow.root, builder.CreateSExt(narrow.offset, builder.getInt64Ty()));
  }

  Narrow narrow_of(Value* value) {
    if (auto it = narrows_.find(value); it != narrows_.end()) return it->second;
    narrows_[value] = {};
    Narrow narrow = build_narrow(value);
    narrows_[value] = narrow;
    return narrow;
  }

  Narrow build_narrow(Value* value) {
    switch (opcode(value)) {
      case Instruction::PtrToInt: {
        // Constants are folded: trunc(ptrtoint @v) is ptrtoint @v to i32.
        Value* root = operand(value, 0);
        return root->getType()->getPointerAddressSpace() == kShared ? Narrow{root, nullptr} : Narrow{};
      }
      case Instruction::Trunc: {
        Value* wide = operand(value, 0);
        if (kind_of(wide) != Kind::Certain) return {};
        llvm::SmallPtrSet<Value*, 8> seen;
        if (space_of(wide, seen) != kShared) return {};
        Value* root = pointer_of(wide);
        return root->getType()->getPointerAddressSpace() == kShared ? Narrow{root, nullptr} : Narrow{};
      }
      case Instruction::Add:
      case Instruction::Or: {
        if (opcode(value) == Instruction::Or && !is_disjoint_or(value)) return {};
        Value *a = operand(value, 0), *b = operand(value, 1);
        Narrow left = narrow_of(a), right = narrow_of(b);
        if (bool(left.root) == bool(right.root)) return {};
        Narrow& base = left.root ? left : right;
        Value* addend = left.root ? b : a;
        if (!base.offset) return {base.root, addend};
        if (!llvm::isa<Instruction>(value)) return {};
        llvm::IRBuilder<> builder(llvm::cast<Instruction>(value));
        return {base.root, builder.CreateAdd(base.offset, addend)};
      }
      case Instruction::Sub: {
        Narrow left = narrow_of(operand(value, 0)), right = narrow_of(operand(value, 1));
        if (!left.root || right.root || !llvm::isa<Instruction>(value)) return {};
        llvm::IRBuilder<> builder(llvm::cast<Instruction>(value));
        Value* offset = left.offset ? left.offset : builder.getInt32(0);
        return {left.root, builder.CreateSub(offset, operand(value, 1))};
      }
      case Instruction::Select:
      case Instruction::PHI: return narrow_merge(value);
      default: return {};
    }
  }

  // A phi or select of 32-bit addresses that all start from the same variable becomes one of offsets.
  Narrow narrow_merge(Value* value) {
    llvm::SmallPtrSet<Value*, 8> seen;
    Value* root = nullptr;
    if (!common_root(value, root, seen) || !root) return {};
    return {root, offset_from_root(value)};
  }

  // The variable that a constant address in 32 bits lies in, and how far.
  llvm::GlobalVariable* constant_root(Value* value, int64_t& offset) {
    Value* wide = opcode(value) == Instruction::Trunc ? operand(value, 0) : value;
    if (opcode(wide) != Instruction::PtrToInt) return nullptr;
    llvm::APInt sum(64, 0);
    auto* variable = llvm::dyn_cast<llvm::GlobalVariable>(operand(wide, 0)->stripAndAccumulateConstantOffsets(layout_, sum, true));
    offset = sum.getSExtValue();
    return variable && variable->getAddressSpace() == kShared ? variable : nullptr;
  }

  // Whether every way into `value` leads to one and the same variable, without building anything.
  bool common_root(Value* value, Value*& root, llvm::SmallPtrSet<Value*, 8>& seen) {
    if (!seen.insert(value).second) return true;
    int64_t offset = 0;
    if (llvm::GlobalVariable* variable = constant_root(value, offset)) {
      if (root && root != variable) return false;
      root = variable;
      return true;
    }
    switch (opcode(value)) {
      case Instruction::Add: {
        const bool left = leads_to_root(operand(value, 0)), right = leads_to_root(operand(value, 1));
        return left != right && common_root(operand(value, left ? 0 : 1), root, seen);
      }
      case Instruction::Sub: return !leads_to_root(operand(value, 1)) && common_root(operand(value, 0), root, seen);
      case Instruction::Select: return common_root(operand(value, 1), root, seen) && common_root(operand(value, 2), root, seen);
      case Instruction::PHI:
        return llvm::all_of(llvm::cast<llvm::PHINode>(value)->incoming_values(),
                            [&](Value* incoming) { return common_root(incoming, root, seen); });
      default: return false;
    }
  }

  // Requires: common_root(value). The address minus that of the variable.
  Value* offset_from_root(Value* value) {
    if (auto it = offsets_.find(value); it != offsets_.end()) return it->second;
    llvm::Type* type = value->getType();
    int64_t offset = 0;
    if (constant_root(value, offset)) return llvm::ConstantInt::getSigned(type, offset);
    if (auto* phi = llvm::dyn_cast<llvm::PHINode>(value)) {
      llvm::PHINode* made = llvm::IRBuilder<>(phi).CreatePHI(type, phi->getNumIncomingValues());
      offsets_[phi] = made;
      for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i) {
        const int first = made->getBasicBlockIndex(phi->getIncomingBlock(i));
        made->addIncoming(first >= 0 ? made->getIncomingValue(first) : offset_from_root(phi->getIncomingValue(i)),
                          phi->getIncomingBlock(i));
      }
      dead_.push_back(phi);
      return made;
    }
    // Constants fold; everything else stands where the address stands.
    llvm::IRBuilder<> builder(type->getContext());
    if (auto* instruction = llvm::dyn_cast<Instruction>(value)) builder.SetInsertPoint(instruction);
    Value *made = nullptr, *a = operand(value, 0), *b = operand(value, 1);
    switch (opcode(value)) {
      case Instruction::Add:
        made = leads_to_root(a) ? builder.CreateAdd(offset_from_root(a), b) : builder.CreateAdd(a, offset_from_root(b));
        break;
      case Instruction::Sub: made = builder.CreateSub(offset_from_root(a), b); break;
      default: made = builder.CreateSelect(a, offset_from_root(b), offset_from_root(operand(value, 2)));
    }
    offsets_[value] = made;
    return made;
  }

  bool leads_to_root(Value* value) {
    llvm::SmallVector<Value*, 8> work{value};
    llvm::SmallPtrSet<Value*, 16> seen;
    while (!work.empty()) {
      Value* next = work.pop_back_val();
      if (!seen.insert(next).second) continue;
      unsigned code = opcode(next);
      int64_t offset = 0;
      if (constant_root(next, offset)) return true;
      if (code == Instruction::Add || code == Instruction::Sub) {
        work.push_back(operand(next, 0));
        work.push_back(operand(next, 1));
      } else if (code == Instruction::Select) {
        work.push_back(operand(next, 1));
        work.push_back(operand(next, 2));
      } else if (code == Instruction::PHI) {
        llvm::append_range(work, llvm::cast<llvm::PHINode>(next)->incoming_values());
      }
    }
    return false;
  }

  llvm::Function& function_;
  const llvm::DataLayout& layout_;
  llvm::DenseMap<Value*, Kind> kinds_;
  llvm::DenseMap<Value*, llvm::WeakTrackingVH> pointers_;
  llvm::DenseMap<Value*, Narrow> narrows_;
  llvm::DenseMap<Value*, llvm::WeakTrackingVH> offsets_;  // of 32-bit addresses from their variable
  llvm::SmallVector<llvm::WeakTrackingVH, 16> dead_;
};

}  // namespace

void recover_pointers(llvm::Function& function) { Recovery(function).run(); }

}  // namespace anywarp::lower
