// A device that reports what another chip would: software that adapts to the chip (occupancy, persistent kernels, dispatch by
// capability) then takes the path that it would take there. Kernels run as they always do; only what is reported changes.
#pragma once

#include "device/chip.h"
#include "device/properties.h"

namespace anywarp::device {

/// Whether a model has what a device must report: SMs, clock and memory. Errors: NOT_SUPPORTED, naming the fields that are missing.
Result<> can_identify(const Chip& chip);

/// Requires: can_identify. Name, SM count, clocks, memory, capability and the limits of an SM become the chip's, so far as the model has
/// them. The number of workers stays this machine's, and warps have 32 threads: kernels are compiled so. What ANYWARP_MEMORY and
/// ANYWARP_COMPUTE_CAPABILITY ask for is kept.
void identify_as(const Chip& chip, Properties& properties);

}  // namespace anywarp::device
