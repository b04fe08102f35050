// When lanes disagree at a branch, both sides run, one after the other, each under a mask. When they agree it stays a
// branch. The scheme is partial control-flow linearisation (Moll and Hack, PLDI 2018):
//
//        A            A          A branches on a divergent condition: it falls through to B, and C is deferred;
//       / \           |          B jumps to D, but C is deferred and comes earlier in the order, so B goes to C, and D is
//      B   C    ->    B          deferred in turn. If A's branch is uniform it stays, and B goes to D directly.
//       \ /           |
//        D            C
//                     |
//                     D
//
// Blocks are ordered so that loops and dominated regions are contiguous; each block carries the set of deferred targets
// that control must still visit (`deferred_`); a jump goes to the first of its own targets and these.
//
// Masks. A block that gets all lanes of a dominator (no divergent branch between them lets lanes miss it) shares that
// dominator's mask; otherwise it is a root, with a mask that its incoming edges fill. Code is skipped when no lane
// takes it (`skip`): that saves time, and it keeps uniform loads and branches from running with no lane at all.
//
// Loops. If lanes leave a loop one by one (it is 'divergent') an edge that leaves it only parks its lanes in the exit's
// mask; the empty latch asks whether any lane wants another round. Lane values at the exit live in the LCSSA phis, which
// blend in every round. A loop that all lanes leave together keeps its branches.
#include "spmd/linearise.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Instructions.h>

namespace anywarp::spmd {

using namespace llvm;

Linearisation::Linearisation(Function& kernel, FunctionAnalysisManager& analyses, const Shapes& shapes)
    : loops_(analyses.getResult<LoopAnalysis>(kernel)), dominators_(analyses.getResult<DominatorTreeAnalysis>(kernel)), shapes_(shapes) {
  sort(kernel);
  // Which loops are divergent depends on the masks inside them, and those on which loops are divergent: loops only ever
  // become divergent, so this ends.
  do find_roots();
  while (find_divergent_loops());
  find_blends();
}

bool Linearisation::parks(Block from, Block to) const {
  for (const Loop* loop = loops_.getLoopFor(from); loop && !loop->contains(to); loop = loop->getParentLoop())
    if (divergent_loops_.contains(loop)) return true;
  return false;
}

/// The immediate dominator, seen from outside of the loops that do not hold the block.
BasicBlock* Linearisation::hoisted_dominator(Block block) const {
  const auto* node = dominators_.getNode(const_cast<BasicBlock*>(block))->getIDom();
  if (!node) return nullptr;
  BasicBlock* dominator = node->getBlock();
  while (Loop* loop = loops_.getLoopFor(dominator)) {
    if (loop->contains(block)) break;
    dominator = loop->getLoopPreheader();
  }
  return dominator;
}

void Linearisation::sort(Function& kernel) {
  DenseMap<Block, unsigned> missing;
  SmallVector<BasicBlock*> ready{&kernel.getEntryBlock()};
  SmallVector<std::pair<const Loop*, unsigned>> open;  // loops that have begun, with blocks still to come
  for (BasicBlock& block : kernel)
    for (BasicBlock* successor : successors(&block))
      if (!dominators_.dominates(successor, &block)) ++missing[successor];

  while (!ready.empty()) {
    // Stay in the innermost open loop; there, stay in the region that was entered last.
    auto best = ready.end();
    unsigned best_rank = 0;
    for (auto candidate = ready.begin(); candidate != ready.end(); ++candidate) {
      if (!open.empty() && !open.back().first->contains(*candidate)) continue;
      const BasicBlock* dominator = hoisted_dominator(*candidate);
      const unsigned rank = dominator ? index_.lookup(dominator) + 1 : 0;
      if (best == ready.end() || rank > best_rank) {
        best = candidate;
        best_rank = rank;
      }
    }
    BasicBlock* block = *best;
    ready.erase(best);
    index_[block] = order_.size();
    order_.push_back(block);
    if (const Loop* loop = loops_.getLoopFor(block); loop && loop->getHeader() == block) open.push_back({loop, loop->getNumBlocks()});
    for (auto& [loop, left] : open) --left;
    while (!open.empty() && open.back().second == 0) open.pop_back();
    for (BasicBlock* successor : successors(block))
      if (!dominators_.dominates(successor, block) && --missing[successor] == 0) ready.push_back(successor);
  }
}

void Linearisation::find_roots() {
  root_.clear();
  keeps_branch_.clear();
  for (BasicBlock* block : order_) {
    bool keeps = shapes_.uniform_branch(*block);
    for (BasicBlock* successor : successors(block)) keeps &= !parks(block, successor);
    if (keeps) keeps_branch_.insert(block);
  }
  for (BasicBlock* block : order_) {
    root_[block] = block;
    const Loop* loop = loops_.getLoopFor(block);
    if (loop && loop->getHeader() == block) {
      if (!divergent_loops_.contains(loop)) root_[block] = root_.lookup(loop->getLoopPreheader());
      continue;
    }
    const BasicBlock* dominator = hoisted_dominator(block);
    if (!dominator) continue;
    if (loops_.getLoopFor(dominator) == loop && gets_all_lanes_of(dominator, block)) root_[block] = root_.lookup(dominator);
  }
}

/// Whether control that leaves `dominator` and comes to `block` in the same round brings all lanes: no branch on the way at
/// which lanes part lets some of them miss the block. (Post-dominance is not enough: it holds over several rounds.)
bool Linearisation::gets_all_lanes_of(Block dominator, Block block) const {
  const Loop* loop = loops_.getLoopFor(block);
  auto is_inside = [&](Block other) { return !loop || loop->contains(other); };
  // Backwards from where a round ends: blocks from which lanes can miss `block`.
  SmallPtrSet<Block, 32> missing;
  SmallVector<Block> work;
  for (Block other : order_) {
    if (other == block || !is_inside(other)) continue;
    const bool ends =
        succ_empty(other) || any_of(successors(other), [&](Block to) { return !is_inside(to) || (loop && to == loop->getHeader()); });
    if (ends && missing.insert(other).second) work.push_back(other);
  }
  while (!work.empty()) {
    Block current = work.pop_back_val();
    if (loop && current == loop->getHeader()) continue;
    for (Block before : predecessors(current))
      if (before != block && is_inside(before) && missing.insert(before).second) work.push_back(before);
  }
  // Backwards from `block` to the dominator: what lies on the way.
  SmallPtrSet<Block, 32> seen{block};
  work.push_back(block);
  while (!work.empty()) {
    Block current = work.pop_back_val();
    for (Block before : predecessors(current)) {
      if (!seen.insert(before).second) continue;
      if (missing.contains(before) && !keeps_branch_.contains(before) && succ_size(before) > 1) return false;
      if (before != dominator) work.push_back(before);
    }
  }
  return true;
}

bool Linearisation::find_divergent_loops() {
  bool found = false;
  for (const Loop* loop : loops_.getLoopsInPreorder()) {
    if (divergent_loops_.contains(loop)) continue;
    // Masks are compared as the lanes of one round: the header's root may lie outside.
    const Block all_lanes = root_.lookup(loop->getHeader());
    SmallVector<Loop::Edge> exits;
    loop->getExitEdges(exits);
    for (const Loop::Edge& exit : exits)
      if (!shapes_.uniform_branch(*exit.first) || root_.lookup(exit.first) != all_lanes || parks(exit.first, exit.second)) {
        divergent_loops_.insert(loop);
        found = true;
        break;
      }
  }
  return found;
}

/// Lanes part at a branch, or in a divergent loop, and meet again at `block` if from there more than one of its incoming edges can be
/// reached; if they met before it is one.
void Linearisation::find_blends() {
  for (BasicBlock* block : order_) {
    if (block->getSinglePredecessor()) {
      // The phi of a divergent loop's exit gathers lanes over the rounds.
      if (parks(block->getSinglePredecessor(), block)) blends_.insert(block);
      continue;
    }
    const Loop* loop = loops_.getLoopFor(block);
    if (loop && loop->getHeader() == block) continue;
    const BasicBlock* dominator = hoisted_dominator(block);
    if (!dominator) continue;
    SmallPtrSet<const BasicBlock*, 16> reach_another;
    bool blends = false;
    for (const BasicBlock* last : predecessors(block)) {
      blends |= parks(last, block);
      SmallVector<const BasicBlock*> work{last};
      SmallPtrSet<const BasicBlock*, 16> reach_this;
      while (!work.empty()) {
        const BasicBlock* current = work.pop_back_val();
        if (current == block || !reach_this.insert(current).second) continue;
        const bool lanes_part = (!keeps_branch_.contains(current) && succ_size(current) > 1) || parks(current, block);
        blends |= lanes_part && reach_another.contains(current);
        if (current != dominator) work.append(pred_begin(current), pred_end(current));
      }
      reach_another.insert_range(reach_this);
    }
    if (blends) blends_.insert(block);
  }
}

BasicBlock* Linearisation::next(BasicBlock* block, ArrayRef<BasicBlock*> wanted) {
  SmallVector<BasicBlock*, 4> targets(deferred_.lookup(block));
  for (BasicBlock* target : wanted)
    if (!is_contained(targets, target)) targets.push_back(target);
  if (targets.empty()) return nullptr;
  auto first =
      std::min_element(targets.begin(), targets.end(), [&](BasicBlock* a, BasicBlock* b) { return index_.lookup(a) < index_.lookup(b); });
  BasicBlock* result = *first;
  for (BasicBlock* target : targets)
    if (target != result && !is_contained(deferred_[result], target)) deferred_[result].push_back(target);
  return result;
}

BasicBlock* Linearisation::skip(BasicBlock* block) {
  SmallVector<BasicBlock*, 1> latch;
  if (const Loop* loop = loops_.getLoopFor(block); loop && divergent_loops_.contains(loop)) {
    if (loop->getLoopLatch() == block) return nullptr;
    latch.push_back(loop->getLoopLatch());
  }
  return next(block, latch);
}

}  // namespace anywarp::spmd
