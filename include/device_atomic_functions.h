// Atomic read-modify-write functions on memory. All are relaxed, as CUDA defines them: ordering is what fences are for.
// The plain form is atomic among the threads of the device, _block among those of the block, _system among devices and host.
#ifndef ANYWARP_DEVICE_ATOMIC_FUNCTIONS_H
#define ANYWARP_DEVICE_ATOMIC_FUNCTIONS_H

#include "crt/attributes.h"

#if defined(__CUDA__) && defined(__cplusplus)

#define AW_ATOMIC(type, name, builtin, suffix, scope) \
  AW_DEVICE_INLINE type name##suffix(type* address, type value) { return builtin(address, value, __ATOMIC_RELAXED, scope); }

#define AW_ATOMIC_SCOPES(type, name, builtin)                              \
  AW_ATOMIC(type, name, builtin, , __MEMORY_SCOPE_DEVICE)                  \
  AW_ATOMIC(type, name, builtin, _block, __MEMORY_SCOPE_WRKGRP)            \
  AW_ATOMIC(type, name, builtin, _system, __MEMORY_SCOPE_SYSTEM)

AW_ATOMIC_SCOPES(int, atomicAdd, __scoped_atomic_fetch_add)
AW_ATOMIC_SCOPES(unsigned, atomicAdd, __scoped_atomic_fetch_add)
AW_ATOMIC_SCOPES(unsigned long long, atomicAdd, __scoped_atomic_fetch_add)
AW_ATOMIC_SCOPES(float, atomicAdd, __scoped_atomic_fetch_add)
AW_ATOMIC_SCOPES(double, atomicAdd, __scoped_atomic_fetch_add)

AW_ATOMIC_SCOPES(int, atomicSub, __scoped_atomic_fetch_sub)
AW_ATOMIC_SCOPES(unsigned, atomicSub, __scoped_atomic_fetch_sub)

AW_ATOMIC_SCOPES(int, atomicExch, __scoped_atomic_exchange_n)
AW_ATOMIC_SCOPES(unsigned, atomicExch, __scoped_atomic_exchange_n)
AW_ATOMIC_SCOPES(unsigned long long, atomicExch, __scoped_atomic_exchange_n)

AW_ATOMIC_SCOPES(int, atomicMin, __scoped_atomic_fetch_min)
AW_ATOMIC_SCOPES(unsigned, atomicMin, __scoped_atomic_fetch_min)
AW_ATOMIC_SCOPES(long long, atomicMin, __scoped_atomic_fetch_min)
AW_ATOMIC_SCOPES(unsigned long long, atomicMin, __scoped_atomic_fetch_min)

AW_ATOMIC_SCOPES(int, atomicMax, __scoped_atomic_fetch_max)
AW_ATOMIC_SCOPES(unsigned, atomicMax, __scoped_atomic_fetch_max)
AW_ATOMIC_SCOPES(long long, atomicMax, __scoped_atomic_fetch_max)
AW_ATOMIC_SCOPES(unsigned long long, atomicMax, __scoped_atomic_fetch_max)

AW_ATOMIC_SCOPES(int, atomicAnd, __scoped_atomic_fetch_and)
AW_ATOMIC_SCOPES(unsigned, atomicAnd, __scoped_atomic_fetch_and)
AW_ATOMIC_SCOPES(long long, atomicAnd, __scoped_atomic_fetch_and)
AW_ATOMIC_SCOPES(unsigned long long, atomicAnd, __scoped_atomic_fetch_and)

AW_ATOMIC_SCOPES(int, atomicOr, __scoped_atomic_fetch_or)
AW_ATOMIC_SCOPES(unsigned, atomicOr, __scoped_atomic_fetch_or)
AW_ATOMIC_SCOPES(long long, atomicOr, __scoped_atomic_fetch_or)
AW_ATOMIC_SCOPES(unsigned long long, atomicOr, __scoped_atomic_fetch_or)

AW_ATOMIC_SCOPES(int, atomicXor, __scoped_atomic_fetch_xor)
AW_ATOMIC_SCOPES(unsigned, atomicXor, __scoped_atomic_fetch_xor)
AW_ATOMIC_SCOPES(long long, atomicXor, __scoped_atomic_fetch_xor)
AW_ATOMIC_SCOPES(unsigned long long, atomicXor, __scoped_atomic_fetch_xor)

// old >= limit ? 0 : old + 1, and old == 0 || old > limit ? limit : old - 1
AW_ATOMIC_SCOPES(unsigned, atomicInc, __scoped_atomic_fetch_uinc)
AW_ATOMIC_SCOPES(unsigned, atomicDec, __scoped_atomic_fetch_udec)

#undef AW_ATOMIC_SCOPES
#undef AW_ATOMIC

// The bits of a float, for clang's exchange takes integers and pointers alone.
#define AW_ATOMIC(suffix, scope)                                                                                              \
  AW_DEVICE_INLINE float atomicExch##suffix(float* address, float value) {                                                    \
    return __builtin_bit_cast(float, __scoped_atomic_exchange_n((unsigned*)address, __builtin_bit_cast(unsigned, value),      \
                                                                __ATOMIC_RELAXED, scope));                                    \
  }                                                                                                                           \
  AW_DEVICE_INLINE int atomicCAS##suffix(int* address, int compare, int value) {                                              \
    __scoped_atomic_compare_exchange_n(address, &compare, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED, scope);           \
    return compare;                                                                                                           \
  }                                                                                                                           \
  AW_DEVICE_INLINE unsigned atomicCAS##suffix(unsigned* address, unsigned compare, unsigned value) {                          \
    __scoped_atomic_compare_exchange_n(address, &compare, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED, scope);           \
    return compare;                                                                                                           \
  }                                                                                                                           \
  AW_DEVICE_INLINE unsigned long long atomicCAS##suffix(unsigned long long* address, unsigned long long compare,              \
                                                        unsigned long long value) {                                           \
    __scoped_atomic_compare_exchange_n(address, &compare, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED, scope);           \
    return compare;                                                                                                           \
  }
AW_ATOMIC(, __MEMORY_SCOPE_DEVICE)
AW_ATOMIC(_block, __MEMORY_SCOPE_WRKGRP)
AW_ATOMIC(_system, __MEMORY_SCOPE_SYSTEM)
#undef AW_ATOMIC

// An instruction of its own, for LLVM makes a loop over the 32-bit form.
#define AW_ATOMIC(suffix, scope)                                                                                              \
  AW_DEVICE_INLINE unsigned short atomicCAS##suffix(unsigned short* address, unsigned short compare, unsigned short value) {  \
    unsigned short old;                                                                                                       \
    __asm__ volatile("atom.relaxed." scope ".cas.b16 %0, [%1], %2, %3;"                                                       \
                     : "=h"(old) : "l"(address), "h"(compare), "h"(value) : "memory");                                        \
    return old;                                                                                                               \
  }
AW_ATOMIC(, "gpu")
AW_ATOMIC(_block, "cta")
AW_ATOMIC(_system, "sys")
#undef AW_ATOMIC

#endif
#endif
