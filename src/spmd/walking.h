// Loops through which the slices of a grid walk over memory side by side.
#pragma once

#include "spmd/shapes.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/Analysis/LoopInfo.h>

namespace anywarp::spmd {

/// For each loop in which a slice should let its neighbours go on now and then: the rounds that it makes in between.
using Walking = llvm::DenseMap<const llvm::Loop*, unsigned>;

/// Requires: the form that prepare() makes.
Walking find_walking(const llvm::LoopInfo& loops, const Shapes& shapes);

}  // namespace anywarp::spmd
