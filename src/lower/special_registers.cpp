// PTX ISA, "Special Registers". Those that LLVM has an intrinsic for are read through it, with the ranges that the launch limits
// give, for from those LLVM derives that ctaid * ntid + tid does not wrap. What follows from others (%warpid, %lanemask_lt) is computed.
#include "lower/special_registers.h"

#include "lower/lowering.h"
#include "lower/program_state.h"

#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/MDBuilder.h>

namespace anywarp::lower {
namespace {

using llvm::Value;
namespace In = llvm::Intrinsic;

constexpr uint64_t kNoLimit = uint64_t{1} << 32;

/// A register with an intrinsic of its own: values lie in [low, high).
struct Direct {
  std::string_view name;
  In::ID id;
  uint64_t low = 0, high = kNoLimit;
};

constexpr uint64_t kGridX = 0x7fffffff, kGridYz = 65535;

constexpr Direct kDirect[] = {
    {"ctaid.x", In::nvvm_read_ptx_sreg_ctaid_x, 0, kGridX},
    {"ctaid.y", In::nvvm_read_ptx_sreg_ctaid_y, 0, kGridYz},
    {"ctaid.z", In::nvvm_read_ptx_sreg_ctaid_z, 0, kGridYz},
    {"nctaid.x", In::nvvm_read_ptx_sreg_nctaid_x, 1, kGridX + 1},
    {"nctaid.y", In::nvvm_read_ptx_sreg_nctaid_y, 1, kGridYz + 1},
    {"nctaid.z", In::nvvm_read_ptx_sreg_nctaid_z, 1, kGridYz + 1},
    {"laneid", In::nvvm_read_ptx_sreg_laneid, 0, 32},
    {"smid", In::nvvm_read_ptx_sreg_smid},
    {"nsmid", In::nvvm_read_ptx_sreg_nsmid},
    {"envreg1", In::nvvm_read_ptx_sreg_envreg1},
    {"envreg2", In::nvvm_read_ptx_sreg_envreg2},
    {"dynamic_smem_size", In::nvvm_read_ptx_sreg_dynamic_smem_size},
    {"total_smem_size", In::nvvm_read_ptx_sreg_total_smem_size},
    {"aggr_smem_size", In::nvvm_read_ptx_sreg_aggr_smem_size},
    {"clusterid.x", In::nvvm_read_ptx_sreg_clusterid_x, 0, kGridX},
    {"clusterid.y", In::nvvm_read_ptx_sreg_clusterid_y, 0, kGridYz},
    {"clusterid.z", In::nvvm_read_ptx_sreg_clusterid_z, 0, kGridYz},
    {"nclusterid.x", In::nvvm_read_ptx_sreg_nclusterid_x, 1, kGridX + 1},
    {"nclusterid.y", In::nvvm_read_ptx_sreg_nclusterid_y, 1, kGridYz + 1},
    {"nclusterid.z", In::nvvm_read_ptx_sreg_nclusterid_z, 1, kGridYz + 1},
    {"cluster_ctaid.x", In::nvvm_read_ptx_sreg_cluster_ctaid_x, 0, 16},
    {"cluster_ctaid.y", In::nvvm_read_ptx_sreg_cluster_ctaid_y, 0, 16},
    {"cluster_ctaid.z", In::nvvm_read_ptx_sreg_cluster_ctaid_z, 0, 16},
    {"cluster_nctaid.x", In::nvvm_read_ptx_sreg_cluster_nctaid_x, 1, 17},
    {"cluster_nctaid.y", In::nvvm_read_ptx_sreg_cluster_nctaid_y, 1, 17},
    {"cluster_nctaid.z", In::nvvm_read_ptx_sreg_cluster_nctaid_z, 1, 17},
    {"cluster_ctarank", In::nvvm_read_ptx_sreg_cluster_ctarank, 0, 16},
    {"cluster_nctarank", In::nvvm_read_ptx_sreg_cluster_nctarank, 1, 17},
};

/// The same value however often it is read.
struct Constant {
  std::string_view name;
  uint32_t value;
};

constexpr Constant kConstants[] = {
    {"ctaid.w", 0},         {"nctaid.w", 1},         {"tid.w", 0},    {"ntid.w", 1},   {"clusterid.w", 0}, {"nclusterid.w", 1},
    {"cluster_ctaid.w", 0}, {"cluster_nctaid.w", 1}, {"nwarpid", 32}, {"WARP_SZ", 32},
};

constexpr uint32_t kReservedShared = 1024;

/// The shared memory that CUDA keeps for itself, which cooperative groups borrow for tiles of several warps. Here it is a
/// variable as any other, in those kernels that ask for it.
Value* reserved_shared(Lowering& lower, uint32_t offset) {
  constexpr const char* kName = "aw.reserved_shared";
  llvm::GlobalVariable* variable = lower.module.getNamedGlobal(kName);
  if (!variable) {
    auto* type = llvm::ArrayType::get(lower.b.getInt8Ty(), kReservedShared);
    variable = new llvm::GlobalVariable(lower.module, type, false, llvm::GlobalValue::InternalLinkage, llvm::UndefValue::get(type), kName,
                                        nullptr, llvm::GlobalValue::NotThreadLocal, static_cast<unsigned>(Space::Shared));
    variable->setAlignment(llvm::Align(16));
  }
  return lower.b.CreateAdd(lower.b.CreateTrunc(lower.b.CreatePtrToInt(variable, lower.b.getInt64Ty()), lower.b.getInt32Ty()),
                           lower.b.getInt32(offset));
}

Value* ranged(Lowering& lower, In::ID id, uint64_t low, uint64_t high) {
  llvm::CallInst* call = lower.nvvm(id);
  if (high != kNoLimit) {
    llvm::MDBuilder metadata(lower.context);
    call->setMetadata(llvm::LLVMContext::MD_range, metadata.createRange(llvm::APInt(32, low), llvm::APInt(32, high)));
  }
  return call;
}

/// %tid and %ntid, bounded by .reqntid or .maxntid.
Value* thread_index(Lowering& lower, unsigned dimension, bool extent) {
  constexpr In::ID kTid[] = {In::nvvm_read_ptx_sreg_tid_x, In::nvvm_read_ptx_sreg_tid_y, In::nvvm_read_ptx_sreg_tid_z};
  constexpr In::ID kNtid[] = {In::nvvm_read_ptx_sreg_ntid_x, In::nvvm_read_ptx_sreg_ntid_y, In::nvvm_read_ptx_sreg_ntid_z};
  const uint64_t limit = lower.program.block_limit[dimension];
  if (!extent) return ranged(lower, kTid[dimension], 0, limit);
  return ranged(lower, kNtid[dimension], lower.program.block_required ? limit : 1, limit + 1);
}

Value* linear_thread(Lowering& lower) {
  Value* z = thread_index(lower, 2, false);
  Value* yz = lower.b.CreateNUWAdd(lower.b.CreateNUWMul(z, thread_index(lower, 1, true)), thread_index(lower, 1, false));
  return lower.b.CreateNUWAdd(lower.b.CreateNUWMul(yz, thread_index(lower, 0, true)), thread_index(lower, 0, false));
}

Value* lane(Lowering& lower) { return ranged(lower, In::nvvm_read_ptx_sreg_laneid, 0, 32); }

Value* lane_mask(Lowering& lower, std::string_view which) {
  auto& b = lower.b;
  Value* bit = b.CreateShl(b.getInt32(1), lane(lower));
  if (which == "eq") return bit;
  Value* below = b.CreateSub(bit, b.getInt32(1));
  if (which == "lt") return below;
  if (which == "ge") return b.CreateNot(below);
  Value* up_to = b.CreateOr(below, bit);
  return which == "le" ? up_to : b.CreateNot(up_to);
}

Value* low_word(Lowering& lower, Value* value) { return lower.b.CreateTrunc(value, lower.b.getInt32Ty()); }

Value* high_word(Lowering& lower, Value* value) { return low_word(lower, lower.b.CreateLShr(value, 32)); }

}  // namespace

llvm::Value* read_special_register(Lowering& lower, std::string_view name) {
  if (name.starts_with("%")) name.remove_prefix(1);
  for (std::string_view vector : {"tid", "ntid"}) {
    if (name.size() == vector.size() + 2 && name.starts_with(vector) && name[vector.size()] == '.') {
      if (unsigned dimension = name.back() - 'x'; dimension < 3) return thread_index(lower, dimension, vector == "ntid");
    }
  }
  for (const Direct& direct : kDirect) {
    if (direct.name == name) return ranged(lower, direct.id, direct.low, direct.high);
  }
  for (const Constant& constant : kConstants) {
    if (constant.name == name) return lower.b.getInt32(constant.value);
  }
  if (name == "warpid") return lower.b.CreateLShr(linear_thread(lower), 5);
  if (name.starts_with("lanemask_")) return lane_mask(lower, name.substr(9));
  if (name == "clock64") return lower.nvvm(In::nvvm_read_ptx_sreg_clock64);
  if (name == "clock") return low_word(lower, lower.nvvm(In::nvvm_read_ptx_sreg_clock64));
  if (name == "clock_hi") return high_word(lower, lower.nvvm(In::nvvm_read_ptx_sreg_clock64));
  if (name == "globaltimer") return lower.nvvm(In::nvvm_read_ptx_sreg_globaltimer);
  if (name == "globaltimer_lo") return low_word(lower, lower.nvvm(In::nvvm_read_ptx_sreg_globaltimer));
  if (name == "globaltimer_hi") return high_word(lower, lower.nvvm(In::nvvm_read_ptx_sreg_globaltimer));
  if (name == "gridid") return lower.b.CreateZExt(lower.nvvm(In::nvvm_read_ptx_sreg_gridid), lower.b.getInt64Ty());
  if (name == "is_explicit_cluster")
    return lower.b.CreateICmpUGT(ranged(lower, In::nvvm_read_ptx_sreg_cluster_nctarank, 1, 17), lower.b.getInt32(1));
  if (name == "reserved_smem_offset_cap") return lower.b.getInt32(kReservedShared);
  if (name.starts_with("reserved_smem_offset_"))
    return reserved_shared(lower, name.ends_with("end") ? kReservedShared : name.ends_with("_1") ? 512 : 0);
  if (name == "current_graph_exec") return lower.b.getInt64(0);
  // Performance monitors that nobody has set up, and the driver's own registers, read as zero.
  if (name.starts_with("pm") || name.starts_with("envreg"))
    return name.ends_with("_64") ? static_cast<Value*>(lower.b.getInt64(0)) : lower.b.getInt32(0);
  return nullptr;
}

}  // namespace anywarp::lower
