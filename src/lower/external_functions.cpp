// The device runtime (vprintf, malloc, ...) is exec's. Functions of the math library are pure, and are told by their prefix; what is a
// float among their parameters PTX does not say (.b32), but only a few of them take or give integers.
#include "lower/external_functions.h"

#include "lower/lowering.h"
#include "ptx/module.h"

namespace anywarp::lower {
namespace {

using llvm::Value;

/// Integers among the parameters of math functions: bit 0 the result, bit i the i-th argument.
struct Integers {
  std::string_view name;
  unsigned where;
};

constexpr Integers kIntegers[] = {
    {"ilogb", 1},   {"ilogbf", 1},    {"llrint", 1},   {"llrintf", 1},  {"llround", 1}, {"llroundf", 1}, {"lrint", 1},
    {"lrintf", 1},  {"lround", 1},    {"lroundf", 1},  {"isnand", 1},   {"isnanf", 1},  {"isinfd", 1},   {"isinff", 1},
    {"finitef", 1}, {"isfinited", 1}, {"signbitf", 1}, {"signbitd", 1}, {"ldexp", 4},   {"ldexpf", 4},   {"scalbn", 4},
    {"scalbnf", 4}, {"powi", 4},      {"powif", 4},    {"jn", 2},       {"jnf", 2},     {"yn", 2},       {"ynf", 2},
};

unsigned integers_of(std::string_view name) {
  for (const Integers& entry : kIntegers) {
    if (entry.name == name) return entry.where;
  }
  return 0;
}

llvm::Type* math_type(Lowering& lower, const Passed& passed, bool integer) {
  if (integer || passed.by_address) return scalar_type(lower.context, passed);
  switch (passed.size) {
    case 2: return lower.b.getHalfTy();
    case 4: return lower.b.getFloatTy();
    case 8: return lower.b.getDoubleTy();
    default: return scalar_type(lower.context, passed);
  }
}

ExternalResult call_math(Lowering& lower, std::string_view name, const Signature& signature, llvm::ArrayRef<Value*> arguments) {
  const unsigned integers = integers_of(name.substr(5));
  llvm::SmallVector<Value*, 4> values;
  llvm::SmallVector<llvm::Type*, 4> types;
  for (unsigned i = 0; i < arguments.size(); ++i) {
    if (signature.arguments[i].by_address) return {};
    types.push_back(math_type(lower, signature.arguments[i], integers >> (i + 1) & 1));
    values.push_back(lower.coerce(arguments[i], types.back()));
  }
  if (signature.results.size() != 1 || signature.results[0].by_address) return {};
  llvm::Type* result = math_type(lower, signature.results[0], integers & 1);
  llvm::FunctionCallee callee = lower.module.getOrInsertFunction(llvm::StringRef(name), llvm::FunctionType::get(result, types, false));
  if (auto* function = llvm::dyn_cast<llvm::Function>(callee.getCallee())) {
    function->setDoesNotAccessMemory();
    function->setDoesNotThrow();
    function->setWillReturn();
    function->setNoSync();
    function->addFnAttr(llvm::Attribute::NoFree);
  }
  return {true, lower.coerce(lower.b.CreateCall(callee, values), scalar_type(lower.context, signature.results[0])), true};
}

}  // namespace

ExternalResult call_external(Lowering& lower, const ptx::Function& callee, const Signature& signature, llvm::ArrayRef<Value*> arguments) {
  const std::string_view name = callee.name;
  auto& b = lower.b;
  auto pointer = [&](unsigned i) { return b.CreateIntToPtr(lower.coerce(arguments[i], b.getInt64Ty()), b.getPtrTy()); };
  auto integer = [&](unsigned i, llvm::Type* type) { return lower.coerce(arguments[i], type); };
  auto takes = [&](size_t count, size_t results) {
    return arguments.size() == count && signature.results.size() == results &&
           llvm::none_of(signature.arguments, [](const Passed& passed) { return passed.by_address; });
  };
  if (name == "vprintf" && takes(2, 1)) return {true, lower.runtime("aw.vprintf", b.getInt32Ty(), {pointer(0), pointer(1)})};
  if ((name == "__assertfail" && takes(5, 0)) || (name == "__assert_fail" && takes(4, 0))) {
    Value* character = arguments.size() == 5 ? integer(4, b.getInt64Ty()) : b.getInt64(1);
    llvm::CallInst* call =
        lower.runtime("aw.assertfail", b.getVoidTy(), {pointer(0), pointer(1), integer(2, b.getInt32Ty()), pointer(3), character});
    call->getCalledFunction()->setDoesNotReturn();
    call->setDoesNotReturn();
    return {true, nullptr, false};
  }
  if (name == "malloc" && takes(1, 1))
    return {true, b.CreatePtrToInt(lower.runtime("aw.malloc", b.getPtrTy(), {integer(0, b.getInt64Ty())}), b.getInt64Ty())};
  if (name == "free" && takes(1, 0)) {
    lower.runtime("aw.free", b.getVoidTy(), {pointer(0)});
    return {true};
  }
  // The handle is the address of the word that the conditional node looks at.
  if (name == "cudaGraphSetConditional" && takes(2, 0)) {
    b.CreateAlignedStore(integer(1, b.getInt32Ty()), b.CreateIntToPtr(integer(0, b.getInt64Ty()), b.getPtrTy(1)), llvm::Align(4), true);
    return {true};
  }
  if (name.starts_with("__aw_") || name.starts_with("__nv_")) return call_math(lower, name, signature, arguments);
  return {};
}

}  // namespace anywarp::lower
