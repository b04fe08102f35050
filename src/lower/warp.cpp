// PTX ISA, the warp's own operations: shfl, vote, match, redux, activemask, elect. Forms without .sync are those of the
// active lanes.
#include "lower/chapters.h"
#include "lower/lowering.h"

#include <llvm/IR/IntrinsicsNVPTX.h>

namespace anywarp::lower {
namespace {

using llvm::Value;
namespace In = llvm::Intrinsic;

Value* member_mask(Lowering& lower, const Inst& inst, unsigned i) {
  return inst.has("sync") ? lower.read(inst, i, kB32) : lower.nvvm(In::nvvm_activemask);
}

struct Shuffle {
  std::string_view mode;
  In::ID i32, i32p, f32, f32p;
};

constexpr Shuffle kShuffles[] = {
    {"up", In::nvvm_shfl_sync_up_i32, In::nvvm_shfl_sync_up_i32p, In::nvvm_shfl_sync_up_f32, In::nvvm_shfl_sync_up_f32p},
    {"down", In::nvvm_shfl_sync_down_i32, In::nvvm_shfl_sync_down_i32p, In::nvvm_shfl_sync_down_f32, In::nvvm_shfl_sync_down_f32p},
    {"bfly", In::nvvm_shfl_sync_bfly_i32, In::nvvm_shfl_sync_bfly_i32p, In::nvvm_shfl_sync_bfly_f32, In::nvvm_shfl_sync_bfly_f32p},
    {"idx", In::nvvm_shfl_sync_idx_i32, In::nvvm_shfl_sync_idx_i32p, In::nvvm_shfl_sync_idx_f32, In::nvvm_shfl_sync_idx_f32p},
};

}  // namespace

// shfl{.sync}.mode.b32 d{|p}, a, b, c{, mask}
void lower_shfl(Lowering& lower, const Inst& inst) {
  for (const Shuffle& shuffle : kShuffles) {
    if (!inst.has(shuffle.mode)) continue;
    llvm::Type* held = lower.register_type(inst, 0);
    Scalar type = held && held->isFloatTy() ? kF32 : kB32;
    Value* mask = member_mask(lower, inst, 4);
    Value *value = lower.read(inst, 1, type), *b = lower.read(inst, 2, kB32), *c = lower.read(inst, 3, kB32);
    if (!lower.has_second(inst, 0)) {
      lower.write(inst, 0, lower.nvvm(type == kF32 ? shuffle.f32 : shuffle.i32, {mask, value, b, c}), type);
      return;
    }
    Value* both = lower.nvvm(type == kF32 ? shuffle.f32p : shuffle.i32p, {mask, value, b, c});
    lower.write(inst, 0, lower.b.CreateExtractValue(both, 0), type);
    lower.write_second(inst, 0, lower.b.CreateExtractValue(both, 1), kPredicate);
    return;
  }
  lower.unsupported(inst);
}

// vote{.sync}.mode d, {!}a{, mask}
void lower_vote(Lowering& lower, const Inst& inst) {
  Value* mask = member_mask(lower, inst, 2);
  Value* predicate = lower.read_predicate(inst, 1);
  if (inst.has("ballot")) {
    lower.write(inst, 0, lower.nvvm(In::nvvm_vote_ballot_sync, {mask, predicate}), kB32);
    return;
  }
  In::ID id = inst.has("all") ? In::nvvm_vote_all_sync : inst.has("any") ? In::nvvm_vote_any_sync : In::nvvm_vote_uni_sync;
  lower.write(inst, 0, lower.nvvm(id, {mask, predicate}), kPredicate);
}

// match.any.sync.type d, a, mask; match.all.sync.type d{|p}, a, mask
void lower_match(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  const bool wide = type.bits() == 64;
  Value *value = lower.read(inst, 1, type), *mask = lower.read(inst, 2, kB32);
  if (inst.has("any")) {
    lower.write(inst, 0, lower.nvvm(wide ? In::nvvm_match_any_sync_i64 : In::nvvm_match_any_sync_i32, {mask, value}), kB32);
    return;
  }
  Value* both = lower.nvvm(wide ? In::nvvm_match_all_sync_i64p : In::nvvm_match_all_sync_i32p, {mask, value});
  lower.write(inst, 0, lower.b.CreateExtractValue(both, 0), kB32);
  lower.write_second(inst, 0, lower.b.CreateExtractValue(both, 1), kPredicate);
}

// redux.sync.op{.abs}{.NaN}.type d, a, mask
void lower_redux(Lowering& lower, const Inst& inst) {
  Scalar type = inst.type();
  std::string_view op = inst.one_of({"add", "min", "max", "and", "or", "xor"});
  Value *value = lower.read(inst, 1, type), *mask = lower.read(inst, 2, kB32);
  In::ID id = In::not_intrinsic;
  if (type.is_float()) {
    const bool abs = inst.has("abs"), nan = inst.has("NaN"), least = op == "min";
    id = least ? (abs ? (nan ? In::nvvm_redux_sync_fmin_abs_NaN : In::nvvm_redux_sync_fmin_abs)
                      : (nan ? In::nvvm_redux_sync_fmin_NaN : In::nvvm_redux_sync_fmin))
               : (abs ? (nan ? In::nvvm_redux_sync_fmax_abs_NaN : In::nvvm_redux_sync_fmax_abs)
                      : (nan ? In::nvvm_redux_sync_fmax_NaN : In::nvvm_redux_sync_fmax));
  } else if (op == "add") {
    id = In::nvvm_redux_sync_add;
  } else if (op == "min") {
    id = type.is_signed() ? In::nvvm_redux_sync_min : In::nvvm_redux_sync_umin;
  } else if (op == "max") {
    id = type.is_signed() ? In::nvvm_redux_sync_max : In::nvvm_redux_sync_umax;
  } else if (!op.empty()) {
    id = op == "and" ? In::nvvm_redux_sync_and : op == "or" ? In::nvvm_redux_sync_or : In::nvvm_redux_sync_xor;
  }
  if (id == In::not_intrinsic) return lower.unsupported(inst);
  lower.write(inst, 0, lower.nvvm(id, {value, mask}), type);
}

void lower_activemask(Lowering& lower, const Inst& inst) { lower.write(inst, 0, lower.nvvm(In::nvvm_activemask), kB32); }

// elect.sync d|p, mask
void lower_elect(Lowering& lower, const Inst& inst) {
  Value* both = lower.nvvm(In::nvvm_elect_sync, {lower.read(inst, 1, kB32)});
  lower.write(inst, 0, lower.b.CreateExtractValue(both, 0), kB32);
  lower.write_second(inst, 0, lower.b.CreateExtractValue(both, 1), kPredicate);
}

}  // namespace anywarp::lower
