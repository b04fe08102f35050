// Pointer recovery: addresses that PTX computes as integers become pointers and getelementptr.
#pragma once

namespace llvm {
class Function;
}

namespace anywarp::lower {

/// Rewrites `inttoptr` of integer arithmetic on addresses into `getelementptr i8` on the pointer that the arithmetic
/// starts from, wherever that pointer can be told.
/// Requires: registers are SSA values already (no allocas of registers are left).
/// Ensures: the numeric value of every address is unchanged.
void recover_pointers(llvm::Function& function);

}  // namespace anywarp::lower
