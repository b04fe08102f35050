// Texture and surface objects: the runtime's descriptions in the driver's words, and back.

#include <string.h>

#include "entry_points.h"
#include "runtime/array.h"
#include "runtime/enter.h"

namespace anywarp::runtime::api {
namespace {

cudaError_t to_driver(const cudaResourceDesc& from, CUDA_RESOURCE_DESC& to) {
  to = {};
  to.resType = static_cast<CUresourcetype>(from.resType);
  to.flags = from.flags;
  switch (from.resType) {
    case cudaResourceTypeArray: to.res.array.hArray = handle_of(from.res.array.array); return cudaSuccess;
    case cudaResourceTypeMipmappedArray: to.res.mipmap.hMipmappedArray = handle_of(from.res.mipmap.mipmap); return cudaSuccess;
    case cudaResourceTypeLinear:
      to.res.linear.devPtr = reinterpret_cast<CUdeviceptr>(from.res.linear.devPtr);
      to.res.linear.sizeInBytes = from.res.linear.sizeInBytes;
      return to_format(from.res.linear.desc, to.res.linear.format, to.res.linear.numChannels);
    case cudaResourceTypePitch2D:
      to.res.pitch2D.devPtr = reinterpret_cast<CUdeviceptr>(from.res.pitch2D.devPtr);
      to.res.pitch2D.width = from.res.pitch2D.width;
      to.res.pitch2D.height = from.res.pitch2D.height;
      to.res.pitch2D.pitchInBytes = from.res.pitch2D.pitchInBytes;
      return to_format(from.res.pitch2D.desc, to.res.pitch2D.format, to.res.pitch2D.numChannels);
  }
  return cudaErrorInvalidValue;
}

void from_driver(const CUDA_RESOURCE_DESC& from, cudaResourceDesc& to) {
  memset(&to, 0, sizeof to);
  to.resType = static_cast<cudaResourceType>(from.resType);
  to.flags = from.flags;
  switch (from.resType) {
    case CU_RESOURCE_TYPE_ARRAY: to.res.array.array = reinterpret_cast<cudaArray_t>(from.res.array.hArray); break;
    case CU_RESOURCE_TYPE_MIPMAPPED_ARRAY:
      to.res.mipmap.mipmap = reinterpret_cast<cudaMipmappedArray_t>(from.res.mipmap.hMipmappedArray);
      break;
    case CU_RESOURCE_TYPE_LINEAR:
      to.res.linear.devPtr = reinterpret_cast<void*>(from.res.linear.devPtr);
      to.res.linear.desc = to_channels(from.res.linear.format, from.res.linear.numChannels);
      to.res.linear.sizeInBytes = from.res.linear.sizeInBytes;
      break;
    case CU_RESOURCE_TYPE_PITCH2D:
      to.res.pitch2D.devPtr = reinterpret_cast<void*>(from.res.pitch2D.devPtr);
      to.res.pitch2D.desc = to_channels(from.res.pitch2D.format, from.res.pitch2D.numChannels);
      to.res.pitch2D.width = from.res.pitch2D.width;
      to.res.pitch2D.height = from.res.pitch2D.height;
      to.res.pitch2D.pitchInBytes = from.res.pitch2D.pitchInBytes;
      break;
  }
}

CUDA_TEXTURE_DESC to_driver(const cudaTextureDesc& from) {
  CUDA_TEXTURE_DESC to = {};
  for (int dimension = 0; dimension < 3; ++dimension) to.addressMode[dimension] = static_cast<CUaddress_mode>(from.addressMode[dimension]);
  to.filterMode = static_cast<CUfilter_mode>(from.filterMode);
  // The driver reads floats unless it is told otherwise, and ignores that for formats that are floats.
  if (from.readMode == cudaReadModeElementType) to.flags |= CU_TRSF_READ_AS_INTEGER;
  if (from.normalizedCoords) to.flags |= CU_TRSF_NORMALIZED_COORDINATES;
  if (from.sRGB) to.flags |= CU_TRSF_SRGB;
  if (from.disableTrilinearOptimization) to.flags |= CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION;
  if (from.seamlessCubemap) to.flags |= CU_TRSF_SEAMLESS_CUBEMAP;
  to.maxAnisotropy = from.maxAnisotropy;
  to.mipmapFilterMode = static_cast<CUfilter_mode>(from.mipmapFilterMode);
  to.mipmapLevelBias = from.mipmapLevelBias;
  to.minMipmapLevelClamp = from.minMipmapLevelClamp;
  to.maxMipmapLevelClamp = from.maxMipmapLevelClamp;
  memcpy(to.borderColor, from.borderColor, sizeof to.borderColor);
  return to;
}

cudaTextureDesc from_driver(const CUDA_TEXTURE_DESC& from) {
  cudaTextureDesc to = {};
  for (int dimension = 0; dimension < 3; ++dimension)
    to.addressMode[dimension] = static_cast<cudaTextureAddressMode>(from.addressMode[dimension]);
  to.filterMode = static_cast<cudaTextureFilterMode>(from.filterMode);
  to.readMode = from.flags & CU_TRSF_READ_AS_INTEGER ? cudaReadModeElementType : cudaReadModeNormalizedFloat;
  to.normalizedCoords = (from.flags & CU_TRSF_NORMALIZED_COORDINATES) != 0;
  to.sRGB = (from.flags & CU_TRSF_SRGB) != 0;
  to.disableTrilinearOptimization = (from.flags & CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION) != 0;
  to.seamlessCubemap = (from.flags & CU_TRSF_SEAMLESS_CUBEMAP) != 0;
  to.maxAnisotropy = from.maxAnisotropy;
  to.mipmapFilterMode = static_cast<cudaTextureFilterMode>(from.mipmapFilterMode);
  to.mipmapLevelBias = from.mipmapLevelBias;
  to.minMipmapLevelClamp = from.minMipmapLevelClamp;
  to.maxMipmapLevelClamp = from.maxMipmapLevelClamp;
  memcpy(to.borderColor, from.borderColor, sizeof to.borderColor);
  return to;
}

// Formats of views have the same numbers in both APIs.
static_assert(sizeof(cudaResourceViewDesc) == sizeof(CUDA_RESOURCE_VIEW_DESC));
static_assert(static_cast<int>(cudaResViewFormatUnsignedBlockCompressed7) == static_cast<int>(CU_RES_VIEW_FORMAT_UNSIGNED_BC7));

}  // namespace

cudaError_t cudaGetChannelDesc(struct cudaChannelFormatDesc* desc, cudaArray_const_t array) {
  if (!desc) return cudaErrorInvalidValue;
  CUDA_ARRAY3D_DESCRIPTOR descriptor;
  if (const CUresult result = driver().cuArray3DGetDescriptor_v2(&descriptor, handle_of(array))) return to_error(result);
  *desc = to_channels(descriptor.Format, descriptor.NumChannels);
  return cudaSuccess;
}

struct cudaChannelFormatDesc cudaCreateChannelDesc(int x, int y, int z, int w, enum cudaChannelFormatKind f) { return {x, y, z, w, f}; }

cudaError_t cudaCreateTextureObject(cudaTextureObject_t* pTexObject, const struct cudaResourceDesc* pResDesc,
                                    const struct cudaTextureDesc* pTexDesc, const struct cudaResourceViewDesc* pResViewDesc) {
  if (!pTexObject || !pResDesc || !pTexDesc) return cudaErrorInvalidValue;
  CUDA_RESOURCE_DESC resource;
  if (const cudaError_t error = to_driver(*pResDesc, resource)) return error;
  const CUDA_TEXTURE_DESC texture = to_driver(*pTexDesc);
  CUDA_RESOURCE_VIEW_DESC view;
  if (pResViewDesc) memcpy(&view, pResViewDesc, sizeof view);
  return to_error(driver().cuTexObjectCreate(pTexObject, &resource, &texture, pResViewDesc ? &view : nullptr));
}

cudaError_t cudaGetTextureObjectResourceDesc(struct cudaResourceDesc* pResDesc, cudaTextureObject_t texObject) {
  if (!pResDesc) return cudaErrorInvalidValue;
  CUDA_RESOURCE_DESC resource;
  if (const CUresult result = driver().cuTexObjectGetResourceDesc(&resource, texObject)) return to_error(result);
  from_driver(resource, *pResDesc);
  return cudaSuccess;
}

cudaError_t cudaGetTextureObjectTextureDesc(struct cudaTextureDesc* pTexDesc, cudaTextureObject_t texObject) {
  if (!pTexDesc) return cudaErrorInvalidValue;
  CUDA_TEXTURE_DESC texture;
  if (const CUresult result = driver().cuTexObjectGetTextureDesc(&texture, texObject)) return to_error(result);
  *pTexDesc = from_driver(texture);
  return cudaSuccess;
}

cudaError_t cudaGetTextureObjectResourceViewDesc(struct cudaResourceViewDesc* pResViewDesc, cudaTextureObject_t texObject) {
  if (!pResViewDesc) return cudaErrorInvalidValue;
  CUDA_RESOURCE_VIEW_DESC view;
  if (const CUresult result = driver().cuTexObjectGetResourceViewDesc(&view, texObject)) return to_error(result);
  memcpy(pResViewDesc, &view, sizeof view);
  return cudaSuccess;
}

cudaError_t cudaCreateSurfaceObject(cudaSurfaceObject_t* pSurfObject, const struct cudaResourceDesc* pResDesc) {
  if (!pSurfObject || !pResDesc) return cudaErrorInvalidValue;
  if (pResDesc->resType != cudaResourceTypeArray) return cudaErrorInvalidValue;  // nothing else can be written through a surface
  CUDA_RESOURCE_DESC resource;
  if (const cudaError_t error = to_driver(*pResDesc, resource)) return error;
  return to_error(driver().cuSurfObjectCreate(pSurfObject, &resource));
}

cudaError_t cudaGetSurfaceObjectResourceDesc(struct cudaResourceDesc* pResDesc, cudaSurfaceObject_t surfObject) {
  if (!pResDesc) return cudaErrorInvalidValue;
  CUDA_RESOURCE_DESC resource;
  if (const CUresult result = driver().cuSurfObjectGetResourceDesc(&resource, surfObject)) return to_error(result);
  from_driver(resource, *pResDesc);
  return cudaSuccess;
}

}  // namespace anywarp::runtime::api
