// make_cudaExtent and its like: the small structures of the copy functions, from their members.
#ifndef __DRIVER_FUNCTIONS_H__
#define __DRIVER_FUNCTIONS_H__

#include "builtin_types.h"
#include "crt/host_defines.h"

/* `p` is the number of bytes from one row to the next, `xsz` the bytes of a row that are used, `ysz` the rows. */
static __inline__ __host__ struct cudaPitchedPtr make_cudaPitchedPtr(void* d, size_t p, size_t xsz, size_t ysz) {
  struct cudaPitchedPtr pointer = {d, p, xsz, ysz};
  return pointer;
}

/* Elements when an array is involved, otherwise x is in bytes. */
static __inline__ __host__ struct cudaPos make_cudaPos(size_t x, size_t y, size_t z) {
  struct cudaPos position = {x, y, z};
  return position;
}

/* Elements when an array is involved, otherwise the width is in bytes. */
static __inline__ __host__ struct cudaExtent make_cudaExtent(size_t w, size_t h, size_t d) {
  struct cudaExtent extent = {w, h, d};
  return extent;
}

#endif
