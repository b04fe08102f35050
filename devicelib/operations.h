// The operations as C++ sees them in the host's build of the same sources, for the tests.
#pragma once

#include <cstdint>

/// bfloat16 as a function takes and returns it. Only its bits are looked at, for libgcc 12 has no conversions of the real type.
struct Bfloat {
  _Float16 bits;
};
using Pair = _Float16 __attribute__((ext_vector_type(2)));

extern "C" {
#define AW_DIRECTED(word)                               \
  float __aw_add_##word##_f32(float, float);            \
  double __aw_add_##word##_f64(double, double);         \
  float __aw_sub_##word##_f32(float, float);            \
  double __aw_sub_##word##_f64(double, double);         \
  float __aw_mul_##word##_f32(float, float);            \
  double __aw_mul_##word##_f64(double, double);         \
  float __aw_div_##word##_f32(float, float);            \
  double __aw_div_##word##_f64(double, double);         \
  float __aw_fma_##word##_f32(float, float, float);     \
  double __aw_fma_##word##_f64(double, double, double); \
  float __aw_rcp_##word##_f32(float);                   \
  double __aw_rcp_##word##_f64(double);                 \
  float __aw_sqrt_##word##_f32(float);                  \
  double __aw_sqrt_##word##_f64(double);                \
  float __aw_cvt_##word##_f32_f64(double);              \
  _Float16 __aw_cvt_##word##_f16_f32(float);            \
  _Float16 __aw_cvt_##word##_f16_f64(double);           \
  Bfloat __aw_cvt_##word##_bf16_f32(float);             \
  Bfloat __aw_cvt_##word##_bf16_f64(double);            \
  AW_FROM_INTEGER(word, s32, int32_t)                   \
  AW_FROM_INTEGER(word, u32, uint32_t)                  \
  AW_FROM_INTEGER(word, s64, int64_t)                   \
  AW_FROM_INTEGER(word, u64, uint64_t)
#define AW_FROM_INTEGER(word, name, type)      \
  float __aw_cvt_##word##_f32_##name(type);    \
  double __aw_cvt_##word##_f64_##name(type);   \
  _Float16 __aw_cvt_##word##_f16_##name(type); \
  Bfloat __aw_cvt_##word##_bf16_##name(type);
AW_DIRECTED(rz)
AW_DIRECTED(rm)
AW_DIRECTED(rp)

Bfloat __aw_cvt_rn_bf16_s32(int32_t);
Bfloat __aw_cvt_rn_bf16_u32(uint32_t);
Bfloat __aw_cvt_rn_bf16_s64(int64_t);
Bfloat __aw_cvt_rn_bf16_u64(uint64_t);
_Float16 __aw_cvt_rn_f16_f64(double);
Bfloat __aw_cvt_rn_bf16_f64(double);
_Float16 __aw_cvt_rn_satfinite_f16_f32(float);
_Float16 __aw_cvt_rz_satfinite_f16_f32(float);
Bfloat __aw_cvt_rn_satfinite_bf16_f32(float);
Bfloat __aw_cvt_rz_satfinite_bf16_f32(float);
_Float16 __aw_fma_rn_f16(_Float16, _Float16, _Float16);
Bfloat __aw_fma_rn_bf16(Bfloat, Bfloat, Bfloat);

uint32_t __aw_cvt_rna_tf32_f32(float);
uint32_t __aw_cvt_rn_tf32_f32(float);
uint32_t __aw_cvt_rz_tf32_f32(float);
uint32_t __aw_cvt_rn_relu_tf32_f32(float);
uint32_t __aw_cvt_rz_relu_tf32_f32(float);
uint32_t __aw_cvt_rna_satfinite_tf32_f32(float);
uint32_t __aw_cvt_rn_satfinite_tf32_f32(float);
uint32_t __aw_cvt_rz_satfinite_tf32_f32(float);
uint32_t __aw_cvt_rn_satfinite_relu_tf32_f32(float);
uint32_t __aw_cvt_rz_satfinite_relu_tf32_f32(float);
#define AW_BYTES(format)                                              \
  uint16_t __aw_cvt_rn_satfinite_##format##x2_f32(float, float);      \
  uint16_t __aw_cvt_rn_satfinite_relu_##format##x2_f32(float, float); \
  uint16_t __aw_cvt_rn_satfinite_##format##x2_f16x2(Pair);            \
  uint16_t __aw_cvt_rn_satfinite_relu_##format##x2_f16x2(Pair);       \
  Pair __aw_cvt_rn_f16x2_##format##x2(uint16_t);                      \
  Pair __aw_cvt_rn_relu_f16x2_##format##x2(uint16_t);
AW_BYTES(e4m3)
AW_BYTES(e5m2)

float __aw_div_approx_f32(float, float);
float __aw_div_approx_ftz_f32(float, float);
float __aw_div_full_f32(float, float);
float __aw_div_full_ftz_f32(float, float);
#define AW_APPROXIMATE(op) float __aw_##op##_approx_f32(float), __aw_##op##_approx_ftz_f32(float);
AW_APPROXIMATE(rcp)
AW_APPROXIMATE(sqrt)
AW_APPROXIMATE(rsqrt)
AW_APPROXIMATE(sin)
AW_APPROXIMATE(cos)
AW_APPROXIMATE(lg2)
AW_APPROXIMATE(ex2)
float __aw_tanh_approx_f32(float);
double __aw_rcp_approx_ftz_f64(double);
double __aw_rsqrt_approx_f64(double);
double __aw_rsqrt_approx_ftz_f64(double);
_Float16 __aw_tanh_approx_f16(_Float16);
Bfloat __aw_tanh_approx_bf16(Bfloat);
_Float16 __aw_ex2_approx_f16(_Float16);
_Float16 __aw_ex2_approx_ftz_f16(_Float16);
Bfloat __aw_ex2_approx_ftz_bf16(Bfloat);

uint32_t __aw_fns_b32(uint32_t, uint32_t, uint32_t);
uint32_t __aw_bfe_u32(uint32_t, uint32_t, uint32_t);
uint32_t __aw_bfe_s32(uint32_t, uint32_t, uint32_t);
uint64_t __aw_bfe_u64(uint64_t, uint32_t, uint32_t);
uint64_t __aw_bfe_s64(uint64_t, uint32_t, uint32_t);
uint32_t __aw_bfi_b32(uint32_t, uint32_t, uint32_t, uint32_t);
uint64_t __aw_bfi_b64(uint64_t, uint64_t, uint32_t, uint32_t);
uint32_t __aw_bmsk_clamp_b32(uint32_t, uint32_t);
uint32_t __aw_bmsk_wrap_b32(uint32_t, uint32_t);
uint32_t __aw_szext_clamp_s32(uint32_t, uint32_t);
uint32_t __aw_szext_clamp_u32(uint32_t, uint32_t);
uint32_t __aw_szext_wrap_s32(uint32_t, uint32_t);
uint32_t __aw_szext_wrap_u32(uint32_t, uint32_t);
#define AW_DOT(types)                                          \
  uint32_t __aw_dp4a_##types(uint32_t, uint32_t, uint32_t);    \
  uint32_t __aw_dp2a_lo_##types(uint32_t, uint32_t, uint32_t); \
  uint32_t __aw_dp2a_hi_##types(uint32_t, uint32_t, uint32_t);
AW_DOT(s32_s32)
AW_DOT(s32_u32)
AW_DOT(u32_s32)
AW_DOT(u32_u32)
uint32_t __aw_prmt_b32(uint32_t, uint32_t, uint32_t);
uint32_t __aw_prmt_b32_f4e(uint32_t, uint32_t, uint32_t);
uint32_t __aw_prmt_b32_b4e(uint32_t, uint32_t, uint32_t);
uint32_t __aw_prmt_b32_rc8(uint32_t, uint32_t, uint32_t);
uint32_t __aw_prmt_b32_ecl(uint32_t, uint32_t, uint32_t);
uint32_t __aw_prmt_b32_ecr(uint32_t, uint32_t, uint32_t);
uint32_t __aw_prmt_b32_rc16(uint32_t, uint32_t, uint32_t);
}
