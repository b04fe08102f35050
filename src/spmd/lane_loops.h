// Loops that run faster lane by lane than for all lanes at once.
#pragma once

#include "spmd/shapes.h"

#include <llvm/IR/Function.h>
#include <llvm/IR/PassManager.h>

namespace anywarp::spmd {

/// Moves such loops into functions of their own, which the widener calls for each lane. Returns how many it found.
/// Requires: the form that prepare() makes, and its shapes.
/// Ensures: if any was found the shapes no longer hold, and neither do the analyses.
unsigned outline_lane_loops(llvm::Function& kernel, llvm::FunctionAnalysisManager& analyses, const Shapes& shapes);

}  // namespace anywarp::spmd
