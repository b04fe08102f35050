// Which lanes of a warp hold the same value, and sleeping.
#ifndef ANYWARP_CRT_SM_70_RT_HPP
#define ANYWARP_CRT_SM_70_RT_HPP

#include "crt/attributes.h"

#if defined(__CUDA__) && defined(__cplusplus)

#define AW_MATCH(type, bits, word)                                                                   \
  AW_DEVICE_INLINE unsigned __match_any_sync(unsigned mask, type value) {                            \
    return __match##bits##_any_sync(mask, __builtin_bit_cast(word, value));                          \
  }                                                                                                  \
  AW_DEVICE_INLINE unsigned __match_all_sync(unsigned mask, type value, int* all_equal) {            \
    return __match##bits##_all_sync(mask, __builtin_bit_cast(word, value), all_equal);               \
  }
AW_MATCH(int, 32, unsigned)
AW_MATCH(unsigned, 32, unsigned)
AW_MATCH(float, 32, unsigned)
AW_MATCH(long, 64, unsigned long long)
AW_MATCH(unsigned long, 64, unsigned long long)
AW_MATCH(long long, 64, unsigned long long)
AW_MATCH(unsigned long long, 64, unsigned long long)
AW_MATCH(double, 64, unsigned long long)
#undef AW_MATCH

AW_DEVICE_INLINE void __nanosleep(unsigned nanoseconds) { __asm__ volatile("nanosleep.u32 %0;" ::"r"(nanoseconds)); }

#endif
#endif
