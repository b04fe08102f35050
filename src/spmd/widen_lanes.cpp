// What has no vector form runs lane after lane, in the order of the lanes:
//
//     %pending = bits of the mask            not zero, for the block does not run without a lane
//   lane:
//     %rest = phi [%pending], [%next]
//     %lane = cttz(%rest)
//     ... the body, which reads and writes its operands in memory ...
//     %next = %rest & (%rest - 1)
//     br %next != 0, lane, after
//
// It is a loop and not `width` copies: the bodies are calls and atomics, whose cost dwarfs it.
#include "spmd/widen.h"

#include <llvm/IR/IntrinsicInst.h>

namespace anywarp::spmd {

using namespace llvm;

// With all lanes active the loop is written out by so many.
constexpr unsigned kLanesARound = 4;

void Widener::for_each_lane(const std::function<void(Value* lane)>& body) {
  const auto before = local_;
  BasicBlock* loop = BasicBlock::Create(context_, "lane", out_);
  BasicBlock* after = BasicBlock::Create(context_, "lanes_done", out_);
  BasicBlock* from = b_.GetInsertBlock();
  if (mask_) {
    Value* pending = masks_.bits(mask_);
    from = b_.GetInsertBlock();
    Value* zero = Constant::getNullValue(pending->getType());
    b_.CreateCondBr(b_.CreateICmpNE(pending, zero), loop, after);
    b_.SetInsertPoint(loop);
    PHINode* rest = b_.CreatePHI(pending->getType(), 2, "rest");
    rest->addIncoming(pending, from);
    Value* lane = b_.CreateBinaryIntrinsic(Intrinsic::cttz, rest, b_.getTrue());
    body(b_.CreateZExtOrTrunc(lane, b_.getInt32Ty(), "lane"));
    Value* next = b_.CreateAnd(rest, b_.CreateSub(rest, ConstantInt::get(pending->getType(), 1)));
    rest->addIncoming(next, b_.GetInsertBlock());
    b_.CreateCondBr(b_.CreateICmpNE(next, zero), loop, after);
  } else {
    b_.CreateBr(loop);
    b_.SetInsertPoint(loop);
    PHINode* lane = b_.CreatePHI(b_.getInt32Ty(), 2, "lane");
    lane->addIncoming(b_.getInt32(0), from);
    for (unsigned i = 0; i < kLanesARound; ++i) body(b_.CreateAdd(lane, b_.getInt32(i), "", true, true));
    Value* next = b_.CreateAdd(lane, b_.getInt32(kLanesARound), "", true, true);
    lane->addIncoming(next, b_.GetInsertBlock());
    // The lanes lie in memory, and are read from there. All of them at once in registers are too many.
    keep_rolled(b_.CreateCondBr(b_.CreateICmpNE(next, b_.getInt32(width_)), loop, after));
  }
  b_.SetInsertPoint(after);
  local_ = before;
}

Value* Widener::in_memory(Value* data) {
  if (data->getType()->getScalarType()->isIntegerTy(1)) data = b_.CreateZExt(data, wide(b_.getInt8Ty()));
  AllocaInst* memory = temporary(data->getType(), "lanes");
  b_.CreateStore(data, memory);
  return memory;
}

Value* Widener::element(Value* memory, Type* type, Value* lane) {
  if (type->isIntegerTy(1)) return b_.CreateTrunc(element(memory, b_.getInt8Ty(), lane), type);
  return b_.CreateLoad(type, b_.CreateInBoundsGEP(type, memory, b_.CreateZExt(lane, b_.getInt64Ty())));
}

std::function<Value*(Value* lane)> Widener::lane_reader(const Value* operand) {
  if (shapes_.uniform(operand)) {
    Value* single = scalar(operand);
    return [single](Value*) { return single; };
  }
  if (const Affine* shape = shapes_.affine(operand); shape && !shape->conditional && width_ > 1) {
    const int64_t step = shape->offsets[1] - shape->offsets[0];
    if (shape->contiguous(step)) {
      Value* base = scalar(operand);
      const int64_t first = shape->offsets[0];
      return [this, base, step, first](Value* lane) -> Value* {
        Type* type = base->getType()->isPointerTy() ? b_.getInt64Ty() : base->getType();
        Value* offset = b_.CreateMul(b_.CreateZExtOrTrunc(lane, type), ConstantInt::getSigned(type, step));
        offset = b_.CreateAdd(offset, ConstantInt::getSigned(type, first));
        return base->getType()->isPointerTy() ? b_.CreateGEP(b_.getInt8Ty(), base, offset) : b_.CreateAdd(base, offset);
      };
    }
  }
  SmallVector<Value*> memory;
  SmallVector<Type*> types;
  for (Value* part : lanes(operand)) {
    types.push_back(part->getType()->getScalarType());
    memory.push_back(in_memory(part));
  }
  Type* type = host_type(operand->getType());
  return [this, memory, types, type](Value* lane) { return compose(type, [&](unsigned i) { return element(memory[i], types[i], lane); }); };
}

Value* Widener::compose(Type* type, const std::function<Value*(unsigned component)>& component) {
  unsigned next = 0;
  std::function<Value*(Type*)> build = [&](Type* part) -> Value* {
    if (auto* small = dyn_cast<FixedVectorType>(part)) {
      Value* result = PoisonValue::get(host_type(small));
      for (unsigned i = 0; i < small->getNumElements(); ++i) result = b_.CreateInsertElement(result, component(next++), i);
      return result;
    }
    if (!isa<StructType>(part) && !isa<ArrayType>(part)) return component(next++);
    Value* result = PoisonValue::get(host_type(part));
    const unsigned count = isa<StructType>(part) ? part->getStructNumElements() : unsigned(part->getArrayNumElements());
    for (unsigned i = 0; i < count; ++i)
      result = b_.CreateInsertValue(result, build(isa<StructType>(part) ? part->getStructElementType(i) : part->getArrayElementType()), i);
    return result;
  };
  return build(type);
}

void Widener::decompose(Value* value, SmallVectorImpl<Value*>& components) {
  Type* type = value->getType();
  if (auto* small = dyn_cast<FixedVectorType>(type)) {
    for (unsigned i = 0; i < small->getNumElements(); ++i) components.push_back(b_.CreateExtractElement(value, i));
  } else if (isa<StructType>(type) || isa<ArrayType>(type)) {
    const unsigned count = isa<StructType>(type) ? type->getStructNumElements() : unsigned(type->getArrayNumElements());
    for (unsigned i = 0; i < count; ++i) decompose(b_.CreateExtractValue(value, i), components);
  } else {
    components.push_back(value);
  }
}

Widener::LaneResult::LaneResult(Widener& widener, Type* type) : widener_(widener) {
  if (!type || type->isVoidTy()) return;
  widener_.component_types(type, types_);
  auto& b = widener_.b_;
  for (Type* part : types_) {
    AllocaInst* memory = widener_.temporary(widener_.wide(part->isIntegerTy(1) ? b.getInt8Ty() : part), "results");
    // Every round of an enclosing loop starts anew.
    b.CreateStore(Constant::getNullValue(memory->getAllocatedType()), memory);
    memory_.push_back(memory);
  }
}

void Widener::LaneResult::set(Value* lane, Value* value) {
  if (types_.empty()) return;
  auto& b = widener_.b_;
  SmallVector<Value*> parts;
  widener_.decompose(value, parts);
  for (size_t i = 0; i < parts.size(); ++i) {
    Value* part = types_[i]->isIntegerTy(1) ? b.CreateZExt(parts[i], b.getInt8Ty()) : parts[i];
    b.CreateStore(part, b.CreateInBoundsGEP(part->getType(), memory_[i], b.CreateZExt(lane, b.getInt64Ty())));
  }
}

Widener::Lanes Widener::LaneResult::get() {
  auto& b = widener_.b_;
  Lanes result;
  for (size_t i = 0; i < types_.size(); ++i) {
    Value* all = b.CreateLoad(cast<AllocaInst>(memory_[i])->getAllocatedType(), memory_[i]);
    result.push_back(types_[i]->isIntegerTy(1) ? b.CreateTrunc(all, widener_.wide(types_[i])) : all);
  }
  return result;
}

}  // namespace anywarp::spmd
