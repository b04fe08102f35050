// What OpenMP needs for the like of launch.cu: a parallel region, and a million pieces of work that are handed out in batches.
#include "bench.h"

int main() {
  constexpr int regions = 10000, blocks = 1000000;
  bench::Values<int> out(blocks);
  printf("queued_launch %.2f us\n", bench::median(5,
                                                  [&] {
                                                    for (int i = 0; i < regions; i++) {
#pragma omp parallel for
                                                      for (int thread = 0; thread < 32; thread++) asm volatile("" ::: "memory");
                                                    }
                                                  }) *
                                        1e6 / regions);
  printf("block_of_32_threads %.3f ns\n", bench::median(9,
                                                        [&] {
#pragma omp parallel for schedule(dynamic, 64)
                                                          for (int block = 0; block < blocks; block++) {
                                                            out[block] = block;
                                                            asm volatile("" ::: "memory");
                                                          }
                                                        }) *
                                              1e9 / blocks);
}
