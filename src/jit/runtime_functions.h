// The functions outside of a kernel's code that LLVM's code generator may call.
#pragma once

#include "jit/jit.h"

namespace anywarp::jit {

/// libm, memory functions, and the compiler's runtime (128-bit division, conversions of 16-bit floats).
Symbols runtime_functions();

}  // namespace anywarp::jit
