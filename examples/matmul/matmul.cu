// C = A * B. Each block computes a tile of C from tiles of A and B that its threads load into shared memory together, so that
// every value is read from global memory once for a whole row of threads. Each thread keeps 4 x 4 results in registers.
#include "../example.h"

#include <algorithm>
#include <cmath>
#include <random>

constexpr int tile = 64;   // of C, a block
constexpr int depth = 16;  // of A and B, at a time
constexpr int each = 4;    // results of a thread in each direction
constexpr int side = tile / each;

/// Requires: n is a multiple of `tile`. Matrices are stored row after row.
__global__ void matmul(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ c, int n) {
  __shared__ float a_tile[depth][tile], b_tile[depth][tile];
  int row = blockIdx.y * tile, column = blockIdx.x * tile;
  int thread = threadIdx.y * side + threadIdx.x;
  float sum[each][each] = {};
  for (int k = 0; k < n; k += depth) {
    for (int i = thread; i < tile * depth; i += side * side) {
      a_tile[i % depth][i / depth] = a[(row + i / depth) * n + k + i % depth];
      b_tile[i / tile][i % tile] = b[(k + i / tile) * n + column + i % tile];
    }
    __syncthreads();
    for (int kk = 0; kk < depth; kk++) {
      float x[each], y[each];
#pragma unroll
      for (int i = 0; i < each; i++) x[i] = a_tile[kk][threadIdx.y * each + i];
#pragma unroll
      for (int i = 0; i < each; i++) y[i] = b_tile[kk][threadIdx.x + i * side];
#pragma unroll
      for (int i = 0; i < each; i++)
#pragma unroll
        for (int j = 0; j < each; j++) sum[i][j] += x[i] * y[j];
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < each; i++)
#pragma unroll
    for (int j = 0; j < each; j++) c[(row + threadIdx.y * each + i) * n + column + threadIdx.x + j * side] = sum[i][j];
}

int main(int argc, char** argv) {
  example::Options options("Multiplies two square matrices, tile by tile in shared memory.", argc, argv);
  int n = (options.number("n", 1024, "rows and columns, rounded up to a multiple of 64", 1, 16384) + tile - 1) / tile * tile;
  int repeats = options.number("repeats", 5, "multiplications that are timed", 1, 10000);
  options.finish();

  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  size_t count = size_t(n) * n, bytes = count * sizeof(float);
  std::vector<float> a(count), b(count), c(count);
  for (float& value : a) value = uniform(random);
  for (float& value : b) value = uniform(random);
  float *da, *db, *dc;
  CHECK(cudaMalloc(&da, bytes));
  CHECK(cudaMalloc(&db, bytes));
  CHECK(cudaMalloc(&dc, bytes));
  CHECK(cudaMemcpy(da, a.data(), bytes, cudaMemcpyHostToDevice));
  CHECK(cudaMemcpy(db, b.data(), bytes, cudaMemcpyHostToDevice));

  dim3 grid(n / tile, n / tile), block(side, side);
  matmul<<<grid, block>>>(da, db, dc, n);  // the first launch compiles
  CHECK(cudaDeviceSynchronize());
  double best = 1e30;
  for (int i = 0; i < repeats; i++) {
    example::Clock clock;
    matmul<<<grid, block>>>(da, db, dc, n);
    CHECK(cudaDeviceSynchronize());
    best = std::min(best, clock.seconds());
    example::progress("matmul", double(i + 1) / repeats);
  }
  CHECK(cudaMemcpy(c.data(), dc, bytes, cudaMemcpyDeviceToHost));
  printf("%d x %d x %d in %.1f ms: %.1f GFLOP/s\n", n, n, n, best * 1e3, 2.0 * n * n * n / best * 1e-9);

  // Freivalds' check: A (B v) = C v for a random v, which a wrong C passes by chance only.
  std::vector<double> v(n), bv(n, 0), abv(n, 0), cv(n, 0);
  for (double& value : v) value = random() % 2 ? 1 : -1;
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) bv[i] += double(b[size_t(i) * n + j]) * v[j];
  double worst = 0;
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) {
      abv[i] += double(a[size_t(i) * n + j]) * bv[j];
      cv[i] += double(c[size_t(i) * n + j]) * v[j];
    }
    worst = std::max(worst, std::fabs(abv[i] - cv[i]));
  }
  for (float* memory : {da, db, dc}) CHECK(cudaFree(memory));
  // Each of the n results of a row is off by about sqrt(n) roundings, and the check adds up n of them.
  double bound = 4 * double(n) * 6e-8 * std::sqrt(double(n));
  printf("largest difference in A (B v) = C v: %.1e, of at most %.1e\n", worst, bound);
  return example::verdict(worst <= bound, "matmul");
}
