// PTX ISA, "Parallel Synchronization and Communication Instructions: bar, barrier, membar, fence". `bar` is `barrier.aligned`.
#include "lower/chapters.h"
#include "lower/lowering.h"
#include "lower/memory_order.h"

#include <llvm/IR/IntrinsicsNVPTX.h>

namespace anywarp::lower {
namespace {

using llvm::Value;
namespace In = llvm::Intrinsic;

struct Forms {
  In::ID aligned_all, aligned_count, all, count;
};

In::ID select(const Inst& inst, const Forms& forms, bool with_count) {
  const bool aligned = inst.opcode == "bar" || inst.has("aligned");
  return aligned ? (with_count ? forms.aligned_count : forms.aligned_all) : (with_count ? forms.count : forms.all);
}

constexpr Forms kSync = {In::nvvm_barrier_cta_sync_aligned_all, In::nvvm_barrier_cta_sync_aligned_count, In::nvvm_barrier_cta_sync_all,
                         In::nvvm_barrier_cta_sync_count};
constexpr Forms kArrive = {In::not_intrinsic, In::nvvm_barrier_cta_arrive_aligned_count, In::not_intrinsic,
                           In::nvvm_barrier_cta_arrive_count};
constexpr Forms kPopc = {In::nvvm_barrier_cta_red_popc_aligned_all, In::nvvm_barrier_cta_red_popc_aligned_count,
                         In::nvvm_barrier_cta_red_popc_all, In::nvvm_barrier_cta_red_popc_count};
constexpr Forms kAnd = {In::nvvm_barrier_cta_red_and_aligned_all, In::nvvm_barrier_cta_red_and_aligned_count,
                        In::nvvm_barrier_cta_red_and_all, In::nvvm_barrier_cta_red_and_count};
constexpr Forms kOr = {In::nvvm_barrier_cta_red_or_aligned_all, In::nvvm_barrier_cta_red_or_aligned_count, In::nvvm_barrier_cta_red_or_all,
                       In::nvvm_barrier_cta_red_or_count};

}  // namespace

void lower_barrier(Lowering& lower, const Inst& inst) {
  if (inst.has("warp")) {
    lower.nvvm(In::nvvm_bar_warp_sync, {lower.read(inst, 0, kB32)});
    return;
  }
  if (inst.has("cluster")) return lower.unsupported(inst);
  if (inst.has("red")) {
    // d, a{, b}, {!}c
    const bool with_count = inst.operand_count() > 3;
    llvm::SmallVector<Value*, 3> arguments{lower.read(inst, 1, kU32)};
    if (with_count) arguments.push_back(lower.read(inst, 2, kU32));
    arguments.push_back(lower.read_predicate(inst, with_count ? 3 : 2));
    if (inst.has("popc"))
      lower.write(inst, 0, lower.nvvm(select(inst, kPopc, with_count), arguments), kU32);
    else
      lower.write(inst, 0, lower.nvvm(select(inst, inst.has("and") ? kAnd : kOr, with_count), arguments), kPredicate);
    return;
  }
  // With no operand at all, bar.sync is barrier 0.
  llvm::SmallVector<Value*, 2> arguments;
  for (unsigned i = 0; i < inst.operand_count(); ++i) arguments.push_back(lower.read(inst, i, kU32));
  if (arguments.empty()) arguments.push_back(lower.b.getInt32(0));
  In::ID id = select(inst, inst.has("arrive") ? kArrive : kSync, arguments.size() > 1);
  if (id == In::not_intrinsic) return lower.unsupported(inst);
  lower.nvvm(id, arguments);
}

// membar.level; fence{.sc|.acq_rel|.acquire|.release}.scope; proxies have one memory here.
void lower_fence(Lowering& lower, const Inst& inst) {
  llvm::AtomicOrdering order = ordering_of(inst);
  if (inst.opcode == "membar" || inst.has("proxy") || order == llvm::AtomicOrdering::NotAtomic)
    order = inst.has("sc") || inst.opcode == "membar" ? llvm::AtomicOrdering::SequentiallyConsistent : llvm::AtomicOrdering::AcquireRelease;
  lower.b.CreateFence(order, scope_of(lower.context, inst));
}

}  // namespace anywarp::lower
