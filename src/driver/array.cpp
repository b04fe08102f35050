#include "driver/array.h"

#include "devicelib/texture.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/process.h"

#include <algorithm>
#include <bit>
#include <string>

namespace anywarp::driver {

Array::Array(Context& context, const CUDA_ARRAY3D_DESCRIPTOR& descriptor, size_t element_bytes, void* memory, const MipmappedArray* whole)
    : Object(kKind, context), descriptor_(descriptor), element_bytes_(element_bytes), memory_(memory), whole_(whole) {}

Array::~Array() {
  if (!whole_) process()->backend().release(memory_);
}

MipmappedArray::~MipmappedArray() { process()->backend().release(memory_); }

Result<ElementFormat> element_format(CUarray_format format, unsigned channels) {
  ElementFormat is{};
  switch (format) {
    case CU_AD_FORMAT_UNSIGNED_INT8: is = {AW_TEXTURE_UNSIGNED, 1, 0, false}; break;
    case CU_AD_FORMAT_UNSIGNED_INT16: is = {AW_TEXTURE_UNSIGNED, 2, 0, false}; break;
    case CU_AD_FORMAT_UNSIGNED_INT32: is = {AW_TEXTURE_UNSIGNED, 4, 0, false}; break;
    case CU_AD_FORMAT_SIGNED_INT8: is = {AW_TEXTURE_SIGNED, 1, 0, false}; break;
    case CU_AD_FORMAT_SIGNED_INT16: is = {AW_TEXTURE_SIGNED, 2, 0, false}; break;
    case CU_AD_FORMAT_SIGNED_INT32: is = {AW_TEXTURE_SIGNED, 4, 0, false}; break;
    case CU_AD_FORMAT_HALF: is = {AW_TEXTURE_FLOATING, 2, 0, false}; break;
    case CU_AD_FORMAT_FLOAT: is = {AW_TEXTURE_FLOATING, 4, 0, false}; break;
    case CU_AD_FORMAT_UNORM_INT8X1: is = {AW_TEXTURE_UNSIGNED, 1, 1, true}; break;
    case CU_AD_FORMAT_UNORM_INT8X2: is = {AW_TEXTURE_UNSIGNED, 1, 2, true}; break;
    case CU_AD_FORMAT_UNORM_INT8X4: is = {AW_TEXTURE_UNSIGNED, 1, 4, true}; break;
    case CU_AD_FORMAT_UNORM_INT16X1: is = {AW_TEXTURE_UNSIGNED, 2, 1, true}; break;
    case CU_AD_FORMAT_UNORM_INT16X2: is = {AW_TEXTURE_UNSIGNED, 2, 2, true}; break;
    case CU_AD_FORMAT_UNORM_INT16X4: is = {AW_TEXTURE_UNSIGNED, 2, 4, true}; break;
    case CU_AD_FORMAT_SNORM_INT8X1: is = {AW_TEXTURE_SIGNED, 1, 1, true}; break;
    case CU_AD_FORMAT_SNORM_INT8X2: is = {AW_TEXTURE_SIGNED, 1, 2, true}; break;
    case CU_AD_FORMAT_SNORM_INT8X4: is = {AW_TEXTURE_SIGNED, 1, 4, true}; break;
    case CU_AD_FORMAT_SNORM_INT16X1: is = {AW_TEXTURE_SIGNED, 2, 1, true}; break;
    case CU_AD_FORMAT_SNORM_INT16X2: is = {AW_TEXTURE_SIGNED, 2, 2, true}; break;
    case CU_AD_FORMAT_SNORM_INT16X4: is = {AW_TEXTURE_SIGNED, 2, 4, true}; break;
    default:
      return Error{
          CUDA_ERROR_NOT_SUPPORTED,
          "The format " + std::to_string(int(format)) + " is not supported: there are integers, halves and floats, nothing compressed.",
          ""};
  }
  if (channels != 1 && channels != 2 && channels != 4)
    return invalid_value("There are " + std::to_string(channels) + " channels; there may be 1, 2 or 4.");
  if (is.channels != 0 && is.channels != channels)
    return invalid_value("The format has " + std::to_string(is.channels) + " channels, not " + std::to_string(channels) + ".");
  return is;
}

namespace api {
namespace {

Result<> check_extent(const char* what, size_t extent, int most) {
  if (extent <= size_t(most)) return {};
  return invalid_value(std::string("The ") + what + " " + std::to_string(extent) + " is above the limit of " + std::to_string(most) + ".");
}

Result<> check_extents(const Device& device, const CUDA_ARRAY3D_DESCRIPTOR& array) {
  const auto limit = [&](CUdevice_attribute which) { return device.attribute(which); };
  if (array.Width == 0) return invalid_value("The array has a width of 0.");
  if ((array.Flags & CUDA_ARRAY3D_CUBEMAP) != 0) {
    if (array.Width != array.Height) return invalid_value("The faces of a cubemap are squares.");
    if (array.Depth == 0 || array.Depth % 6 != 0) return invalid_value("A cubemap has six faces, and a layered one six for each layer.");
    return check_extent("width", array.Width, limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURECUBEMAP_WIDTH));
  }
  if ((array.Flags & CUDA_ARRAY3D_LAYERED) != 0) {
    if (array.Depth == 0) return invalid_value("The layered array has no layers.");
    if (array.Height == 0) {
      AW_TRY(check_extent("width", array.Width, limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LAYERED_WIDTH)));
      return check_extent("number of layers", array.Depth, limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LAYERED_LAYERS));
    }
    AW_TRY(check_extent("width", array.Width, limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_WIDTH)));
    AW_TRY(check_extent("height", array.Height, limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_HEIGHT)));
    return check_extent("number of layers", array.Depth, limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_LAYERS));
  }
  if (array.Height == 0 && array.Depth == 0) return check_extent("width", array.Width, limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_WIDTH));
  if (array.Height == 0) return invalid_value("The array has a depth, but no height.");
  if (array.Depth == 0) {
    AW_TRY(check_extent("width", array.Width, limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_WIDTH)));
    return check_extent("height", array.Height, limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_HEIGHT));
  }
  AW_TRY(check_extent("width", array.Width, limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_WIDTH)));
  AW_TRY(check_extent("height", array.Height, limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_HEIGHT)));
  return check_extent("depth", array.Depth, limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_DEPTH));
}

/// Checks what a program wants an array to be; returns the bytes of an element.
Result<size_t> check_array(Context& context, const CUDA_ARRAY3D_DESCRIPTOR& wanted) {
  AW_ASSIGN(const ElementFormat format, element_format(wanted.Format, wanted.NumChannels));
  constexpr unsigned kSupported =
      CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_SURFACE_LDST | CUDA_ARRAY3D_TEXTURE_GATHER | CUDA_ARRAY3D_CUBEMAP | CUDA_ARRAY3D_COLOR_ATTACHMENT;
  if ((wanted.Flags & ~kSupported) != 0)
    return Error{CUDA_ERROR_NOT_SUPPORTED,
                 "Arrays with the flags " + std::to_string(wanted.Flags) +
                     " are not supported: there are no sparse arrays, no deferred mapping and no depth textures.",
                 ""};
  AW_TRY(check_extents(context.device(), wanted));
  return size_t{format.channel_bytes} * wanted.NumChannels;
}

size_t bytes_of(const CUDA_ARRAY3D_DESCRIPTOR& array, size_t element) {
  return array.Width * element * std::max<size_t>(array.Height, 1) * std::max<size_t>(array.Depth, 1);
}

/// The extent of a level: halves that are at least 1. Layers and faces stay as many as they are.
CUDA_ARRAY3D_DESCRIPTOR level_of(CUDA_ARRAY3D_DESCRIPTOR array, unsigned level) {
  const auto halve = [&](size_t extent) { return extent == 0 ? 0 : std::max<size_t>(extent >> level, 1); };
  array.Width = halve(array.Width);
  array.Height = halve(array.Height);
  if (!(array.Flags & (CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_CUBEMAP))) array.Depth = halve(array.Depth);
  return array;
}

Result<MipmappedArray*> mipmapped_array_of(CUmipmappedArray handle) {
  auto* array = find<MipmappedArray>(handle);
  if (!array) return invalid_handle("mipmapped array");
  AW_TRY(array->context().usable());
  return array;
}

constexpr const char* kNoSparse = "The array is not sparse: it was made without CUDA_ARRAY3D_SPARSE, which is not supported.";
constexpr const char* kNoDeferred =
    "The array has its memory already: it was made without CUDA_ARRAY3D_DEFERRED_MAPPING, which is not supported.";

Result<Array*> array_of(CUarray handle) {
  Array* array = find<Array>(handle);
  if (!array) return invalid_handle("array");
  AW_TRY(array->context().usable());
  return array;
}

}  // namespace

Result<> cuArray3DCreate_v2(CUarray* pHandle, const CUDA_ARRAY3D_DESCRIPTOR* pAllocateArray) {
  AW_TRY(need(pHandle, "pHandle"));
  AW_TRY(need(pAllocateArray, "pAllocateArray"));
  const CUDA_ARRAY3D_DESCRIPTOR& wanted = *pAllocateArray;
  AW_ASSIGN(Context * context, current_context());
  if (wanted.Format == 0) return invalid_value("The array's format is not given.");
  AW_ASSIGN(const size_t element, check_array(*context, wanted));
  AW_ASSIGN(void* memory, process()->backend().allocate(bytes_of(wanted, element)));
  AW_ASSIGN(Array * array, context->own(std::make_unique<Array>(*context, wanted, element, memory)));
  *pHandle = static_cast<CUarray>(array->handle());
  return {};
}

Result<> cuArrayCreate_v2(CUarray* pHandle, const CUDA_ARRAY_DESCRIPTOR* pAllocateArray) {
  AW_TRY(need(pAllocateArray, "pAllocateArray"));
  CUDA_ARRAY3D_DESCRIPTOR wanted{};
  wanted.Width = pAllocateArray->Width;
  wanted.Height = pAllocateArray->Height;
  wanted.Format = pAllocateArray->Format;
  wanted.NumChannels = pAllocateArray->NumChannels;
  return api::cuArray3DCreate_v2(pHandle, &wanted);
}

Result<> cuArrayGetDescriptor_v2(CUDA_ARRAY_DESCRIPTOR* pArrayDescriptor, CUarray hArray) {
  AW_TRY(need(pArrayDescriptor, "pArrayDescriptor"));
  AW_ASSIGN(Array * array, array_of(hArray));
  const CUDA_ARRAY3D_DESCRIPTOR& is = array->descriptor();
  *pArrayDescriptor = {is.Width, is.Height, is.Format, is.NumChannels};
  return {};
}

Result<> cuArray3DGetDescriptor_v2(CUDA_ARRAY3D_DESCRIPTOR* pArrayDescriptor, CUarray hArray) {
  AW_TRY(need(pArrayDescriptor, "pArrayDescriptor"));
  AW_ASSIGN(Array * array, array_of(hArray));
  *pArrayDescriptor = array->descriptor();
  return {};
}

Result<> cuArrayDestroy(CUarray hArray) {
  AW_ASSIGN(Array * array, array_of(hArray));
  if (array->is_level()) return invalid_value("The array is a level of a mipmapped array, and ends with that.");
  AW_TRY(array->context().synchronize());
  array->context().destroy(*array);
  return {};
}

Result<> cuMipmappedArrayCreate(CUmipmappedArray* pHandle, const CUDA_ARRAY3D_DESCRIPTOR* pMipmappedArrayDesc,
                                unsigned int numMipmapLevels) {
  AW_TRY(need(pHandle, "pHandle"));
  AW_TRY(need(pMipmappedArrayDesc, "pMipmappedArrayDesc"));
  const CUDA_ARRAY3D_DESCRIPTOR& wanted = *pMipmappedArrayDesc;
  AW_ASSIGN(Context * context, current_context());
  AW_ASSIGN(const size_t element, check_array(*context, wanted));
  if (numMipmapLevels == 0) return invalid_value("The mipmapped array has 0 levels.");
  // 1 + floor(log2(the longest extent)); more than that are not made.
  const bool has_layers = wanted.Flags & (CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_CUBEMAP);
  const size_t longest = std::max({wanted.Width, wanted.Height, has_layers ? 0 : wanted.Depth});
  const unsigned count = std::min<unsigned>(numMipmapLevels, static_cast<unsigned>(std::bit_width(longest)));
  constexpr size_t kAlignment = 256;
  std::vector<size_t> starts;
  size_t bytes = 0;
  for (unsigned i = 0; i < count; ++i) {
    starts.push_back(bytes);
    bytes += (bytes_of(level_of(wanted, i), element) + kAlignment - 1) / kAlignment * kAlignment;
  }
  AW_ASSIGN(void* memory, process()->backend().allocate(bytes));
  AW_ASSIGN(MipmappedArray * array, context->own(std::make_unique<MipmappedArray>(*context, wanted, memory)));
  for (unsigned i = 0; i < count; ++i) {
    auto level =
        context->own(std::make_unique<Array>(*context, level_of(wanted, i), element, static_cast<char*>(memory) + starts[i], array));
    if (!level) {
      for (Array* made : array->levels()) context->destroy(*made);
      context->destroy(*array);
      return level.take_error();
    }
    array->add(*level);
  }
  *pHandle = static_cast<CUmipmappedArray>(array->handle());
  return {};
}

Result<> cuMipmappedArrayGetLevel(CUarray* pLevelArray, CUmipmappedArray hMipmappedArray, unsigned int level) {
  AW_TRY(need(pLevelArray, "pLevelArray"));
  AW_ASSIGN(MipmappedArray * array, mipmapped_array_of(hMipmappedArray));
  if (level >= array->levels().size())
    return invalid_value("There is no level " + std::to_string(level) + "; the mipmapped array has " +
                         std::to_string(array->levels().size()) + ".");
  *pLevelArray = static_cast<CUarray>(array->levels()[level]->handle());
  return {};
}

Result<> cuMipmappedArrayDestroy(CUmipmappedArray hMipmappedArray) {
  AW_ASSIGN(MipmappedArray * array, mipmapped_array_of(hMipmappedArray));
  Context& context = array->context();
  AW_TRY(context.synchronize());
  for (Array* level : array->levels()) context.destroy(*level);
  context.destroy(*array);
  return {};
}

// Arrays that these calls could say something about cannot be made; the errors are those that CUDA gives for all others.

Result<> cuArrayGetPlane(CUarray* pPlaneArray, CUarray hArray, unsigned int) {
  AW_TRY(need(pPlaneArray, "pPlaneArray"));
  AW_ASSIGN([[maybe_unused]] Array * array, array_of(hArray));
  return invalid_value("The array's format has no planes.");
}

Result<> cuArrayGetSparseProperties(CUDA_ARRAY_SPARSE_PROPERTIES* sparseProperties, CUarray array) {
  AW_TRY(need(sparseProperties, "sparseProperties"));
  AW_ASSIGN([[maybe_unused]] Array * is, array_of(array));
  return invalid_value(kNoSparse);
}

Result<> cuMipmappedArrayGetSparseProperties(CUDA_ARRAY_SPARSE_PROPERTIES* sparseProperties, CUmipmappedArray mipmap) {
  AW_TRY(need(sparseProperties, "sparseProperties"));
  AW_ASSIGN([[maybe_unused]] MipmappedArray * is, mipmapped_array_of(mipmap));
  return invalid_value(kNoSparse);
}

Result<> cuArrayGetMemoryRequirements(CUDA_ARRAY_MEMORY_REQUIREMENTS* memoryRequirements, CUarray array, CUdevice) {
  AW_TRY(need(memoryRequirements, "memoryRequirements"));
  AW_ASSIGN([[maybe_unused]] Array * is, array_of(array));
  return invalid_value(kNoDeferred);
}

Result<> cuMipmappedArrayGetMemoryRequirements(CUDA_ARRAY_MEMORY_REQUIREMENTS* memoryRequirements, CUmipmappedArray mipmap, CUdevice) {
  AW_TRY(need(memoryRequirements, "memoryRequirements"));
  AW_ASSIGN([[maybe_unused]] MipmappedArray * is, mipmapped_array_of(mipmap));
  return invalid_value(kNoDeferred);
}

}  // namespace api
}  // namespace anywarp::driver
