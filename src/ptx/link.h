// Several modules -> one: relocatable PTX (-rdc=true) and libraries.
#pragma once

#include "base/result.h"
#include "ptx/module.h"

#include <functional>
#include <memory>
#include <span>
#include <string_view>

namespace anywarp::ptx {

struct LinkOptions {
  /// May this function stay undefined, because the device library or the driver provides it?
  std::function<bool(std::string_view)> is_provided;
};

/// Resolves `.extern` functions and variables by name. Symbols without linkage belong to their module and get another name
/// where two modules use one. Of several `.weak` definitions the first stays, `.common` variables become the largest of them,
/// a `.visible` one takes the place of both. Lines of `.section` and `@@DWARF` are dropped.
/// Requires: every module has passed verify. Ensures: so does the result.
/// Errors: NOT_FOUND for a symbol that nothing defines; INVALID_PTX for one that is defined twice or differently, and for
/// modules that do not go together. Both name the symbol and the modules.
Result<std::shared_ptr<const Module>> link(std::span<const std::shared_ptr<const Module>> modules, std::string_view file_name,
                                           const LinkOptions& options = {});

}  // namespace anywarp::ptx
