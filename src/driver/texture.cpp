#include "driver/texture.h"

#include "driver/allocations.h"
#include "driver/array.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/process.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <string>

namespace anywarp::driver {

TextureObject::TextureObject(Context& context, AwTexture* descriptor, bool is_surface, const CUDA_RESOURCE_DESC& resource,
                             const CUDA_TEXTURE_DESC& texture, const CUDA_RESOURCE_VIEW_DESC* view)
    : Object(kKind, context),
      descriptor_(descriptor),
      is_surface_(is_surface),
      resource_(resource),
      texture_(texture),
      view_(view ? std::optional(*view) : std::nullopt) {
  process()->textures().add(*this);
}

TextureObject::~TextureObject() {
  process()->textures().remove(*this);
  process()->backend().release(descriptor_);
}

void TextureTable::add(TextureObject& object) {
  std::lock_guard lock(mutex_);
  objects_[object.address()] = &object;
}

void TextureTable::remove(const TextureObject& object) {
  std::lock_guard lock(mutex_);
  objects_.erase(object.address());
}

TextureObject* TextureTable::find(uint64_t handle, bool is_surface) const {
  std::lock_guard lock(mutex_);
  const auto found = objects_.find(handle);
  return found != objects_.end() && found->second->is_surface() == is_surface ? found->second : nullptr;
}

namespace {

Result<> set_format(AwTexture& to, CUarray_format format, unsigned channels) {
  AW_ASSIGN(const ElementFormat is, element_format(format, channels));
  to.kind = is.kind;
  to.channel_bytes = is.channel_bytes;
  to.channels = channels;
  if (is.is_normalised) to.flags |= AW_TEXTURE_TO_FLOAT;
  return {};
}

AwTextureLevel level_of(const Array& array) {
  return {.data = reinterpret_cast<uint64_t>(array.memory()),
          .slice = array.row_bytes() * array.rows(),
          .pitch = array.row_bytes(),
          .width = static_cast<unsigned>(array.descriptor().Width),
          .height = static_cast<unsigned>(array.rows()),
          .depth = static_cast<unsigned>(array.layers()),
          .unused = 0};
}

Result<> describe_array(Sampling& to, CUarray handle) {
  Array* array = find<Array>(handle);
  if (!array) return invalid_handle("array");
  AW_TRY(set_format(to.texture, array->descriptor().Format, array->descriptor().NumChannels));
  to.levels = {level_of(*array)};
  return {};
}

Result<> describe_mipmapped(Sampling& to, CUmipmappedArray handle) {
  auto* array = find<MipmappedArray>(handle);
  if (!array) return invalid_handle("mipmapped array");
  AW_TRY(set_format(to.texture, array->descriptor().Format, array->descriptor().NumChannels));
  for (const Array* level : array->levels()) to.levels.push_back(level_of(*level));
  to.texture.flags |= AW_TEXTURE_LEVELS;
  return {};
}

Result<> describe(Sampling& to, const CUDA_RESOURCE_DESC& resource) {
  AwTexture& texture = to.texture;
  AwTextureLevel level{};
  switch (resource.resType) {
    case CU_RESOURCE_TYPE_ARRAY: return describe_array(to, resource.res.array.hArray);
    case CU_RESOURCE_TYPE_MIPMAPPED_ARRAY: return describe_mipmapped(to, resource.res.mipmap.hMipmappedArray);
    case CU_RESOURCE_TYPE_LINEAR: {
      const auto& is = resource.res.linear;
      AW_TRY(set_format(texture, is.format, is.numChannels));
      AW_TRY(check_device_range(is.devPtr, is.sizeInBytes, "devPtr"));
      level.data = is.devPtr;
      level.width = is.sizeInBytes / (texture.channels * texture.channel_bytes);
      if (level.width == 0) return invalid_value("The linear memory of the texture holds no element.");
      level.height = level.depth = 1;
      texture.flags |= AW_TEXTURE_MEMORY;
      to.levels = {level};
      return {};
    }
    case CU_RESOURCE_TYPE_PITCH2D: {
      const auto& is = resource.res.pitch2D;
      AW_TRY(set_format(texture, is.format, is.numChannels));
      if (is.width == 0 || is.height == 0) return invalid_value("The memory of the texture has a width or height of 0.");
      const size_t row_bytes = is.width * texture.channels * texture.channel_bytes;
      if (is.pitchInBytes < row_bytes)
        return invalid_value("The pitch of " + std::to_string(is.pitchInBytes) + " bytes is below the bytes of a row.");
      AW_TRY(check_device_range(is.devPtr, (is.height - 1) * is.pitchInBytes + row_bytes, "devPtr"));
      level.data = is.devPtr;
      level.pitch = is.pitchInBytes;
      level.width = is.width;
      level.height = is.height;
      level.depth = 1;
      to.levels = {level};
      return {};
    }
  }
  return invalid_value("The type of resource " + std::to_string(int(resource.resType)) + " is unknown.");
}

/// Formats of views are listed kind by kind, each with 1, 2 and 4 channels.
Result<> set_view_format(AwTexture& to, CUresourceViewFormat format) {
  struct Kind {
    unsigned kind, bytes;
  };
  constexpr Kind kKinds[] = {{AW_TEXTURE_UNSIGNED, 1}, {AW_TEXTURE_SIGNED, 1}, {AW_TEXTURE_UNSIGNED, 2}, {AW_TEXTURE_SIGNED, 2},
                             {AW_TEXTURE_UNSIGNED, 4}, {AW_TEXTURE_SIGNED, 4}, {AW_TEXTURE_FLOATING, 2}, {AW_TEXTURE_FLOATING, 4}};
  if (format < CU_RES_VIEW_FORMAT_UINT_1X8 || format > CU_RES_VIEW_FORMAT_FLOAT_4X32)
    return Error{
        CUDA_ERROR_NOT_SUPPORTED,
        "Textures that view an array in the format " + std::to_string(int(format)) + " are not supported: it is compressed or unknown.",
        ""};
  const unsigned number = static_cast<unsigned>(format) - CU_RES_VIEW_FORMAT_UINT_1X8;
  const Kind kind = kKinds[number / 3];
  const unsigned channels = 1u << (number % 3);
  if (kind.bytes * channels != to.channel_bytes * to.channels)
    return invalid_value("The view has elements of " + std::to_string(kind.bytes * channels) + " bytes, the array of " +
                         std::to_string(to.channel_bytes * to.channels) + ".");
  to.kind = kind.kind;
  to.channel_bytes = kind.bytes;
  to.channels = channels;
  to.flags &= ~AW_TEXTURE_TO_FLOAT;
  return {};
}

Result<> set_view(Sampling& to, const CUDA_RESOURCE_DESC& resource, const CUDA_RESOURCE_VIEW_DESC& view) {
  const bool is_mipmapped = resource.resType == CU_RESOURCE_TYPE_MIPMAPPED_ARRAY;
  if (!is_mipmapped && resource.resType != CU_RESOURCE_TYPE_ARRAY)
    return invalid_value("A view of a resource is one of an array; of memory there is none.");
  AW_TRY(set_view_format(to.texture, view.format));
  const CUDA_ARRAY3D_DESCRIPTOR& array = is_mipmapped ? find<MipmappedArray>(resource.res.mipmap.hMipmappedArray)->descriptor()
                                                      : find<Array>(resource.res.array.hArray)->descriptor();
  if (view.width != array.Width || view.height != array.Height || view.depth != array.Depth)
    return invalid_value("The view has another extent than the array.");
  if (is_mipmapped) {
    if (view.firstMipmapLevel > view.lastMipmapLevel || view.lastMipmapLevel >= to.levels.size())
      return invalid_value("The view's levels are not among the " + std::to_string(to.levels.size()) + " of the mipmapped array.");
    to.levels = std::vector(to.levels.begin() + view.firstMipmapLevel, to.levels.begin() + view.lastMipmapLevel + 1);
  }
  if (array.Flags & (CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_CUBEMAP)) {
    if (view.firstLayer > view.lastLayer || view.lastLayer >= array.Depth)
      return invalid_value("The view's layers are not among the " + std::to_string(array.Depth) + " of the array.");
    for (AwTextureLevel& level : to.levels) {
      level.data += view.firstLayer * level.slice;
      level.depth = view.lastLayer - view.firstLayer + 1;
    }
  }
  return {};
}

Result<> set_reading(AwTexture& to, const CUDA_TEXTURE_DESC& texture) {
  for (unsigned i = 0; i < 3; ++i) {
    const CUaddress_mode mode = texture.addressMode[i];
    if (mode < CU_TR_ADDRESS_MODE_WRAP || mode > CU_TR_ADDRESS_MODE_BORDER)
      return invalid_value("The address mode " + std::to_string(int(mode)) + " is unknown.");
    to.address[i] = mode;
  }
  if (texture.flags & CU_TRSF_NORMALIZED_COORDINATES) to.flags |= AW_TEXTURE_NORMALIZED;
  if (texture.flags & CU_TRSF_SEAMLESS_CUBEMAP) to.flags |= AW_TEXTURE_SEAMLESS;
  const bool is_integer = to.kind != AW_TEXTURE_FLOATING;
  if (is_integer && to.channel_bytes < 4 && !(texture.flags & CU_TRSF_READ_AS_INTEGER)) to.flags |= AW_TEXTURE_TO_FLOAT;
  const bool gives_floats = !is_integer || (to.flags & AW_TEXTURE_TO_FLOAT);
  if ((texture.flags & CU_TRSF_SRGB) && (to.flags & AW_TEXTURE_TO_FLOAT) && to.kind == AW_TEXTURE_UNSIGNED && to.channel_bytes == 1)
    to.flags |= AW_TEXTURE_SRGB;  // of other textures CUDA ignores it
  // Of integers that are read as they are CUDA takes the nearest whatever the mode is, and programs do ask for linear.
  if (texture.filterMode == CU_TR_FILTER_MODE_LINEAR && gives_floats && !(to.flags & AW_TEXTURE_MEMORY)) to.flags |= AW_TEXTURE_LINEAR;
  if (texture.mipmapFilterMode == CU_TR_FILTER_MODE_LINEAR && gives_floats && (to.flags & AW_TEXTURE_LEVELS)) to.flags |= AW_TEXTURE_BLEND;
  to.bias = texture.mipmapLevelBias;
  to.least_level = texture.minMipmapLevelClamp;
  to.most_level = texture.maxMipmapLevelClamp;
  std::copy(std::begin(texture.borderColor), std::end(texture.borderColor), to.border);
  return {};
}

void finish(Sampling& sampling) {
  sampling.texture.base = sampling.levels.front();
  sampling.texture.level_count = static_cast<unsigned>(sampling.levels.size());
}

}  // namespace

Result<Sampling> sampling_of(const CUDA_RESOURCE_DESC& resource, const CUDA_TEXTURE_DESC& texture, const CUDA_RESOURCE_VIEW_DESC* view) {
  Sampling is;
  AW_TRY(describe(is, resource));
  if (view && view->format != CU_RES_VIEW_FORMAT_NONE) AW_TRY(set_view(is, resource, *view));
  AW_TRY(set_reading(is.texture, texture));
  finish(is);
  return is;
}

Result<Sampling> surface_of(const CUDA_RESOURCE_DESC& resource) {
  if (resource.resType != CU_RESOURCE_TYPE_ARRAY) return invalid_value("A surface object is made of an array.");
  Sampling is;
  AW_TRY(describe(is, resource));
  finish(is);
  return is;
}

Result<AwTexture*> to_device(const Sampling& sampling) {
  constexpr size_t kShades = 256;
  AwTexture is = sampling.texture;
  const bool has_levels = is.flags & AW_TEXTURE_LEVELS, has_srgb = is.flags & AW_TEXTURE_SRGB;
  const size_t levels_at = sizeof is, srgb_at = levels_at + (has_levels ? sampling.levels.size() * sizeof(AwTextureLevel) : 0);
  AW_ASSIGN(void* memory, process()->backend().allocate(srgb_at + (has_srgb ? kShades * sizeof(float) : 0)));
  char* bytes = static_cast<char*>(memory);
  if (has_levels) {
    is.levels = reinterpret_cast<uint64_t>(bytes + levels_at);
    memcpy(bytes + levels_at, sampling.levels.data(), sampling.levels.size() * sizeof(AwTextureLevel));
  }
  if (has_srgb) {
    is.srgb = reinterpret_cast<uint64_t>(bytes + srgb_at);
    auto* shades = reinterpret_cast<float*>(bytes + srgb_at);
    for (size_t i = 0; i < kShades; ++i) {
      const double c = static_cast<double>(i) / 255;
      shades[i] = static_cast<float>(c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4));
    }
  }
  memcpy(bytes, &is, sizeof is);
  return reinterpret_cast<AwTexture*>(bytes);
}

namespace api {
namespace {

Result<uint64_t> create(bool is_surface, const CUDA_RESOURCE_DESC& resource, const CUDA_TEXTURE_DESC& texture,
                        const CUDA_RESOURCE_VIEW_DESC* view, const Sampling& is) {
  AW_ASSIGN(Context * context, current_context());
  AW_ASSIGN(AwTexture * descriptor, to_device(is));
  AW_ASSIGN(TextureObject * object,
            context->own(std::make_unique<TextureObject>(*context, descriptor, is_surface, resource, texture, view)));
  return object->address();
}

Result<TextureObject*> object_of(uint64_t handle, bool is_surface) {
  TextureObject* object = process()->textures().find(handle, is_surface);
  if (!object) return invalid_handle(is_surface ? "surface object" : "texture object");
  AW_TRY(object->context().usable());
  return object;
}

Result<> destroy(uint64_t handle, bool is_surface) {
  if (handle == 0) return {};  // no object, as null is no memory for cuMemFree
  AW_ASSIGN(TextureObject * object, object_of(handle, is_surface));
  AW_TRY(object->context().synchronize());
  object->context().destroy(*object);
  return {};
}

}  // namespace

Result<> cuTexObjectCreate(CUtexObject* pTexObject, const CUDA_RESOURCE_DESC* pResDesc, const CUDA_TEXTURE_DESC* pTexDesc,
                           const CUDA_RESOURCE_VIEW_DESC* pResViewDesc) {
  AW_TRY(need(pTexObject, "pTexObject"));
  AW_TRY(need(pResDesc, "pResDesc"));
  AW_TRY(need(pTexDesc, "pTexDesc"));
  AW_ASSIGN(const Sampling is, sampling_of(*pResDesc, *pTexDesc, pResViewDesc));
  AW_ASSIGN(*pTexObject, create(false, *pResDesc, *pTexDesc, pResViewDesc, is));
  return {};
}

Result<> cuTexObjectDestroy(CUtexObject texObject) { return destroy(texObject, false); }

Result<> cuTexObjectGetResourceDesc(CUDA_RESOURCE_DESC* pResDesc, CUtexObject texObject) {
  AW_TRY(need(pResDesc, "pResDesc"));
  AW_ASSIGN(TextureObject * object, object_of(texObject, false));
  *pResDesc = object->resource();
  return {};
}

Result<> cuTexObjectGetTextureDesc(CUDA_TEXTURE_DESC* pTexDesc, CUtexObject texObject) {
  AW_TRY(need(pTexDesc, "pTexDesc"));
  AW_ASSIGN(TextureObject * object, object_of(texObject, false));
  *pTexDesc = object->texture();
  return {};
}

Result<> cuTexObjectGetResourceViewDesc(CUDA_RESOURCE_VIEW_DESC* pResViewDesc, CUtexObject texObject) {
  AW_TRY(need(pResViewDesc, "pResViewDesc"));
  AW_ASSIGN(TextureObject * object, object_of(texObject, false));
  if (!object->view()) return invalid_value("The texture was made without a view of its resource.");
  *pResViewDesc = *object->view();
  return {};
}

Result<> cuSurfObjectCreate(CUsurfObject* pSurfObject, const CUDA_RESOURCE_DESC* pResDesc) {
  AW_TRY(need(pSurfObject, "pSurfObject"));
  AW_TRY(need(pResDesc, "pResDesc"));
  AW_ASSIGN(const Sampling is, surface_of(*pResDesc));
  AW_ASSIGN(*pSurfObject, create(true, *pResDesc, {}, nullptr, is));
  return {};
}

Result<> cuSurfObjectDestroy(CUsurfObject surfObject) { return destroy(surfObject, true); }

Result<> cuSurfObjectGetResourceDesc(CUDA_RESOURCE_DESC* pResDesc, CUsurfObject surfObject) {
  AW_TRY(need(pResDesc, "pResDesc"));
  AW_ASSIGN(TextureObject * object, object_of(surfObject, true));
  *pResDesc = object->resource();
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
