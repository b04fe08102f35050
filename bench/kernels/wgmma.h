// A matrix product by wgmma: a block of two warpgroups computes 128 x 128 elements of C from slabs of 128 bytes along k, which lie in
// shared memory in the 128-byte swizzle. B is stored by columns.
#pragma once

#include "gemm.h"

namespace tensor {

/// The descriptor of a matrix along k, in rows of 128 bytes.
__device__ inline uint64_t describe(const void* start) {
  const uint64_t address = (shared_address(start) & 0x3ffff) >> 4, leading = 1, stride = 1024 >> 4, swizzle_128 = 1;
  return address | leading << 16 | stride << 32 | swizzle_128 << 62;
}

#define SUMS_8(s, i) \
  "+f"(s[i]), "+f"(s[i + 1]), "+f"(s[i + 2]), "+f"(s[i + 3]), "+f"(s[i + 4]), "+f"(s[i + 5]), "+f"(s[i + 6]), "+f"(s[i + 7])
#define WGMMA(type)                                                                                                                 \
  asm volatile(                                                                                                                     \
      "{.reg .pred p;\nsetp.ne.b32 p, %66, 0;\n"                                                                                    \
      "wgmma.mma_async.sync.aligned.m64n128k16.f32." type "." type                                                                  \
      " {%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,"                \
      "%29,%30,%31,%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,"                \
      "%56,%57,%58,%59,%60,%61,%62,%63}, %64, %65, p, 1, 1, 0, 0;}"                                                                 \
      : SUMS_8(sums, 0), SUMS_8(sums, 8), SUMS_8(sums, 16), SUMS_8(sums, 24), SUMS_8(sums, 32), SUMS_8(sums, 40), SUMS_8(sums, 48), \
        SUMS_8(sums, 56)                                                                                                            \
      : "l"(a), "l"(b), "r"(adds))

__device__ inline void multiply_warpgroup(float (&sums)[64], uint64_t a, uint64_t b, int adds, __half) { WGMMA("f16"); }
__device__ inline void multiply_warpgroup(float (&sums)[64], uint64_t a, uint64_t b, int adds, __nv_bfloat16) { WGMMA("bf16"); }

template <class T>
__global__ void __launch_bounds__(kThreads) multiply_wgmma(const T* a, const T* b, float* c) {
  constexpr int block = 128, slab = 64;
  __shared__ alignas(1024) T of_a[block * slab];
  __shared__ alignas(1024) T of_b[block * slab];
  const int group = threadIdx.x / 128, warp = threadIdx.x / 32 % 4, lane = threadIdx.x % 32;
  const int first_row = blockIdx.y * block, first_column = blockIdx.x * block;
  float sums[64];
  for (int at = 0; at < kSize; at += slab) {
#pragma unroll
    for (int i = threadIdx.x; i < block * 8; i += kThreads) {
      const int row = i / 8, chunk = i % 8, to = row * slab + (chunk ^ row % 8) * 8;
      *reinterpret_cast<uint4*>(of_a + to) = *reinterpret_cast<const uint4*>(a + (first_row + row) * kSize + at + chunk * 8);
      *reinterpret_cast<uint4*>(of_b + to) = *reinterpret_cast<const uint4*>(b + (first_column + row) * kSize + at + chunk * 8);
    }
    asm volatile("fence.proxy.async;" ::: "memory");
    __syncthreads();
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
    for (int depth = 0; depth < slab; depth += 16)
      multiply_warpgroup(sums, describe(of_a + group * 64 * slab + depth), describe(of_b + depth), at + depth != 0, T{});
    asm volatile("wgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;" ::: "memory");
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < 32; i++) {
    const int row = group * 64 + warp * 16 + lane / 4 + i % 2 * 8, column = i / 2 * 8 + lane % 4 * 2;
    const float2 pair = {sums[2 * i], sums[2 * i + 1]};
    *reinterpret_cast<float2*>(c + (first_row + row) * kSize + first_column + column) = pair;
  }
}

}  // namespace tensor
