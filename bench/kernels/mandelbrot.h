#pragma once

#ifndef __CUDACC__
#define __host__
#define __device__
#endif

constexpr int width = 2048, height = 2048, most = 256;

__host__ __device__ inline int escape(int px, int py) {
  float cx = -2.2f + 3.2f / width * px, cy = -1.6f + 3.2f / height * py, x = 0, y = 0, x2 = 0, y2 = 0;
  int i = 0;
  for (; i < most && x2 + y2 <= 4; i++) {
    y = 2 * x * y + cy;
    x = x2 - y2 + cx;
    x2 = x * x;
    y2 = y * y;
  }
  return i;
}
