// Where the toolkit and the compiler are.
#pragma once

#include "base/result.h"

#include <string>

namespace anywarp::toolchain {

/// The toolkit that the running program belongs to, laid out as CUDA's: bin, include, lib64, nvvm/libdevice.
struct Toolkit {
  std::string root;   // absolute, without links
  std::string clang;  // clang++ of LLVM 22
  std::string ar;

  std::string bin() const { return root + "/bin"; }
  std::string include() const { return root + "/include"; }
  std::string lib64() const { return root + "/lib64"; }
};

/// Looks beside the running program (PREFIX/bin/x belongs to PREFIX; in the build tree build/bin/anywarp to build/toolkit).
/// Errors: FILE_NOT_FOUND, with what was looked for.
Result<Toolkit> find_toolkit();

/// The one that the library which holds `address` belongs to: PREFIX/lib64/libx.so belongs to PREFIX. Errors: FILE_NOT_FOUND.
Result<Toolkit> find_toolkit_of(const void* address);

/// The first, and the compiler, which only those need who compile. Errors: FILE_NOT_FOUND.
Result<Toolkit> find_toolkit_and_compiler();

/// What we are compatible with: CUDA 13.0.88.
inline constexpr int cuda_major = 13, cuda_minor = 0, cuda_build = 88;

}  // namespace anywarp::toolchain
