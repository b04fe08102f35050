#include "mandelbrot.h"
#include "../bench.h"

int main() {
  std::vector<int> out(size_t(width) * height);
  double seconds = bench::median(3, [&] {
#pragma omp parallel for schedule(dynamic, 4)
    for (int y = 0; y < height; y++)
      for (int x = 0; x < width; x++) out[y * width + x] = escape(x, y);
  });
  return bench::report(seconds, width * height * 1e-6, "Mpixel", bench::checksum(out));
}
