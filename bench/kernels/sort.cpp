// Threads sort parts, then merge pairs of them.
#include "../bench.h"

#include <omp.h>

#include <algorithm>

constexpr int n = 1 << 22;

int main() {
  auto in = bench::numbers(n, 0, 1), data = in, other = in;
  int parts = 1;
  while (parts < omp_get_max_threads()) parts *= 2;
  double seconds = bench::median(5, [&] {
    int size = n / parts;
#pragma omp parallel for schedule(dynamic)
    for (int part = 0; part < parts; part++) {
      std::copy_n(&in[part * size], size, &data[part * size]);
      std::sort(&data[part * size], &data[part * size] + size);
    }
    for (; size < n; size *= 2, data.swap(other)) {
      // Each pair's merge is shared by two threads: one takes the smaller half from the front, the other the larger half from the back.
#pragma omp parallel for schedule(dynamic)
      for (int half = 0; half < n / size; half++) {
        const float *a = &data[half / 2 * 2 * size], *b = a + size;
        float* to = &other[half / 2 * 2 * size];
        int i = half % 2 ? size - 1 : 0, j = i;
        if (half % 2 == 0)
          for (int at = 0; at < size; at++) to[at] = j >= size || (i < size && a[i] <= b[j]) ? a[i++] : b[j++];
        else
          for (int at = 2 * size; at-- > size;) to[at] = j < 0 || (i >= 0 && a[i] > b[j]) ? a[i--] : b[j--];
      }
    }
  });
  return bench::report(seconds, n * 1e-6, "Melement", bench::checksum(data));
}
