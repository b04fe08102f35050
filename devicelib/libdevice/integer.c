// Integers, bits, and numbers as bits.
#include "nvvm.h"

PURE int __nv_abs(int a) { return a < 0 ? (int)-(u32)a : a; }
PURE long long __nv_llabs(long long a) { return a < 0 ? (long long)-(u64)a : a; }
PURE int __nv_min(int a, int b) { return a < b ? a : b; }
PURE int __nv_max(int a, int b) { return a > b ? a : b; }
PURE unsigned __nv_umin(unsigned a, unsigned b) { return a < b ? a : b; }
PURE unsigned __nv_umax(unsigned a, unsigned b) { return a > b ? a : b; }
PURE long long __nv_llmin(long long a, long long b) { return a < b ? a : b; }
PURE long long __nv_llmax(long long a, long long b) { return a > b ? a : b; }
PURE unsigned long long __nv_ullmin(unsigned long long a, unsigned long long b) { return a < b ? a : b; }
PURE unsigned long long __nv_ullmax(unsigned long long a, unsigned long long b) { return a > b ? a : b; }

PURE int __nv_brev(int a) { return (int)__builtin_bitreverse32((u32)a); }
PURE long long __nv_brevll(long long a) { return (long long)__builtin_bitreverse64((u64)a); }
PURE int __nv_clz(int a) { return __builtin_clzg((u32)a, 32); }
PURE int __nv_clzll(long long a) { return __builtin_clzg((u64)a, 64); }
PURE int __nv_ffs(int a) { return __builtin_ffs(a); }
PURE int __nv_ffsll(long long a) { return __builtin_ffsll(a); }
PURE int __nv_popc(unsigned a) { return __builtin_popcount(a); }
PURE int __nv_popcll(unsigned long long a) { return __builtin_popcountll(a); }
// Three bits of each selector count, as CUDA says; prmt itself looks at a fourth.
PURE int __nv_byte_perm(int a, int b, int c) { return NVVM(prmt)(a, b, c & 0x7777); }

// Averages without overflow: what both have, and half of what only one has.
PURE int __nv_hadd(int a, int b) { return (a & b) + ((a ^ b) >> 1); }
PURE int __nv_rhadd(int a, int b) { return (a | b) - ((a ^ b) >> 1); }
PURE int __nv_uhadd(unsigned a, unsigned b) { return (int)((a & b) + ((a ^ b) >> 1)); }
PURE unsigned __nv_urhadd(unsigned a, unsigned b) { return (a | b) - ((a ^ b) >> 1); }

PURE int __nv_mul24(int a, int b) { return (int)((u32)((s32)((u32)a << 8) >> 8) * (u32)((s32)((u32)b << 8) >> 8)); }
PURE unsigned __nv_umul24(unsigned a, unsigned b) { return (a & 0xffffff) * (b & 0xffffff); }
PURE int __nv_mulhi(int a, int b) { return (int)((s64)a * b >> 32); }
PURE unsigned __nv_umulhi(unsigned a, unsigned b) { return (u32)((u64)a * b >> 32); }
PURE long long __nv_mul64hi(long long a, long long b) { return NVVM(mulhi_ll)(a, b); }
PURE unsigned long long __nv_umul64hi(unsigned long long a, unsigned long long b) { return (u64)NVVM(mulhi_ull)(a, b); }
PURE int __nv_sad(int a, int b, int c) { return (int)((a > b ? (u32)a - (u32)b : (u32)b - (u32)a) + (u32)c); }
PURE unsigned __nv_usad(unsigned a, unsigned b, unsigned c) { return (a > b ? a - b : b - a) + c; }

PURE int __nv_float_as_int(float a) { return (int)bits_f32(a); }
PURE unsigned __nv_float_as_uint(float a) { return bits_f32(a); }
PURE float __nv_int_as_float(int a) { return float_of((u32)a); }
PURE float __nv_uint_as_float(unsigned a) { return float_of(a); }
PURE unsigned long long __nv_double_as_longlong(double a) { return bits_f64(a); }
PURE double __nv_longlong_as_double(long long a) { return double_of((u64)a); }
PURE int __nv_double2hiint(double a) { return (int)(bits_f64(a) >> 32); }
PURE int __nv_double2loint(double a) { return (int)bits_f64(a); }
PURE double __nv_hiloint2double(int high, int low) { return double_of((u64)(u32)high << 32 | (u32)low); }

PURE int __nv_signbitf(float a) { return (int)(bits_f32(a) >> 31); }
PURE int __nv_signbitd(double a) { return (int)(bits_f64(a) >> 63); }
PURE int __nv_isnanf(float a) { return a != a; }
PURE int __nv_isnand(double a) { return a != a; }
PURE int __nv_isinff(float a) { return abs_f32(a) == __builtin_inff(); }
PURE int __nv_isinfd(double a) { return abs_f64(a) == __builtin_inf(); }
PURE int __nv_finitef(float a) { return abs_f32(a) < __builtin_inff(); }
PURE int __nv_isfinited(double a) { return abs_f64(a) < __builtin_inf(); }
