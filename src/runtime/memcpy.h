// Boxes of memory in the words of the runtime and of the driver.
#pragma once

#include "runtime/driver.h"

namespace anywarp::runtime {

/// Requires: the box is not empty. cudaErrorInvalidMemcpyDirection, cudaErrorInvalidPitchValue and cudaErrorInvalidValue for what is wrong
/// with it.
cudaError_t to_driver(const cudaMemcpy3DParms& box, CUDA_MEMCPY3D& copy);
cudaError_t to_runtime(const CUDA_MEMCPY3D& copy, cudaMemcpy3DParms& box);

}  // namespace anywarp::runtime
