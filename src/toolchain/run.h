// `anywarp run`: a CUDA source or any program, with Anywarp as its CUDA driver.
#pragma once

#include <string>
#include <vector>

namespace anywarp::toolchain {

/// The arguments after `run`. Does not come back when the program could be started: it takes this process's place.
/// Returns 2 for a bad command line, 1 when the source does not compile, 127 when there is no such program.
int run_main(const std::vector<std::string>& arguments);

}  // namespace anywarp::toolchain
