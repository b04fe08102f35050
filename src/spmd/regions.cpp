// A barrier that all threads of a block reach together needs no waiting: the slices take their turns at the code before it, and then at the
// code behind it.
//
//     tile[t] = a[i];                   for each slice:  tile[t] = a[i]
//     __syncthreads();          ->
//     b[i] = tile[255 - t];             for each slice:  b[i] = tile[255 - t]
//
// The kernel falls into regions, each of which becomes a loop over the slices (widen_regions.cpp). A new region starts
//   * behind a barrier,
//   * on both sides of a branch between which and the place where its ways meet there is a barrier,
//   * at the header of a loop with a barrier, and wherever control comes from different regions.
// All of this has to be common to the block: branches that decide on a barrier depend on nothing that differs between its
// threads. LLVM's uniformity analysis answers that for the block as it does for a slice, with more sources of divergence: slices
// run one after the other, so what they load from memory that is written may differ.
#include "spmd/regions.h"

#include "spmd/intrinsics.h"

#include <llvm/ADT/GenericUniformityImpl.h>
#include <llvm/Analysis/CycleAnalysis.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/PostDominators.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/Analysis/TargetTransformInfoImpl.h>
#include <llvm/Analysis/UniformityAnalysis.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/IntrinsicsNVPTX.h>

namespace anywarp::spmd {

using namespace llvm;

namespace {

// Instructions that are computed anew for one value, at most.
constexpr unsigned kMostAnew = 10;

/// The sources of divergence between the threads of a block.
class BlockTarget final : public TargetTransformInfoImplBase {
 public:
  BlockTarget(const DataLayout& layout, const LaunchShape& launch) : TargetTransformInfoImplBase(layout), launch_(launch) {}

  bool hasBranchDivergence(const Function*) const override { return true; }

  InstructionUniformity getInstructionUniformity(const Value* value) const override {
    if (const auto* load = dyn_cast<LoadInst>(value))
      return load->hasMetadata(LLVMContext::MD_invariant_load) ? InstructionUniformity::Default : InstructionUniformity::NeverUniform;
    if (const auto* call = dyn_cast<CallBase>(value)) return call_uniformity(*call);
    if (isa<AtomicRMWInst, AtomicCmpXchgInst, AllocaInst>(value)) return InstructionUniformity::NeverUniform;
    return InstructionUniformity::Default;
  }

 private:
  InstructionUniformity call_uniformity(const CallBase& call) const {
    auto differs_if = [](bool differs) { return differs ? InstructionUniformity::NeverUniform : InstructionUniformity::AlwaysUniform; };
    switch (call.getIntrinsicID()) {
      case Intrinsic::nvvm_read_ptx_sreg_tid_x: return differs_if(launch_.block[0] > 1);
      case Intrinsic::nvvm_read_ptx_sreg_tid_y: return differs_if(launch_.block[1] > 1);
      case Intrinsic::nvvm_read_ptx_sreg_tid_z: return differs_if(launch_.block[2] > 1);
      case Intrinsic::nvvm_read_ptx_sreg_ntid_x:
      case Intrinsic::nvvm_read_ptx_sreg_ntid_y:
      case Intrinsic::nvvm_read_ptx_sreg_ntid_z:
      case Intrinsic::nvvm_read_ptx_sreg_ctaid_x:
      case Intrinsic::nvvm_read_ptx_sreg_ctaid_y:
      case Intrinsic::nvvm_read_ptx_sreg_ctaid_z:
      case Intrinsic::nvvm_read_ptx_sreg_nctaid_x:
      case Intrinsic::nvvm_read_ptx_sreg_nctaid_y:
      case Intrinsic::nvvm_read_ptx_sreg_nctaid_z: return InstructionUniformity::AlwaysUniform;
      default: break;
    }
    if (call.getCalledFunction() && call.getCalledFunction()->getName() == kSharedBase) return InstructionUniformity::AlwaysUniform;
    return lane_behaviour(call) == LaneBehaviour::ByOperands ? InstructionUniformity::Default : InstructionUniformity::NeverUniform;
  }

  const LaunchShape& launch_;
};

/// bar.sync of the whole block. With a count, a reduction or bar.arrive in the kernel, slices have to be counted.
bool is_of_whole_block(const CallBase& call) {
  const StringRef name = call.getCalledFunction()->getName();
  return name == "llvm.nvvm.barrier.cta.sync.aligned.all" || name == "llvm.nvvm.barrier.cta.sync.all";
}

/// Blocks on the ways that part at the end of `branch`, before they meet again.
SmallPtrSet<const BasicBlock*, 16> between(const BasicBlock& branch, const PostDominatorTree& after) {
  const auto* node = after.getNode(&branch);
  const BasicBlock* meeting = node && node->getIDom() ? node->getIDom()->getBlock() : nullptr;
  SmallPtrSet<const BasicBlock*, 16> seen;
  SmallVector<const BasicBlock*> work(successors(&branch));
  while (!work.empty()) {
    const BasicBlock* block = work.pop_back_val();
    if (block != meeting && seen.insert(block).second) append_range(work, successors(block));
  }
  return seen;
}

bool is_register_of_thread_or_block(const Instruction& instruction) {
  const auto* call = dyn_cast<CallBase>(&instruction);
  if (!call || !call->getCalledFunction()) return false;
  StringRef name = call->getCalledFunction()->getName();
  if (name == kSharedBase) return true;
  if (!name.consume_front("llvm.nvvm.read.ptx.sreg.")) return false;
  return name.starts_with("tid.") || name.starts_with("ntid.") || name.starts_with("ctaid.") || name.starts_with("nctaid.") ||
         name == "laneid";
}

/// How many instructions it takes to compute the value from what is at hand in every region; 0: more than that, or it cannot be.
unsigned cost_of_computing_anew(const Value* value, unsigned most) {
  const auto* instruction = dyn_cast<Instruction>(value);
  if (!instruction || most == 0) return 0;
  if (is_register_of_thread_or_block(*instruction) || isa<AllocaInst>(instruction)) return 1;
  const bool is_parameter = isa<LoadInst>(instruction) && instruction->hasMetadata(LLVMContext::MD_invariant_load);
  const bool divides = isa<BinaryOperator>(instruction) && instruction->isIntDivRem();
  if (!is_parameter && (divides || !isa<BinaryOperator, CastInst, GetElementPtrInst, CmpInst, SelectInst>(instruction))) return 0;
  unsigned cost = 1;
  for (const Use& use : instruction->operands()) {
    if (!isa<Instruction>(use.get())) continue;
    const unsigned more = cost >= most ? 0 : cost_of_computing_anew(use.get(), most - cost);
    if (more == 0) return 0;
    cost += more;
  }
  return cost;
}

}  // namespace

std::optional<Regions> Regions::find(Function& kernel, FunctionAnalysisManager& analyses, const LaunchShape& launch,
                                     const Linearisation& plan) {
  SmallPtrSet<const BasicBlock*, 16> barriers;
  for (const Instruction& instruction : instructions(kernel)) {
    const auto* call = dyn_cast<CallBase>(&instruction);
    if (!call || !call->getCalledFunction() || !call->getCalledFunction()->getName().starts_with("llvm.nvvm.barrier.")) continue;
    if (!is_of_whole_block(*call)) return std::nullopt;
    barriers.insert(instruction.getParent());
  }

  const TargetTransformInfo target(std::make_unique<BlockTarget>(kernel.getDataLayout(), launch));
  UniformityInfo uniformity(analyses.getResult<DominatorTreeAnalysis>(kernel), analyses.getResult<CycleAnalysis>(kernel), &target);
  uniformity.compute();

  // Where threads of the block may have parted ways; and the branches that decide on barriers.
  PostDominatorTree after(kernel);
  SmallPtrSet<const BasicBlock*, 16> parted, starts{&kernel.getEntryBlock()};
  for (const BasicBlock* block : plan.order()) {
    if (succ_size(block) < 2) continue;
    const auto ways = between(*block, after);
    if (uniformity.hasDivergentTerminator(*block))
      parted.insert(ways.begin(), ways.end());
    else if (any_of(barriers, [&](const BasicBlock* barrier) { return ways.contains(barrier); }))
      starts.insert(succ_begin(block), succ_end(block));
  }
  for (const BasicBlock* barrier : barriers) {
    if (parted.contains(barrier)) return std::nullopt;
    starts.insert(succ_begin(barrier), succ_end(barrier));
    for (const Loop* loop = plan.loops().getLoopFor(barrier); loop; loop = loop->getParentLoop()) starts.insert(loop->getHeader());
  }

  // Every other block belongs to the region of its predecessors; if these differ it starts one.
  Regions regions;
  for (bool changed = true; changed;) {
    changed = false;
    regions.start_of_.clear();
    for (const BasicBlock* block : plan.order()) {
      const BasicBlock* start = starts.contains(block) ? block : nullptr;
      if (!start)
        for (const BasicBlock* before : predecessors(block)) {
          const BasicBlock* other = regions.start_of_.lookup(before);
          if (!other) continue;  // a back edge
          if (start && start != other) {
            starts.insert(block);
            changed = true;
            start = block;
            break;
          }
          start = other;
        }
      regions.start_of_[block] = start;
    }
  }
  regions.count_ = unsigned(starts.size());
  const BasicBlock* entry = plan.order().front();
  for (const BasicBlock* block : plan.order()) {
    const BasicBlock *root = plan.mask_root(block), *start = regions.start_of(block);
    const bool starts_here = start == block;
    if (starts_here && (parted.contains(block) || root != entry || plan.blends(block))) return std::nullopt;
    if (root != entry && regions.start_of(root) != start) return std::nullopt;
    for (const BasicBlock* successor : successors(block))
      if (regions.is_start(successor) && ((succ_size(block) > 1 && !plan.keeps_branch(block)) || plan.parks(block, successor)))
        return std::nullopt;
  }

  for (const Instruction& instruction : instructions(kernel)) {
    if (instruction.getType()->isVoidTy()) continue;
    if (uniformity.isUniform(&instruction) && none_of(instruction.uses(), [&](const Use& use) { return uniformity.isDivergentUse(use); }))
      regions.of_block_.insert(&instruction);
    if (cost_of_computing_anew(&instruction, kMostAnew) != 0) regions.anew_.insert(&instruction);
  }
  return regions;
}

bool Regions::holds(const Loop* loop) const {
  return all_of(loop->blocks(), [&](const BasicBlock* block) { return start_of(block) == start_of(loop->getHeader()); }) &&
         !is_start(loop->getHeader());
}

bool Regions::crosses(const Instruction& value) const {
  if (is_computed_anew(&value)) return false;
  const BasicBlock* own = start_of(value.getParent());
  return any_of(value.uses(), [&](const Use& use) {
    const auto* user = cast<Instruction>(use.getUser());
    const auto* phi = dyn_cast<PHINode>(user);
    return start_of(phi ? phi->getIncomingBlock(use) : user->getParent()) != own;
  });
}

}  // namespace anywarp::spmd
