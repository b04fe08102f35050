// Every thread adds up its part; then it scans the part, from the sum of the parts before it.
#include "../bench.h"

#include <omp.h>

constexpr int n = 1 << 26;

int main() {
  auto in = bench::ones(n);
  bench::Values<float> out(n);
  std::vector<float> sums(omp_get_max_threads());
  double seconds = bench::median(5, [&] {
#pragma omp parallel
    {
      int thread = omp_get_thread_num(), threads = omp_get_num_threads();
      int first = int(int64_t(n) * thread / threads), last = int(int64_t(n) * (thread + 1) / threads);
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int i = first; i < last; i++) sum += in[i];
      sums[thread] = sum;
#pragma omp barrier
      sum = 0;
      for (int i = 0; i < thread; i++) sum += sums[i];
      for (int i = first; i < last; i++) {
        out[i] = sum;
        sum += in[i];
      }
    }
  });
  return bench::report(seconds, 2.0 * sizeof(float) * n * 1e-9, "GB", bench::checksum(out));
}
