// The words that CUDA adds to C++: where a function runs, where a variable lives, how a kernel is launched. A compiler that knows no
// CUDA sees nothing of them, so that one header serves both.
#ifndef __HOST_DEFINES_H__
#define __HOST_DEFINES_H__

// clang includes this header with and without __CUDACC__ defined; __CUDA__ says in both cases that it compiles CUDA.
#if (defined(__CUDA__) && defined(__clang__)) || defined(__CUDACC__)
#define __annotate__(attribute) __attribute__((attribute))
#else
#define __annotate__(attribute)
#endif
#define __location__(attribute) __annotate__(attribute)

#if defined(__CUDACC__) || !defined(__host__)
#undef __host__
#define __host__ __annotate__(host)
#endif
#if defined(__CUDACC__) || !defined(__device__)
#undef __device__
#define __device__ __annotate__(device)
#endif
#if defined(__CUDACC__) || !defined(__global__)
#undef __global__
#define __global__ __annotate__(global)
#endif
#if defined(__CUDACC__) || !defined(__shared__)
#undef __shared__
#define __shared__ __annotate__(shared)
#endif
#if defined(__CUDACC__) || !defined(__constant__)
#undef __constant__
#define __constant__ __annotate__(constant)
#endif
#if defined(__CUDACC__) || !defined(__grid_constant__)
#undef __grid_constant__
#define __grid_constant__ __annotate__(grid_constant)
#endif
#if defined(__CUDACC__) || !defined(__launch_bounds__)
#undef __launch_bounds__
#define __launch_bounds__(...) __annotate__(launch_bounds(__VA_ARGS__))
#endif
#if defined(__CUDACC__) || !defined(__cluster_dims__)
#undef __cluster_dims__
#if (defined(__CUDA__) && defined(__clang__)) && __has_attribute(cluster_dims)
#define __cluster_dims__(...) __attribute__((cluster_dims(__VA_ARGS__)))
#else
#define __cluster_dims__(...)
#endif
#endif

// One variable for the host and the device. The host's copy is put into a section of its own, by which libcudart knows it when
// it is registered: it then makes the device's symbol stand for the host's memory.
#if defined(__CUDACC__) || !defined(__managed__)
#undef __managed__
#define __managed__ __annotate__(device) __annotate__(section("aw_managed"))
#endif

// Hints and bounds that mean nothing on a processor.
#define __maxnreg__(count)
#define __local_maxnreg__(count)
#define __block_size__(...)
#define __inline_hint__
#define __nv_pure__ __annotate__(pure)

#undef __forceinline__
#define __forceinline__ __inline__ __attribute__((always_inline))
#define __no_return__ __attribute__((noreturn))
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __builtin_align__(bytes) __align__(bytes)
#define __thread__ __thread
#define __import__
#define __export__
#define __cdecl
#define __specialization_static
#define CUDARTAPI
#define CUDARTAPI_CDECL

// What NVIDIA's compiler marks as known to itself.
#define __device_builtin__
#define __device_builtin_texture_type__
#define __device_builtin_surface_type__
#define __cudart_builtin__

// Around what is deprecated and used all the same.
#define __NV_SILENCE_DEPRECATION_BEGIN _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wdeprecated-declarations\"")
#define __NV_SILENCE_DEPRECATION_END _Pragma("GCC diagnostic pop")
#define __NV_SILENCE_HOST_DEPRECATION_BEGIN __NV_SILENCE_DEPRECATION_BEGIN
#define __NV_SILENCE_HOST_DEPRECATION_END __NV_SILENCE_DEPRECATION_END

// Whether code is compiled for one architecture, or for one family of them, and may use what only those have.
#define __CUDA_ARCH_HAS_FEATURE__(feature) __CUDA_ARCH_FEAT_##feature
#if defined(__CUDA_ARCH_SPECIFIC__)
#define __CUDA_HAS_ARCH_SPECIFIC(number) (__CUDA_ARCH_SPECIFIC__ == (number) * 10)
#else
#define __CUDA_HAS_ARCH_SPECIFIC(number) 0
#endif
#if defined(__CUDA_ARCH_FAMILY_SPECIFIC__)
#define __CUDA_HAS_ARCH_FAMILY_SPECIFIC(number) \
  (__CUDA_ARCH_FAMILY_SPECIFIC__ >= (number) * 10 && __CUDA_ARCH_FAMILY_SPECIFIC__ < (number) * 10 + 100)
#else
#define __CUDA_HAS_ARCH_FAMILY_SPECIFIC(number) 0
#endif

#endif
