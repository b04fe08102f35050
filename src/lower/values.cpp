// What chapters do with values that have been read: coercions, flushing, saturation, calls.
#include "lower/devicelib_names.h"
#include "lower/function_state.h"
#include "lower/lowering.h"

#include <llvm/IR/Intrinsics.h>

namespace anywarp::lower {

using llvm::Value;

Value* Lowering::coerce(Value* value, llvm::Type* to, bool is_signed) {
  llvm::Type* from = value->getType();
  if (from == to) return value;
  const unsigned from_bits = from->getPrimitiveSizeInBits().getFixedValue(), to_bits = to->getPrimitiveSizeInBits().getFixedValue();
  if (from_bits == to_bits) return b.CreateBitCast(value, to);
  if (!from->isIntegerTy()) value = b.CreateBitCast(value, b.getIntNTy(from_bits));
  llvm::Type* wide = b.getIntNTy(to_bits);
  value = is_signed ? b.CreateSExtOrTrunc(value, wide) : b.CreateZExtOrTrunc(value, wide);
  return to->isIntegerTy() ? value : b.CreateBitCast(value, to);
}

Value* Lowering::constant(Scalar scalar, uint64_t bits) {
  llvm::Type* to = type(scalar);
  if (to->isIntegerTy()) return llvm::ConstantInt::get(to, bits);
  const unsigned width = scalar.bits();
  return llvm::ConstantExpr::getBitCast(llvm::ConstantInt::get(context, llvm::APInt(width, bits, false, true)), to);
}

Value* Lowering::fp(Scalar scalar, double value) { return llvm::ConstantFP::get(type(scalar), value); }

Value* Lowering::intrinsic(llvm::Intrinsic::ID id, llvm::ArrayRef<Value*> arguments) {
  return b.CreateIntrinsic(id, {arguments[0]->getType()}, arguments);
}

llvm::CallInst* Lowering::nvvm(llvm::Intrinsic::ID id, llvm::ArrayRef<Value*> arguments) {
  return b.CreateCall(llvm::Intrinsic::getOrInsertDeclaration(&module, id), arguments);
}

// The flushes of ftz code are marked calls until the function is done: remove_double_flushes drops those of values that
// are flushed already and expands the rest.
Value* Lowering::flush(const Inst& inst, Value* value) {
  llvm::Type* scalar = value->getType()->getScalarType();
  if (!inst.has("ftz") || !(scalar->isFloatTy() || scalar->isHalfTy())) return value;
  if (llvm::isa<llvm::Constant>(value)) return expand_flush(b, value);
  return b.CreateCall(flush_marker(module, value->getType()), {value});
}

Value* Lowering::saturate(Value* value) {
  llvm::Type* type = value->getType();
  Value *zero = llvm::Constant::getNullValue(type), *one = llvm::ConstantFP::get(type, 1.0);
  value = b.CreateSelect(b.CreateFCmpOGT(value, zero), value, zero);
  return b.CreateSelect(b.CreateFCmpOLT(value, one), value, one);
}

Value* Lowering::devicelib(llvm::ArrayRef<std::string_view> words, llvm::Type* result, llvm::ArrayRef<Value*> arguments) {
  return b.CreateCall(devicelib_function(module, devicelib_name(words), result, arguments), arguments);
}

Value* Lowering::devicelib(const Inst& inst, llvm::Type* result, llvm::ArrayRef<Value*> arguments,
                           llvm::ArrayRef<std::string_view> without) {
  llvm::SmallVector<std::string_view, 8> words{inst.opcode};
  for (std::string_view word : inst.words) {
    if (!llvm::is_contained(without, word)) words.push_back(word);
  }
  return devicelib(words, result, arguments);
}

llvm::CallInst* Lowering::runtime(llvm::StringRef name, llvm::Type* result, llvm::ArrayRef<Value*> arguments) {
  llvm::SmallVector<llvm::Type*, 5> types;
  for (Value* argument : arguments) types.push_back(argument->getType());
  llvm::FunctionCallee callee = module.getOrInsertFunction(name, llvm::FunctionType::get(result, types, false));
  if (auto* function = llvm::dyn_cast<llvm::Function>(callee.getCallee())) function->addFnAttr(llvm::Attribute::NoUnwind);
  return b.CreateCall(callee, arguments);
}

llvm::BasicBlock* Lowering::new_block(const llvm::Twine& name) {
  return llvm::BasicBlock::Create(context, name, b.GetInsertBlock()->getParent());
}

void Lowering::guarded(Value* condition, llvm::function_ref<void()> then) {
  llvm::BasicBlock *taken = new_block(), *after = new_block();
  b.CreateCondBr(condition, taken, after);
  start(taken);
  then();
  b.CreateBr(after);
  start(after);
}

void Lowering::trap() {
  llvm::CallInst* call = runtime("aw.trap", b.getVoidTy(), {});
  call->getCalledFunction()->setDoesNotReturn();
  call->setDoesNotReturn();
  b.CreateUnreachable();
  function.start_dead(*this);
}

}  // namespace anywarp::lower
