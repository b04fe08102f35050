// Filling memory with a byte. A box is filled row by row through its slices, or in one go if its slices lie close together.

#include "entry_points.h"
#include "runtime/enter.h"

namespace anywarp::runtime::api {
namespace {

CUdeviceptr address(const void* pointer) { return reinterpret_cast<CUdeviceptr>(pointer); }

template <class FillRows>
cudaError_t fill_box(cudaPitchedPtr box, cudaExtent extent, const FillRows& fill) {
  if (extent.width == 0 || extent.height == 0 || extent.depth == 0) return cudaSuccess;
  if (extent.height > box.ysize && extent.depth > 1) return cudaErrorInvalidValue;
  if (extent.width > box.pitch) return cudaErrorInvalidPitchValue;
  if (extent.height == box.ysize || extent.depth == 1) return fill(box.ptr, extent.height * extent.depth);
  for (size_t slice = 0; slice < extent.depth; ++slice) {
    if (const cudaError_t error = fill(static_cast<char*>(box.ptr) + slice * box.pitch * box.ysize, extent.height)) return error;
  }
  return cudaSuccess;
}

}  // namespace

cudaError_t cudaMemset(void* devPtr, int value, size_t count, bool per_thread) {
  if (count == 0) return cudaSuccess;
  const auto fill = per_thread ? driver().cuMemsetD8_v2_ptds : driver().cuMemsetD8_v2;
  return to_error(fill(address(devPtr), static_cast<unsigned char>(value), count));
}

cudaError_t cudaMemsetAsync(void* devPtr, int value, size_t count, cudaStream_t stream) {
  if (count == 0) return cudaSuccess;
  return to_error(driver().cuMemsetD8Async(address(devPtr), static_cast<unsigned char>(value), count, stream));
}

cudaError_t cudaMemset2D(void* devPtr, size_t pitch, int value, size_t width, size_t height, bool per_thread) {
  if (width == 0 || height == 0) return cudaSuccess;
  if (width > pitch && height > 1) return cudaErrorInvalidPitchValue;
  const auto fill = per_thread ? driver().cuMemsetD2D8_v2_ptds : driver().cuMemsetD2D8_v2;
  return to_error(fill(address(devPtr), pitch, static_cast<unsigned char>(value), width, height));
}

cudaError_t cudaMemset2DAsync(void* devPtr, size_t pitch, int value, size_t width, size_t height, cudaStream_t stream) {
  if (width == 0 || height == 0) return cudaSuccess;
  if (width > pitch && height > 1) return cudaErrorInvalidPitchValue;
  return to_error(driver().cuMemsetD2D8Async(address(devPtr), pitch, static_cast<unsigned char>(value), width, height, stream));
}

cudaError_t cudaMemset3D(struct cudaPitchedPtr pitchedDevPtr, int value, struct cudaExtent extent, bool per_thread) {
  return fill_box(pitchedDevPtr, extent,
                  [&](void* at, size_t rows) { return api::cudaMemset2D(at, pitchedDevPtr.pitch, value, extent.width, rows, per_thread); });
}

cudaError_t cudaMemset3DAsync(struct cudaPitchedPtr pitchedDevPtr, int value, struct cudaExtent extent, cudaStream_t stream) {
  return fill_box(pitchedDevPtr, extent, [&](void* at, size_t rows) {
    return api::cudaMemset2DAsync(at, pitchedDevPtr.pitch, value, extent.width, rows, stream);
  });
}

}  // namespace anywarp::runtime::api
