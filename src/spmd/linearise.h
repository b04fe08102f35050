// In which order the blocks of a kernel run once its lanes run together, and which of them need a mask of their own.
#pragma once

#include "spmd/shapes.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/PassManager.h>

namespace llvm {
class Loop;
class LoopInfo;
}  // namespace llvm

namespace anywarp::spmd {

/// The plan of partial linearisation of one kernel. Blocks are named by their place in `order`.
/// Requires: the form that prepare() makes.
class Linearisation {
 public:
  using Block = const llvm::BasicBlock*;

  Linearisation(llvm::Function& kernel, llvm::FunctionAnalysisManager& analyses, const Shapes& shapes);

  /// Topological, loops contiguous, dominated regions contiguous; the returning block is last.
  const llvm::SmallVector<llvm::BasicBlock*>& order() const { return order_; }

  /// The block whose mask this block runs under: its own, or that of a dominator that sends it all its lanes.
  Block mask_root(Block block) const { return root_.lookup(block); }
  /// The branch at the end stays a branch: all lanes agree, and it does not leave a loop that lanes leave one by one.
  bool keeps_branch(Block block) const { return keeps_branch_.contains(block); }
  bool divergent_loop(const llvm::Loop* loop) const { return divergent_loops_.contains(loop); }
  /// The edge leaves a divergent loop: its lanes are parked until the loop has ended.
  bool parks(Block from, Block to) const;
  /// Lanes of several incoming edges may meet in one visit of the block, so its phis blend.
  bool blends(Block block) const { return blends_.contains(block); }

  /// After `block`, on the way that would go to `wanted` (null: no way of its own), control goes to the returned block.
  /// Call in order(), once for each way out; what is passed by on the way is visited later.
  llvm::BasicBlock* next(llvm::BasicBlock* block, llvm::ArrayRef<llvm::BasicBlock*> wanted);
  /// Where control goes when no lane takes `block`; null if it cannot be skipped.
  llvm::BasicBlock* skip(llvm::BasicBlock* block);

  const llvm::LoopInfo& loops() const { return loops_; }

 private:
  void sort(llvm::Function& kernel);
  void find_roots();
  bool gets_all_lanes_of(Block dominator, Block block) const;
  bool find_divergent_loops();
  void find_blends();
  llvm::BasicBlock* hoisted_dominator(Block block) const;

  llvm::LoopInfo& loops_;
  llvm::DominatorTree& dominators_;
  const Shapes& shapes_;
  llvm::SmallVector<llvm::BasicBlock*> order_;
  llvm::DenseMap<Block, unsigned> index_;
  llvm::DenseMap<Block, Block> root_;
  llvm::SmallPtrSet<Block, 16> keeps_branch_, blends_;
  llvm::SmallPtrSet<const llvm::Loop*, 8> divergent_loops_;
  llvm::DenseMap<Block, llvm::SmallVector<llvm::BasicBlock*, 4>> deferred_;
};

}  // namespace anywarp::spmd
