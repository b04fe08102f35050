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

/// Whether a multiplication and an addition may become one fused operation: where the modules say so, or everywhere unless the device
/// options forbid it, as libnvvm does.
enum class Contraction { AsModulesSay, AsOptionsSay };

struct LinkOptions {
  bool kernels_only = false;  // other functions than kernels become private, so that unused ones go
  std::string libdevice;      // a file whose functions are taken where they are needed; empty: none
  Contraction contraction = Contraction::AsModulesSay;
};

/// Links the modules and optimises them as one for `options.arch`. Errors: INVALID_IMAGE for what is no LLVM IR, or is not right;
/// INVALID_VALUE for symbols that do not fit together; each with LLVM's words.
Result<std::string> link_to_ptx(const std::vector<Bitcode>& modules, const toolchain::DeviceOptions& options, const LinkOptions& how);

/// The same without optimising: what comes out can be linked with more. What the options say about arithmetic is part of it.
Result<std::string> link_to_bitcode(const std::vector<Bitcode>& modules, const toolchain::DeviceOptions& options, const LinkOptions& how);

/// Only whether the modules can be read, fit together and are well formed. Errors as above.
Result<> verify_modules(const std::vector<Bitcode>& modules);

}  // namespace anywarp::frontend
