// Shuffles of any trivially copyable value, as so many shuffles of 32-bit words.
#ifndef ANYWARP_COOPERATIVE_GROUPS_SHUFFLE_H
#define ANYWARP_COOPERATIVE_GROUPS_SHUFFLE_H

#include "crt/attributes.h"

namespace cooperative_groups {
namespace details {

template <class T>
struct remove_cvref {
  typedef T type;
};
template <class T>
struct remove_cvref<T&> : remove_cvref<T> {};
template <class T>
struct remove_cvref<T&&> : remove_cvref<T> {};
template <class T>
struct remove_cvref<const T> : remove_cvref<T> {};
template <class T>
struct remove_cvref<volatile T> : remove_cvref<T> {};
template <class T>
struct remove_cvref<const volatile T> : remove_cvref<T> {};

/// Applies `shuffle`, a function of one 32-bit word, to each word of `value`.
template <class T, class Shuffle>
AW_DEVICE_INLINE T shuffle_words(const T& value, Shuffle shuffle) {
  static_assert(__is_trivially_copyable(T), "only trivially copyable values can be shuffled between threads");
  constexpr unsigned count = (sizeof(T) + 3) / 4;
  unsigned words[count] = {};
  __builtin_memcpy(words, &value, sizeof(T));
  for (unsigned i = 0; i < count; ++i) words[i] = shuffle(words[i]);
  T result = value;
  __builtin_memcpy(&result, words, sizeof(T));
  return result;
}

AW_DEVICE_INLINE unsigned lane() { return __nvvm_read_ptx_sreg_laneid(); }
AW_DEVICE_INLINE unsigned lanes_below() { return __nvvm_read_ptx_sreg_lanemask_lt(); }

/// The lane of the member with the given rank: the position of the set bit that has `rank` set bits below it, or 32.
AW_DEVICE_INLINE unsigned lane_of_rank(unsigned mask, unsigned rank) {
  if (mask == 0xffffffffu) return rank;
  for (unsigned i = 0; i < rank; ++i) mask &= mask - 1;
  return mask ? __builtin_ctz(mask) : 32;
}

AW_DEVICE_INLINE unsigned thread_rank_in_block() {
  return (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
}
AW_DEVICE_INLINE unsigned threads_in_block() { return blockDim.x * blockDim.y * blockDim.z; }

}  // namespace details
}  // namespace cooperative_groups

#endif
