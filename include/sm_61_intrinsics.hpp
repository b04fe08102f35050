// Dot products of bytes (dp4a) and of 16-bit with 8-bit integers (dp2a), added to a 32-bit sum.
#ifndef ANYWARP_SM_61_INTRINSICS_HPP
#define ANYWARP_SM_61_INTRINSICS_HPP

#include "crt/attributes.h"
#include "vector_types.h"

#if defined(__CUDA__) && defined(__cplusplus)

#define AW_DOT(name, instruction, type, a_vector, b_vector)                                      \
  AW_DEVICE_INLINE type name(type a, type b, type c) {                                           \
    type sum;                                                                                    \
    __asm__(instruction " %0, %1, %2, %3;" : "=r"(sum) : "r"(a), "r"(b), "r"(c));                \
    return sum;                                                                                  \
  }                                                                                              \
  AW_DEVICE_INLINE type name(a_vector a, b_vector b, type c) {                                   \
    return name(__builtin_bit_cast(type, a), __builtin_bit_cast(type, b), c);                    \
  }
AW_DOT(__dp4a, "dp4a.s32.s32", int, char4, char4)
AW_DOT(__dp4a, "dp4a.u32.u32", unsigned, uchar4, uchar4)
AW_DOT(__dp2a_lo, "dp2a.lo.s32.s32", int, short2, char4)
AW_DOT(__dp2a_lo, "dp2a.lo.u32.u32", unsigned, ushort2, uchar4)
AW_DOT(__dp2a_hi, "dp2a.hi.s32.s32", int, short2, char4)
AW_DOT(__dp2a_hi, "dp2a.hi.u32.u32", unsigned, ushort2, uchar4)
#undef AW_DOT

#endif
#endif
