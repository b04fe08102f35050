// A loop spins when it can only end because some other thread does something. Such a loop lets others run on its back edge. Signs
// are what its exit conditions hang on:
//
//   a volatile or atomic load                              while (*(volatile int*)flag == 0);
//   compare-and-swap with an expected value that the loop does not change     while (atomicCAS(&lock, 0, 1) != 0);
//   an atomic exchange, or another update by a value that the loop does not change and that is not a counter
//
// A compare-and-swap whose expected value is what the last one returned is the usual way to build an atomic operation from it; some lane
// gets through in every round, and nobody waits.
#include "spmd/waiting.h"

#include "spmd/intrinsics.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/PostDominators.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

namespace anywarp::spmd {

using namespace llvm;

namespace {

Error refusal(const Function& kernel, const std::string& why) {
  return Error{CUDA_ERROR_NOT_SUPPORTED, "The vector engine does not take this kernel: " + why + ".", kernel.getName().str()};
}

enum class Sign { None, Load, Lock };

Sign sign_of(const Instruction& instruction, const Loop& loop) {
  if (const auto* load = dyn_cast<LoadInst>(&instruction)) return load->isVolatile() || load->isAtomic() ? Sign::Load : Sign::None;
  if (const auto* exchange = dyn_cast<AtomicCmpXchgInst>(&instruction))
    return loop.isLoopInvariant(exchange->getCompareOperand()) ? Sign::Lock : Sign::None;
  if (const auto* update = dyn_cast<AtomicRMWInst>(&instruction)) {
    if (!loop.isLoopInvariant(update->getValOperand())) return Sign::None;
    const auto* constant = dyn_cast<ConstantInt>(update->getValOperand());
    switch (update->getOperation()) {
      case AtomicRMWInst::Add:
      case AtomicRMWInst::Sub: return constant && constant->isZero() ? Sign::Load : Sign::None;
      case AtomicRMWInst::Or: return constant && constant->isZero() ? Sign::Load : Sign::Lock;
      case AtomicRMWInst::Xchg:
      case AtomicRMWInst::And: return Sign::Lock;
      default: return Sign::None;
    }
  }
  return Sign::None;
}

/// What the conditions of the loop's exits hang on, through values, phis and the branches between them.
SmallPtrSet<const Instruction*, 32> exit_slice(const Loop& loop) {
  SmallPtrSet<const Instruction*, 32> slice;
  SmallVector<const Instruction*> work;
  auto add = [&](const Value* value) {
    const auto* instruction = dyn_cast<Instruction>(value);
    if (instruction && loop.contains(instruction) && slice.insert(instruction).second) work.push_back(instruction);
  };
  SmallVector<BasicBlock*> exiting;
  loop.getExitingBlocks(exiting);
  for (const BasicBlock* block : exiting) add(block->getTerminator());
  while (!work.empty()) {
    const Instruction* current = work.pop_back_val();
    for (const Value* operand : current->operands()) add(operand);
    if (const auto* phi = dyn_cast<PHINode>(current))
      for (const BasicBlock* from : phi->blocks())
        if (loop.contains(from)) add(from->getTerminator());
  }
  return slice;
}

bool releases(const Instruction& instruction, const Value* pointer) {
  if (const auto* store = dyn_cast<StoreInst>(&instruction)) return store->getPointerOperand() == pointer;
  if (const auto* update = dyn_cast<AtomicRMWInst>(&instruction)) return update->getPointerOperand() == pointer;
  return false;
}

Result<> find_spinning(Function& kernel, const Loop& loop, const Shapes& shapes, const Linearisation& plan, Waiting& waiting) {
  const auto slice = exit_slice(loop);
  for (const Instruction* instruction : slice) {
    const Sign sign = sign_of(*instruction, loop);
    if (sign == Sign::None) continue;
    waiting.spinning.insert(&loop);
    if (!plan.divergent_loop(&loop)) continue;
    // Do lanes leave one by one because of what this instruction gives them?
    SmallVector<BasicBlock*> exiting;
    loop.getExitingBlocks(exiting);
    const bool alike = shapes.uniform(instruction) && all_of(exiting, [&](BasicBlock* block) { return shapes.uniform_branch(*block); });
    if (alike) continue;
    if (sign == Sign::Lock) {
      const Value* pointer = getPointerOperand(instruction);
      if (const auto* update = dyn_cast<AtomicRMWInst>(instruction))
        pointer = update->getPointerOperand();
      else if (const auto* exchange = dyn_cast<AtomicCmpXchgInst>(instruction))
        pointer = exchange->getPointerOperand();
      bool released_inside = false;
      for (const BasicBlock* block : loop.blocks())
        for (const Instruction& other : *block) released_inside |= &other != instruction && releases(other, pointer);
      if (!released_inside) return refusal(kernel, "lanes of a warp may wait for a lock that another lane of the warp holds");
    } else if (!shapes.uniform(instruction)) {
      return refusal(kernel, "lanes of a warp wait, each for a place in memory of its own, and may wait for each other");
    }
  }
  return {};
}

/// Barriers in the blocks from `start` that come before control meets again at `end` or returns.
bool has_barrier_between(const BasicBlock* start, const BasicBlock* end, const SmallPtrSetImpl<const BasicBlock*>& barriers) {
  SmallPtrSet<const BasicBlock*, 16> seen;
  SmallVector<const BasicBlock*> work{start};
  while (!work.empty()) {
    const BasicBlock* block = work.pop_back_val();
    if (block == end || !seen.insert(block).second) continue;
    if (barriers.contains(block)) return true;
    append_range(work, successors(block));
  }
  return false;
}

}  // namespace

Result<Waiting> find_waiting(Function& kernel, const Shapes& shapes, const Linearisation& plan) {
  Waiting waiting;
  SmallPtrSet<const BasicBlock*, 16> barriers;
  for (const Instruction& instruction : instructions(kernel))
    if (const auto* call = dyn_cast<CallBase>(&instruction); call && is_waiting_barrier(*call)) barriers.insert(instruction.getParent());
  waiting.barriers = !barriers.empty();
  PostDominatorTree after(kernel);
  if (waiting.barriers)
    for (BasicBlock* block : plan.order()) {
      const auto* branch = dyn_cast<BranchInst>(block->getTerminator());
      if (!branch || !branch->isConditional() || shapes.uniform_branch(*block)) continue;
      const auto* node = after.getNode(block);
      const BasicBlock* meeting = node && node->getIDom() ? node->getIDom()->getBlock() : nullptr;
      if (has_barrier_between(branch->getSuccessor(0), meeting, barriers) &&
          has_barrier_between(branch->getSuccessor(1), meeting, barriers))
        return refusal(kernel, "threads of a warp may wait at different barriers at a time");
    }
  for (const Loop* loop : plan.loops().getLoopsInPreorder()) AW_TRY(find_spinning(kernel, *loop, shapes, plan, waiting));
  return waiting;
}

}  // namespace anywarp::spmd
