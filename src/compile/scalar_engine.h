// The plain engine: one CUDA thread, scalar, as a function for a fiber.
#pragma once

#include "base/result.h"
#include "jit/jit.h"
#include "kir/kir.h"

#include <cstdint>
#include <string>

namespace anywarp::compile {

/// What exec runs for each thread of a block (exec/abi.h, 'scalar').
struct ThreadFunction {
  std::string entry;
  bool suspends = false;       // some thread may wait: each needs a fiber
  bool calls = false;          // functions that could not be inlined: the stack they need is not known
  uint64_t stack_bytes = 0;    // of the entry's own local memory
  uint32_t static_shared = 0;  // bytes
};

/// Turns the kernel of `module`, in place, into host code of one thread.
/// Requires: kir form; spmd::specialise has run; devicelib is linked.
/// Ensures: one visible function, `entry`.
/// Errors: NOT_SUPPORTED with the intrinsic that the engine does not know.
Result<ThreadFunction> run_scalar(kir::KernelModule& module, const jit::Processor& processor);

}  // namespace anywarp::compile
