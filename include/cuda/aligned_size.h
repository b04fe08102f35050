// cuda::aligned_size_t: a size in bytes that is known to be a multiple of an alignment, as the pointers beside it are.
#ifndef ANYWARP_CUDA_ALIGNED_SIZE_H
#define ANYWARP_CUDA_ALIGNED_SIZE_H

#include <stddef.h>

#include "crt/attributes.h"

namespace cuda {

template <size_t Alignment>
struct aligned_size_t {
  static constexpr size_t align = Alignment;
  size_t value;
  AW_BOTH_MEMBER explicit constexpr aligned_size_t(size_t bytes) : value(bytes) {}
  AW_BOTH_MEMBER constexpr operator size_t() const { return value; }
};

}  // namespace cuda

#endif
