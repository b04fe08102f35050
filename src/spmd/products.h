// Products of matrices that add to each other become one.
#pragma once

#include <llvm/IR/Function.h>

namespace anywarp::spmd {

/// Joins calls of aw.mma (kir/matrix.h) whose only use is to be what a later one in the block adds to. Returns how many went.
unsigned join_products(llvm::Function& kernel);

}  // namespace anywarp::spmd
