#include "lower/devicelib_names.h"

#include <llvm/ADT/APFloat.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/Module.h>

namespace anywarp::lower {

using llvm::Value;

namespace {
constexpr llvm::StringLiteral kFlushMark = "aw.flush.";
}

std::string devicelib_name(llvm::ArrayRef<std::string_view> words) {
  std::string name = "__aw";
  for (std::string_view word : words) {
    name += '_';
    for (char c : word) name += c == ':' || c == '.' ? '_' : c;
  }
  return name;
}

llvm::FunctionCallee devicelib_function(llvm::Module& module, const std::string& name, llvm::Type* result,
                                        llvm::ArrayRef<Value*> arguments) {
  llvm::SmallVector<llvm::Type*, 4> types;
  for (Value* argument : arguments) types.push_back(argument->getType());
  llvm::FunctionCallee callee = module.getOrInsertFunction(name, llvm::FunctionType::get(result, types, false));
  if (auto* function = llvm::dyn_cast<llvm::Function>(callee.getCallee())) {
    function->setDoesNotAccessMemory();
    function->setDoesNotThrow();
    function->setWillReturn();
    function->setNoSync();
    function->addFnAttr(llvm::Attribute::NoFree);
  }
  return callee;
}

llvm::FunctionCallee flush_marker(llvm::Module& module, llvm::Type* type) {
  std::string name = kFlushMark.str();
  if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type)) name += "v" + std::to_string(vector->getNumElements());
  name += type->getScalarType()->isHalfTy() ? "f16" : "f32";
  return devicelib_function(module, name, type, llvm::ArrayRef<Value*>(llvm::PoisonValue::get(type)));
}

Value* expand_flush(llvm::IRBuilderBase& builder, Value* value) {
  llvm::Type* type = value->getType();
  const llvm::fltSemantics& semantics = type->getScalarType()->getFltSemantics();
  Value* least = llvm::ConstantFP::get(type, llvm::APFloat::getSmallestNormalized(semantics));
  Value* magnitude = builder.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, value);
  Value* zero = builder.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, llvm::Constant::getNullValue(type), value);
  return builder.CreateSelect(builder.CreateFCmpOLT(magnitude, least), zero, value);
}

namespace {

bool is_mark(const Value* value) {
  auto* call = llvm::dyn_cast<llvm::CallInst>(value);
  return call && call->getCalledFunction() && call->getCalledFunction()->getName().starts_with(kFlushMark);
}

/// Whether the value is zero or at least the smallest normal number in magnitude, or not finite.
bool is_never_denormal(const Value* value, unsigned depth = 0) {
  if (is_mark(value) || llvm::isa<llvm::UIToFPInst, llvm::SIToFPInst>(value)) return true;
  if (auto* constant = llvm::dyn_cast<llvm::ConstantFP>(value)) return !constant->getValueAPF().isDenormal();
  auto* instruction = llvm::dyn_cast<llvm::Instruction>(value);
  if (!instruction || depth > 3) return false;
  auto operand = [&](unsigned i) { return is_never_denormal(instruction->getOperand(i), depth + 1); };
  if (llvm::isa<llvm::SelectInst>(instruction)) return operand(1) && operand(2);
  if (instruction->getOpcode() == llvm::Instruction::FNeg) return operand(0);
  if (auto* call = llvm::dyn_cast<llvm::CallInst>(instruction)) {
    switch (call->getIntrinsicID()) {
      case llvm::Intrinsic::fabs:
      case llvm::Intrinsic::sqrt: return operand(0);
      case llvm::Intrinsic::minimumnum:
      case llvm::Intrinsic::maximumnum:
      case llvm::Intrinsic::minimum:
      case llvm::Intrinsic::maximum: return operand(0) && operand(1);
      default: return false;
    }
  }
  return false;
}

}  // namespace

void remove_double_flushes(llvm::Function& function) {
  llvm::SmallVector<llvm::CallInst*, 16> marks;
  for (llvm::Instruction& instruction : llvm::instructions(function)) {
    if (is_mark(&instruction)) marks.push_back(llvm::cast<llvm::CallInst>(&instruction));
  }
  // First those that do nothing, while the others are still marks.
  llvm::SmallVector<llvm::CallInst*, 16> needed;
  for (llvm::CallInst* mark : marks) {
    if (!is_never_denormal(mark->getArgOperand(0))) {
      needed.push_back(mark);
      continue;
    }
    mark->replaceAllUsesWith(mark->getArgOperand(0));
    mark->eraseFromParent();
  }
  for (llvm::CallInst* mark : needed) {
    llvm::IRBuilder<> builder(mark);
    mark->replaceAllUsesWith(expand_flush(builder, mark->getArgOperand(0)));
    mark->eraseFromParent();
  }
}

}  // namespace anywarp::lower
