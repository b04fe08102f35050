// The linker of relocatable device code.
#pragma once

#include <string>
#include <vector>

namespace anywarp::toolchain {

/// The program `nvlink`; only nvcc calls it. Returns 0, or 1 after a message.
int nvlink_main(const std::vector<std::string>& arguments);

}  // namespace anywarp::toolchain
