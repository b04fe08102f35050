// What every copy comes down to: a box of bytes from one place to another.
#pragma once

#include "driver/queue.h"

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

/// Whether all pages of the range are mapped, so that the driver may touch them for the program.
bool is_mapped(const void* address, size_t bytes);

}  // namespace anywarp::driver
