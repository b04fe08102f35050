// Random kernels, for the differential test of the engines.
#pragma once

#include "kernel_run/case.h"

#include <cstdint>
#include <string>

namespace anywarp::kernel_run {

/// A test case, head and PTX: divergent and uniform branches, loops with breaks, switches, calls, integer and
/// floating-point arithmetic, memory of every space, barriers, atomics and warp operations where the program's threads are
/// together. Its result does not depend on the order in which threads run. The same seed gives the same text.
std::string random_kernel(uint64_t seed);

}  // namespace anywarp::kernel_run
