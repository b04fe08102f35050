// The native side of the programs for matrix instructions: not a program that computes the same, but as many operations as fast as the
// processor has them, in its multiply-add instruction for the type. The result, for the checksum, is computed without hurry.
#pragma once

#include "tensor.h"

#include <immintrin.h>
#include <omp.h>

namespace tensor {

constexpr int kChains = 12;  // enough that none waits for another's result

inline __m512 multiply_add(__m512 sum, __m512 x, float) { return _mm512_fmadd_ps(x, x, sum); }
inline __m512d multiply_add(__m512d sum, __m512d x, double) { return _mm512_fmadd_pd(x, x, sum); }
#ifdef __AVX512BF16__
struct Pairs {};
inline __m512 multiply_add(__m512 sum, __m512 x, Pairs) {
  return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(x), reinterpret_cast<__m512bh>(x));
}
#endif
#ifdef __AVX512VNNI__
struct Bytes {};
inline __m512i multiply_add(__m512i sum, __m512i x, Bytes) { return _mm512_dpbusd_epi32(sum, x, x); }
#endif

/// Runs `operations` (a product and a sum are two) of which an instruction has `of_each`.
template <class Kind, class Vector>
void run_peak(double operations, double of_each, Vector x) {
  const long rounds = static_cast<long>(operations / of_each / kChains / omp_get_max_threads());
#pragma omp parallel
  {
    Vector sums[kChains];
    for (Vector& sum : sums) sum = x;
    for (long i = 0; i < rounds; i++) {
      for (Vector& sum : sums) sum = multiply_add(sum, x, Kind{});
      for (Vector& sum : sums) asm volatile("" : "+v"(sum));
    }
  }
}

inline double checksum_of_product() {
  const auto a = elements<float>(1, kSize, kSize), b = elements<float>(2, kSize, kSize);
  bench::Values<float> c(static_cast<size_t>(kSize) * kSize);
#pragma omp parallel for
  for (int i = 0; i < kSize; i++) {
    float* row = &c[static_cast<size_t>(i) * kSize];
    for (int j = 0; j < kSize; j++) row[j] = 0;
    for (int k = 0; k < kSize; k++)
      for (int j = 0; j < kSize; j++) row[j] += a[static_cast<size_t>(i) * kSize + k] * b[static_cast<size_t>(k) * kSize + j];
  }
  return bench::checksum(c);
}

inline double checksum_of_tiles() {
  bench::Values<float> c(static_cast<size_t>(kWarps) * kTile * kTile);
  for (int w = 0; w < kWarps; w++)
    for (int i = 0; i < kTile; i++)
      for (int j = 0; j < kTile; j++) {
        int sum = 0;
        for (int k = 0; k < kDepth; k++) sum += element(1, i, k) * element(2, k, j);
        c[(static_cast<size_t>(w) * kTile + i) * kTile + j] = static_cast<float>(sum * kRounds);
      }
  return bench::checksum(c);
}

constexpr double kOperationsOfProduct = 2.0 * kSize * kSize * kSize;
constexpr double kOperationsOfTiles = 2.0 * kTile * kTile * kDepth * kRounds * kWarps;

template <class Kind, class Vector>
int report_product(double of_each, Vector x) {
  const double seconds = bench::median(5, [&] { run_peak<Kind>(kOperationsOfProduct, of_each, x); });
  return bench::report(seconds, kOperationsOfProduct * 1e-9, "GFLOP", checksum_of_product());
}
template <class Kind, class Vector>
int report_tiles(double of_each, Vector x) {
  const double seconds = bench::median(5, [&] { run_peak<Kind>(kOperationsOfTiles, of_each, x); });
  return bench::report(seconds, kOperationsOfTiles * 1e-9, "GFLOP", checksum_of_tiles());
}

}  // namespace tensor
