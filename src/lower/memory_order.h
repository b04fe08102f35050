// PTX's memory orders and scopes as LLVM's.
#pragma once

#include "lower/inst.h"

#include <llvm/IR/LLVMContext.h>
#include <llvm/Support/AtomicOrdering.h>

namespace anywarp::lower {

/// .relaxed, .volatile and .mmio are Monotonic; NotAtomic when no word says anything.
inline llvm::AtomicOrdering ordering_of(const Inst& inst) {
  using enum llvm::AtomicOrdering;
  if (inst.has("acq_rel")) return AcquireRelease;
  if (inst.has("acquire")) return Acquire;
  if (inst.has("release")) return Release;
  if (inst.has("sc")) return SequentiallyConsistent;
  return inst.has("relaxed") || inst.has("volatile") || inst.has("mmio") ? Monotonic : NotAtomic;
}

/// .cta is "block", .sys and .volatile the whole system, everything else "device".
inline llvm::SyncScope::ID scope_of(llvm::LLVMContext& context, const Inst& inst) {
  if (inst.has("cta")) return context.getOrInsertSyncScopeID("block");
  if (inst.has("sys") || inst.has("volatile") || inst.has("mmio")) return llvm::SyncScope::System;
  return context.getOrInsertSyncScopeID("device");
}

}  // namespace anywarp::lower
