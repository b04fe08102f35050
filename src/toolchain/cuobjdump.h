// Shows the device code inside objects, programs and fat binaries.
#pragma once

#include <string>
#include <vector>

namespace anywarp::toolchain {

/// The program `cuobjdump`. Returns 0, or 1 after a message.
int cuobjdump_main(const std::vector<std::string>& arguments);

}  // namespace anywarp::toolchain
