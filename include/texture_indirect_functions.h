// Texture fetches through texture objects. The work is done by clang's __nv_tex_surf_handler, which chooses the tex instruction
// by operation name and element type; here are the functions of the CUDA language that lead to it.
#ifndef ANYWARP_TEXTURE_INDIRECT_FUNCTIONS_H
#define ANYWARP_TEXTURE_INDIRECT_FUNCTIONS_H

#include "crt/attributes.h"
#include "cuda_runtime_api.h"

#if defined(__CUDA__) && defined(__cplusplus) && __cplusplus >= 201103L

/// The element types that a fetch can return: T::type exists for those, so that other types are refused at the call.
template <class T>
struct __nv_itex_trait {};
#define AW_TEXTURE_TYPE(type) \
  template <>                 \
  struct __nv_itex_trait<type> { \
    typedef void type_;       \
  };
#define AW_TEXTURE_TYPES(scalar, vector) \
  AW_TEXTURE_TYPE(scalar) AW_TEXTURE_TYPE(vector##1) AW_TEXTURE_TYPE(vector##2) AW_TEXTURE_TYPE(vector##4)
AW_TEXTURE_TYPE(char)
AW_TEXTURE_TYPES(signed char, char)
AW_TEXTURE_TYPES(unsigned char, uchar)
AW_TEXTURE_TYPES(short, short)
AW_TEXTURE_TYPES(unsigned short, ushort)
AW_TEXTURE_TYPES(int, int)
AW_TEXTURE_TYPES(unsigned int, uint)
AW_TEXTURE_TYPES(float, float)
#undef AW_TEXTURE_TYPES
#undef AW_TEXTURE_TYPE

#define AW_PARAMETERS(...) __VA_ARGS__

// Each fetch has a form that returns the value and one that stores it.
#define AW_FETCH(name, operation, parameters, arguments)                                                                       \
  template <class T>                                                                                                           \
  static __inline__ AW_DEVICE typename __nv_itex_trait<T>::type_ name(T* result, cudaTextureObject_t texture,                  \
                                                                      AW_PARAMETERS parameters) {                              \
    __nv_tex_surf_handler(operation, result, texture, AW_PARAMETERS arguments);                                                \
  }                                                                                                                            \
  template <class T>                                                                                                           \
  static __inline__ AW_DEVICE T name(cudaTextureObject_t texture, AW_PARAMETERS parameters) {                                  \
    T result;                                                                                                                  \
    __nv_tex_surf_handler(operation, &result, texture, AW_PARAMETERS arguments);                                               \
    return result;                                                                                                             \
  }

AW_FETCH(tex1Dfetch, "__itex1Dfetch", (int x), (x))
AW_FETCH(tex1D, "__itex1D", (float x), (x))
AW_FETCH(tex2D, "__itex2D", (float x, float y), (x, y))
AW_FETCH(tex3D, "__itex3D", (float x, float y, float z), (x, y, z))
AW_FETCH(texCubemap, "__itexCubemap", (float x, float y, float z), (x, y, z))

AW_FETCH(tex1DLayered, "__itex1DLayered", (float x, int layer), (x, layer))
AW_FETCH(tex2DLayered, "__itex2DLayered", (float x, float y, int layer), (x, y, layer))
AW_FETCH(texCubemapLayered, "__itexCubemapLayered", (float x, float y, float z, int layer), (x, y, z, layer))

AW_FETCH(tex1DLod, "__itex1DLod", (float x, float level), (x, level))
AW_FETCH(tex2DLod, "__itex2DLod", (float x, float y, float level), (x, y, level))
AW_FETCH(tex3DLod, "__itex3DLod", (float x, float y, float z, float level), (x, y, z, level))
AW_FETCH(texCubemapLod, "__itexCubemapLod", (float x, float y, float z, float level), (x, y, z, level))
AW_FETCH(tex1DLayeredLod, "__itex1DLayeredLod", (float x, int layer, float level), (x, layer, level))
AW_FETCH(tex2DLayeredLod, "__itex2DLayeredLod", (float x, float y, int layer, float level), (x, y, layer, level))
AW_FETCH(texCubemapLayeredLod, "__itexCubemapLayeredLod", (float x, float y, float z, int layer, float level),
         (x, y, z, layer, level))

AW_FETCH(tex1DGrad, "__itex1DGrad", (float x, float dx, float dy), (x, dx, dy))
AW_FETCH(tex2DGrad, "__itex2DGrad_v2", (float x, float y, float2 dx, float2 dy), (x, y, &dx, &dy))
AW_FETCH(tex3DGrad, "__itex3DGrad_v2", (float x, float y, float z, float4 dx, float4 dy), (x, y, z, &dx, &dy))
AW_FETCH(texCubemapGrad, "__itexCubemapGrad_v2", (float x, float y, float z, float4 dx, float4 dy), (x, y, z, &dx, &dy))
AW_FETCH(tex1DLayeredGrad, "__itex1DLayeredGrad", (float x, int layer, float dx, float dy), (x, layer, dx, dy))
AW_FETCH(tex2DLayeredGrad, "__itex2DLayeredGrad_v2", (float x, float y, int layer, float2 dx, float2 dy),
         (x, y, layer, &dx, &dy))
AW_FETCH(texCubemapLayeredGrad, "__itexCubemapLayeredGrad_v2", (float x, float y, float z, int layer, float4 dx, float4 dy),
         (x, y, z, layer, &dx, &dy))

AW_FETCH(tex2Dgather, "__itex2Dgather", (float x, float y, int component = 0), (x, y, component))
#undef AW_FETCH

// Texture references that are bound to an array or to pitched memory hold a texture object. What a fetch returns is the element, or
// floats in its place where the reference normalises.
template <class T, int Mode>
struct __aw_texture_result {
  typedef T type;
};
#define AW_NORMALISED(scalar, vector)                                          \
  template <>                                                                  \
  struct __aw_texture_result<scalar, cudaReadModeNormalizedFloat> {            \
    typedef float type;                                                        \
  };                                                                           \
  template <>                                                                  \
  struct __aw_texture_result<vector##2, cudaReadModeNormalizedFloat> {         \
    typedef float2 type;                                                       \
  };                                                                           \
  template <>                                                                  \
  struct __aw_texture_result<vector##4, cudaReadModeNormalizedFloat> {         \
    typedef float4 type;                                                       \
  };
AW_NORMALISED(signed char, char)
AW_NORMALISED(unsigned char, uchar)
AW_NORMALISED(short, short)
AW_NORMALISED(unsigned short, ushort)
#undef AW_NORMALISED

#define AW_FETCH(name, dimensions, parameters, arguments)                                                                      \
  template <class T, enum cudaTextureReadMode Mode>                                                                            \
  AW_DEVICE_INLINE typename __aw_texture_result<T, Mode>::type name(texture<T, dimensions, Mode> reference,                    \
                                                                    AW_PARAMETERS parameters) {                                \
    return name<typename __aw_texture_result<T, Mode>::type>((cudaTextureObject_t)__aw_texture_cell(reference),                \
                                                             AW_PARAMETERS arguments);                                         \
  }
AW_FETCH(tex1D, cudaTextureType1D, (float x), (x))
AW_FETCH(tex2D, cudaTextureType2D, (float x, float y), (x, y))
AW_FETCH(tex3D, cudaTextureType3D, (float x, float y, float z), (x, y, z))
#undef AW_FETCH

// Fetches from sparse arrays also say whether all texels that the filter needs are resident.
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 600
#define AW_FETCH(name, operation, parameters, arguments)                                                                       \
  template <class T>                                                                                                           \
  static __inline__ AW_DEVICE typename __nv_itex_trait<T>::type_ name(T* result, cudaTextureObject_t texture,                  \
                                                                      AW_PARAMETERS parameters) {                              \
    unsigned char resident;                                                                                                    \
    __nv_tex_surf_handler(operation, result, texture, AW_PARAMETERS arguments);                                                \
    *is_resident = resident != 0;                                                                                              \
  }                                                                                                                            \
  template <class T>                                                                                                           \
  static __inline__ AW_DEVICE T name(cudaTextureObject_t texture, AW_PARAMETERS parameters) {                                  \
    T result;                                                                                                                  \
    unsigned char resident;                                                                                                    \
    __nv_tex_surf_handler(operation, &result, texture, AW_PARAMETERS arguments);                                               \
    *is_resident = resident != 0;                                                                                              \
    return result;                                                                                                             \
  }

AW_FETCH(tex2D, "__itex2D_sparse", (float x, float y, bool* is_resident), (x, y, &resident))
AW_FETCH(tex3D, "__itex3D_sparse", (float x, float y, float z, bool* is_resident), (x, y, z, &resident))
AW_FETCH(tex2DLayered, "__itex2DLayered_sparse", (float x, float y, int layer, bool* is_resident), (x, y, layer, &resident))
AW_FETCH(tex2DLod, "__itex2DLod_sparse", (float x, float y, float level, bool* is_resident), (x, y, level, &resident))
AW_FETCH(tex3DLod, "__itex3DLod_sparse", (float x, float y, float z, float level, bool* is_resident),
         (x, y, z, level, &resident))
AW_FETCH(tex2DGrad, "__itex2DGrad_sparse", (float x, float y, float2 dx, float2 dy, bool* is_resident),
         (x, y, &dx, &dy, &resident))
AW_FETCH(tex3DGrad, "__itex3DGrad_sparse", (float x, float y, float z, float4 dx, float4 dy, bool* is_resident),
         (x, y, z, &dx, &dy, &resident))
AW_FETCH(tex2Dgather, "__itex2Dgather_sparse", (float x, float y, bool* is_resident, int component = 0),
         (x, y, &resident, component))
#undef AW_FETCH
#endif

#undef AW_PARAMETERS

#endif
#endif
