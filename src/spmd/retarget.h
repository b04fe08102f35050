// From the GPU's address spaces to the host's one: what both engines do to a kernel before it can be host code.
#pragma once

#include "base/result.h"
#include "kir/kir.h"

#include <cstdint>

namespace anywarp::spmd {

/// Where the shared variables of a block lie.
struct SharedLayout {
  uint32_t static_bytes = 0;  // dynamic shared memory starts here
  uint32_t align = 16;        // of the start of the block's shared memory
};

/// Gives every shared variable its offset in the block's shared memory. The same module gives the same offsets in both
/// engines.
/// Requires: kir form. Ensures: no variable of address space 3 is left; each use is an offset from a call of
/// `ptr addrspace(3) @aw.shared_base()`, which the engine replaces.
/// Errors: INVALID_VALUE when the variables need more than 2 GiB.
Result<SharedLayout> layout_shared(kir::KernelModule& kernel);

/// Moves everything to address space 0, and the module to the host's triple and data layout. Address space casts vanish,
/// the variables of address spaces 1 and 4 are external symbols still, scopes of atomics become the system's.
/// Ensures: `kernel.kernel` points to the new function of the old name, calling convention C.
void drop_address_spaces(kir::KernelModule& kernel);

}  // namespace anywarp::spmd
