// What a source that NVRTC compiles sees without including anything: CUDA's types and device functions, size_t and clock_t, and the
// few functions of C that kernels may call. No header of the system takes part, so that the source may bring its own stdint.h, and so
// that there is little to read.
#ifndef ANYWARP_CRT_NVRTC_RUNTIME_H
#define ANYWARP_CRT_NVRTC_RUNTIME_H

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
typedef long clock_t;
typedef __builtin_va_list va_list;
#define NULL __null
#define va_start(list, last) __builtin_va_start(list, last)
#define va_end(list) __builtin_va_end(list)
#define va_arg(list, type) __builtin_va_arg(list, type)
#define va_copy(to, from) __builtin_va_copy(to, from)

#include "builtin_types.h"
#include "crt/attributes.h"
#include "cuda_device_runtime_api.h"
#include "cuda_runtime_api.h"
#include "vector_functions.h"

// --- Functions of C and operators of C++ ----------------------------------------------------------------------------------------

AW_DEVICE_INLINE void* memmove(void* to, const void* from, size_t bytes) { return __builtin_memmove(to, from, bytes); }

extern "C" {
AW_DEVICE int printf(const char*, ...);
AW_DEVICE int vprintf(const char*, const char*);
AW_DEVICE void* malloc(size_t) __attribute__((nothrow, malloc));
AW_DEVICE void free(void*) __attribute__((nothrow));
AW_DEVICE void __assertfail(const char* message, const char* file, unsigned line, const char* function, size_t character_size);
// By the name that the C library's assert calls.
AW_DEVICE_INLINE void __assert_fail(const char* message, const char* file, unsigned line, const char* function) {
  __assertfail(message, file, line, function, 1);
}
}

// The source may say what NDEBUG is after this has been read.
#define assert(condition) ((condition) ? (void)0 : __assertfail(#condition, __FILE__, __LINE__, __PRETTY_FUNCTION__, 1))

#if __cplusplus >= 201103L
#define AW_NOEXCEPT noexcept
#else
#define AW_NOEXCEPT throw()
#endif
AW_DEVICE inline void* operator new(size_t bytes) { return ::malloc(bytes ? bytes : 1); }
AW_DEVICE inline void* operator new[](size_t bytes) { return ::malloc(bytes ? bytes : 1); }
AW_DEVICE inline void* operator new(size_t, void* place) AW_NOEXCEPT { return place; }
AW_DEVICE inline void* operator new[](size_t, void* place) AW_NOEXCEPT { return place; }
AW_DEVICE inline void operator delete(void* pointer) AW_NOEXCEPT { ::free(pointer); }
AW_DEVICE inline void operator delete[](void* pointer) AW_NOEXCEPT { ::free(pointer); }
AW_DEVICE inline void operator delete(void*, void*) AW_NOEXCEPT {}
AW_DEVICE inline void operator delete[](void*, void*) AW_NOEXCEPT {}
#if __cplusplus >= 201402L
AW_DEVICE inline void operator delete(void* pointer, size_t) AW_NOEXCEPT { ::free(pointer); }
AW_DEVICE inline void operator delete[](void* pointer, size_t) AW_NOEXCEPT { ::free(pointer); }
#endif
#undef AW_NOEXCEPT

// --- What NVRTC knows of C++ without a header -----------------------------------------------------------------------------------

// std sees them through a directive, so that a source may bring its own.
#if __cplusplus >= 201103L
namespace __aw_std {
template <class T>
struct remove_reference {
  typedef T type;
};
template <class T>
struct remove_reference<T&> {
  typedef T type;
};
template <class T>
struct remove_reference<T&&> {
  typedef T type;
};
template <class T>
__attribute__((host, device)) constexpr typename remove_reference<T>::type&& move(T&& value) noexcept {
  return static_cast<typename remove_reference<T>::type&&>(value);
}
template <class T>
__attribute__((host, device)) constexpr T&& forward(typename remove_reference<T>::type& value) noexcept {
  return static_cast<T&&>(value);
}
template <class T>
__attribute__((host, device)) constexpr T&& forward(typename remove_reference<T>::type&& value) noexcept {
  return static_cast<T&&>(value);
}
}  // namespace __aw_std
namespace std {
using namespace __aw_std;
}
#endif
#include "nv/target"

// --- What clang's own headers define, in the order and under the macros that they expect ----------------------------------------

#define CUDA_VERSION 13000
#define cuuint32_t unsigned
#define INT_MAX __INT_MAX__
#define INT_MIN (-__INT_MAX__ - 1)
#define HUGE_VAL __builtin_huge_val()
#define HUGE_VALF __builtin_huge_valf()
#include <__clang_cuda_math_forward_declares.h>

#include <__clang_cuda_builtin_vars.h>

#include <__clang_cuda_libdevice_declares.h>

#include <__clang_cuda_device_functions.h>
#include <__clang_cuda_math.h>

#include "crt/math_functions.hpp"

#include "crt/device_double_functions.hpp"
#include "crt/device_functions.hpp"
#include "crt/nvrtc_math.h"
#include "device_atomic_functions.hpp"
#include "sm_20_intrinsics.hpp"
#include "sm_61_intrinsics.hpp"

AW_INLINE AW_DEVICE __attribute__((const)) unsigned __isGlobal(const void* pointer) { return __nvvm_isspacep_global(pointer); }
AW_INLINE AW_DEVICE __attribute__((const)) unsigned __isShared(const void* pointer) { return __nvvm_isspacep_shared(pointer); }
AW_INLINE AW_DEVICE __attribute__((const)) unsigned __isConstant(const void* pointer) { return __nvvm_isspacep_const(pointer); }
AW_INLINE AW_DEVICE __attribute__((const)) unsigned __isLocal(const void* pointer) { return __nvvm_isspacep_local(pointer); }

#define AW_CONVERSION(name)                                                                   \
  AW_DEVICE inline __cuda_builtin_##name##_t::operator dim3() const { return dim3(x, y, z); } \
  AW_DEVICE inline __cuda_builtin_##name##_t::operator uint3() const { return {x, y, z}; }
AW_CONVERSION(threadIdx)
AW_CONVERSION(blockIdx)
AW_CONVERSION(blockDim)
AW_CONVERSION(gridDim)
#undef AW_CONVERSION

#include <__clang_cuda_intrinsics.h>

#include <__clang_cuda_complex_builtins.h>

// CUDA 13 has no texture references, and a source may call something of its own `texture`. clang's header is long; the compiler leaves it
// out where it sees that nothing is fetched.
#if __cplusplus >= 201103L && !defined(__ANYWARP_NO_TEXTURES)
#define texture __aw_texture
template <class T, int dimensions = cudaTextureType1D, cudaTextureReadMode mode = cudaReadModeElementType>
struct texture;
#include <__clang_cuda_texture_intrinsics.h>

#include "surface_indirect_functions.h"
#include "texture_indirect_functions.h"
#undef texture
#endif

#undef CUDA_VERSION
#undef cuuint32_t
#undef INT_MAX
#undef INT_MIN
#undef HUGE_VAL
#undef HUGE_VALF

#endif
