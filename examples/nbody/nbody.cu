// Gravity between n bodies, every pair of them, integrated by leapfrog. A block loads a tile of bodies into shared memory, and
// every thread adds up what the tile does to its own body. The total energy must stay what it was: its drift is the check.
#include "../example.h"

#include <cmath>
#include <random>

constexpr int tile = 256;
constexpr float softening2 = 0.05f * 0.05f;

__device__ float3 pull(float4 at, float4 other, float3 sum) {
  float dx = other.x - at.x, dy = other.y - at.y, dz = other.z - at.z;
  float distance2 = dx * dx + dy * dy + dz * dz + softening2;
  float inverse = rsqrtf(distance2);
  float strength = other.w * inverse * inverse * inverse;
  sum.x += dx * strength;
  sum.y += dy * strength;
  sum.z += dz * strength;
  return sum;
}

/// One step: positions (w: mass) -> next positions, velocities in place.
__global__ void step(const float4* positions, float4* next, float4* velocities, int n, float dt) {
  __shared__ float4 bodies[tile];
  int i = blockIdx.x * tile + threadIdx.x;
  float4 at = positions[i];
  float3 force = {0, 0, 0};
  for (int first = 0; first < n; first += tile) {
    bodies[threadIdx.x] = positions[first + threadIdx.x];
    __syncthreads();
#pragma unroll 8
    for (int j = 0; j < tile; j++) force = pull(at, bodies[j], force);
    __syncthreads();
  }
  float4 v = velocities[i];
  v.x += force.x * dt;
  v.y += force.y * dt;
  v.z += force.z * dt;
  velocities[i] = v;
  next[i] = make_float4(at.x + v.x * dt, at.y + v.y * dt, at.z + v.z * dt, at.w);
}

/// Each body's share of the energy: its kinetic energy and half of its potential.
__global__ void energy(const float4* positions, const float4* velocities, double* out, int n, float half_step) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  float4 at = positions[i], v = velocities[i];
  float3 force = {0, 0, 0};
  double potential = 0;
  for (int j = 0; j < n; j++) {
    float4 other = positions[j];
    force = pull(at, other, force);
    if (j == i) continue;
    float dx = other.x - at.x, dy = other.y - at.y, dz = other.z - at.z;
    potential -= other.w * rsqrtf(dx * dx + dy * dy + dz * dz + softening2);
  }
  // Leapfrog's velocities belong to half a step ago: bring them to the positions' time.
  float vx = v.x + force.x * half_step, vy = v.y + force.y * half_step, vz = v.z + force.z * half_step;
  out[i] = 0.5 * at.w * (vx * vx + vy * vy + vz * vz) + 0.5 * at.w * potential;
}

int main(int argc, char** argv) {
  example::Options options("Gravity between n bodies, every pair of them.", argc, argv);
  int n = (options.number("bodies", 4096, "number of bodies, rounded up to a multiple of 256", 1, 1 << 20) + tile - 1) / tile * tile;
  int steps = options.number("steps", 100, "time steps");
  options.finish();
  const float dt = 0.001f;

  // A cloud that spins: positions in a ball, velocities around the z axis.
  std::mt19937 random(7);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float4> positions(n), velocities(n);
  for (int i = 0; i < n; i++) {
    float4 p;
    do p = {uniform(random), uniform(random), uniform(random), 1.0f / n};
    while (p.x * p.x + p.y * p.y + p.z * p.z > 1);
    positions[i] = p;
    velocities[i] = {-0.7f * p.y, 0.7f * p.x, 0, 0};
  }
  float4 *from, *to, *v;
  double* shares;
  CHECK(cudaMalloc(&from, n * sizeof(float4)));
  CHECK(cudaMalloc(&to, n * sizeof(float4)));
  CHECK(cudaMalloc(&v, n * sizeof(float4)));
  CHECK(cudaMalloc(&shares, n * sizeof(double)));
  CHECK(cudaMemcpy(from, positions.data(), n * sizeof(float4), cudaMemcpyHostToDevice));
  CHECK(cudaMemcpy(v, velocities.data(), n * sizeof(float4), cudaMemcpyHostToDevice));

  auto total_energy = [&](float half_step) {
    energy<<<n / tile, tile>>>(from, v, shares, n, half_step);
    std::vector<double> host(n);
    CHECK(cudaMemcpy(host.data(), shares, n * sizeof(double), cudaMemcpyDeviceToHost));
    double sum = 0;
    for (double share : host) sum += share;
    return sum;
  };
  double before = total_energy(0);
  // Half a kick starts the leapfrog.
  step<<<n / tile, tile>>>(from, to, v, n, dt / 2);
  CHECK(cudaDeviceSynchronize());
  std::swap(from, to);

  example::Clock clock;
  for (int i = 0; i < steps; i++) {
    step<<<n / tile, tile>>>(from, to, v, n, dt);
    std::swap(from, to);
    if (i % 10 == 9) {
      CHECK(cudaDeviceSynchronize());
      example::progress("n-body", double(i + 1) / steps);
    }
  }
  CHECK(cudaDeviceSynchronize());
  double seconds = clock.seconds();
  double after = total_energy(dt / 2), drift = std::fabs((after - before) / before);
  example::progress("n-body", 1);

  double interactions = double(n) * n * steps;
  printf("%d bodies, %d steps in %.2f s: %.3f G interactions/s, %.1f GFLOP/s (20 a pair)\n", n, steps, seconds,
         interactions / seconds * 1e-9, 20 * interactions / seconds * 1e-9);
  printf("energy %.6f -> %.6f, drift %.2e\n", before, after, drift);
  CHECK(cudaFree(from));
  CHECK(cudaFree(to));
  CHECK(cudaFree(v));
  CHECK(cudaFree(shares));
  return example::verdict(drift < 0.02, "energy is kept within 2 %");
}
