// Arithmetic and conversions with a rounding mode: single instructions. Also those to nearest, because an operator could become
// part of an fma.
#include "nvvm.h"

#define OF_MODE(cuda, ptx)                                                                             \
  PURE float __nv_fadd_##cuda(float a, float b) { return FTZ2(add_##ptx, a, b); }                      \
  PURE float __nv_fsub_##cuda(float a, float b) { return FTZ2(add_##ptx, a, -b); }                     \
  PURE float __nv_fmul_##cuda(float a, float b) { return FTZ2(mul_##ptx, a, b); }                      \
  PURE float __nv_fdiv_##cuda(float a, float b) { return FTZ2(div_##ptx, a, b); }                      \
  PURE float __nv_fmaf_##cuda(float a, float b, float c) { return FTZ3(fma_##ptx, a, b, c); }          \
  PURE float __nv_fmaf_ieee_##cuda(float a, float b, float c) { return NVVM(fma_##ptx##_f)(a, b, c); } \
  PURE float __nv_frcp_##cuda(float a) { return FTZ1(rcp_##ptx, a); }                                  \
  PURE float __nv_fsqrt_##cuda(float a) { return FTZ1(sqrt_##ptx, a); }                                \
  PURE double __nv_dadd_##cuda(double a, double b) { return NVVM(add_##ptx##_d)(a, b); }               \
  PURE double __nv_dsub_##cuda(double a, double b) { return NVVM(add_##ptx##_d)(a, -b); }              \
  PURE double __nv_dmul_##cuda(double a, double b) { return NVVM(mul_##ptx##_d)(a, b); }               \
  PURE double __nv_ddiv_##cuda(double a, double b) { return NVVM(div_##ptx##_d)(a, b); }               \
  PURE double __nv_fma_##cuda(double a, double b, double c) { return NVVM(fma_##ptx##_d)(a, b, c); }   \
  PURE double __nv_drcp_##cuda(double a) { return NVVM(rcp_##ptx##_d)(a); }                            \
  PURE double __nv_dsqrt_##cuda(double a) { return NVVM(sqrt_##ptx##_d)(a); }                          \
  PURE float __nv_double2float_##cuda(double a) { return FTZ_CVT(d2f_##ptx, a); }                      \
  PURE float __nv_int2float_##cuda(int a) { return NVVM(i2f_##ptx)(a); }                               \
  PURE float __nv_uint2float_##cuda(unsigned a) { return NVVM(ui2f_##ptx)(a); }                        \
  PURE float __nv_ll2float_##cuda(long long a) { return NVVM(ll2f_##ptx)(a); }                         \
  PURE float __nv_ull2float_##cuda(unsigned long long a) { return NVVM(ull2f_##ptx)(a); }              \
  PURE double __nv_ll2double_##cuda(long long a) { return NVVM(ll2d_##ptx)(a); }                       \
  PURE double __nv_ull2double_##cuda(unsigned long long a) { return NVVM(ull2d_##ptx)(a); }            \
  PURE int __nv_float2int_##cuda(float a) { return (int)FTZ_CVT(f2i_##ptx, a); }                       \
  PURE unsigned __nv_float2uint_##cuda(float a) { return (u32)FTZ_CVT(f2ui_##ptx, a); }                \
  PURE long long __nv_float2ll_##cuda(float a) { return (s64)FTZ_CVT(f2ll_##ptx, a); }                 \
  PURE unsigned long long __nv_float2ull_##cuda(float a) { return (u64)FTZ_CVT(f2ull_##ptx, a); }      \
  PURE int __nv_double2int_##cuda(double a) { return (int)NVVM(d2i_##ptx)(a); }                        \
  PURE unsigned __nv_double2uint_##cuda(double a) { return (u32)NVVM(d2ui_##ptx)(a); }                 \
  PURE long long __nv_double2ll_##cuda(double a) { return (s64)NVVM(d2ll_##ptx)(a); }                  \
  PURE unsigned long long __nv_double2ull_##cuda(double a) { return (u64)NVVM(d2ull_##ptx)(a); }
EACH_MODE(OF_MODE)

PURE double __nv_int2double_rn(int a) { return (double)a; }
PURE double __nv_uint2double_rn(unsigned a) { return (double)a; }
PURE unsigned short __nv_float2half_rn(float a) { return bits_f16((f16)a); }
PURE float __nv_half2float(unsigned short a) { return (float)half_of(a); }
PURE float __nv_saturatef(float a) { return FTZ1(saturate, a); }
PURE double __nv_rcp64h(double a) { return NVVM(rcp_approx_ftz_d)(a); }
// 1/sqrt(a) in double is never so near the middle of two floats that rounding it again could err.
PURE float __nv_frsqrt_rn(float a) { return (float)(1 / __builtin_sqrt((double)a)); }

PURE float __nv_fabsf(float a) { return abs_f32(a); }
PURE double __nv_fabs(double a) { return abs_f64(a); }
PURE float __nv_copysignf(float a, float b) { return __builtin_copysignf(a, b); }
PURE double __nv_copysign(double a, double b) { return __builtin_copysign(a, b); }
PURE float __nv_fminf(float a, float b) { return __builtin_fminf(a, b); }
PURE double __nv_fmin(double a, double b) { return __builtin_fmin(a, b); }
PURE float __nv_fmaxf(float a, float b) { return __builtin_fmaxf(a, b); }
PURE double __nv_fmax(double a, double b) { return __builtin_fmax(a, b); }
PURE float __nv_fdimf(float a, float b) { return a <= b ? 0 : a - b; }
PURE double __nv_fdim(double a, double b) { return a <= b ? 0 : a - b; }
PURE float __nv_fmaf(float a, float b, float c) { return fma_f32(a, b, c); }
PURE double __nv_fma(double a, double b, double c) { return fma_f64(a, b, c); }
PURE float __nv_sqrtf(float a) { return __builtin_sqrtf(a); }
PURE double __nv_sqrt(double a) { return __builtin_sqrt(a); }

PURE float __nv_floorf(float a) { return __builtin_floorf(a); }
PURE double __nv_floor(double a) { return __builtin_floor(a); }
PURE float __nv_ceilf(float a) { return __builtin_ceilf(a); }
PURE double __nv_ceil(double a) { return __builtin_ceil(a); }
PURE float __nv_truncf(float a) { return __builtin_truncf(a); }
PURE double __nv_trunc(double a) { return __builtin_trunc(a); }
PURE float __nv_rintf(float a) { return __builtin_rintf(a); }
PURE double __nv_rint(double a) { return __builtin_rint(a); }
PURE float __nv_nearbyintf(float a) { return __builtin_rintf(a); }
PURE double __nv_nearbyint(double a) { return __builtin_rint(a); }
PURE long long __nv_llrintf(float a) { return (s64)FTZ_CVT(f2ll_rn, a); }
PURE long long __nv_llrint(double a) { return (s64)NVVM(d2ll_rn)(a); }

// Half away from zero: the integer below the magnitude, and one more if what is left is at least a half.
PURE float __nv_roundf(float a) {
  const float magnitude = abs_f32(a), whole = __builtin_truncf(magnitude);
  return __builtin_copysignf(magnitude - whole >= 0.5f ? whole + 1 : whole, a);
}
PURE double __nv_round(double a) {
  const double magnitude = abs_f64(a), whole = __builtin_trunc(magnitude);
  return __builtin_copysign(magnitude - whole >= 0.5 ? whole + 1 : whole, a);
}
PURE long long __nv_llroundf(float a) { return (s64)NVVM(f2ll_rz)(__nv_roundf(a)); }
PURE long long __nv_llround(double a) { return (s64)NVVM(d2ll_rz)(__nv_round(a)); }

// --- the parts of a number ---------------------------------------------------------------------------------------------------
INLINE int exponent_f32(float a) {
  const int is_small = abs_f32(a) < 0x1p-126f;
  return (int)(bits_f32(is_small ? a * 0x1p24f : a) >> 23 & 0xff) - (is_small ? 127 + 24 : 127);
}
INLINE int exponent_f64(double a) {
  const int is_small = abs_f64(a) < 0x1p-1022;
  return (int)(bits_f64(is_small ? a * 0x1p64 : a) >> 52 & 0x7ff) - (is_small ? 1023 + 64 : 1023);
}
INLINE double power_of_two(int exponent) { return double_of((u64)(exponent + 1023) << 52); }

PURE int __nv_ilogbf(float a) {
  const int e = abs_f32(a) < __builtin_inff() ? exponent_f32(a) : 0x7fffffff;
  return a == 0 || a != a ? -0x7fffffff - 1 : e;
}
PURE int __nv_ilogb(double a) {
  const int e = abs_f64(a) < __builtin_inf() ? exponent_f64(a) : 0x7fffffff;
  return a == 0 || a != a ? -0x7fffffff - 1 : e;
}
PURE float __nv_logbf(float a) {
  const float value = abs_f32(a) < __builtin_inff() ? (float)exponent_f32(a) : a * a;
  return a == 0 ? -__builtin_inff() : value;
}
PURE double __nv_logb(double a) {
  const double value = abs_f64(a) < __builtin_inf() ? (double)exponent_f64(a) : a * a;
  return a == 0 ? -__builtin_inf() : value;
}

INLINE int limited(int x, int low, int high) { return x < low ? low : x > high ? high : x; }
PURE float __nv_ldexpf(float a, int n) { return (float)((double)a * power_of_two(limited(n, -300, 300))); }
// In three steps, of which only the last may round: going down, the first two stop 53 bits above the denormals.
PURE double __nv_ldexp(double a, int n) {
  const int left = limited(n, -2200, 2200);
  const int first = limited(left, -969, 1023), second = limited(left - first, -969, 1023);
  return a * power_of_two(first) * power_of_two(second) * power_of_two(limited(left - first - second, -1022, 1023));
}
PURE float __nv_scalbnf(float a, int n) { return __nv_ldexpf(a, n); }
PURE double __nv_scalbn(double a, int n) { return __nv_ldexp(a, n); }

NV float __nv_frexpf(float a, int* exponent) {
  const int is_number = a != 0 && abs_f32(a) < __builtin_inff();
  const float scaled = abs_f32(a) < 0x1p-126f ? a * 0x1p24f : a;
  *exponent = is_number ? exponent_f32(a) + 1 : 0;
  return is_number ? float_of((bits_f32(scaled) & 0x807fffffu) | 0x3f000000u) : a + a;
}
NV double __nv_frexp(double a, int* exponent) {
  const int is_number = a != 0 && abs_f64(a) < __builtin_inf();
  const double scaled = abs_f64(a) < 0x1p-1022 ? a * 0x1p64 : a;
  *exponent = is_number ? exponent_f64(a) + 1 : 0;
  return is_number ? double_of((bits_f64(scaled) & 0x800fffffffffffffu) | 0x3fe0000000000000u) : a + a;
}
NV float __nv_modff(float a, float* whole) {
  *whole = __builtin_truncf(a);
  return __builtin_copysignf(abs_f32(a) == __builtin_inff() ? 0 : a - *whole, a);
}
NV double __nv_modf(double a, double* whole) {
  *whole = __builtin_trunc(a);
  return __builtin_copysign(abs_f64(a) == __builtin_inf() ? 0 : a - *whole, a);
}

PURE float __nv_nextafterf(float a, float b) {
  const u32 bits = bits_f32(a);
  const u32 away = (a < b) == (a > 0) ? bits + 1 : bits - 1;
  const float next = a == 0 ? __builtin_copysignf(0x1p-149f, b) : float_of(away);
  return a == b ? b : a != a || b != b ? a + b : next;
}
PURE double __nv_nextafter(double a, double b) {
  const u64 bits = bits_f64(a);
  const u64 away = (a < b) == (a > 0) ? bits + 1 : bits - 1;
  const double next = a == 0 ? __builtin_copysign(0x1p-1074, b) : double_of(away);
  return a == b ? b : a != a || b != b ? a + b : next;
}
NV float __nv_nanf(const signed char* text) {
  (void)text;
  return float_of(0x7fffffff);
}
NV double __nv_nan(const signed char* text) {
  (void)text;
  return double_of(0xfff8000000000000u);
}
