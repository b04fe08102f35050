// What a kernel calls of the device library becomes part of it.
#pragma once

#include "base/result.h"
#include "jit/jit.h"
#include "kir/kir.h"

namespace anywarp::compile {

/// Links the definitions of the `__aw_*` functions that the module calls, internal and always inlined; a `__nv_*` function counts as the
/// `__aw_*` function of that name. Calls of math functions that stay external get the attribute "vector-function-abi-variant" for the
/// vectors that `processor` has. Requires: kir form. Ensures: kir form; every `__aw_*` function that is still external is one of
/// math_symbols(). Errors: NOT_SUPPORTED names a function that neither has, or one that is called with other types than it has.
Result<> link_devicelib(kir::KernelModule& kernel, const jit::Processor& processor);

}  // namespace anywarp::compile
