// What is done to a function once all of its instructions are lowered.
#pragma once

#include <llvm/ADT/ArrayRef.h>

namespace llvm {
class AllocaInst;
class Function;
}  // namespace llvm

namespace anywarp::lower {

/// Registers become SSA values, addresses become pointers, and what is left over goes.
void finish(llvm::Function& function, llvm::ArrayRef<llvm::AllocaInst*> registers);

}  // namespace anywarp::lower
