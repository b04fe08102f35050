// Where threads of a kernel wait for each other.
#pragma once

#include "base/result.h"
#include "spmd/linearise.h"

#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/IR/Function.h>

namespace anywarp::spmd {

struct Waiting {
  bool barriers = false;                                  // bar.sync or bar.red
  llvm::SmallPtrSet<const llvm::Loop*, 4> spinning;       // loops whose end depends on what others write
};

/// Errors: NOT_SUPPORTED where lanes of one slice would wait for each other, which lanes that run together never survive: a
/// lock that each lane takes for itself; barriers on both sides of a branch at which lanes part.
Result<Waiting> find_waiting(llvm::Function& kernel, const Shapes& shapes, const Linearisation& plan);

}  // namespace anywarp::spmd
