// The launch shape becomes constants of the kernel.
#pragma once

#include "spmd/spmd.h"

namespace anywarp::spmd {

/// Replaces ntid by constants, and gives tid, ctaid and nctaid the ranges that follow from the shape, so that LLVM's
/// range analyses prove that index arithmetic does not wrap. Runs before opt::scalar, for both engines.
/// Requires: kir form. Ensures: kir form, no use of llvm.nvvm.read.ptx.sreg.ntid.*.
void specialise(kir::KernelModule& module, const LaunchShape& shape);

}  // namespace anywarp::spmd
