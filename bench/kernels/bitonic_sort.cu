// Every step of the network is a launch.
#include "../device.h"

constexpr int n = 1 << 22;

__global__ void step(float* data, int j, int k) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, other = i ^ j;
  if (other <= i) return;
  float a = data[i], b = data[other];
  bool up = (i & k) == 0;
  if ((a > b) == up) {
    data[i] = b;
    data[other] = a;
  }
}

int main() {
  bench::Array<float> in(bench::numbers(n, 0, 1)), data(n);
  double seconds = bench::median(3, [&] {
    bench::check(cudaMemcpyAsync(data, in, n * sizeof(float), cudaMemcpyDeviceToDevice));
    for (int k = 2; k <= n; k *= 2)
      for (int j = k / 2; j > 0; j /= 2) step<<<n / 256, 256>>>(data, j, k);
    bench::finish();
  });
  return bench::report(seconds, n * 1e-6, "Melement", bench::checksum(data.host()));
}
