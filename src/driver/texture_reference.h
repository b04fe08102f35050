// A texture or surface reference: a variable of a module, or one that cuTexRefCreate made, and what it is bound to.
#pragma once

#include "base/result.h"
#include "devicelib/texture.h"
#include "driver/object.h"

#include <cuda.h>

#include <cstdint>

namespace anywarp::driver {

class TextureReference final : public Object {
 public:
  static constexpr Kind kKind = Kind::TextureReference;

  /// `variable` lies in device memory; null when there is none.
  TextureReference(Context& context, uint64_t* variable, bool is_surface);
  ~TextureReference() override;

  bool is_of_module() const { return variable_ != nullptr; }
  /// Makes what was set visible to kernels, when there is something to read. Errors: INVALID_VALUE, INVALID_HANDLE, NOT_SUPPORTED.
  Result<> bind();

  const bool is_surface;
  bool is_bound = false;
  CUarray_format format = CU_AD_FORMAT_FLOAT;  // of linear memory that is bound later
  unsigned channels = 1;
  CUDA_RESOURCE_DESC resource{};
  CUDA_TEXTURE_DESC texture{};

 private:
  uint64_t* const variable_;
  AwTexture* descriptor_ = nullptr;
};

}  // namespace anywarp::driver
