// CUDA arrays: rows without padding, layer after layer; and mipmapped ones, a chain of arrays of which each has half the extent of
// the one before. Programs see them through copies, textures and surfaces.
#pragma once

#include "base/result.h"
#include "driver/object.h"

#include <cuda.h>

#include <cstddef>
#include <vector>

namespace anywarp::driver {

/// What the numbers in an array or texture are. Formats of normalised integers say how many channels there are.
struct ElementFormat {
  unsigned kind;           // AW_TEXTURE_UNSIGNED, ...
  unsigned channel_bytes;
  unsigned channels;       // 0: any
  bool is_normalised;      // integers that stand for fractions, for textures always
};
/// Errors: NOT_SUPPORTED for compressed formats and those of video.
Result<ElementFormat> element_format(CUarray_format format, unsigned channels);

class MipmappedArray;

class Array final : public Object {
 public:
  using Handle = CUarray;
  static constexpr Kind kKind = Kind::Array;

  /// Takes the memory over, unless it is that of a mipmapped array.
  Array(Context& context, const CUDA_ARRAY3D_DESCRIPTOR& descriptor, size_t element_bytes, void* memory,
        const MipmappedArray* whole = nullptr);
  ~Array() override;

  const CUDA_ARRAY3D_DESCRIPTOR& descriptor() const { return descriptor_; }
  bool is_level() const { return whole_ != nullptr; }
  char* memory() const { return static_cast<char*>(memory_); }
  size_t row_bytes() const { return descriptor_.Width * element_bytes_; }
  size_t rows() const { return descriptor_.Height == 0 ? 1 : descriptor_.Height; }
  size_t layers() const { return descriptor_.Depth == 0 ? 1 : descriptor_.Depth; }
  size_t bytes() const { return row_bytes() * rows() * layers(); }

 private:
  const CUDA_ARRAY3D_DESCRIPTOR descriptor_;
  const size_t element_bytes_;
  void* const memory_;
  const MipmappedArray* const whole_;
};

class MipmappedArray final : public Object {
 public:
  using Handle = CUmipmappedArray;
  static constexpr Kind kKind = Kind::MipmappedArray;

  MipmappedArray(Context& context, const CUDA_ARRAY3D_DESCRIPTOR& descriptor, void* memory)
      : Object(kKind, context), descriptor_(descriptor), memory_(memory) {}
  ~MipmappedArray() override;

  const CUDA_ARRAY3D_DESCRIPTOR& descriptor() const { return descriptor_; }
  const std::vector<Array*>& levels() const { return levels_; }
  /// The context owns levels, too.
  void add(Array* level) { levels_.push_back(level); }

 private:
  const CUDA_ARRAY3D_DESCRIPTOR descriptor_;
  void* const memory_;
  std::vector<Array*> levels_;
};

}  // namespace anywarp::driver
