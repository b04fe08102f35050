// Where the forms of a value are: the base of all lanes, the lanes, whether its shape holds. Within a block they are at hand (local_);
// across blocks they lie in slots, which are allocas until the end, and across regions in arrays with an element for each slice. What is
// asked for in another form than the value has is made where it is asked for.
#include "spmd/widen.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/DerivedTypes.h>

namespace anywarp::spmd {

using namespace llvm;

Type* Widener::host_type(Type* type) {
  if (type->isPointerTy()) return b_.getPtrTy();
  if (auto* vector_type = dyn_cast<FixedVectorType>(type); vector_type && vector_type->getElementType()->isPointerTy())
    return FixedVectorType::get(b_.getPtrTy(), vector_type->getNumElements());
  if (auto* structure = dyn_cast<StructType>(type)) {
    SmallVector<Type*> elements;
    for (Type* element_type : structure->elements()) elements.push_back(host_type(element_type));
    return equal(elements, structure->elements()) ? type : StructType::get(context_, elements, structure->isPacked());
  }
  if (auto* array = dyn_cast<ArrayType>(type)) return ArrayType::get(host_type(array->getElementType()), array->getNumElements());
  return type;
}

void Widener::component_types(Type* type, SmallVectorImpl<Type*>& types) {
  if (auto* structure = dyn_cast<StructType>(type)) {
    for (Type* element_type : structure->elements()) component_types(element_type, types);
  } else if (auto* array = dyn_cast<ArrayType>(type)) {
    for (uint64_t i = 0; i < array->getNumElements(); ++i) component_types(array->getElementType(), types);
  } else if (auto* small = dyn_cast<FixedVectorType>(type)) {
    types.append(small->getNumElements(), host_type(small->getElementType()));
  } else {
    types.push_back(host_type(type));
  }
}

Type* Widener::slot_lane_type(Type* component) { return component->isIntegerTy(1) ? masks_.type() : wide(component); }

AllocaInst* Widener::temporary(Type* type, const Twine& name) {
  IRBuilder<> builder(entry_end_);
  return builder.CreateAlloca(type, nullptr, name);
}

AllocaInst* Widener::slot(Type* type, const Twine& name) {
  AllocaInst* result = temporary(type, name);
  promotable_.push_back(result);
  return result;
}

Widener::Slot Widener::crossing_slot(Type* type, bool of_slice, const Twine& name) {
  return {of_slice ? temporary(ArrayType::get(type, slices()), name) : slot(type, name), type, of_slice};
}

Value* Widener::address(const Slot& slot) {
  if (!slot.of_slice) return slot.memory;
  return b_.CreateInBoundsGEP(slot.type, slot.memory, b_.CreateZExt(slice_, b_.getInt64Ty()));
}

/// The value is defined in another region: here it is computed once more.
void Widener::compute_anew(const Value* value) {
  if (!regions_ || !regions_->is_computed_anew(value)) return;
  auto* instruction = cast<Instruction>(const_cast<Value*>(value));
  if (&region(regions_->start_of(instruction->getParent())) != current_region_) write_instruction(*instruction);
}

void Widener::create_slots() {
  for (BasicBlock* block : plan_.order())
    for (Instruction& instruction : *block) {
      if (instruction.getType()->isVoidTy() || instruction.getType()->isTokenTy()) continue;
      const bool crosses = isa<PHINode>(instruction) || any_of(instruction.users(), [&](const User* user) {
                             return isa<PHINode>(user) || cast<Instruction>(user)->getParent() != block;
                           });
      if (!crosses) continue;
      Slots slots;
      const Affine* shape = shapes_.shape(&instruction);
      const bool is_uniform = shapes_.uniform(&instruction);
      const bool from_outside = regions_ && isa<PHINode>(instruction) && regions_->is_start(block);
      const bool is_of_block = regions_ && is_uniform && regions_->is_of_block(&instruction);
      const bool of_slice = regions_ && !is_of_block && (from_outside || regions_->crosses(instruction));
      auto add = [&](Type* type, const Twine& suffix) { return crossing_slot(type, of_slice, instruction.getName() + suffix); };
      if (is_uniform || shape) slots.scalar = add(host_type(instruction.getType()), "");
      if (from_outside && is_of_block) slots.incoming = add(host_type(instruction.getType()), ".incoming");
      if (!is_uniform && shape && shape->conditional) slots.valid = add(b_.getInt1Ty(), ".valid");
      if (!is_uniform && shape && shape->crossing) slots.crossing = add(b_.getInt32Ty(), ".crossing");
      if (!is_uniform && (!shape || shape->conditional)) {
        SmallVector<Type*> types;
        component_types(instruction.getType(), types);
        for (Type* component : types) slots.lanes.push_back(add(slot_lane_type(component), ".lanes"));
      }
      slots_[&instruction] = std::move(slots);
    }
  if (regions_) share_slots();
}

/// What a loop carries from round to round over barriers (a tile's sums) is in memory for each slice: the phi, and the value that it gets
/// next. They share it where the phi is not read any more once that value is known.
void Widener::share_slots() {
  for (BasicBlock* header : plan_.order()) {
    const Loop* loop = plan_.loops().getLoopFor(header);
    if (!loop || loop->getHeader() != header || !loop->getLoopLatch() || plan_.blends(header)) continue;
    for (PHINode& phi : header->phis()) {
      auto* next = dyn_cast<Instruction>(phi.getIncomingValueForBlock(loop->getLoopLatch()));
      if (!next || isa<PHINode>(next) || !loop->contains(next)) continue;
      const auto of_phi = slots_.find(&phi), of_next = slots_.find(next);
      if (of_phi == slots_.end() || of_next == slots_.end()) continue;
      auto is_shared = [](const Slots& slots) {
        return !slots.scalar && !slots.valid && !slots.incoming && !slots.lanes.empty() &&
               all_of(slots.lanes, [](const Slot& slot) { return slot.of_slice; });
      };
      const bool is_over = all_of(phi.users(), [&](const User* user) {
        const auto* reader = cast<Instruction>(user);
        return !isa<PHINode>(reader) && reader->getParent() == next->getParent() && (reader == next || reader->comesBefore(next));
      });
      if (!is_over || !is_shared(of_phi->second) || !is_shared(of_next->second) ||
          of_phi->second.lanes.size() != of_next->second.lanes.size())
        continue;
      if (any_of(of_next->second.lanes, [](const Slot& slot) { return !slot.memory->use_empty(); })) continue;
      for (const Slot& slot : of_next->second.lanes) slot.memory->eraseFromParent();
      of_next->second.lanes = of_phi->second.lanes;
    }
  }
}

Value* Widener::offsets_vector(ArrayRef<int64_t> offsets, Type* type) {
  SmallVector<Constant*> elements;
  for (int64_t offset : offsets) elements.push_back(ConstantInt::getSigned(type, offset));
  return ConstantVector::get(elements);
}

Value* Widener::affine_lanes(Value* base, ArrayRef<int64_t> offsets, Value* crossing) {
  Type* type = base->getType()->isPointerTy() ? b_.getInt64Ty() : base->getType();
  Value* distances = offsets_vector(offsets, type);
  if (crossing) {
    Value* places = b_.CreateXor(lane_numbers(width_, type), splat(b_.CreateZExtOrTrunc(crossing, type)));
    distances = b_.CreateAdd(b_.CreateMul(places, splat(ConstantInt::getSigned(type, offsets[1] - offsets[0]))),
                             splat(ConstantInt::getSigned(type, offsets[0])));
  }
  return base->getType()->isPointerTy() ? b_.CreateGEP(b_.getInt8Ty(), base, distances) : b_.CreateAdd(splat(base), distances);
}

Value* Widener::scalar(const Value* value) {
  if (value == kernel_.getArg(0)) return params_;
  if (isa<PoisonValue>(value)) return PoisonValue::get(host_type(value->getType()));
  if (isa<UndefValue>(value)) return UndefValue::get(host_type(value->getType()));
  if (const auto* constant = dyn_cast<Constant>(value)) {
    if (constant->isNullValue()) return Constant::getNullValue(host_type(value->getType()));
    auto* address = const_cast<Constant*>(constant);
    return value->getType()->isPointerTy() && value->getType()->getPointerAddressSpace() != 0
               ? ConstantExpr::getAddrSpaceCast(address, b_.getPtrTy())
               : address;
  }
  if (isa<MetadataAsValue>(value)) return const_cast<Value*>(value);
  if (!local_[value].scalar) compute_anew(value);
  Forms& forms = local_[value];
  if (!forms.scalar)
    if (auto found = slots_.find(value); found != slots_.end() && found->second.scalar) forms.scalar = load(found->second.scalar);
  return forms.scalar;
}

Value* Widener::valid(const Value* value) {
  if (!isa<Instruction>(value)) return nullptr;
  if (!local_[value].valid && !local_[value].scalar) compute_anew(value);
  Forms& forms = local_[value];
  if (!forms.valid)
    if (auto found = slots_.find(value); found != slots_.end() && found->second.valid) forms.valid = load(found->second.valid);
  return forms.valid;
}

Value* Widener::crossing(const Value* value) {
  const Affine* shape = shapes_.shape(value);
  if (!shape || !shape->crossing) return nullptr;
  if (!local_[value].crossing && !local_[value].scalar) compute_anew(value);
  Forms& forms = local_[value];
  if (!forms.crossing) forms.crossing = load(slots_.find(value)->second.crossing);
  return forms.crossing;
}

/// 0, 1, 2, ...
Value* Widener::lane_numbers(unsigned lanes, Type* type) {
  SmallVector<Constant*> numbers;
  for (unsigned lane = 0; lane < lanes; ++lane) numbers.push_back(ConstantInt::get(type, lane));
  return ConstantVector::get(numbers);
}

const Widener::Lanes& Widener::lanes(const Value* value) {
  if (local_[value].lanes.empty() && !local_[value].scalar) compute_anew(value);
  {
    Forms& forms = local_[value];
    if (!forms.lanes.empty()) return forms.lanes;
    if (auto found = slots_.find(value); found != slots_.end() && !found->second.lanes.empty()) {
      SmallVector<Type*> types;
      component_types(value->getType(), types);
      for (size_t i = 0; i < types.size(); ++i) {
        Value* loaded = load(found->second.lanes[i]);
        forms.lanes.push_back(types[i]->isIntegerTy(1) ? masks_.to_bools(loaded) : loaded);
      }
      return forms.lanes;
    }
  }
  Value* single = scalar(value);
  Value* crossed = crossing(value);
  Forms& forms = local_[value];
  if (const Affine* shape = shapes_.shape(value); shape && !shapes_.uniform(value)) {
    forms.lanes.push_back(affine_lanes(single, shape->offsets, crossed));
    return forms.lanes;
  }
  // A uniform value of any type: each component is broadcast.
  std::function<void(Value*)> broadcast = [&](Value* part) {
    Type* type = part->getType();
    if (isa<StructType>(type) || isa<ArrayType>(type)) {
      const unsigned count = isa<StructType>(type) ? type->getStructNumElements() : unsigned(type->getArrayNumElements());
      for (unsigned i = 0; i < count; ++i) broadcast(b_.CreateExtractValue(part, i));
    } else if (auto* small = dyn_cast<FixedVectorType>(type)) {
      for (unsigned i = 0; i < small->getNumElements(); ++i) broadcast(b_.CreateExtractElement(part, i));
    } else {
      forms.lanes.push_back(splat(part));
    }
  };
  broadcast(single);
  return forms.lanes;
}

void Widener::define_scalar(const Value* value, Value* form) {
  local_[value].scalar = form;
  if (auto found = slots_.find(value); found != slots_.end() && found->second.scalar) store(form, found->second.scalar);
}

void Widener::define_affine(const Value* value, Value* base, Value* holds, Value* crossing) {
  define_scalar(value, base);
  local_[value].valid = holds;
  local_[value].crossing = crossing;
  auto found = slots_.find(value);
  if (found == slots_.end()) return;
  if (found->second.valid) store(holds ? holds : b_.getTrue(), found->second.valid);
  if (found->second.crossing) store(crossing, found->second.crossing);
}

void Widener::define_lanes(const Value* value, Lanes form) {
  if (auto found = slots_.find(value); found != slots_.end())
    for (size_t i = 0; i < found->second.lanes.size(); ++i) {
      const Slot& to = found->second.lanes[i];
      store(to.type == form[i]->getType() ? form[i] : masks_.from_bools(form[i]), to);
    }
  local_[value].lanes = std::move(form);
}

}  // namespace anywarp::spmd
