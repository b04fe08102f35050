#include "driver/texture.h"

#include "driver/allocations.h"
#include "driver/array.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/process.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>

namespace anywarp::driver {

TextureObject::TextureObject(Context& context, AwTexture* descriptor, bool is_surface, const CUDA_RESOURCE_DESC& resource,
                             const CUDA_TEXTURE_DESC& texture)
    : Object(kKind, context), descriptor_(descriptor), is_surface_(is_surface), resource_(resource), texture_(texture) {
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

namespace api {
namespace {

struct Format {
  unsigned kind, bytes;
};

Result<Format> format_of(CUarray_format format) {
  switch (format) {
    case CU_AD_FORMAT_UNSIGNED_INT8: return Format{AW_TEXTURE_UNSIGNED, 1};
    case CU_AD_FORMAT_UNSIGNED_INT16: return Format{AW_TEXTURE_UNSIGNED, 2};
    case CU_AD_FORMAT_UNSIGNED_INT32: return Format{AW_TEXTURE_UNSIGNED, 4};
    case CU_AD_FORMAT_SIGNED_INT8: return Format{AW_TEXTURE_SIGNED, 1};
    case CU_AD_FORMAT_SIGNED_INT16: return Format{AW_TEXTURE_SIGNED, 2};
    case CU_AD_FORMAT_SIGNED_INT32: return Format{AW_TEXTURE_SIGNED, 4};
    case CU_AD_FORMAT_HALF: return Format{AW_TEXTURE_FLOATING, 2};
    case CU_AD_FORMAT_FLOAT: return Format{AW_TEXTURE_FLOATING, 4};
    default: return Error{CUDA_ERROR_NOT_SUPPORTED, "Textures of the format " + std::to_string(int(format)) + " are not supported.", ""};
  }
}

Result<> set_format(AwTexture& to, CUarray_format format, unsigned channels) {
  AW_ASSIGN(const Format is, format_of(format));
  if (channels != 1 && channels != 2 && channels != 4)
    return invalid_value("The texture has " + std::to_string(channels) + " channels; there may be 1, 2 or 4.");
  to.kind = is.kind;
  to.channel_bytes = is.bytes;
  to.channels = channels;
  return {};
}

Result<> describe_array(AwTexture& to, CUarray handle) {
  Array* array = find<Array>(handle);
  if (!array) return invalid_handle("array");
  const CUDA_ARRAY3D_DESCRIPTOR& is = array->descriptor();
  AW_TRY(set_format(to, is.Format, is.NumChannels));
  to.data = reinterpret_cast<uint64_t>(array->memory());
  to.pitch = array->row_bytes();
  to.slice = array->row_bytes() * array->rows();
  to.width = is.Width;
  to.height = array->rows();
  to.depth = array->layers();
  return {};
}

Result<> describe(AwTexture& to, const CUDA_RESOURCE_DESC& resource) {
  switch (resource.resType) {
    case CU_RESOURCE_TYPE_ARRAY: return describe_array(to, resource.res.array.hArray);
    case CU_RESOURCE_TYPE_LINEAR: {
      const auto& is = resource.res.linear;
      AW_TRY(set_format(to, is.format, is.numChannels));
      AW_TRY(check_device_range(is.devPtr, is.sizeInBytes, "devPtr"));
      to.data = is.devPtr;
      to.width = is.sizeInBytes / (to.channels * to.channel_bytes);
      if (to.width == 0) return invalid_value("The linear memory of the texture holds no element.");
      to.height = to.depth = 1;
      to.flags = AW_TEXTURE_MEMORY;
      return {};
    }
    case CU_RESOURCE_TYPE_PITCH2D: {
      const auto& is = resource.res.pitch2D;
      AW_TRY(set_format(to, is.format, is.numChannels));
      if (is.width == 0 || is.height == 0) return invalid_value("The memory of the texture has a width or height of 0.");
      if (is.pitchInBytes < is.width * to.channels * to.channel_bytes)
        return invalid_value("The pitch of " + std::to_string(is.pitchInBytes) + " bytes is below the bytes of a row.");
      AW_TRY(check_device_range(is.devPtr, (is.height - 1) * is.pitchInBytes + is.width * to.channels * to.channel_bytes, "devPtr"));
      to.data = is.devPtr;
      to.pitch = is.pitchInBytes;
      to.width = is.width;
      to.height = is.height;
      to.depth = 1;
      return {};
    }
    case CU_RESOURCE_TYPE_MIPMAPPED_ARRAY: return Error{CUDA_ERROR_NOT_SUPPORTED, "Mipmapped textures are not supported.", ""};
  }
  return invalid_value("The type of resource " + std::to_string(int(resource.resType)) + " is unknown.");
}

Result<> set_sampling(AwTexture& to, const CUDA_TEXTURE_DESC& texture) {
  for (unsigned i = 0; i < 3; ++i) {
    const CUaddress_mode mode = texture.addressMode[i];
    if (mode < CU_TR_ADDRESS_MODE_WRAP || mode > CU_TR_ADDRESS_MODE_BORDER)
      return invalid_value("The address mode " + std::to_string(int(mode)) + " is unknown.");
    to.address[i] = mode;
  }
  if (texture.flags & CU_TRSF_SRGB) return Error{CUDA_ERROR_NOT_SUPPORTED, "Textures that convert from sRGB are not supported.", ""};
  if (texture.flags & CU_TRSF_NORMALIZED_COORDINATES) to.flags |= AW_TEXTURE_NORMALIZED;
  const bool is_integer = to.kind != AW_TEXTURE_FLOATING;
  const bool to_float = is_integer && to.channel_bytes < 4 && !(texture.flags & CU_TRSF_READ_AS_INTEGER);
  if (to_float) to.flags |= AW_TEXTURE_TO_FLOAT;
  if (texture.filterMode == CU_TR_FILTER_MODE_LINEAR && !(to.flags & AW_TEXTURE_MEMORY)) {
    if (is_integer && !to_float) return invalid_value("A texture that reads integers as they are cannot interpolate.");
    to.flags |= AW_TEXTURE_LINEAR;
  }
  std::copy(std::begin(texture.borderColor), std::end(texture.borderColor), to.border);
  return {};
}

Result<uint64_t> create(bool is_surface, const CUDA_RESOURCE_DESC& resource, const CUDA_TEXTURE_DESC& texture, const AwTexture& is) {
  AW_ASSIGN(Context * context, current_context());
  AW_ASSIGN(void* memory, process()->backend().allocate(sizeof is));
  memcpy(memory, &is, sizeof is);
  AW_ASSIGN(TextureObject * object,
            context->own(std::make_unique<TextureObject>(*context, static_cast<AwTexture*>(memory), is_surface, resource, texture)));
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
  if (pResViewDesc && pResViewDesc->format != CU_RES_VIEW_FORMAT_NONE)
    return Error{CUDA_ERROR_NOT_SUPPORTED, "Textures that view an array in another format are not supported.", ""};
  AwTexture is{};
  AW_TRY(describe(is, *pResDesc));
  AW_TRY(set_sampling(is, *pTexDesc));
  AW_ASSIGN(*pTexObject, create(false, *pResDesc, *pTexDesc, is));
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

Result<> cuSurfObjectCreate(CUsurfObject* pSurfObject, const CUDA_RESOURCE_DESC* pResDesc) {
  AW_TRY(need(pSurfObject, "pSurfObject"));
  AW_TRY(need(pResDesc, "pResDesc"));
  if (pResDesc->resType != CU_RESOURCE_TYPE_ARRAY) return invalid_value("A surface object is made of an array.");
  AwTexture is{};
  AW_TRY(describe(is, *pResDesc));
  AW_ASSIGN(*pSurfObject, create(true, *pResDesc, {}, is));
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
