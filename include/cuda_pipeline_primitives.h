// Asynchronous copies of one thread in their C form. The copy has happened when the call returns, so there is nothing to wait for.
#ifndef ANYWARP_CUDA_PIPELINE_PRIMITIVES_H
#define ANYWARP_CUDA_PIPELINE_PRIMITIVES_H

#include <stddef.h>

#include "crt/attributes.h"
#include "cuda/async_copy.h"

#if defined(__CUDA__)

/// Copies bytes - zero_bytes bytes and fills the rest of the destination with zeros; bytes is 4, 8 or 16.
AW_DEVICE_INLINE void __pipeline_memcpy_async(void* __restrict__ shared, const void* __restrict__ global, size_t bytes,
                                              size_t zero_bytes = 0) {
  if (zero_bytes == 0) {
    if (bytes == 4) return (void)(*(unsigned*)shared = *(const unsigned*)global);
    if (bytes == 8) return (void)(*(uint2*)shared = *(const uint2*)global);
    if (bytes == 16) return (void)(*(uint4*)shared = *(const uint4*)global);
  }
  for (size_t i = 0; i < bytes; ++i) ((char*)shared)[i] = i < bytes - zero_bytes ? ((const char*)global)[i] : 0;
}
AW_DEVICE_INLINE void __pipeline_commit() {}
AW_DEVICE_INLINE void __pipeline_wait_prior(size_t) {}

#endif
#endif
