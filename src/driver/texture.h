// Texture and surface objects: how an array or linear memory is read and written by kernels. A program's handle is the address of a
// descriptor in device memory (devicelib/texture.h), which kernels read; the table says which addresses are handles.
#pragma once

#include "base/result.h"
#include "devicelib/texture.h"
#include "driver/object.h"

#include <cuda.h>

#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace anywarp::driver {

/// A descriptor before it lies in device memory, where its levels and the table for sRGB stand behind it.
struct Sampling {
  AwTexture texture{};
  std::vector<AwTextureLevel> levels;
};
/// Errors: INVALID_VALUE, INVALID_HANDLE, NOT_SUPPORTED. `view` may be null.
Result<Sampling> sampling_of(const CUDA_RESOURCE_DESC& resource, const CUDA_TEXTURE_DESC& texture, const CUDA_RESOURCE_VIEW_DESC* view);
Result<Sampling> surface_of(const CUDA_RESOURCE_DESC& resource);
/// Memory of the backend, which the caller releases.
Result<AwTexture*> to_device(const Sampling& sampling);

class TextureObject final : public Object {
 public:
  static constexpr Kind kKind = Kind::Texture;

  TextureObject(Context& context, AwTexture* descriptor, bool is_surface, const CUDA_RESOURCE_DESC& resource,
                const CUDA_TEXTURE_DESC& texture, const CUDA_RESOURCE_VIEW_DESC* view);
  ~TextureObject() override;

  uint64_t address() const { return reinterpret_cast<uint64_t>(descriptor_); }
  bool is_surface() const { return is_surface_; }
  const CUDA_RESOURCE_DESC& resource() const { return resource_; }
  const CUDA_TEXTURE_DESC& texture() const { return texture_; }
  const std::optional<CUDA_RESOURCE_VIEW_DESC>& view() const { return view_; }

 private:
  AwTexture* const descriptor_;
  const bool is_surface_;
  const CUDA_RESOURCE_DESC resource_;
  const CUDA_TEXTURE_DESC texture_;
  const std::optional<CUDA_RESOURCE_VIEW_DESC> view_;
};

class TextureTable {
 public:
  void add(TextureObject& object);
  void remove(const TextureObject& object);
  /// Null when the number is no handle, or one of the other kind.
  TextureObject* find(uint64_t handle, bool is_surface) const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<uint64_t, TextureObject*> objects_;
};

}  // namespace anywarp::driver
