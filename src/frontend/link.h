// LLVM modules become PTX in this process: what nvlink and libnvJitLink link, and what libnvvm compiles.
#pragma once

#include "base/result.h"
#include "toolchain/device_flags.h"

#include <string>
#include <string_view>
#include <vector>

namespace anywarp::frontend {

struct Bitcode {
  std::string name;   // for messages
  std::string bytes;  // bitcode, or the text of LLVM IR
  bool lazy = false;  // only what the others refer to is taken from it
};

struct LinkOptions {
  bool kernels_only = false;  // other functions than kernels become private, so that unused ones go
  bool optimise = true;
  std::string libdevice;      // a file whose functions are taken where they are needed; empty: none
  // The modules are NVVM IR, see nvvm_dialect.h; and a multiplication and an addition may be fused anywhere unless the device options
  // forbid it. Otherwise the modules say where.
  bool nvvm_ir = false;
};

/// Links the modules and optimises them as one for `options.arch`. Errors: INVALID_IMAGE for what is no LLVM IR, or is not right;
/// INVALID_VALUE for symbols that do not fit together; each with LLVM's words.
Result<std::string> link_to_ptx(const std::vector<Bitcode>& modules, const toolchain::DeviceOptions& options, const LinkOptions& how);

/// The same without optimising: what comes out can be linked with more. What the options say about arithmetic is part of it.
Result<std::string> link_to_bitcode(const std::vector<Bitcode>& modules, const toolchain::DeviceOptions& options, const LinkOptions& how);

/// Only whether the modules are NVVM IR that can be read, fit together and are well formed. Errors as above.
Result<> verify_modules(const std::vector<Bitcode>& modules);

}  // namespace anywarp::frontend
