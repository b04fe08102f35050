// A kernel's index arithmetic is `ctaid * ntid + tid`. Without bounds it may wrap at 32 bits, and then neighbouring
// lanes need not touch neighbouring addresses. With the launch shape known it cannot:
//
//   before   %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x(), !range [0, 1024)
//            %n = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x(), !range [1, 1025)
//   after    %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x(), !range [0, 256)        %n -> 256
//            and ctaid.x has !range [0, 2^31 / 256) where the launch has fewer threads than 2^31 in x.
#include "spmd/specialise.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>

namespace anywarp::spmd {
namespace {

using namespace llvm;

// The grid's own limits (programming guide, 'technical specifications per compute capability').
constexpr uint64_t kMaxGrid[3] = {0x7fffffff, 65535, 65535};

void set_range(CallInst& call, uint64_t low, uint64_t high) {
  MDBuilder metadata(call.getContext());
  call.setMetadata(LLVMContext::MD_range, metadata.createRange(APInt(32, low), APInt(32, high)));
  call.removeRetAttr(Attribute::Range);
}

template <class F>
void for_each_call(Module& module, Intrinsic::ID id, F&& action) {
  Function* callee = Intrinsic::getDeclarationIfExists(&module, id);
  if (!callee) return;
  SmallVector<CallInst*> calls;
  for (User* user : callee->users()) calls.push_back(cast<CallInst>(user));
  for (CallInst* call : calls) action(*call);
}

}  // namespace

void specialise(kir::KernelModule& kernel, const LaunchShape& shape) {
  Module& module = *kernel.module;
  static constexpr Intrinsic::ID kTid[3] = {Intrinsic::nvvm_read_ptx_sreg_tid_x, Intrinsic::nvvm_read_ptx_sreg_tid_y,
                                            Intrinsic::nvvm_read_ptx_sreg_tid_z};
  static constexpr Intrinsic::ID kNtid[3] = {Intrinsic::nvvm_read_ptx_sreg_ntid_x, Intrinsic::nvvm_read_ptx_sreg_ntid_y,
                                             Intrinsic::nvvm_read_ptx_sreg_ntid_z};
  static constexpr Intrinsic::ID kCtaid[3] = {Intrinsic::nvvm_read_ptx_sreg_ctaid_x, Intrinsic::nvvm_read_ptx_sreg_ctaid_y,
                                              Intrinsic::nvvm_read_ptx_sreg_ctaid_z};
  static constexpr Intrinsic::ID kNctaid[3] = {Intrinsic::nvvm_read_ptx_sreg_nctaid_x, Intrinsic::nvvm_read_ptx_sreg_nctaid_y,
                                               Intrinsic::nvvm_read_ptx_sreg_nctaid_z};
  for (unsigned axis = 0; axis < 3; ++axis) {
    const uint64_t threads = shape.block[axis];
    uint64_t blocks = kMaxGrid[axis];
    if (shape.linear_ids_fit_i32) blocks = std::min<uint64_t>(blocks, uint64_t(0x7fffffff) / threads);
    for_each_call(module, kNtid[axis], [&](CallInst& call) {
      call.replaceAllUsesWith(ConstantInt::get(call.getType(), threads));
      call.eraseFromParent();
    });
    for_each_call(module, kTid[axis], [&](CallInst& call) {
      if (threads > 1) {
        set_range(call, 0, threads);
        return;
      }
      call.replaceAllUsesWith(ConstantInt::get(call.getType(), 0));
      call.eraseFromParent();
    });
    for_each_call(module, kCtaid[axis], [&](CallInst& call) { set_range(call, 0, blocks); });
    for_each_call(module, kNctaid[axis], [&](CallInst& call) { set_range(call, 1, blocks + 1); });
  }
}

}  // namespace anywarp::spmd
