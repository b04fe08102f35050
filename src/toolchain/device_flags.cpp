#include "toolchain/device_flags.h"

#include "toolchain/arch.h"
#include "toolchain/toolkit.h"

namespace anywarp::toolchain {

Division division(const DeviceOptions& options) {
  if (options.fast_math) return Division::Approximate;
  return options.prec_div ? Division::Exact : Division::Full;
}

bool exact_sqrt(const DeviceOptions& options) { return options.prec_sqrt && !options.fast_math; }

std::vector<std::string> device_flags(const DeviceOptions& options) {
  std::vector<std::string> words{"--cuda-device-only"};
  for (std::string& flag : clang_arch_flags(options.arch)) words.push_back(std::move(flag));
  // Our own compiler sees more when loops are whole.
  words.insert(words.end(), {options.debug ? "-O1" : "-O3", "-fno-unroll-loops"});
  if (options.debug || options.line_info) words.emplace_back("-gline-tables-only");
  if (options.ftz || options.fast_math) words.emplace_back("-fgpu-flush-denormals-to-zero");
  if (!options.fmad && !options.fast_math) words.emplace_back("-ffp-contract=off");
  if (options.fast_math) words.emplace_back("-fgpu-approx-transcendentals");
  return words;
}

std::vector<std::string> precision_flags(const DeviceOptions& options) {
  std::vector<std::string> words;
  if (Division kind = division(options); kind != Division::Exact)
    words.insert(words.end(), {"-mllvm", "-nvptx-prec-divf32=" + std::to_string(static_cast<int>(kind))});
  if (!exact_sqrt(options)) words.insert(words.end(), {"-mllvm", "-nvptx-prec-sqrtf32=0"});
  return words;
}

std::vector<std::string> version_macros() {
  return {"-D__CUDACC_VER_MAJOR__=" + std::to_string(cuda_major), "-D__CUDACC_VER_MINOR__=" + std::to_string(cuda_minor),
          "-D__CUDACC_VER_BUILD__=" + std::to_string(cuda_build), "-D__CUDA_API_VER_MAJOR__=" + std::to_string(cuda_major),
          "-D__CUDA_API_VER_MINOR__=" + std::to_string(cuda_minor)};
}

}  // namespace anywarp::toolchain
