#include "../device.h"

#include <cmath>

constexpr int n = 16384, tile = 256;

__global__ void forces(const float4* bodies, float4* out) {
  __shared__ float4 near[tile];
  int i = blockIdx.x * tile + threadIdx.x;
  float4 at = bodies[i];
  float x = 0, y = 0, z = 0;
  for (int first = 0; first < n; first += tile) {
    near[threadIdx.x] = bodies[first + threadIdx.x];
    __syncthreads();
    for (int j = 0; j < tile; j++) {
      float dx = near[j].x - at.x, dy = near[j].y - at.y, dz = near[j].z - at.z;
      float inverse = rsqrtf(dx * dx + dy * dy + dz * dz + 0.01f);
      float strength = near[j].w * inverse * inverse * inverse;
      x += dx * strength;
      y += dy * strength;
      z += dz * strength;
    }
    __syncthreads();
  }
  out[i] = make_float4(x, y, z, 0);
}

int main() {
  auto values = bench::numbers(4 * n, -1, 1);
  std::vector<float4> bodies(n);
  for (int i = 0; i < n; i++) bodies[i] = make_float4(values[4 * i], values[4 * i + 1], values[4 * i + 2], 1.0f / n);
  bench::Array<float4> in(bodies), out(n);
  double seconds = bench::median(5, [&] {
    forces<<<n / tile, tile>>>(in, out);
    bench::finish();
  });
  double sum = 0;
  for (float4 force : out.host()) sum += std::abs(force.x) + std::abs(force.y) + std::abs(force.z);
  return bench::report(seconds, double(n) * n * 1e-9, "Gpair", sum);
}
