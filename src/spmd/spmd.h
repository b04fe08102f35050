// Whole-function vectorisation: a scalar SPMD kernel becomes a function that runs one block, `width` threads at a time.
#pragma once

#include "kir/kir.h"

#include <cstdint>
#include <string>

namespace anywarp::spmd {

/// What is known of a launch when its code is made. Part of the cache key.
struct LaunchShape {
  uint32_t block[3] = {1, 1, 1};
  bool linear_ids_fit_i32 = true;  // gridDim * blockDim of each dimension is below 2^31
  bool cooperative = false;
};

/// What the host's vectors look like to the vectoriser.
struct Target {
  bool is_x86 = true;              // else AArch64
  uint32_t vector_bits = 256;
  bool mask_registers = false;     // AVX-512: masks are i1; else masks have the width of the data
  uint32_t permute_bits = 0;       // x86: the longest vector whose elements one instruction puts into an order in another; 0: none
  bool multiplies_bytes = false;   // x86: products of unsigned and signed bytes, summed up in fours (VNNI)
  bool multiplies_brain = false;   // x86: products of bfloat16, summed up in twos
  uint32_t width = 0;              // lanes: 8, 16, 32; 0 lets the cost model choose
};

/// The code of one kernel for one launch shape, still as LLVM IR, now for the host.
struct BlockFunction {
  std::string entry;               // exec/abi.h says what it takes
  bool suspends = false;
  uint32_t regions = 1;            // pieces between barriers, each a loop over the slices; 1 without
  bool walks = false;              // suspends now and then so that the slices of several blocks walk over memory side by side
  uint32_t most_blocks = 0;        // not suspends: how many blocks one call had better run at most; 0: any number
  std::string frame_size;          // suspends: `i64 @name()`, bytes of a coroutine frame (valid after the coroutine passes)
  uint32_t frame_align = 256;      // suspends: alignment of a coroutine frame, that of 32 lanes of 64 bits
  uint32_t width = 1;              // lanes of a slice
  uint32_t static_shared = 0;      // bytes; dynamic shared memory starts at this rounded up to 16... 1024 as the variables ask
  uint32_t shared_align = 16;
};

/// Vectorises the kernel of `module`, in place; its triple and data layout become the host's.
/// Requires: kir::verify holds; opt::scalar has run; devicelib is linked.
/// `why`: gets what was made of each loop, in words (explain.h).
/// Ensures: the module has one visible function, `entry` (and `frame_size`), which keeps to exec/abi.h.
/// Errors: NOT_SUPPORTED with the construct that the vector engine does not take (indirect call, recursion, lanes that
/// spin on each other); the caller then falls back to the scalar engine.
Result<BlockFunction> run(kir::KernelModule& module, const LaunchShape& shape, const Target& target, std::string* why = nullptr);

}  // namespace anywarp::spmd
