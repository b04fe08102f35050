// How device code is compiled for one architecture, as clang's driver is told: nvcc runs clang with these words, NVRTC hands them to
// clang in its own process.
#pragma once

#include <string>
#include <vector>

namespace anywarp::toolchain {

struct DeviceOptions {
  std::string arch;  // "90", "90a": after compute_
  bool debug = false;
  bool line_info = false;
  bool ftz = false, prec_div = true, prec_sqrt = true, fmad = true, fast_math = false;
  bool relocatable = false;
};

/// What `division` a source's x / y in single precision becomes, as LLVM's option nvptx-prec-divf32 counts.
enum class Division { Approximate = 0, Full = 1, Exact = 2 };
Division division(const DeviceOptions& options);
bool exact_sqrt(const DeviceOptions& options);

/// Everything but the precision of division and square root, which LLVM takes as options of the whole process.
std::vector<std::string> device_flags(const DeviceOptions& options);

/// The rest, for a process of clang's own.
std::vector<std::string> precision_flags(const DeviceOptions& options);

/// The macros that name the version of nvcc that this is compatible with.
std::vector<std::string> version_macros();

}  // namespace anywarp::toolchain
