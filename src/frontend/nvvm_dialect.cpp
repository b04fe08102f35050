// Two things differ from LLVM. Intrinsics that take a mode are several in LLVM:
//
//   %r = call {i32, i1} @llvm.nvvm.shfl.sync.i32(i32 %mask, i32 3, i32 %a, i32 %b, i32 %c)
//   %r = call {i32, i1} @llvm.nvvm.shfl.sync.bfly.i32p(i32 %mask, i32 %a, i32 %b, i32 %c)
//
// and nothing is marked as convergent, since to NVVM every call is: without the mark LLVM would merge the two sides of
//
//   if (lane % 2) mask = activemask(); else mask = activemask();
//
// which tell other lanes apart. LLVM takes the mark away again where it sees that a function needs none.
#include "frontend/nvvm_dialect.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/Module.h>

#include <optional>
#include <string>

namespace anywarp::frontend {

namespace {

using namespace llvm;

Error bad(const std::string& text) { return {CUDA_ERROR_INVALID_VALUE, text, {}}; }

/// The mode, an argument that must be a constant.
std::optional<uint64_t> mode_of(const CallInst& call) {
  if (call.arg_size() < 3) return std::nullopt;
  const auto* mode = dyn_cast<ConstantInt>(call.getArgOperand(1));
  if (!mode || mode->getZExtValue() > 3) return std::nullopt;
  return mode->getZExtValue();
}

/// {i32, i1} of one of both.
Value* pair_of(IRBuilder<>& builder, Type* type, Value* number, Value* predicate) {
  Value* pair = PoisonValue::get(type);
  pair = builder.CreateInsertValue(pair, number ? number : builder.getInt32(0), 0);
  return builder.CreateInsertValue(pair, predicate ? predicate : builder.getFalse(), 1);
}

Result<Value*> shuffle(CallInst& call, IRBuilder<>& builder) {
  static constexpr Intrinsic::ID by_mode[] = {Intrinsic::nvvm_shfl_sync_idx_i32p, Intrinsic::nvvm_shfl_sync_up_i32p,
                                              Intrinsic::nvvm_shfl_sync_down_i32p, Intrinsic::nvvm_shfl_sync_bfly_i32p};
  const auto mode = mode_of(call);
  if (!mode || call.arg_size() != 5) return bad("the mode of llvm.nvvm.shfl.sync.i32 must be a constant from 0 to 3");
  return builder.CreateIntrinsic(by_mode[*mode], {},
                                 {call.getArgOperand(0), call.getArgOperand(2), call.getArgOperand(3), call.getArgOperand(4)});
}

Result<Value*> vote(CallInst& call, IRBuilder<>& builder) {
  static constexpr Intrinsic::ID by_mode[] = {Intrinsic::nvvm_vote_all_sync, Intrinsic::nvvm_vote_any_sync, Intrinsic::nvvm_vote_uni_sync,
                                              Intrinsic::nvvm_vote_ballot_sync};
  const auto mode = mode_of(call);
  if (!mode) return bad("the mode of llvm.nvvm.vote.sync must be a constant from 0 to 3");
  Value* result = builder.CreateIntrinsic(by_mode[*mode], {}, {call.getArgOperand(0), call.getArgOperand(2)});
  return pair_of(builder, call.getType(), *mode == 3 ? result : nullptr, *mode == 3 ? nullptr : result);
}

/// The intrinsics that LLVM has under another name, or not at all. Null: it is none of them.
Result<Value*> translate(CallInst& call, StringRef name, IRBuilder<>& builder) {
  if (name == "llvm.nvvm.shfl.sync.i32") return shuffle(call, builder);
  if (name == "llvm.nvvm.vote.sync") return vote(call, builder);
  Intrinsic::ID other = Intrinsic::not_intrinsic;
  if (name == "llvm.nvvm.match.all.sync.i32") other = Intrinsic::nvvm_match_all_sync_i32p;
  if (name == "llvm.nvvm.match.all.sync.i64") other = Intrinsic::nvvm_match_all_sync_i64p;
  if (other == Intrinsic::not_intrinsic) return static_cast<Value*>(nullptr);
  if (call.arg_size() != 2) return bad(name.str() + " takes two arguments");
  return builder.CreateIntrinsic(other, {}, {call.getArgOperand(0), call.getArgOperand(1)});
}

Result<> translate_calls(Function& declared) {
  for (User* user : make_early_inc_range(declared.users())) {
    auto* call = dyn_cast<CallInst>(user);
    if (!call) continue;
    IRBuilder<> builder(call);
    AW_ASSIGN(Value * result, translate(*call, declared.getName(), builder));
    if (!result) return bad("'" + declared.getName().str() + "' is no intrinsic that is known here");
    if (result->getType() != call->getType()) return bad("'" + declared.getName().str() + "' is declared with another type");
    call->replaceAllUsesWith(result);
    call->eraseFromParent();
  }
  return {};
}

void mark_convergent(Module& module) {
  for (Function& function : module) {
    if (function.isIntrinsic()) continue;
    function.setConvergent();
    for (Instruction& instruction : instructions(function))
      if (auto* call = dyn_cast<CallInst>(&instruction))
        if (!call->getCalledFunction() || !call->getCalledFunction()->isIntrinsic()) call->setConvergent();
  }
}

/// A large zero as one value becomes a memset, since LLVM would store each of its elements on its own: a thousand for a local array.
void fold_large_zeros(Module& module) {
  constexpr uint64_t kLarge = 128;  // bytes
  const DataLayout& layout = module.getDataLayout();
  for (Function& function : module)
    for (Instruction& instruction : make_early_inc_range(instructions(function))) {
      auto* store = dyn_cast<StoreInst>(&instruction);
      if (!store || !store->isSimple() || !store->getValueOperand()->getType()->isAggregateType()) continue;
      const auto* value = dyn_cast<Constant>(store->getValueOperand());
      if (!value || !value->isNullValue() || layout.getTypeStoreSize(value->getType()) <= kLarge) continue;
      IRBuilder<> builder(store);
      builder.CreateMemSet(store->getPointerOperand(), builder.getInt8(0), layout.getTypeStoreSize(value->getType()), store->getAlign());
      store->eraseFromParent();
    }
}

}  // namespace

Result<> translate_nvvm_ir(Module& module) {
  for (Function& function : make_early_inc_range(module)) {
    if (!function.isDeclaration() || !function.getName().starts_with("llvm.") || function.getIntrinsicID() != Intrinsic::not_intrinsic)
      continue;
    AW_TRY(translate_calls(function));
    if (function.use_empty()) function.eraseFromParent();
  }
  fold_large_zeros(module);
  mark_convergent(module);
  return {};
}

}  // namespace anywarp::frontend
