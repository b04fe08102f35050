#include "driver/array.h"

#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/process.h"

namespace anywarp::driver {

Array::Array(Context& context, const CUDA_ARRAY3D_DESCRIPTOR& descriptor, size_t element_bytes, void* memory)
    : Object(kKind, context), descriptor_(descriptor), element_bytes_(element_bytes), memory_(memory) {}

Array::~Array() { process()->backend().release(memory_); }

namespace api {
namespace {

size_t bytes_of(CUarray_format format) {
  switch (format) {
    case CU_AD_FORMAT_UNSIGNED_INT8:
    case CU_AD_FORMAT_SIGNED_INT8: return 1;
    case CU_AD_FORMAT_UNSIGNED_INT16:
    case CU_AD_FORMAT_SIGNED_INT16:
    case CU_AD_FORMAT_HALF: return 2;
    case CU_AD_FORMAT_UNSIGNED_INT32:
    case CU_AD_FORMAT_SIGNED_INT32:
    case CU_AD_FORMAT_FLOAT: return 4;
    default: return 0;
  }
}

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
  const size_t element = bytes_of(wanted.Format) * wanted.NumChannels;
  if (wanted.Format == 0) return invalid_value("The array's format is not given.");
  if (bytes_of(wanted.Format) == 0)
    return Error{CUDA_ERROR_NOT_SUPPORTED, "Arrays of the format " + std::to_string(int(wanted.Format)) + " are not supported.", ""};
  if (wanted.NumChannels != 1 && wanted.NumChannels != 2 && wanted.NumChannels != 4)
    return invalid_value("The array has " + std::to_string(wanted.NumChannels) + " channels; there may be 1, 2 or 4.");
  constexpr unsigned kSupported = CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_SURFACE_LDST | CUDA_ARRAY3D_TEXTURE_GATHER | CUDA_ARRAY3D_CUBEMAP;
  if ((wanted.Flags & ~kSupported) != 0)
    return Error{CUDA_ERROR_NOT_SUPPORTED, "Arrays with the flags " + std::to_string(wanted.Flags) + " are not supported.", ""};
  AW_TRY(check_extents(context->device(), wanted));
  const size_t rows = wanted.Height == 0 ? 1 : wanted.Height, layers = wanted.Depth == 0 ? 1 : wanted.Depth;
  AW_ASSIGN(void* memory, process()->backend().allocate(wanted.Width * element * rows * layers));
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
  AW_TRY(array->context().synchronize());
  array->context().destroy(*array);
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
