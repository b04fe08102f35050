// nvcuda::wmma: products of small matrices whose elements are spread over the lanes of a warp, by clang's wmma builtins. Types: half,
// bfloat16, tf32, double, 8-bit integers.
#ifndef ANYWARP_MMA_H
#define ANYWARP_MMA_H

#if defined(__CUDA__) && defined(__cplusplus)

#include "crt/attributes.h"
#include "cuda_bf16.h"
#include "cuda_fp16.h"

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 700

namespace nvcuda {
namespace wmma {

struct matrix_a;
struct matrix_b;
struct accumulator;
struct row_major;
struct col_major;
enum layout_t { mem_row_major, mem_col_major };
namespace precision {
struct tf32;
}

template <class Use, int M, int N, int K, class T, class Layout = void>
class fragment;

namespace detail {
template <class T, int Count>
struct alignas(8) fragment_base {
  enum { num_elements = Count, num_storage_elements = Count };
  typedef T element_type;
  typedef T storage_element_type;
  T x[Count];
};
template <class Layout>
struct column {
  static constexpr int value = 1;
};
template <>
struct column<row_major> {
  static constexpr int value = 0;
};
}  // namespace detail

template <class T, int Count, class Value>
AW_DEVICE_INLINE void fill_with(detail::fragment_base<T, Count>& fragment, const Value& value) {
#pragma unroll
  for (int i = 0; i < Count; ++i) fragment.x[i] = value;  // a fragment stays in registers where nothing indexes it
}
template <class Use, int M, int N, int K, class T, class Layout, class Value>
AW_DEVICE_INLINE void fill_fragment(fragment<Use, M, N, K, T, Layout>& fragment, const Value& value) {
  fill_with(fragment, value);
}

/// Rounds to the 10 bits of fraction of tf32.
AW_DEVICE_INLINE float __float_to_tf32(float value) {
  unsigned result;
  __asm__("cvt.rna.tf32.f32 %0, %1;" : "=r"(result) : "f"(value));
  return __builtin_bit_cast(float, result);
}

// A factor: `count` elements a lane, loaded by `load` as words.
#define AW_FACTOR(use, m, n, k, type, element, count, load, word)                                                               \
  template <class Layout>                                                                                                       \
  class fragment<use, m, n, k, type, Layout> : public detail::fragment_base<element, count> {};                                 \
  template <class Layout>                                                                                                       \
  AW_DEVICE_INLINE void load_matrix_sync(fragment<use, m, n, k, type, Layout>& a, const element* p, unsigned stride) {          \
    load((word*)a.x, (const word*)p, stride, detail::column<Layout>::value);                                                    \
  }
// A sum: loaded and stored in a layout that is known at run time.
#define AW_SUM(m, n, k, type, count, load, store, word)                                                                         \
  template <>                                                                                                                   \
  class fragment<accumulator, m, n, k, type> : public detail::fragment_base<type, count> {};                                    \
  AW_DEVICE_INLINE void load_matrix_sync(fragment<accumulator, m, n, k, type>& a, const type* p, unsigned stride,               \
                                         layout_t layout) {                                                                     \
    if (layout == mem_row_major)                                                                                                \
      load((word*)a.x, (const word*)p, stride, 0);                                                                              \
    else                                                                                                                        \
      load((word*)a.x, (const word*)p, stride, 1);                                                                              \
  }                                                                                                                             \
  AW_DEVICE_INLINE void store_matrix_sync(type* p, const fragment<accumulator, m, n, k, type>& a, unsigned stride,              \
                                          layout_t layout) {                                                                    \
    if (layout == mem_row_major)                                                                                                \
      store((word*)p, (const word*)a.x, stride, 0);                                                                             \
    else                                                                                                                        \
      store((word*)p, (const word*)a.x, stride, 1);                                                                             \
  }
// d = a b + c. The number of the layouts is row-row 0, row-column 1, column-row 2, column-column 3.
#define AW_PRODUCT(m, n, k, type, sum, addend, multiply, word, sum_word, addend_word)                                           \
  template <class A, class B>                                                                                                   \
  AW_DEVICE_INLINE void mma_sync(fragment<accumulator, m, n, k, sum>& d, const fragment<matrix_a, m, n, k, type, A>& a,         \
                                 const fragment<matrix_b, m, n, k, type, B>& b,                                                 \
                                 const fragment<accumulator, m, n, k, addend>& c, bool saturate = false) {                      \
    constexpr int layouts = detail::column<A>::value * 2 + detail::column<B>::value;                                            \
    (void)saturate;                                                                                                             \
    multiply((sum_word*)d.x, (const word*)a.x, (const word*)b.x, (const addend_word*)c.x, layouts, 0);                          \
  }

#define AW_HALF(m, n, k, shape)                                                                                  \
  AW_FACTOR(matrix_a, m, n, k, __half, __half, 16, __hmma_##shape##_ld_a, int)                                   \
  AW_FACTOR(matrix_b, m, n, k, __half, __half, 16, __hmma_##shape##_ld_b, int)                                   \
  AW_SUM(m, n, k, __half, 8, __hmma_##shape##_ld_c_f16, __hmma_##shape##_st_c_f16, int)                          \
  AW_SUM(m, n, k, float, 8, __hmma_##shape##_ld_c_f32, __hmma_##shape##_st_c_f32, float)                         \
  AW_PRODUCT(m, n, k, __half, __half, __half, __hmma_##shape##_mma_f16f16, int, int, int)                        \
  AW_PRODUCT(m, n, k, __half, float, __half, __hmma_##shape##_mma_f32f16, int, float, int)                       \
  AW_PRODUCT(m, n, k, __half, float, float, __hmma_##shape##_mma_f32f32, int, float, float)                      \
  AW_PRODUCT(m, n, k, __half, __half, float, __hmma_##shape##_mma_f16f32, int, int, float)
AW_HALF(16, 16, 16, m16n16k16)
AW_HALF(32, 8, 16, m32n8k16)
AW_HALF(8, 32, 16, m8n32k16)
#undef AW_HALF

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 720
#define AW_BYTES(m, n, k, shape, a_count, b_count)                                                               \
  AW_FACTOR(matrix_a, m, n, k, signed char, signed char, a_count, __imma_##shape##_ld_a_s8, int)                 \
  AW_FACTOR(matrix_b, m, n, k, signed char, signed char, b_count, __imma_##shape##_ld_b_s8, int)                 \
  AW_FACTOR(matrix_a, m, n, k, unsigned char, unsigned char, a_count, __imma_##shape##_ld_a_u8, int)             \
  AW_FACTOR(matrix_b, m, n, k, unsigned char, unsigned char, b_count, __imma_##shape##_ld_b_u8, int)             \
  AW_SUM(m, n, k, int, 8, __imma_##shape##_ld_c, __imma_##shape##_st_c_i32, int)                                 \
  AW_PRODUCT(m, n, k, signed char, int, int, __imma_##shape##_mma_s8, int, int, int)                             \
  AW_PRODUCT(m, n, k, unsigned char, int, int, __imma_##shape##_mma_u8, int, int, int)
AW_BYTES(16, 16, 16, m16n16k16, 8, 8)
AW_BYTES(32, 8, 16, m32n8k16, 16, 4)
AW_BYTES(8, 32, 16, m8n32k16, 4, 16)
#undef AW_BYTES
#endif

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
#define AW_BFLOAT(m, n, k, shape, a_count, b_count)                                                              \
  AW_FACTOR(matrix_a, m, n, k, __nv_bfloat16, __nv_bfloat16, a_count, __mma_bf16_##shape##_ld_a, int)            \
  AW_FACTOR(matrix_b, m, n, k, __nv_bfloat16, __nv_bfloat16, b_count, __mma_bf16_##shape##_ld_b, int)            \
  AW_PRODUCT(m, n, k, __nv_bfloat16, float, float, __mma_bf16_##shape##_mma_f32, int, float, float)
AW_BFLOAT(16, 16, 16, m16n16k16, 8, 8)
AW_BFLOAT(32, 8, 16, m32n8k16, 16, 4)
AW_BFLOAT(8, 32, 16, m8n32k16, 4, 16)
#undef AW_BFLOAT

AW_FACTOR(matrix_a, 16, 16, 8, precision::tf32, float, 4, __mma_tf32_m16n16k8_ld_a, int)
AW_FACTOR(matrix_b, 16, 16, 8, precision::tf32, float, 4, __mma_tf32_m16n16k8_ld_b, int)
AW_SUM(16, 16, 8, float, 8, __mma_tf32_m16n16k8_ld_c, __mma_m16n16k8_st_c_f32, float)
AW_PRODUCT(16, 16, 8, precision::tf32, float, float, __mma_tf32_m16n16k8_mma_f32, int, float, float)

AW_FACTOR(matrix_a, 8, 8, 4, double, double, 1, __dmma_m8n8k4_ld_a, double)
AW_FACTOR(matrix_b, 8, 8, 4, double, double, 1, __dmma_m8n8k4_ld_b, double)
AW_SUM(8, 8, 4, double, 2, __dmma_m8n8k4_ld_c, __dmma_m8n8k4_st_c_f64, double)
AW_PRODUCT(8, 8, 4, double, double, double, __dmma_m8n8k4_mma_f64, double, double, double)
#endif

#undef AW_FACTOR
#undef AW_SUM
#undef AW_PRODUCT

}  // namespace wmma
}  // namespace nvcuda

#endif
#endif
#endif
