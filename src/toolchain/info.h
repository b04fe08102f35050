// `anywarp info`: the device as CUDA programs see it, and how kernels are compiled here.
#pragma once

#include <string>
#include <vector>

namespace anywarp::toolchain {

/// Returns 0; 1 when libcuda cannot be loaded or initialised.
int info_main(const std::vector<std::string>& arguments);

}  // namespace anywarp::toolchain
