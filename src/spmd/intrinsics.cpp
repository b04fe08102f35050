#include "spmd/intrinsics.h"

#include "kir/matrix.h"

#include <llvm/ADT/StringSwitch.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/IntrinsicsNVPTX.h>

namespace anywarp::spmd {

using namespace llvm;

namespace {

StringRef callee_name(const CallBase& call) {
  const Function* callee = call.getCalledFunction();
  return callee ? callee->getName() : StringRef();
}

/// A shuffle in which all lanes of the warp take part and read one of them, `__shfl_sync(~0u, v, 0)`: operands mask, value, lane,
/// clamp. With fewer lanes that one may be absent.
bool broadcasts(const CallBase& call) {
  const auto* mask = dyn_cast<ConstantInt>(call.getArgOperand(0));
  const auto* lane = dyn_cast<ConstantInt>(call.getArgOperand(2));
  const auto* clamp = dyn_cast<ConstantInt>(call.getArgOperand(3));
  return mask && mask->isMinusOne() && lane && lane->getZExtValue() < 32 && clamp && clamp->getZExtValue() == 31;
}

}  // namespace

const Value* member_mask(const CallBase& call) { return call.getArgOperand(callee_name(call).starts_with("llvm.nvvm.redux.") ? 1 : 0); }

LaneBehaviour lane_behaviour(const CallBase& call) {
  const Intrinsic::ID id = call.getIntrinsicID();
  switch (id) {
    case Intrinsic::nvvm_read_ptx_sreg_laneid:
    case Intrinsic::nvvm_read_ptx_sreg_lanemask_eq:
    case Intrinsic::nvvm_read_ptx_sreg_lanemask_le:
    case Intrinsic::nvvm_read_ptx_sreg_lanemask_lt:
    case Intrinsic::nvvm_read_ptx_sreg_lanemask_ge:
    case Intrinsic::nvvm_read_ptx_sreg_lanemask_gt:
    case Intrinsic::nvvm_match_any_sync_i32:
    case Intrinsic::nvvm_match_any_sync_i64:
    case Intrinsic::nvvm_elect_sync: return LaneBehaviour::Divergent;
    case Intrinsic::nvvm_shfl_sync_idx_i32:
    case Intrinsic::nvvm_shfl_sync_idx_f32:
    case Intrinsic::nvvm_shfl_sync_idx_i32p:
    case Intrinsic::nvvm_shfl_sync_idx_f32p: return broadcasts(call) ? LaneBehaviour::UniformIfMaskIs : LaneBehaviour::Divergent;
    case Intrinsic::nvvm_vote_all_sync:
    case Intrinsic::nvvm_vote_any_sync:
    case Intrinsic::nvvm_vote_uni_sync:
    case Intrinsic::nvvm_vote_ballot_sync:
    case Intrinsic::nvvm_match_all_sync_i32p:
    case Intrinsic::nvvm_match_all_sync_i64p:
    case Intrinsic::nvvm_redux_sync_add:
    case Intrinsic::nvvm_redux_sync_and:
    case Intrinsic::nvvm_redux_sync_or:
    case Intrinsic::nvvm_redux_sync_xor:
    case Intrinsic::nvvm_redux_sync_min:
    case Intrinsic::nvvm_redux_sync_max:
    case Intrinsic::nvvm_redux_sync_umin:
    case Intrinsic::nvvm_redux_sync_umax: return LaneBehaviour::UniformIfMaskIs;
    case Intrinsic::not_intrinsic: break;
    default:
      if (callee_name(call).starts_with("llvm.nvvm.shfl.")) return LaneBehaviour::Divergent;
      if (callee_name(call).starts_with("llvm.nvvm.redux.")) return LaneBehaviour::UniformIfMaskIs;
      if (callee_name(call).starts_with("llvm.nvvm.read.ptx.sreg.") || callee_name(call).starts_with("llvm.nvvm.vote.") ||
          callee_name(call).starts_with("llvm.nvvm.barrier.") || id == Intrinsic::nvvm_activemask)
        return LaneBehaviour::Uniform;
  }
  if (callee_name(call) == kSharedBase) return LaneBehaviour::Uniform;
  if (kir::is_matrix_operation(callee_name(call))) return LaneBehaviour::Divergent;
  if (call.doesNotAccessMemory() && call.getCalledFunction()) return LaneBehaviour::ByOperands;
  return LaneBehaviour::Divergent;
}

bool is_cross_lane(const CallBase& call) {
  if (call.getIntrinsicID() == Intrinsic::not_intrinsic) return kir::is_matrix_operation(callee_name(call));
  const StringRef name = callee_name(call);
  for (StringRef prefix : {"llvm.nvvm.shfl.", "llvm.nvvm.vote.", "llvm.nvvm.match.", "llvm.nvvm.redux.", "llvm.nvvm.activemask",
                           "llvm.nvvm.elect.", "llvm.nvvm.bar.warp.sync"})
    if (name.starts_with(prefix)) return true;
  return false;
}

bool is_shuffle(const CallBase& call) { return callee_name(call).starts_with("llvm.nvvm.shfl."); }

bool is_waiting_barrier(const CallBase& call) {
  const StringRef name = callee_name(call);
  return name.starts_with("llvm.nvvm.barrier.cta.sync") || name.starts_with("llvm.nvvm.barrier.cta.red");
}

bool has_waiting_barrier(const Loop& loop) {
  return any_of(loop.blocks(), [](const BasicBlock* block) {
    return any_of(*block, [](const Instruction& instruction) {
      const auto* call = dyn_cast<CallBase>(&instruction);
      return call && is_waiting_barrier(*call);
    });
  });
}

bool is_ignored(const CallBase& call) {
  switch (call.getIntrinsicID()) {
    case Intrinsic::lifetime_start:
    case Intrinsic::lifetime_end:
    case Intrinsic::assume:
    case Intrinsic::experimental_noalias_scope_decl:
    case Intrinsic::prefetch:
    case Intrinsic::donothing:
    case Intrinsic::dbg_declare:
    case Intrinsic::dbg_value:
    case Intrinsic::dbg_label: return true;
    default: return false;
  }
}

}  // namespace anywarp::spmd
