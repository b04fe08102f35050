// Functions that processors estimate in one instruction.
#pragma once

#include <llvm/IR/IRBuilder.h>

namespace anywarp::spmd {

/// float -> float, pure: 1/sqrt(x) with a relative error below 2^-14; exact of zeros and infinities, NaN below zero. devicelib refines it.
inline constexpr char kRootEstimate[] = "aw.rsqrt_estimate";

/// The estimate for a float or a vector of them. `long_registers`: the processor has AVX-512; otherwise it divides.
llvm::Value* root_estimate(llvm::IRBuilderBase& b, llvm::Value* x, bool long_registers);

}  // namespace anywarp::spmd
