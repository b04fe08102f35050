// What every copy comes down to: a box of bytes from one place to another.
#pragma once

#include "driver/queue.h"

#include <cuda.h>

#include <cstddef>

namespace anywarp::driver {

struct Box {
  char* to = nullptr;
  const char* from = nullptr;
  size_t width = 0, height = 1, depth = 1;  // bytes, rows, layers
  size_t to_pitch = 0, to_slice = 0;        // bytes from row to row, and from layer to layer
  size_t from_pitch = 0, from_slice = 0;

  size_t bytes() const { return width * height * depth; }
};

void copy(const Box& box);
/// The same, and tells observers.
void run(const Box& box);

/// A copy whose ends were found and checked, and how the API describes it: what a node of a graph keeps.
struct CheckedCopy {
  Box box;
  CUDA_MEMCPY3D described;
};

/// Errors: INVALID_VALUE, INVALID_HANDLE.
Result<CheckedCopy> check(const CUDA_MEMCPY3D& copy);
/// Whether both ends are still where they were. Errors: ILLEGAL_ADDRESS.
Result<> check_still_there(const CheckedCopy& copy);

/// Whether all pages of the range are mapped, so that the driver may touch them for the program.
bool is_mapped(const void* address, size_t bytes);

}  // namespace anywarp::driver
