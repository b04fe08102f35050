// The words that Anywarp's device headers are written in. clang includes several of them while __host__ and __forceinline__ are
// redefined for the sake of other header sets, so ours spell the attributes out.
#ifndef ANYWARP_CRT_ATTRIBUTES_H
#define ANYWARP_CRT_ATTRIBUTES_H

#if defined(__CUDA__) && defined(__clang__)
#define AW_DEVICE __attribute__((device))
#define AW_HOST __attribute__((host))
#else
#define AW_DEVICE
#define AW_HOST
#endif

#define AW_HOST_DEVICE AW_HOST AW_DEVICE

/// Internal linkage everywhere: two objects built with different versions of these headers can then be linked with -rdc=true.
#define AW_INLINE static __inline__ __attribute__((always_inline, unused))
#define AW_DEVICE_INLINE AW_INLINE AW_DEVICE
#define AW_HOST_INLINE AW_INLINE AW_HOST
#define AW_BOTH_INLINE AW_INLINE AW_HOST_DEVICE

/// Member functions: they have their own linkage.
#define AW_DEVICE_MEMBER AW_DEVICE __attribute__((always_inline))
#define AW_BOTH_MEMBER AW_HOST_DEVICE __attribute__((always_inline))

#endif
