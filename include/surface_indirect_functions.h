// Surface reads and writes through surface objects; x is in bytes. The work is done by clang's __nv_tex_surf_handler.
#ifndef ANYWARP_SURFACE_INDIRECT_FUNCTIONS_H
#define ANYWARP_SURFACE_INDIRECT_FUNCTIONS_H

#include "crt/attributes.h"
#include "cuda_runtime_api.h"

#if defined(__CUDA__) && defined(__cplusplus) && __cplusplus >= 201103L

/// The element types that a surface can be read and written as.
template <class T>
struct __nv_isurf_trait {};
#define AW_SURFACE_TYPE(type) \
  template <>                 \
  struct __nv_isurf_trait<type> { \
    typedef void type_;       \
  };
#define AW_SURFACE_TYPES(scalar, vector) AW_SURFACE_TYPE(scalar) AW_SURFACE_TYPE(vector##1) AW_SURFACE_TYPE(vector##2)
AW_SURFACE_TYPE(char)
AW_SURFACE_TYPES(signed char, char)
AW_SURFACE_TYPES(unsigned char, uchar)
AW_SURFACE_TYPES(short, short)
AW_SURFACE_TYPES(unsigned short, ushort)
AW_SURFACE_TYPES(int, int)
AW_SURFACE_TYPES(unsigned int, uint)
AW_SURFACE_TYPES(long long, longlong)
AW_SURFACE_TYPES(unsigned long long, ulonglong)
AW_SURFACE_TYPES(float, float)
AW_SURFACE_TYPE(char4)
AW_SURFACE_TYPE(uchar4)
AW_SURFACE_TYPE(short4)
AW_SURFACE_TYPE(ushort4)
AW_SURFACE_TYPE(int4)
AW_SURFACE_TYPE(uint4)
AW_SURFACE_TYPE(float4)
#undef AW_SURFACE_TYPES
#undef AW_SURFACE_TYPE

#define AW_PARAMETERS(...) __VA_ARGS__
#define AW_SURFACE(name, parameters, arguments)                                                                                \
  template <class T>                                                                                                           \
  static __inline__ AW_DEVICE typename __nv_isurf_trait<T>::type_ name##read(                                                  \
      T* result, cudaSurfaceObject_t surface, AW_PARAMETERS parameters, cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap) { \
    __nv_tex_surf_handler("__i" #name "read", result, surface, AW_PARAMETERS arguments, mode);                                 \
  }                                                                                                                            \
  template <class T>                                                                                                           \
  static __inline__ AW_DEVICE T name##read(cudaSurfaceObject_t surface, AW_PARAMETERS parameters,                              \
                                           cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap) {                              \
    T result;                                                                                                                  \
    __nv_tex_surf_handler("__i" #name "read", &result, surface, AW_PARAMETERS arguments, mode);                                \
    return result;                                                                                                             \
  }                                                                                                                            \
  template <class T>                                                                                                           \
  static __inline__ AW_DEVICE typename __nv_isurf_trait<T>::type_ name##write(                                                 \
      T value, cudaSurfaceObject_t surface, AW_PARAMETERS parameters, cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap) {   \
    __nv_tex_surf_handler("__i" #name "write_v2", &value, surface, AW_PARAMETERS arguments, mode);                             \
  }

AW_SURFACE(surf1D, (int x), (x))
AW_SURFACE(surf2D, (int x, int y), (x, y))
AW_SURFACE(surf3D, (int x, int y, int z), (x, y, z))
AW_SURFACE(surf1DLayered, (int x, int layer), (x, layer))
AW_SURFACE(surf2DLayered, (int x, int y, int layer), (x, y, layer))
AW_SURFACE(surfCubemap, (int x, int y, int face), (x, y, face))
AW_SURFACE(surfCubemapLayered, (int x, int y, int layer_face), (x, y, layer_face))
#undef AW_SURFACE
#undef AW_PARAMETERS

#endif
#endif
