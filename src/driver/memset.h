// What every memset comes down to: rows of elements with one value.
#pragma once

#include "base/result.h"

#include <cuda.h>

#include <cstddef>
#include <cstdint>

namespace anywarp::driver {

struct Fill {
  CUdeviceptr to = 0;
  size_t pitch = 0;       // bytes from row to row; not looked at when there is one row
  uint32_t value = 0;
  uint32_t element = 1;   // bytes: 1, 2 or 4
  size_t width = 0, height = 1;

  size_t bytes() const { return width * height * element; }
};

/// Errors: INVALID_VALUE when it goes beyond an allocation, or is not aligned.
Result<> check(const Fill& fill);
void run(const Fill& fill);

}  // namespace anywarp::driver
