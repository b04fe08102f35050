// Arrays and mipmapped arrays. See array.h for the two ways of describing an element.

#include "runtime/array.h"

#include <initializer_list>

#include "entry_points.h"
#include "runtime/enter.h"

namespace anywarp::runtime {
namespace {

/// Formats that are one kind of the runtime's, with their channels' bits.
struct SpecialFormat {
  cudaChannelFormatKind kind;
  CUarray_format format;
  unsigned channels;
  int x, y, z, w;
};

constexpr SpecialFormat kSpecial[] = {
    {cudaChannelFormatKindNV12, CU_AD_FORMAT_NV12, 3, 8, 8, 8, 0},
    {cudaChannelFormatKindUnsignedNormalized8X1, CU_AD_FORMAT_UNORM_INT8X1, 1, 8, 0, 0, 0},
    {cudaChannelFormatKindUnsignedNormalized8X2, CU_AD_FORMAT_UNORM_INT8X2, 2, 8, 8, 0, 0},
    {cudaChannelFormatKindUnsignedNormalized8X4, CU_AD_FORMAT_UNORM_INT8X4, 4, 8, 8, 8, 8},
    {cudaChannelFormatKindUnsignedNormalized16X1, CU_AD_FORMAT_UNORM_INT16X1, 1, 16, 0, 0, 0},
    {cudaChannelFormatKindUnsignedNormalized16X2, CU_AD_FORMAT_UNORM_INT16X2, 2, 16, 16, 0, 0},
    {cudaChannelFormatKindUnsignedNormalized16X4, CU_AD_FORMAT_UNORM_INT16X4, 4, 16, 16, 16, 16},
    {cudaChannelFormatKindSignedNormalized8X1, CU_AD_FORMAT_SNORM_INT8X1, 1, 8, 0, 0, 0},
    {cudaChannelFormatKindSignedNormalized8X2, CU_AD_FORMAT_SNORM_INT8X2, 2, 8, 8, 0, 0},
    {cudaChannelFormatKindSignedNormalized8X4, CU_AD_FORMAT_SNORM_INT8X4, 4, 8, 8, 8, 8},
    {cudaChannelFormatKindSignedNormalized16X1, CU_AD_FORMAT_SNORM_INT16X1, 1, 16, 0, 0, 0},
    {cudaChannelFormatKindSignedNormalized16X2, CU_AD_FORMAT_SNORM_INT16X2, 2, 16, 16, 0, 0},
    {cudaChannelFormatKindSignedNormalized16X4, CU_AD_FORMAT_SNORM_INT16X4, 4, 16, 16, 16, 16},
    {cudaChannelFormatKindUnsignedNormalized1010102, CU_AD_FORMAT_UNORM_INT_101010_2, 4, 10, 10, 10, 2},
    {cudaChannelFormatKindUnsignedBlockCompressed1, CU_AD_FORMAT_BC1_UNORM, 4, 8, 8, 8, 8},
    {cudaChannelFormatKindUnsignedBlockCompressed1SRGB, CU_AD_FORMAT_BC1_UNORM_SRGB, 4, 8, 8, 8, 8},
    {cudaChannelFormatKindUnsignedBlockCompressed2, CU_AD_FORMAT_BC2_UNORM, 4, 8, 8, 8, 8},
    {cudaChannelFormatKindUnsignedBlockCompressed2SRGB, CU_AD_FORMAT_BC2_UNORM_SRGB, 4, 8, 8, 8, 8},
    {cudaChannelFormatKindUnsignedBlockCompressed3, CU_AD_FORMAT_BC3_UNORM, 4, 8, 8, 8, 8},
    {cudaChannelFormatKindUnsignedBlockCompressed3SRGB, CU_AD_FORMAT_BC3_UNORM_SRGB, 4, 8, 8, 8, 8},
    {cudaChannelFormatKindUnsignedBlockCompressed4, CU_AD_FORMAT_BC4_UNORM, 1, 8, 0, 0, 0},
    {cudaChannelFormatKindSignedBlockCompressed4, CU_AD_FORMAT_BC4_SNORM, 1, 8, 0, 0, 0},
    {cudaChannelFormatKindUnsignedBlockCompressed5, CU_AD_FORMAT_BC5_UNORM, 2, 8, 8, 0, 0},
    {cudaChannelFormatKindSignedBlockCompressed5, CU_AD_FORMAT_BC5_SNORM, 2, 8, 8, 0, 0},
    {cudaChannelFormatKindUnsignedBlockCompressed6H, CU_AD_FORMAT_BC6H_UF16, 3, 16, 16, 16, 0},
    {cudaChannelFormatKindSignedBlockCompressed6H, CU_AD_FORMAT_BC6H_SF16, 3, 16, 16, 16, 0},
    {cudaChannelFormatKindUnsignedBlockCompressed7, CU_AD_FORMAT_BC7_UNORM, 4, 8, 8, 8, 8},
    {cudaChannelFormatKindUnsignedBlockCompressed7SRGB, CU_AD_FORMAT_BC7_UNORM_SRGB, 4, 8, 8, 8, 8},
};

bool plain_format(cudaChannelFormatKind kind, int bits, CUarray_format& format) {
  switch (kind) {
    case cudaChannelFormatKindSigned:
      format = bits == 8 ? CU_AD_FORMAT_SIGNED_INT8 : bits == 16 ? CU_AD_FORMAT_SIGNED_INT16 : CU_AD_FORMAT_SIGNED_INT32;
      return bits == 8 || bits == 16 || bits == 32;
    case cudaChannelFormatKindUnsigned:
      format = bits == 8 ? CU_AD_FORMAT_UNSIGNED_INT8 : bits == 16 ? CU_AD_FORMAT_UNSIGNED_INT16 : CU_AD_FORMAT_UNSIGNED_INT32;
      return bits == 8 || bits == 16 || bits == 32;
    case cudaChannelFormatKindFloat: format = bits == 16 ? CU_AD_FORMAT_HALF : CU_AD_FORMAT_FLOAT; return bits == 16 || bits == 32;
    default: return false;
  }
}

cudaError_t create(cudaArray_t* array, const cudaChannelFormatDesc* desc, cudaExtent extent, unsigned flags) {
  if (!array || !desc) return cudaErrorInvalidValue;
  CUDA_ARRAY3D_DESCRIPTOR descriptor = no_description();
  if (const cudaError_t error = to_format(*desc, descriptor.Format, descriptor.NumChannels)) return error;
  descriptor.Width = extent.width;
  descriptor.Height = extent.height;
  descriptor.Depth = extent.depth;
  descriptor.Flags = flags;
  return to_error(driver().cuArray3DCreate_v2(reinterpret_cast<CUarray*>(array), &descriptor));
}

}  // namespace

cudaError_t to_format(const cudaChannelFormatDesc& desc, CUarray_format& format, unsigned& channels) {
  for (const SpecialFormat& special : kSpecial) {
    if (special.kind != desc.f) continue;
    format = special.format;
    channels = special.channels;
    return cudaSuccess;
  }
  const int bits[] = {desc.x, desc.y, desc.z, desc.w};
  channels = 0;
  while (channels < 4 && bits[channels] != 0) ++channels;
  for (unsigned channel = 0; channel < 4; ++channel) {
    if (bits[channel] != (channel < channels ? desc.x : 0)) return cudaErrorInvalidChannelDescriptor;
  }
  const bool possible = (channels == 1 || channels == 2 || channels == 4) && plain_format(desc.f, desc.x, format);
  return possible ? cudaSuccess : cudaErrorInvalidChannelDescriptor;
}

cudaChannelFormatDesc to_channels(CUarray_format format, unsigned channels) {
  for (const SpecialFormat& special : kSpecial) {
    if (special.format == format) return {special.x, special.y, special.z, special.w, special.kind};
  }
  for (const cudaChannelFormatKind kind : {cudaChannelFormatKindSigned, cudaChannelFormatKindUnsigned, cudaChannelFormatKindFloat}) {
    for (const int bits : {8, 16, 32}) {
      CUarray_format candidate;
      if (!plain_format(kind, bits, candidate) || candidate != format) continue;
      return {bits, channels > 1 ? bits : 0, channels > 2 ? bits : 0, channels > 3 ? bits : 0, kind};
    }
  }
  return {0, 0, 0, 0, cudaChannelFormatKindNone};
}

size_t element_bytes(CUarray_format format, unsigned channels) {
  const cudaChannelFormatDesc desc = to_channels(format, channels);
  return static_cast<size_t>(desc.x + desc.y + desc.z + desc.w) / 8;
}

cudaError_t element_bytes(cudaArray_const_t array, size_t& bytes) {
  CUDA_ARRAY3D_DESCRIPTOR descriptor;
  if (const CUresult result = driver().cuArray3DGetDescriptor_v2(&descriptor, handle_of(array))) return to_error(result);
  bytes = element_bytes(descriptor.Format, descriptor.NumChannels);
  return bytes > 0 ? cudaSuccess : cudaErrorInvalidValue;
}

namespace api {

cudaError_t cudaMallocArray(cudaArray_t* array, const struct cudaChannelFormatDesc* desc, size_t width, size_t height, unsigned int flags) {
  return create(array, desc, {width, height, 0}, flags);
}

cudaError_t cudaMalloc3DArray(cudaArray_t* array, const struct cudaChannelFormatDesc* desc, struct cudaExtent extent, unsigned int flags) {
  return create(array, desc, extent, flags);
}

cudaError_t cudaFreeArray(cudaArray_t array) { return array ? to_error(driver().cuArrayDestroy(handle_of(array))) : cudaSuccess; }

cudaError_t cudaArrayGetInfo(struct cudaChannelFormatDesc* desc, struct cudaExtent* extent, unsigned int* flags, cudaArray_t array) {
  CUDA_ARRAY3D_DESCRIPTOR descriptor;
  if (const CUresult result = driver().cuArray3DGetDescriptor_v2(&descriptor, handle_of(array))) return to_error(result);
  if (desc) *desc = to_channels(descriptor.Format, descriptor.NumChannels);
  if (extent) *extent = {descriptor.Width, descriptor.Height, descriptor.Depth};
  if (flags) *flags = descriptor.Flags;
  return cudaSuccess;
}

cudaError_t cudaMallocMipmappedArray(cudaMipmappedArray_t* mipmappedArray, const struct cudaChannelFormatDesc* desc,
                                     struct cudaExtent extent, unsigned int numLevels, unsigned int flags) {
  if (!mipmappedArray || !desc) return cudaErrorInvalidValue;
  CUDA_ARRAY3D_DESCRIPTOR descriptor = no_description();
  if (const cudaError_t error = to_format(*desc, descriptor.Format, descriptor.NumChannels)) return error;
  descriptor.Width = extent.width;
  descriptor.Height = extent.height;
  descriptor.Depth = extent.depth;
  descriptor.Flags = flags;
  return to_error(driver().cuMipmappedArrayCreate(reinterpret_cast<CUmipmappedArray*>(mipmappedArray), &descriptor, numLevels));
}

cudaError_t cudaFreeMipmappedArray(cudaMipmappedArray_t mipmappedArray) {
  return mipmappedArray ? to_error(driver().cuMipmappedArrayDestroy(handle_of(mipmappedArray))) : cudaSuccess;
}

cudaError_t cudaGetMipmappedArrayLevel(cudaArray_t* levelArray, cudaMipmappedArray_const_t mipmappedArray, unsigned int level) {
  return to_error(driver().cuMipmappedArrayGetLevel(reinterpret_cast<CUarray*>(levelArray), handle_of(mipmappedArray), level));
}

}  // namespace api
}  // namespace anywarp::runtime
