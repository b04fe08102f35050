// A CUDA array: rows without padding, layer after layer. Programs see it through copies, textures and surfaces.
#pragma once

#include "driver/object.h"

#include <cuda.h>

#include <cstddef>

namespace anywarp::driver {

class Array final : public Object {
 public:
  using Handle = CUarray;
  static constexpr Kind kKind = Kind::Array;

  Array(Context& context, const CUDA_ARRAY3D_DESCRIPTOR& descriptor, size_t element_bytes, void* memory);
  ~Array() override;

  const CUDA_ARRAY3D_DESCRIPTOR& descriptor() const { return descriptor_; }
  char* memory() const { return static_cast<char*>(memory_); }
  size_t row_bytes() const { return descriptor_.Width * element_bytes_; }
  size_t rows() const { return descriptor_.Height == 0 ? 1 : descriptor_.Height; }
  size_t layers() const { return descriptor_.Depth == 0 ? 1 : descriptor_.Depth; }
  size_t bytes() const { return row_bytes() * rows() * layers(); }

 private:
  const CUDA_ARRAY3D_DESCRIPTOR descriptor_;
  const size_t element_bytes_;
  void* const memory_;
};

}  // namespace anywarp::driver
