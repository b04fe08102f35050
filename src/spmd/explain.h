// Why a kernel is as fast as it is: what the vectoriser made of each of its loops.
#pragma once

#include "spmd/linearise.h"
#include "spmd/regions.h"
#include "spmd/waiting.h"
#include "spmd/walking.h"

#include <string>

namespace anywarp::spmd {

/// A line for what is outside of loops and one for each loop, inner ones behind their outer ones and indented; loops have the names of
/// their PTX labels. What costs much comes first in a line.
std::string explain(const llvm::Function& kernel, const Shapes& shapes, const Linearisation& plan, const Waiting& waiting,
                    const Walking& walking, const Regions* regions);

}  // namespace anywarp::spmd
