// The device functions that neither clang's own headers nor another of ours define.
#ifndef ANYWARP_CRT_DEVICE_FUNCTIONS_HPP
#define ANYWARP_CRT_DEVICE_FUNCTIONS_HPP

#include "crt/attributes.h"
#include "device_atomic_functions.h"
#include "vector_types.h"

#if defined(__CUDA__) && defined(__cplusplus)

// Minimum and maximum of three, after an addition, against zero, and with the word which of the two it was; a half of a 32-bit
// register at a time in the x2 forms.

AW_DEVICE_INLINE int __vimax3_s32(int a, int b, int c) { return __nv_max(__nv_max(a, b), c); }
AW_DEVICE_INLINE int __vimin3_s32(int a, int b, int c) { return __nv_min(__nv_min(a, b), c); }
AW_DEVICE_INLINE unsigned __vimax3_u32(unsigned a, unsigned b, unsigned c) { return __nv_umax(__nv_umax(a, b), c); }
AW_DEVICE_INLINE unsigned __vimin3_u32(unsigned a, unsigned b, unsigned c) { return __nv_umin(__nv_umin(a, b), c); }
AW_DEVICE_INLINE int __vimax_s32_relu(int a, int b) { return __vimax3_s32(a, b, 0); }
AW_DEVICE_INLINE int __vimin_s32_relu(int a, int b) { return __nv_max(__nv_min(a, b), 0); }
AW_DEVICE_INLINE int __vimax3_s32_relu(int a, int b, int c) { return __nv_max(__vimax3_s32(a, b, c), 0); }
AW_DEVICE_INLINE int __vimin3_s32_relu(int a, int b, int c) { return __nv_max(__vimin3_s32(a, b, c), 0); }
AW_DEVICE_INLINE int __viaddmax_s32(int a, int b, int c) { return __nv_max((int)((unsigned)a + (unsigned)b), c); }
AW_DEVICE_INLINE int __viaddmin_s32(int a, int b, int c) { return __nv_min((int)((unsigned)a + (unsigned)b), c); }
AW_DEVICE_INLINE unsigned __viaddmax_u32(unsigned a, unsigned b, unsigned c) { return __nv_umax(a + b, c); }
AW_DEVICE_INLINE unsigned __viaddmin_u32(unsigned a, unsigned b, unsigned c) { return __nv_umin(a + b, c); }
AW_DEVICE_INLINE int __viaddmax_s32_relu(int a, int b, int c) { return __nv_max(__viaddmax_s32(a, b, c), 0); }
AW_DEVICE_INLINE int __viaddmin_s32_relu(int a, int b, int c) { return __nv_max(__viaddmin_s32(a, b, c), 0); }

AW_DEVICE_INLINE int __vibmax_s32(int a, int b, bool* first) { return *first = a >= b, *first ? a : b; }
AW_DEVICE_INLINE int __vibmin_s32(int a, int b, bool* first) { return *first = a <= b, *first ? a : b; }
AW_DEVICE_INLINE unsigned __vibmax_u32(unsigned a, unsigned b, bool* first) { return *first = a >= b, *first ? a : b; }
AW_DEVICE_INLINE unsigned __vibmin_u32(unsigned a, unsigned b, bool* first) { return *first = a <= b, *first ? a : b; }

#define AW_HALVES(name, type, parameters, low, high)                 \
  AW_DEVICE_INLINE unsigned name parameters {                        \
    type lo = (type)(low), hi = (type)(high);                        \
    return (unsigned)(unsigned short)lo | (unsigned)(unsigned short)hi << 16; \
  }
#define AW_LO(type, x) ((int)(type)(x))
#define AW_HI(type, x) ((int)(type)((x) >> 16))
#define AW_THREE(type, operation)                                                            \
  operation(AW_LO(type, a), AW_LO(type, b), AW_LO(type, c)), operation(AW_HI(type, a), AW_HI(type, b), AW_HI(type, c))
#define AW_TWO(type, operation) operation(AW_LO(type, a), AW_LO(type, b)), operation(AW_HI(type, a), AW_HI(type, b))
#define AW_APPLY(...) AW_HALVES(__VA_ARGS__)
#define AW_A_B (unsigned a, unsigned b)
#define AW_A_B_C (unsigned a, unsigned b, unsigned c)

AW_APPLY(__vimax_s16x2_relu, short, AW_A_B, AW_TWO(short, __vimax_s32_relu))
AW_APPLY(__vimin_s16x2_relu, short, AW_A_B, AW_TWO(short, __vimin_s32_relu))
AW_APPLY(__vimax3_s16x2, short, AW_A_B_C, AW_THREE(short, __vimax3_s32))
AW_APPLY(__vimin3_s16x2, short, AW_A_B_C, AW_THREE(short, __vimin3_s32))
AW_APPLY(__vimax3_u16x2, unsigned short, AW_A_B_C, AW_THREE(unsigned short, __vimax3_s32))
AW_APPLY(__vimin3_u16x2, unsigned short, AW_A_B_C, AW_THREE(unsigned short, __vimin3_s32))
AW_APPLY(__vimax3_s16x2_relu, short, AW_A_B_C, AW_THREE(short, __vimax3_s32_relu))
AW_APPLY(__vimin3_s16x2_relu, short, AW_A_B_C, AW_THREE(short, __vimin3_s32_relu))
#define AW_SUM_MAX(a, b, c) __nv_max((int)(short)((a) + (b)), c)
#define AW_SUM_MIN(a, b, c) __nv_min((int)(short)((a) + (b)), c)
#define AW_SUM_MAX_U(a, b, c) __nv_max((int)(unsigned short)((a) + (b)), c)
#define AW_SUM_MIN_U(a, b, c) __nv_min((int)(unsigned short)((a) + (b)), c)
#define AW_SUM_MAX_RELU(a, b, c) __nv_max(AW_SUM_MAX(a, b, c), 0)
#define AW_SUM_MIN_RELU(a, b, c) __nv_max(AW_SUM_MIN(a, b, c), 0)
AW_APPLY(__viaddmax_s16x2, short, AW_A_B_C, AW_THREE(short, AW_SUM_MAX))
AW_APPLY(__viaddmin_s16x2, short, AW_A_B_C, AW_THREE(short, AW_SUM_MIN))
AW_APPLY(__viaddmax_u16x2, unsigned short, AW_A_B_C, AW_THREE(unsigned short, AW_SUM_MAX_U))
AW_APPLY(__viaddmin_u16x2, unsigned short, AW_A_B_C, AW_THREE(unsigned short, AW_SUM_MIN_U))
AW_APPLY(__viaddmax_s16x2_relu, short, AW_A_B_C, AW_THREE(short, AW_SUM_MAX_RELU))
AW_APPLY(__viaddmin_s16x2_relu, short, AW_A_B_C, AW_THREE(short, AW_SUM_MIN_RELU))
#undef AW_SUM_MAX
#undef AW_SUM_MIN
#undef AW_SUM_MAX_U
#undef AW_SUM_MIN_U
#undef AW_SUM_MAX_RELU
#undef AW_SUM_MIN_RELU
#undef AW_HALVES
#undef AW_THREE
#undef AW_TWO
#undef AW_APPLY
#undef AW_A_B
#undef AW_A_B_C

#define AW_CHOOSE(name, type, relation)                                                         \
  AW_DEVICE_INLINE unsigned name(unsigned a, unsigned b, bool* first_high, bool* first_low) {   \
    *first_high = AW_HI(type, a) relation AW_HI(type, b);                                       \
    *first_low = AW_LO(type, a) relation AW_LO(type, b);                                        \
    return ((*first_high ? a : b) & 0xffff0000u) | ((*first_low ? a : b) & 0xffffu);            \
  }
AW_CHOOSE(__vibmax_s16x2, short, >=)
AW_CHOOSE(__vibmin_s16x2, short, <=)
AW_CHOOSE(__vibmax_u16x2, unsigned short, >=)
AW_CHOOSE(__vibmin_u16x2, unsigned short, <=)
#undef AW_CHOOSE
#undef AW_LO
#undef AW_HI

AW_DEVICE_INLINE float __tanhf(float a) {
  float result;
  __asm__("tanh.approx.f32 %0, %1;" : "=f"(result) : "f"(a));
  return result;
}

// Loads and stores with a hint for the caches, in the forms that clang lacks. The hint has no meaning here.
#define AW_HINTED(type)                                                        \
  AW_DEVICE_INLINE type __ldca(const type* pointer) { return *pointer; }       \
  AW_DEVICE_INLINE type __ldlu(const type* pointer) { return *pointer; }       \
  AW_DEVICE_INLINE void __stwb(type* pointer, type value) { *pointer = value; } \
  AW_DEVICE_INLINE void __stcg(type* pointer, type value) { *pointer = value; } \
  AW_DEVICE_INLINE void __stcs(type* pointer, type value) { *pointer = value; }
AW_HINTED(char)
AW_HINTED(signed char)
AW_HINTED(unsigned char)
AW_HINTED(short)
AW_HINTED(unsigned short)
AW_HINTED(int)
AW_HINTED(unsigned)
AW_HINTED(long)
AW_HINTED(unsigned long)
AW_HINTED(long long)
AW_HINTED(unsigned long long)
AW_HINTED(float)
AW_HINTED(double)
AW_HINTED(char2)
AW_HINTED(char4)
AW_HINTED(uchar2)
AW_HINTED(uchar4)
AW_HINTED(short2)
AW_HINTED(short4)
AW_HINTED(ushort2)
AW_HINTED(ushort4)
AW_HINTED(int2)
AW_HINTED(int4)
AW_HINTED(uint2)
AW_HINTED(uint4)
AW_HINTED(longlong2)
AW_HINTED(ulonglong2)
AW_HINTED(float2)
AW_HINTED(float4)
AW_HINTED(double2)
#undef AW_HINTED

#endif
#endif
