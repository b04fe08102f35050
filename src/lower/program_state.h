// What all functions of one kernel's lowering share.
#pragma once

#include "lower/signature.h"

#include <llvm/ADT/DenseMap.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace llvm {
class Function;
class GlobalVariable;
class Module;
}  // namespace llvm

namespace anywarp::ptx {
class Module;
struct Variable;
}  // namespace anywarp::ptx

namespace anywarp::lower {

struct ProgramState {
  ProgramState(const ptx::Module& source, llvm::Module& module) : source(source), module(module) {}

  const ptx::Module& source;
  llvm::Module& module;
  /// The largest extent that a block may have; its exact extent where .reqntid says so.
  uint64_t block_limit[3] = {1024, 1024, 64};
  bool block_required = false;

  /// The function that an alias stands for, or the function itself.
  uint32_t resolve(uint32_t function) const;
  /// The LLVM function of a device function with a body. At the first call it is declared, and waits in `pending`.
  llvm::Function* device_function(uint32_t function);
  std::vector<uint32_t> pending;

  /// Null where the space has no variables in kernel IR.
  llvm::GlobalVariable* module_variable(uint32_t index);
  /// A variable in shared, global or const memory under the given name.
  llvm::GlobalVariable* declare(const ptx::Variable& variable, const std::string& name);

  /// Device functions whose address something takes, with bodies: what a call through a pointer may reach.
  const std::vector<uint32_t>& address_taken();

 private:
  llvm::DenseMap<uint32_t, llvm::Function*> functions_;
  llvm::DenseMap<uint32_t, llvm::GlobalVariable*> variables_;
  std::optional<std::vector<uint32_t>> address_taken_;
};

}  // namespace anywarp::lower
