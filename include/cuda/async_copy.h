// Asynchronous copies, as this toolkit makes them: the copy has happened when the call returns, which the interfaces allow, for they
// promise only that it has after a wait. What is left to wait for is that other threads of a group have copied their part too.
#ifndef ANYWARP_CUDA_ASYNC_COPY_H
#define ANYWARP_CUDA_ASYNC_COPY_H

#include <stddef.h>

#include "crt/attributes.h"
#include "vector_types.h"

namespace cuda {

/// A size in bytes that is known to be a multiple of an alignment, as the pointers beside it are.
template <size_t Alignment>
struct aligned_size_t {
  static constexpr size_t align = Alignment;
  size_t value;
  AW_BOTH_MEMBER explicit constexpr aligned_size_t(size_t bytes) : value(bytes) {}
  AW_BOTH_MEMBER constexpr operator size_t() const { return value; }
};

namespace detail {

template <class Word>
AW_BOTH_INLINE void copy_words(size_t first, size_t step, void* destination, const void* source, size_t count) {
  for (size_t i = first; i < count; i += step) ((Word*)destination)[i] = ((const Word*)source)[i];
}

/// The part of thread `rank` of `threads` in a copy that they make together, in the widest words that the alignment allows.
AW_BOTH_INLINE void copy_together(size_t rank, size_t threads, void* destination, const void* source, size_t bytes) {
  size_t misaligned = (size_t)destination | (size_t)source | bytes;
  if (misaligned % 16 == 0)
    copy_words<uint4>(rank, threads, destination, source, bytes / 16);
  else if (misaligned % 4 == 0)
    copy_words<unsigned>(rank, threads, destination, source, bytes / 4);
  else
    copy_words<unsigned char>(rank, threads, destination, source, bytes);
}

}  // namespace detail
}  // namespace cuda

#endif
