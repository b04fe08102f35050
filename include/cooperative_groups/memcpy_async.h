// cooperative_groups::memcpy_async. The copy has happened when the call returns; what wait() has to do is to let the threads of the
// group see each other's part of it.
#ifndef ANYWARP_COOPERATIVE_GROUPS_MEMCPY_ASYNC_H
#define ANYWARP_COOPERATIVE_GROUPS_MEMCPY_ASYNC_H

#include "cooperative_groups.h"

#if defined(__CUDA__) && defined(__cplusplus)

#include "cuda/aligned_size.h"

namespace cooperative_groups {
namespace details {

template <class Word, class Group>
AW_DEVICE_INLINE void copy_words(const Group& group, void* destination, const void* source, size_t count) {
  size_t step = group.size();
  for (size_t i = group.thread_rank(); i < count; i += step) ((Word*)destination)[i] = ((const Word*)source)[i];
}

template <class Group>
AW_DEVICE_INLINE void copy_together(const Group& group, void* destination, const void* source, size_t bytes) {
  size_t misaligned = (size_t)destination | (size_t)source | bytes;
  if (misaligned % 16 == 0)
    copy_words<uint4>(group, destination, source, bytes / 16);
  else if (misaligned % 4 == 0)
    copy_words<unsigned>(group, destination, source, bytes / 4);
  else
    copy_words<unsigned char>(group, destination, source, bytes);
}

AW_DEVICE_INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

}  // namespace details

template <class Group, class Destination, class Source>
AW_DEVICE inline void memcpy_async(const Group& group, Destination* destination, const Source* source, size_t bytes) {
  details::copy_together(group, destination, source, bytes);
}

template <class Group, class Destination, class Source, size_t Alignment>
AW_DEVICE inline void memcpy_async(const Group& group, Destination* destination, const Source* source,
                                   const cuda::aligned_size_t<Alignment>& bytes) {
  details::copy_together(group, destination, source, bytes.value);
}

/// Lengths in elements of what each pointer points to; the shorter one counts.
template <class Group, class T>
AW_DEVICE inline void memcpy_async(const Group& group, T* destination, size_t destination_count, const T* source,
                                   size_t source_count) {
  details::copy_together(group, destination, source, details::smaller(destination_count, source_count) * sizeof(T));
}

template <class Group>
AW_DEVICE inline void wait(const Group& group) {
  group.sync();
}

/// Waits until all copies but the last Stages of them are there.
template <unsigned Stages, class Group>
AW_DEVICE inline void wait_prior(const Group& group) {
  group.sync();
}

}  // namespace cooperative_groups

#endif
#endif
