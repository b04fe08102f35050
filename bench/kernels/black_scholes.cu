#include "../device.h"
#include "black_scholes.h"

__global__ void black_scholes(const float* spot, const float* strike, const float* years, float* out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = price(spot[i], strike[i], years[i]);
}

int main() {
  bench::Array<float> spot(bench::numbers(n, 5, 30, 1)), strike(bench::numbers(n, 1, 100, 2)), years(bench::numbers(n, 0.25, 10, 3)),
      out(n);
  double seconds = bench::median(9, [&] {
    black_scholes<<<(n + 127) / 128, 128>>>(spot, strike, years, out);
    bench::finish();
  });
  return bench::report(seconds, n * 1e-6, "Moption", bench::checksum(out.host()));
}
