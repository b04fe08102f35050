// The compiler driver.
#pragma once

#include <string>
#include <vector>

namespace anywarp::toolchain {

/// The program `nvcc`; `shown_name` is what messages and clang's diagnostics call it. Returns the exit status:
/// 1 when a command failed or the arguments make no sense.
int nvcc_main(const std::vector<std::string>& arguments, const std::string& shown_name = "nvcc");

}  // namespace anywarp::toolchain
