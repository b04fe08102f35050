// The pieces of a kernel between its barriers, where the whole block can go through them together.
#pragma once

#include "spmd/linearise.h"
#include "spmd/waiting.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/DenseSet.h>

#include <optional>

namespace anywarp::spmd {

/// A region is left on one way by all threads of the block, to the start of another one or by the return.
class Regions {
 public:
  /// None where threads of one block may part ways around a barrier, or wait for fewer threads than the block has.
  /// Requires: the form that prepare() makes.
  static std::optional<Regions> find(llvm::Function& kernel, llvm::FunctionAnalysisManager& analyses, const LaunchShape& launch,
                                     const Linearisation& plan);

  unsigned count() const { return count_; }
  /// The block with which the region of `block` begins.
  const llvm::BasicBlock* start_of(const llvm::BasicBlock* block) const { return start_of_.lookup(block); }
  bool is_start(const llvm::BasicBlock* block) const { return start_of(block) == block; }
  /// The loop lies within one region.
  bool holds(const llvm::Loop* loop) const;
  /// The same in all threads of the block wherever it is used.
  bool is_of_block(const llvm::Value* value) const { return of_block_.contains(value); }
  /// So cheap to compute from thread indices and parameters that it is computed anew in each region that uses it.
  bool is_computed_anew(const llvm::Value* value) const { return anew_.contains(value); }
  /// The value is needed in other regions than its own, and must be kept for each slice or for the block.
  bool crosses(const llvm::Instruction& value) const;

 private:
  llvm::DenseMap<const llvm::BasicBlock*, const llvm::BasicBlock*> start_of_;
  llvm::DenseSet<const llvm::Value*> of_block_, anew_;
  unsigned count_ = 0;
};

}  // namespace anywarp::spmd
