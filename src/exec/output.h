// What kernels print.
#pragma once

#include "exec/abi.h"

#include <cstddef>
#include <cstdint>

namespace anywarp::exec {

/// Formats as CUDA's printf does and appends the text to the device's output. `arguments` is the buffer of CUDA's
/// vprintf: every argument at its natural alignment, integers of 32 or 64 bits, floats as double, strings as pointers.
/// Returns the number of arguments that the format names, -1 for a null format.
int32_t print_formatted(const char* format, const void* arguments);

/// Writes what kernels have printed to stdout, in the order in which it was printed. CUDA does so when the program
/// synchronises.
void flush_output();

/// Bytes that are kept until they are flushed; beyond them the output flushes itself. CU_LIMIT_PRINTF_FIFO_SIZE.
void set_output_limit(size_t bytes);
size_t output_limit();

}  // namespace anywarp::exec
