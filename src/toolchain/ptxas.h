// The stand-in for NVIDIA's assembler.
#pragma once

#include <string>
#include <vector>

namespace anywarp::toolchain {

/// The program `ptxas`: checks PTX and writes what libcuda loads. Returns 0; 255 for PTX that is wrong, 1 for a command line
/// that is.
int ptxas_main(const std::vector<std::string>& arguments);

}  // namespace anywarp::toolchain
