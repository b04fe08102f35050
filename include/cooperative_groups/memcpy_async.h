// cooperative_groups::memcpy_async. The copy has happened when the call returns; what wait() has to do is to let the threads of the
// group see each other's part of it.
#ifndef ANYWARP_COOPERATIVE_GROUPS_MEMCPY_ASYNC_H
#define ANYWARP_COOPERATIVE_GROUPS_MEMCPY_ASYNC_H

#include "cooperative_groups.h"

#if defined(__CUDA__) && defined(__cplusplus)

#include "cuda/async_copy.h"

namespace cooperative_groups {

template <class Group, class Destination, class Source>
AW_DEVICE inline void memcpy_async(const Group& group, Destination* destination, const Source* source, size_t bytes) {
  cuda::detail::copy_together(group.thread_rank(), group.size(), destination, source, bytes);
}

template <class Group, class Destination, class Source, size_t Alignment>
AW_DEVICE inline void memcpy_async(const Group& group, Destination* destination, const Source* source,
                                   const cuda::aligned_size_t<Alignment>& bytes) {
  cuda::detail::copy_together(group.thread_rank(), group.size(), destination, source, bytes.value);
}

/// Lengths in elements of what the pointers point to; the shorter one counts.
template <class Group, class T>
AW_DEVICE inline void memcpy_async(const Group& group, T* destination, size_t destination_count, const T* source,
                                   size_t source_count) {
  size_t count = destination_count < source_count ? destination_count : source_count;
  cuda::detail::copy_together(group.thread_rank(), group.size(), destination, source, count * sizeof(T));
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
