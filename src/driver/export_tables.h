// The tables of functions that NVIDIA's own CUDA runtime asks a driver for.
#pragma once

#include <cuda.h>

#include <cstddef>
#include <cstdint>

namespace anywarp::driver {

using TableFunction = void (*)();

/// The table of the runtime's interface and the table of the check, which both go into what the check computes.
const TableFunction* runtime_interface_table();
const TableFunction* check_table();

/// Whether NVIDIA's runtime has asked for its tables.
bool nvidia_runtime_is_here();

/// handshake.cpp; left out of the build by ANYWARP_CUDART_HANDSHAKE=OFF.
CUresult answer_check(uint32_t version, uint64_t unix_seconds, uint64_t answer[2]);

}  // namespace anywarp::driver
