// Wider slices share more: uniform loads, branches, address arithmetic and barriers are paid once a slice. Narrower ones need fewer
// registers and lose less where lanes diverge. The rules, in this order:
//
//   1. Cross-lane operations: 32, for the lanes of a warp must be in one slice.
//   2. Rows of 8 or 16 threads in a two-dimensional block: one row a slice. tid.y is uniform then, and every access by row contiguous.
//   3. Shared-memory tiles: 32. They broadcast one operand to all lanes, and barriers cost by slice.
//   4. Values of 64 bits where they make up most of the arithmetic: 8 with 256-bit registers, 16 with 512.
//   5. 16 otherwise: two chains of 256 bits hide latency, and with 512 bits it is one register a value.
#include "spmd/cost.h"

#include "spmd/intrinsics.h"

#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

namespace anywarp::spmd {

using namespace llvm;

namespace {

struct Census {
  bool cross_lane = false;
  bool shared = false;
  unsigned arithmetic = 0, wide_arithmetic = 0;
};

Census count(const Function& kernel) {
  Census census;
  for (const Instruction& instruction : instructions(kernel)) {
    if (const auto* call = dyn_cast<CallBase>(&instruction)) {
      census.cross_lane |= is_cross_lane(*call);
      census.shared |= call->getCalledFunction() && call->getCalledFunction()->getName() == kSharedBase;
    }
    const Type* type = instruction.getType();
    const bool computes = isa<BinaryOperator, CastInst>(instruction) ? type->isFloatingPointTy()
                                                                     : isa<IntrinsicInst>(instruction) && type->isFloatingPointTy();
    census.arithmetic += computes;
    census.wide_arithmetic += computes && type->isDoubleTy();
  }
  return census;
}

}  // namespace

Result<uint32_t> choose_width(const Function& kernel, const LaunchShape& launch, const Target& target) {
  if (target.width != 0 && target.width != 8 && target.width != 16 && target.width != 32)
    return Error{CUDA_ERROR_INVALID_VALUE, "A slice has 8, 16 or 32 lanes, not " + std::to_string(target.width) + ".",
                 kernel.getName().str()};
  const Census census = count(kernel);
  if (census.cross_lane) return 32u;
  if (target.width) return target.width;
  const bool rows = launch.block[1] > 1 || launch.block[2] > 1;
  if (rows && (launch.block[0] == 8 || launch.block[0] == 16)) return launch.block[0];
  if (census.shared) return 32u;
  if (census.wide_arithmetic * 2 > census.arithmetic) return target.vector_bits >= 512 ? 16u : 8u;
  return 16u;
}

}  // namespace anywarp::spmd
