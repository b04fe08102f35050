// Texture references, which CUDA had until version 11: variables of the type texture<> that the host binds to memory and kernels
// fetch from. Here such a variable is a cell of 8 bytes on the device. It holds the address when linear memory is bound, which
// tex1Dfetch reads as it is, and a texture object else.
//
// clang knows the type by its attribute: it makes a variable of it on either side, in device code a .texref whose value is its
// address, and registers the pair.
#ifndef ANYWARP_CRT_TEXTURE_REFERENCES_H
#define ANYWARP_CRT_TEXTURE_REFERENCES_H

#include "crt/attributes.h"
#include "cuda_runtime_api.h"

#if defined(__CUDA__) && defined(__cplusplus)

#define cudaTextureType1D 0x01
#define cudaTextureType2D 0x02
#define cudaTextureType3D 0x03
#define cudaTextureTypeCubemap 0x0C
#define cudaTextureType1DLayered 0xF1
#define cudaTextureType2DLayered 0xF2
#define cudaTextureTypeCubemapLayered 0xFC

struct textureReference {
  int normalized;
  enum cudaTextureFilterMode filterMode;
  enum cudaTextureAddressMode addressMode[3];
  struct cudaChannelFormatDesc channelDesc;
  int sRGB;
  unsigned int maxAnisotropy;
  enum cudaTextureFilterMode mipmapFilterMode;
  float mipmapLevelBias, minMipmapLevelClamp, maxMipmapLevelClamp;
  int disableTrilinearOptimization;
  cudaTextureObject_t object;  // what is bound when it is an array or pitched memory
};

template <class T, int Dimensions = cudaTextureType1D, enum cudaTextureReadMode Mode = cudaReadModeElementType>
struct __attribute__((device_builtin_texture_type)) texture : public textureReference {
  AW_HOST texture(int normalized_coordinates = 0, enum cudaTextureFilterMode filter = cudaFilterModePoint,
                  enum cudaTextureAddressMode address = cudaAddressModeClamp)
      : textureReference{normalized_coordinates, filter, {address, address, address}, cudaCreateChannelDesc<T>()} {}
  AW_HOST texture(int normalized_coordinates, enum cudaTextureFilterMode filter, enum cudaTextureAddressMode address,
                  struct cudaChannelFormatDesc description)
      : textureReference{normalized_coordinates, filter, {address, address, address}, description} {}
};

// --- Binding --------------------------------------------------------------------------------------------------------------------

#define AW_API static __inline__ AW_HOST cudaError_t

AW_API __aw_bind_cell(const textureReference& reference, unsigned long long value) {
  return ::cudaMemcpyToSymbol((const void*)&reference, &value, sizeof(value), 0, cudaMemcpyHostToDevice);
}

AW_API __aw_bind_object(const textureReference& reference, const cudaResourceDesc& resource, enum cudaTextureReadMode mode) {
  textureReference& r = const_cast<textureReference&>(reference);
  cudaTextureDesc description = {};
  for (int i = 0; i < 3; ++i) description.addressMode[i] = r.addressMode[i];
  description.filterMode = r.filterMode;
  description.readMode = mode;
  description.sRGB = r.sRGB;
  description.normalizedCoords = r.normalized;
  description.maxAnisotropy = r.maxAnisotropy;
  description.mipmapFilterMode = r.mipmapFilterMode;
  description.mipmapLevelBias = r.mipmapLevelBias;
  description.minMipmapLevelClamp = r.minMipmapLevelClamp;
  description.maxMipmapLevelClamp = r.maxMipmapLevelClamp;
  if (r.object) ::cudaDestroyTextureObject(r.object);
  r.object = 0;
  cudaError_t status = ::cudaCreateTextureObject(&r.object, &resource, &description, nullptr);
  return status == cudaSuccess ? __aw_bind_cell(reference, r.object) : status;
}

template <class T, int Dimensions, enum cudaTextureReadMode Mode>
AW_API cudaBindTexture(size_t* offset, const texture<T, Dimensions, Mode>& reference, const void* memory,
                       const struct cudaChannelFormatDesc&, size_t = 0xffffffff) {
  if (offset) *offset = 0;
  return __aw_bind_cell(reference, (unsigned long long)memory);
}
template <class T, int Dimensions, enum cudaTextureReadMode Mode>
AW_API cudaBindTexture(size_t* offset, const texture<T, Dimensions, Mode>& reference, const void* memory, size_t bytes = 0xffffffff) {
  return cudaBindTexture(offset, reference, memory, reference.channelDesc, bytes);
}

/// The form of the C interface.
AW_API cudaBindTexture(size_t* offset, const textureReference* reference, const void* memory, const struct cudaChannelFormatDesc*,
                       size_t = 0xffffffff) {
  if (offset) *offset = 0;
  return __aw_bind_cell(*reference, (unsigned long long)memory);
}

template <class T, int Dimensions, enum cudaTextureReadMode Mode>
AW_API cudaBindTexture2D(size_t* offset, const texture<T, Dimensions, Mode>& reference, const void* memory,
                         const struct cudaChannelFormatDesc& description, size_t width, size_t height, size_t pitch) {
  if (offset) *offset = 0;
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypePitch2D;
  resource.res.pitch2D.devPtr = const_cast<void*>(memory);
  resource.res.pitch2D.desc = description;
  resource.res.pitch2D.width = width;
  resource.res.pitch2D.height = height;
  resource.res.pitch2D.pitchInBytes = pitch;
  return __aw_bind_object(reference, resource, Mode);
}
template <class T, int Dimensions, enum cudaTextureReadMode Mode>
AW_API cudaBindTexture2D(size_t* offset, const texture<T, Dimensions, Mode>& reference, const void* memory, size_t width,
                         size_t height, size_t pitch) {
  return cudaBindTexture2D(offset, reference, memory, reference.channelDesc, width, height, pitch);
}

template <class T, int Dimensions, enum cudaTextureReadMode Mode>
AW_API cudaBindTextureToArray(const texture<T, Dimensions, Mode>& reference, cudaArray_const_t array,
                              const struct cudaChannelFormatDesc&) {
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypeArray;
  resource.res.array.array = const_cast<cudaArray_t>(array);
  return __aw_bind_object(reference, resource, Mode);
}
template <class T, int Dimensions, enum cudaTextureReadMode Mode>
AW_API cudaBindTextureToArray(const texture<T, Dimensions, Mode>& reference, cudaArray_const_t array) {
  return cudaBindTextureToArray(reference, array, reference.channelDesc);
}

template <class T, int Dimensions, enum cudaTextureReadMode Mode>
AW_API cudaUnbindTexture(const texture<T, Dimensions, Mode>& reference) {
  textureReference& r = const_cast<texture<T, Dimensions, Mode>&>(reference);
  cudaError_t status = r.object ? ::cudaDestroyTextureObject(r.object) : cudaSuccess;
  r.object = 0;
  return status;
}

#undef AW_API

// --- Fetching -------------------------------------------------------------------------------------------------------------------

template <class T, int Dimensions, enum cudaTextureReadMode Mode>
AW_DEVICE_INLINE unsigned long long __aw_texture_cell(texture<T, Dimensions, Mode> reference) {
  unsigned long long address;
  __asm__("cvta.global.u64 %0, %1;" : "=l"(address) : "l"(reference));
  return *(const unsigned long long*)address;
}

template <class T, enum cudaTextureReadMode Mode>
AW_DEVICE_INLINE T tex1Dfetch(texture<T, cudaTextureType1D, Mode> reference, int x) {
  static_assert(Mode == cudaReadModeElementType, "a texture reference over linear memory cannot normalise; use a texture object");
  return ((const T*)__aw_texture_cell(reference))[x];
}

#endif
#endif
