// Conversions between generic addresses and those of an address space.
#ifndef ANYWARP_SM_20_INTRINSICS_HPP
#define ANYWARP_SM_20_INTRINSICS_HPP

#include "crt/attributes.h"

#if defined(__CUDA__) && defined(__cplusplus)

// As address space casts rather than as instructions, so that the compiler sees through them.
#define AW_SPACE(name, number)                                                             \
  AW_DEVICE_INLINE __SIZE_TYPE__ __cvta_generic_to_##name(const void* pointer) {           \
    return (__SIZE_TYPE__)(__attribute__((address_space(number))) const void*)pointer;     \
  }                                                                                        \
  AW_DEVICE_INLINE void* __cvta_##name##_to_generic(__SIZE_TYPE__ address) {               \
    return (void*)(__attribute__((address_space(number))) void*)address;                   \
  }
AW_SPACE(global, 1)
AW_SPACE(shared, 3)
AW_SPACE(constant, 4)
AW_SPACE(local, 5)
#undef AW_SPACE

AW_DEVICE_INLINE __SIZE_TYPE__ __cvta_generic_to_grid_constant(const void* pointer) {
  __SIZE_TYPE__ address;
  __asm__("cvta.to.param.u64 %0, %1;" : "=l"(address) : "l"(pointer));
  return address;
}

AW_DEVICE_INLINE void* __cvta_grid_constant_to_generic(__SIZE_TYPE__ address) {
  void* pointer;
  __asm__("cvta.param.u64 %0, %1;" : "=l"(pointer) : "l"(address));
  return pointer;
}

AW_DEVICE_INLINE unsigned __isGridConstant(const void* pointer) {
  unsigned result;
  __asm__("{ .reg .pred p; isspacep.param p, %1; selp.u32 %0, 1, 0, p; }" : "=r"(result) : "l"(pointer));
  return result;
}

AW_DEVICE_INLINE unsigned ballot(bool predicate) { return __nvvm_vote_ballot_sync(0xffffffffu, predicate); }
AW_DEVICE_INLINE int syncthreads_count(bool predicate) { return __syncthreads_count(predicate); }
AW_DEVICE_INLINE bool syncthreads_and(bool predicate) { return __syncthreads_and(predicate); }
AW_DEVICE_INLINE bool syncthreads_or(bool predicate) { return __syncthreads_or(predicate); }

AW_DEVICE_INLINE unsigned short __nv_bswap16(unsigned short value) { return __builtin_bswap16(value); }
AW_DEVICE_INLINE unsigned int __nv_bswap32(unsigned int value) { return __builtin_bswap32(value); }
AW_DEVICE_INLINE unsigned long long __nv_bswap64(unsigned long long value) { return __builtin_bswap64(value); }

#endif
#endif
