// How many lanes a slice has.
#pragma once

#include "base/result.h"
#include "spmd/shapes.h"
#include "spmd/spmd.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/IR/Function.h>

namespace anywarp::spmd {

/// The width for a kernel at a launch shape: `target.width` if that is given and possible, else what promises to be fastest.
/// Errors: INVALID_VALUE for a width that is none of 8, 16 and 32.
Result<uint32_t> choose_width(const llvm::Function& kernel, const LaunchShape& launch, const Target& target);

/// The lanes' addresses differ by computed indices only, not by loaded values: it may well be that they lie side by side in some order.
bool is_computed_address(const llvm::Value& pointer, const Shapes& shapes);

/// Accesses of lanes that may lie in two neighbouring lines, and not in one, are to have a form for that.
bool is_worth_two_lines(const llvm::Function& kernel, const Shapes& shapes);

/// For a loop that lanes leave at different times: each reads in order what no other one reads, and computes little with it.
bool is_cheaper_by_lane(const llvm::Loop& loop, llvm::ScalarEvolution& evolution, const Shapes& shapes);

}  // namespace anywarp::spmd
