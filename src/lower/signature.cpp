#include "lower/signature.h"

#include "ptx/module.h"

#include <llvm/IR/DerivedTypes.h>

namespace anywarp::lower {

Passed passed(const ptx::Parameter& parameter) {
  const ptx::TypeInfo& type = ptx::info(parameter.type);
  if (type.kind == ptx::TypeKind::Predicate && !parameter.is_array) return {false, 0, 1};
  const uint64_t size = parameter.size ? parameter.size : uint64_t{type.bytes()} * parameter.vector;
  const bool scalar = !parameter.is_array && !parameter.unsized && parameter.vector == 1 && size <= 16;
  return {!scalar, size, std::max(parameter.align, 1u)};
}

Signature signature_of(const std::vector<ptx::Parameter>& results, const std::vector<ptx::Parameter>& arguments) {
  Signature signature;
  for (const ptx::Parameter& result : results) signature.results.push_back(passed(result));
  for (const ptx::Parameter& argument : arguments) signature.arguments.push_back(passed(argument));
  return signature;
}

llvm::Type* scalar_type(llvm::LLVMContext& context, const Passed& passed) {
  return llvm::IntegerType::get(context, passed.size ? passed.size * 8 : 1);
}

llvm::FunctionType* function_type(llvm::LLVMContext& context, const Signature& signature) {
  constexpr unsigned kLocal = 5;
  llvm::SmallVector<llvm::Type*, 4> results, arguments;
  for (const Passed& result : signature.results) {
    if (result.by_address)
      arguments.push_back(llvm::PointerType::get(context, kLocal));
    else
      results.push_back(scalar_type(context, result));
  }
  for (const Passed& argument : signature.arguments)
    arguments.push_back(argument.by_address ? llvm::PointerType::get(context, kLocal) : scalar_type(context, argument));
  llvm::Type* result = results.empty()       ? llvm::Type::getVoidTy(context)
                       : results.size() == 1 ? results[0]
                                             : llvm::StructType::get(context, results);
  return llvm::FunctionType::get(result, arguments, false);
}

}  // namespace anywarp::lower
