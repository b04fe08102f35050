// What the calls of kernel IR mean across the lanes of a slice.
#pragma once

#include <llvm/IR/InstrTypes.h>

namespace llvm {
class Loop;
}

namespace anywarp::spmd {

enum class LaneBehaviour {
  ByOperands,       // pure: uniform when its operands are
  Uniform,          // one result for the slice
  UniformIfMaskIs,  // one result for the lanes that name the same lanes, by member_mask()
  Divergent,        // a result per lane, or an effect per lane
};

LaneBehaviour lane_behaviour(const llvm::CallBase& call);

/// The operand of a warp operation that names the lanes which take part.
const llvm::Value* member_mask(const llvm::CallBase& call);

/// Needs all 32 lanes of a warp in one slice.
bool is_cross_lane(const llvm::CallBase& call);
bool is_shuffle(const llvm::CallBase& call);
/// bar.sync, bar.red: the slice waits for others. bar.arrive does not wait.
bool is_waiting_barrier(const llvm::CallBase& call);
bool has_waiting_barrier(const llvm::Loop& loop);
/// Of no consequence to the generated code: lifetime markers, assumptions, debug information, prefetches.
bool is_ignored(const llvm::CallBase& call);

/// The names of kernel IR's external functions that the engines implement (kir/kir.h).
inline constexpr char kSharedBase[] = "aw.shared_base";  // () -> ptr addrspace(3), put in by layout_shared()

}  // namespace anywarp::spmd
