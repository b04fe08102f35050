// GPU architectures as nvcc names them: sm_90 (real), compute_90 (virtual), -gencode specifications.
#pragma once

#include "base/result.h"
#include "toolchain/nvcc_options.h"

#include <string>
#include <string_view>
#include <vector>

namespace anywarp::toolchain {

/// What follows sm_ and compute_, oldest first: "75", ..., "121f".
const std::vector<std::string>& architectures();

/// Those and the older ones that nvcc 13 has dropped, which programs still name and clang still compiles for.
const std::vector<std::string>& accepted_architectures();

/// nvcc's default when nothing is given.
inline constexpr std::string_view default_architecture = "75";

/// "90a" as clang names it: clang 22 knows no family targets, and the arch-specific one of the same number holds all that a
/// family has.
std::string clang_name(std::string_view arch);

/// Whether it came with a PTX ISA after 8.7, which is what clang derives from the CUDA version that it knows; 9.0 has them all.
bool needs_newest_ptx(std::string_view arch);

/// clang's options for the virtual architecture `arch`.
std::vector<std::string> clang_arch_flags(std::string_view arch);

/// 90 of "90a".
int arch_number(std::string_view arch);

/// What -arch, -code and -gencode accumulate to.
class TargetList {
 public:
  /// -arch=sm_90 | compute_90 | native | all | all-major. Errors: an architecture that does not exist.
  Result<> set_arch(std::string_view value);
  Result<> add_code(std::string_view value);
  /// "arch=compute_90,code=[sm_90,compute_90]".
  Result<> add_gencode(std::string_view specification);
  /// The targets in order, one per virtual architecture.
  Result<std::vector<Target>> finish() const;

 private:
  void add(std::string_view arch, std::string_view code);
  std::string arch_;
  std::vector<std::string> codes_;
  std::vector<Target> targets_;
};

}  // namespace anywarp::toolchain
