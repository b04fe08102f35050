// The compiler driver.
#pragma once

#include <string>
#include <vector>

namespace anywarp::toolchain {

/// The program `nvcc`; `shown_name` is what messages and clang's diagnostics call it. Returns the exit status:
/// 1 when a command failed or the arguments make no sense.
/// When a signal ended it, the process ends by that signal too.
int nvcc_main(const std::vector<std::string>& arguments, const std::string& shown_name = "nvcc");

/// The same for a caller that has to clean up first: after catch_interrupts, and it calls die_if_interrupted itself.
int nvcc_within(const std::vector<std::string>& arguments, const std::string& shown_name);

}  // namespace anywarp::toolchain
