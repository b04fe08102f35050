// What is known of one function while it is lowered: where its registers, variables and labels are.
#pragma once

#include "lower/inst.h"
#include "lower/signature.h"

#include <llvm/ADT/SmallVector.h>

#include <vector>

namespace llvm {
class AllocaInst;
class BasicBlock;
class Function;
class Type;
class Value;
}  // namespace llvm

namespace anywarp::ptx {
struct Function;
}

namespace anywarp::lower {

class Lowering;

struct FunctionState {
  FunctionState(const ptx::Function& source, llvm::Function& target);

  /// Makes what every function begins with: blocks for its labels, places for its registers and parameters.
  void begin(Lowering& lower);
  /// The variable of a register, a component of it for vector registers.
  llvm::AllocaInst* variable_of(unsigned reg, unsigned component);
  /// The place of ptx::Function::variables[index], made at its first use; null and an error where it has none.
  llvm::Value* pointer_of(Lowering& lower, const Inst* inst, unsigned index);
  /// Returns from the function with what its return parameters hold.
  void emit_return(Lowering& lower);
  /// Goes on in a block that nothing reaches, behind a terminator.
  void start_dead(Lowering& lower);
  bool is_dead(Lowering& lower) const;

  /// CC.CF
  llvm::Value* read_carry(Lowering& lower);
  void write_carry(Lowering& lower, llvm::Value* carry);

  const ptx::Function& source;
  llvm::Function& target;
  Signature signature;                        // of device functions
  std::vector<llvm::BasicBlock*> labels;      // by ptx::Function::labels
  llvm::SmallVector<llvm::AllocaInst*, 64> registers;  // all that exist
  /// Under a guard that became a select, the condition that every write to a register is subject to.
  llvm::Value* guard = nullptr;

 private:
  llvm::AllocaInst* allocate(llvm::Type* type);

  std::vector<llvm::Type*> types_;            // by ptx::Function::registers
  std::vector<llvm::SmallVector<llvm::AllocaInst*, 1>> components_;
  std::vector<llvm::Value*> variables_;       // by ptx::Function::variables
  llvm::AllocaInst* carry_ = nullptr;
  llvm::BasicBlock* dead_ = nullptr;
};

}  // namespace anywarp::lower
