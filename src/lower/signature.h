// How PTX's parameters travel between LLVM functions.
//
// A parameter of one to eight bytes (16 for .b128) that is no array is an integer of its width, floats too: prototypes of indirect
// calls and clang's own PTX say .b32 for either, and a bitcast costs nothing. Everything else is passed by address: a
// pointer in address space 5 to the caller's .param variable, for parameters and for results, results first.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/SmallVector.h>

#include <cstdint>
#include <vector>

namespace llvm {
class FunctionType;
class LLVMContext;
class Type;
}  // namespace llvm

namespace anywarp::ptx {
struct Parameter;
}

namespace anywarp::lower {

struct Passed {
  bool by_address = false;
  uint64_t size = 0;    // bytes; 0 for predicates
  uint32_t align = 1;
  friend bool operator==(const Passed& a, const Passed& b) { return a.by_address == b.by_address && a.size == b.size; }
};

struct Signature {
  std::vector<Passed> results, arguments;
  friend bool operator==(const Signature&, const Signature&) = default;
};

Passed passed(const ptx::Parameter& parameter);
Signature signature_of(const std::vector<ptx::Parameter>& results, const std::vector<ptx::Parameter>& arguments);
llvm::FunctionType* function_type(llvm::LLVMContext& context, const Signature& signature);
/// The integer that a scalar travels as.
llvm::Type* scalar_type(llvm::LLVMContext& context, const Passed& passed);

}  // namespace anywarp::lower
