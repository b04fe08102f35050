// nvvm's intrinsics for the host's build of libdevice, which only tests use.
#pragma once

#include "../number.h"

#define OF_MODE(mode)                                                                                        \
  float __aw_add_##mode##_f32(float, float);                                                                 \
  double __aw_add_##mode##_f64(double, double);                                                              \
  float __aw_mul_##mode##_f32(float, float);                                                                 \
  double __aw_mul_##mode##_f64(double, double);                                                              \
  float __aw_div_##mode##_f32(float, float);                                                                 \
  double __aw_div_##mode##_f64(double, double);                                                              \
  float __aw_fma_##mode##_f32(float, float, float);                                                          \
  double __aw_fma_##mode##_f64(double, double, double);                                                      \
  float __aw_sqrt_##mode##_f32(float);                                                                       \
  double __aw_sqrt_##mode##_f64(double);                                                                     \
  float __aw_cvt_##mode##_f32_f64(double), __aw_cvt_##mode##_f32_s32(s32), __aw_cvt_##mode##_f32_u32(u32);   \
  float __aw_cvt_##mode##_f32_s64(s64), __aw_cvt_##mode##_f32_u64(u64);                                      \
  double __aw_cvt_##mode##_f64_s64(s64), __aw_cvt_##mode##_f64_u64(u64);                                     \
  INLINE float nvvm_add_##mode##_f(float a, float b) { return __aw_add_##mode##_f32(a, b); }                 \
  INLINE double nvvm_add_##mode##_d(double a, double b) { return __aw_add_##mode##_f64(a, b); }              \
  INLINE float nvvm_mul_##mode##_f(float a, float b) { return __aw_mul_##mode##_f32(a, b); }                 \
  INLINE double nvvm_mul_##mode##_d(double a, double b) { return __aw_mul_##mode##_f64(a, b); }              \
  INLINE float nvvm_div_##mode##_f(float a, float b) { return __aw_div_##mode##_f32(a, b); }                 \
  INLINE double nvvm_div_##mode##_d(double a, double b) { return __aw_div_##mode##_f64(a, b); }              \
  INLINE float nvvm_fma_##mode##_f(float a, float b, float c) { return __aw_fma_##mode##_f32(a, b, c); }     \
  INLINE double nvvm_fma_##mode##_d(double a, double b, double c) { return __aw_fma_##mode##_f64(a, b, c); } \
  INLINE float nvvm_rcp_##mode##_f(float a) { return __aw_div_##mode##_f32(1, a); }                          \
  INLINE double nvvm_rcp_##mode##_d(double a) { return __aw_div_##mode##_f64(1, a); }                        \
  INLINE float nvvm_sqrt_##mode##_f(float a) { return __aw_sqrt_##mode##_f32(a); }                           \
  INLINE double nvvm_sqrt_##mode##_d(double a) { return __aw_sqrt_##mode##_f64(a); }                         \
  INLINE float nvvm_d2f_##mode(double a) { return __aw_cvt_##mode##_f32_f64(a); }                            \
  INLINE float nvvm_i2f_##mode(s32 a) { return __aw_cvt_##mode##_f32_s32(a); }                               \
  INLINE float nvvm_ui2f_##mode(u32 a) { return __aw_cvt_##mode##_f32_u32(a); }                              \
  INLINE float nvvm_ll2f_##mode(s64 a) { return __aw_cvt_##mode##_f32_s64(a); }                              \
  INLINE float nvvm_ull2f_##mode(u64 a) { return __aw_cvt_##mode##_f32_u64(a); }                             \
  INLINE double nvvm_ll2d_##mode(s64 a) { return __aw_cvt_##mode##_f64_s64(a); }                             \
  INLINE double nvvm_ull2d_##mode(u64 a) { return __aw_cvt_##mode##_f64_u64(a); }
OF_MODE(rz)
OF_MODE(rm)
OF_MODE(rp)
#undef OF_MODE

INLINE float nvvm_add_rn_f(float a, float b) { return a + b; }
INLINE double nvvm_add_rn_d(double a, double b) { return a + b; }
INLINE float nvvm_mul_rn_f(float a, float b) { return a * b; }
INLINE double nvvm_mul_rn_d(double a, double b) { return a * b; }
INLINE float nvvm_div_rn_f(float a, float b) { return a / b; }
INLINE double nvvm_div_rn_d(double a, double b) { return a / b; }
INLINE float nvvm_fma_rn_f(float a, float b, float c) { return fma_f32(a, b, c); }
INLINE double nvvm_fma_rn_d(double a, double b, double c) { return fma_f64(a, b, c); }
INLINE float nvvm_rcp_rn_f(float a) { return 1 / a; }
INLINE double nvvm_rcp_rn_d(double a) { return 1 / a; }
INLINE float nvvm_sqrt_rn_f(float a) { return __builtin_sqrtf(a); }
INLINE double nvvm_sqrt_rn_d(double a) { return __builtin_sqrt(a); }
INLINE float nvvm_d2f_rn(double a) { return (float)a; }
INLINE float nvvm_i2f_rn(s32 a) { return (float)a; }
INLINE float nvvm_ui2f_rn(u32 a) { return (float)a; }
INLINE float nvvm_ll2f_rn(s64 a) { return (float)a; }
INLINE float nvvm_ull2f_rn(u64 a) { return (float)a; }
INLINE double nvvm_ll2d_rn(s64 a) { return (double)a; }
INLINE double nvvm_ull2d_rn(u64 a) { return (double)a; }

// To integers: saturated; NaN is 0, or the top bit alone where 64 bits are involved.
INLINE s32 nvvm_saturated_i(double a) { return a >= 0x1p31 ? 0x7fffffff : a < -0x1p31 ? -0x7fffffff - 1 : a == a ? (s32)a : 0; }
INLINE u32 nvvm_saturated_ui(double a) { return a >= 0x1p32 ? ~0u : a > 0 ? (u32)a : 0; }
INLINE s64 nvvm_saturated_ll(double a) { return a >= 0x1p63 ? 0x7fffffffffffffffll : a >= -0x1p63 ? (s64)a : -0x7fffffffffffffffll - 1; }
INLINE u64 nvvm_saturated_ull(double a) { return a >= 0x1p64 ? ~0ull : a > 0 ? (u64)a : a == a ? 0 : 1ull << 63; }
#define TO_INTEGER(mode, round)                                                                          \
  INLINE s32 nvvm_f2i_##mode(float a) { return nvvm_saturated_i(round((double)a)); }                     \
  INLINE u32 nvvm_f2ui_##mode(float a) { return nvvm_saturated_ui(round((double)a)); }                   \
  INLINE s64 nvvm_f2ll_##mode(float a) { return nvvm_saturated_ll(round((double)a)); }                   \
  INLINE u64 nvvm_f2ull_##mode(float a) { return nvvm_saturated_ull(round((double)a)); }                 \
  INLINE s32 nvvm_d2i_##mode(double a) { return a == a ? nvvm_saturated_i(round(a)) : -0x7fffffff - 1; } \
  INLINE u32 nvvm_d2ui_##mode(double a) { return a == a ? nvvm_saturated_ui(round(a)) : 1u << 31; }      \
  INLINE s64 nvvm_d2ll_##mode(double a) { return nvvm_saturated_ll(round(a)); }                          \
  INLINE u64 nvvm_d2ull_##mode(double a) { return nvvm_saturated_ull(round(a)); }
TO_INTEGER(rn, __builtin_rint)
TO_INTEGER(rz, __builtin_trunc)
TO_INTEGER(rm, __builtin_floor)
TO_INTEGER(rp, __builtin_ceil)
#undef TO_INTEGER

#define APPROXIMATE(name)                \
  float __aw_##name##_approx_f32(float); \
  INLINE float nvvm_##name##_approx_f(float a) { return __aw_##name##_approx_f32(a); }
APPROXIMATE(sin)
APPROXIMATE(cos)
APPROXIMATE(lg2)
APPROXIMATE(ex2)
APPROXIMATE(rsqrt)
#undef APPROXIMATE
float __aw_div_approx_f32(float, float);
INLINE float nvvm_div_approx_f(float a, float b) { return __aw_div_approx_f32(a, b); }
double __aw_rcp_approx_ftz_f64(double);
INLINE double nvvm_rcp_approx_ftz_d(double a) { return __aw_rcp_approx_ftz_f64(a); }
INLINE float nvvm_saturate_f(float a) { return a > 0 ? (a < 1 ? a : 1) : 0; }
u32 __aw_prmt_b32(u32, u32, u32);
INLINE s32 nvvm_prmt(s32 a, s32 b, s32 c) { return (s32)__aw_prmt_b32((u32)a, (u32)b, (u32)c); }
INLINE s64 nvvm_mulhi_ll(s64 a, s64 b) { return (s64)((__int128)a * b >> 64); }
INLINE u64 nvvm_mulhi_ull(u64 a, u64 b) { return (u64)((unsigned __int128)a * b >> 64); }
