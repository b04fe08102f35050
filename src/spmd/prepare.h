// The control-flow form that the vectoriser works on.
#pragma once

#include "base/result.h"

#include <llvm/IR/Function.h>
#include <llvm/IR/PassManager.h>

namespace anywarp::spmd {

/// Requires: kernel IR, all calls of defined functions inlined.
/// Ensures: two-way branches only; reducible; one return; loops with preheader, dedicated exits, LCSSA and a latch that holds nothing but
/// the back edge; no vector arithmetic but bitcasts of small vectors; no constant expressions; GEP indices of 64 bits.
/// Errors: NOT_SUPPORTED for a call of a function that could not be inlined (recursion), or through a pointer.
Result<> prepare(llvm::Function& kernel, llvm::FunctionAnalysisManager& analyses);

}  // namespace anywarp::spmd
