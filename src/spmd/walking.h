// In which order the slices of several blocks walk over memory.
#pragma once

#include "spmd/shapes.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/Analysis/LoopInfo.h>

namespace anywarp::spmd {

struct Walking {
  /// For each loop in which a slice should let its neighbours go on now and then: the rounds that it makes in between.
  llvm::DenseMap<const llvm::Loop*, unsigned> loops;
  /// Of blocks that lie beside each other all first rows go first, then all second ones.
  bool rows_first = false;
  /// Where rows go first: as many blocks at once as make a row that stays in the nearest cache until the next one reads it too.
  unsigned most_blocks = 0;
};

/// Requires: the form that prepare() makes.
Walking find_walking(const llvm::Function& kernel, const llvm::LoopInfo& loops, const Shapes& shapes, const LaunchShape& launch);

}  // namespace anywarp::spmd
