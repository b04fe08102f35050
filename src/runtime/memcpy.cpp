// Copies. The runtime says in which direction a copy goes; the driver has an entry point, or a memory type for each side, for each
// direction. Copies of rows and boxes become the driver's CUDA_MEMCPY3D, in which every size along x is in bytes, where the runtime
// counts elements as soon as an array takes part.

#include "runtime/memcpy.h"

#include <string.h>

#include "entry_points.h"
#include "runtime/array.h"
#include "runtime/enter.h"

namespace anywarp::runtime {
namespace api {
namespace {

struct Sides {
  CUmemorytype source;
  CUmemorytype target;
};

bool sides_of(cudaMemcpyKind kind, Sides& sides) {
  switch (kind) {
    case cudaMemcpyHostToHost: sides = {CU_MEMORYTYPE_HOST, CU_MEMORYTYPE_HOST}; return true;
    case cudaMemcpyHostToDevice: sides = {CU_MEMORYTYPE_HOST, CU_MEMORYTYPE_DEVICE}; return true;
    case cudaMemcpyDeviceToHost: sides = {CU_MEMORYTYPE_DEVICE, CU_MEMORYTYPE_HOST}; return true;
    case cudaMemcpyDeviceToDevice: sides = {CU_MEMORYTYPE_DEVICE, CU_MEMORYTYPE_DEVICE}; return true;
    case cudaMemcpyDefault: sides = {CU_MEMORYTYPE_UNIFIED, CU_MEMORYTYPE_UNIFIED}; return true;
  }
  return false;
}

CUdeviceptr address(const void* pointer) { return reinterpret_cast<CUdeviceptr>(pointer); }

/// A structure of the driver's with nothing set.
template <class Copy>
Copy zeroed() {
  Copy copy;
  memset(&copy, 0, sizeof copy);
  return copy;
}

/// One side of a copy in the driver's form. `Copy` is any of its structures.
template <class Copy>
void set_source(Copy& copy, CUmemorytype type, const void* pointer, size_t pitch) {
  copy.srcMemoryType = type;
  copy.srcPitch = pitch;
  if (type == CU_MEMORYTYPE_HOST) {
    copy.srcHost = pointer;
  } else {
    copy.srcDevice = address(pointer);
  }
}

template <class Copy>
void set_target(Copy& copy, CUmemorytype type, void* pointer, size_t pitch) {
  copy.dstMemoryType = type;
  copy.dstPitch = pitch;
  if (type == CU_MEMORYTYPE_HOST) {
    copy.dstHost = pointer;
  } else {
    copy.dstDevice = address(pointer);
  }
}

template <class Copy>
void set_source(Copy& copy, cudaArray_const_t array) {
  copy.srcMemoryType = CU_MEMORYTYPE_ARRAY;
  copy.srcArray = handle_of(array);
}

template <class Copy>
void set_target(Copy& copy, cudaArray_t array) {
  copy.dstMemoryType = CU_MEMORYTYPE_ARRAY;
  copy.dstArray = handle_of(array);
}

/// How a copy is issued: at once, in the legacy or the per-thread default stream, or in the order of a stream.
class Issue {
 public:
  static Issue now(bool per_thread) { return Issue(false, per_thread, nullptr); }
  static Issue in(cudaStream_t stream) { return Issue(true, false, stream); }

  CUresult operator()(const CUDA_MEMCPY2D& copy) const {
    if (asynchronous_) return driver().cuMemcpy2DAsync_v2(&copy, stream_);
    return per_thread_ ? driver().cuMemcpy2DUnaligned_v2_ptds(&copy) : driver().cuMemcpy2DUnaligned_v2(&copy);
  }
  CUresult operator()(const CUDA_MEMCPY3D& copy) const {
    if (asynchronous_) return driver().cuMemcpy3DAsync_v2(&copy, stream_);
    return per_thread_ ? driver().cuMemcpy3D_v2_ptds(&copy) : driver().cuMemcpy3D_v2(&copy);
  }
  CUresult operator()(const CUDA_MEMCPY3D_PEER& copy) const {
    if (asynchronous_) return driver().cuMemcpy3DPeerAsync(&copy, stream_);
    return per_thread_ ? driver().cuMemcpy3DPeer_ptds(&copy) : driver().cuMemcpy3DPeer(&copy);
  }

 private:
  Issue(bool asynchronous, bool per_thread, cudaStream_t stream) : asynchronous_(asynchronous), per_thread_(per_thread), stream_(stream) {}

  bool asynchronous_;
  bool per_thread_;
  cudaStream_t stream_;
};

cudaError_t copy_rows(void* dst, size_t dpitch, const void* src, size_t spitch, size_t width, size_t height, cudaMemcpyKind kind,
                      Issue issue) {
  Sides sides;
  if (!sides_of(kind, sides)) return cudaErrorInvalidMemcpyDirection;
  if (width == 0 || height == 0) return cudaSuccess;
  if (width > dpitch || width > spitch) return cudaErrorInvalidPitchValue;
  auto copy = zeroed<CUDA_MEMCPY2D>();
  set_source(copy, sides.source, src, spitch);
  set_target(copy, sides.target, dst, dpitch);
  copy.WidthInBytes = width;
  copy.Height = height;
  return to_error(issue(copy));
}

/// An array is device memory, so a kind that calls that side the host's is wrong.
cudaError_t copy_to_array(cudaArray_t dst, size_t x, size_t y, const void* src, size_t spitch, size_t width, size_t height,
                          cudaMemcpyKind kind, Issue issue) {
  Sides sides;
  if (!sides_of(kind, sides) || sides.target == CU_MEMORYTYPE_HOST) return cudaErrorInvalidMemcpyDirection;
  if (width == 0 || height == 0) return cudaSuccess;
  if (width > spitch && height > 1) return cudaErrorInvalidPitchValue;
  auto copy = zeroed<CUDA_MEMCPY2D>();
  set_source(copy, sides.source, src, spitch);
  set_target(copy, dst);
  copy.dstXInBytes = x;
  copy.dstY = y;
  copy.WidthInBytes = width;
  copy.Height = height;
  return to_error(issue(copy));
}

cudaError_t copy_from_array(void* dst, size_t dpitch, cudaArray_const_t src, size_t x, size_t y, size_t width, size_t height,
                            cudaMemcpyKind kind, Issue issue) {
  Sides sides;
  if (!sides_of(kind, sides) || sides.source == CU_MEMORYTYPE_HOST) return cudaErrorInvalidMemcpyDirection;
  if (width == 0 || height == 0) return cudaSuccess;
  if (width > dpitch && height > 1) return cudaErrorInvalidPitchValue;
  auto copy = zeroed<CUDA_MEMCPY2D>();
  set_source(copy, src);
  set_target(copy, sides.target, dst, dpitch);
  copy.srcXInBytes = x;
  copy.srcY = y;
  copy.WidthInBytes = width;
  copy.Height = height;
  return to_error(issue(copy));
}

cudaError_t copy_between_arrays(cudaArray_t dst, size_t dst_x, size_t dst_y, cudaArray_const_t src, size_t src_x, size_t src_y,
                                size_t width, size_t height, cudaMemcpyKind kind, Issue issue) {
  if (kind != cudaMemcpyDeviceToDevice && kind != cudaMemcpyDefault) return cudaErrorInvalidMemcpyDirection;
  if (width == 0 || height == 0) return cudaSuccess;
  auto copy = zeroed<CUDA_MEMCPY2D>();
  set_source(copy, src);
  set_target(copy, dst);
  copy.srcXInBytes = src_x;
  copy.srcY = src_y;
  copy.dstXInBytes = dst_x;
  copy.dstY = dst_y;
  copy.WidthInBytes = width;
  copy.Height = height;
  return to_error(issue(copy));
}

cudaError_t row_bytes(cudaArray_const_t array, size_t& bytes) {
  CUDA_ARRAY3D_DESCRIPTOR descriptor;
  if (const CUresult result = driver().cuArray3DGetDescriptor_v2(&descriptor, handle_of(array))) return to_error(result);
  bytes = descriptor.Width * element_bytes(descriptor.Format, descriptor.NumChannels);
  return bytes > 0 ? cudaSuccess : cudaErrorInvalidValue;
}

/// Takes `count` bytes that run on from row to row of an array apart: the rest of the first row, whole rows, the begin of the last.
/// `copy(x, y, offset, width, height)` copies `height` rows of `width` bytes, `offset` bytes into the linear memory.
template <class Copy>
cudaError_t by_rows(size_t row, size_t x, size_t y, size_t count, const Copy& copy) {
  size_t offset = 0;
  if (x >= row) return cudaErrorInvalidValue;
  if (x > 0) {
    const size_t width = count < row - x ? count : row - x;
    if (const cudaError_t error = copy(x, y, offset, width, size_t{1})) return error;
    offset += width;
    ++y;
  }
  const size_t rows = (count - offset) / row;
  if (rows > 0) {
    if (const cudaError_t error = copy(size_t{0}, y, offset, row, rows)) return error;
    offset += rows * row;
    y += rows;
  }
  return offset < count ? copy(size_t{0}, y, offset, count - offset, size_t{1}) : cudaSuccess;
}

cudaError_t copy_linear_to_array(cudaArray_t dst, size_t x, size_t y, const void* src, size_t count, cudaMemcpyKind kind, Issue issue) {
  size_t row = 0;
  if (const cudaError_t error = row_bytes(dst, row)) return error;
  return by_rows(row, x, y, count, [&](size_t at_x, size_t at_y, size_t offset, size_t width, size_t height) {
    return copy_to_array(dst, at_x, at_y, static_cast<const char*>(src) + offset, width, width, height, kind, issue);
  });
}

cudaError_t copy_linear_from_array(void* dst, cudaArray_const_t src, size_t x, size_t y, size_t count, cudaMemcpyKind kind, Issue issue) {
  size_t row = 0;
  if (const cudaError_t error = row_bytes(src, row)) return error;
  return by_rows(row, x, y, count, [&](size_t at_x, size_t at_y, size_t offset, size_t width, size_t height) {
    return copy_from_array(static_cast<char*>(dst) + offset, width, src, at_x, at_y, width, height, kind, issue);
  });
}

/// The box of a 3D copy, of either structure of the runtime's, into either of the driver's. `unit` is what a width counts in.
template <class From, class To>
cudaError_t set_box(const From& from, To& to, CUmemorytype source, CUmemorytype target) {
  if ((from.srcArray != nullptr) == (from.srcPtr.ptr != nullptr) || (from.dstArray != nullptr) == (from.dstPtr.ptr != nullptr)) {
    return cudaErrorInvalidValue;  // each side is an array or a pointer
  }
  size_t unit = 1, source_unit = 1, target_unit = 1;
  if (from.srcArray) {
    if (const cudaError_t error = element_bytes(from.srcArray, source_unit)) return error;
    set_source(to, from.srcArray);
    unit = source_unit;
  } else {
    set_source(to, source, from.srcPtr.ptr, from.srcPtr.pitch);
    to.srcHeight = from.srcPtr.ysize;
  }
  if (from.dstArray) {
    if (const cudaError_t error = element_bytes(from.dstArray, target_unit)) return error;
    set_target(to, from.dstArray);
    unit = target_unit;
  } else {
    set_target(to, target, from.dstPtr.ptr, from.dstPtr.pitch);
    to.dstHeight = from.dstPtr.ysize;
  }
  if (from.srcArray && from.dstArray && source_unit != target_unit) return cudaErrorInvalidValue;
  // Positions in plain memory are in bytes, whatever the other side is.
  to.srcXInBytes = from.srcPos.x * source_unit;
  to.srcY = from.srcPos.y;
  to.srcZ = from.srcPos.z;
  to.dstXInBytes = from.dstPos.x * target_unit;
  to.dstY = from.dstPos.y;
  to.dstZ = from.dstPos.z;
  to.WidthInBytes = from.extent.width * unit;
  to.Height = from.extent.height;
  to.Depth = from.extent.depth;
  const bool pitches_fit = (from.srcArray || to.srcPitch == 0 || to.WidthInBytes <= to.srcPitch) &&
                           (from.dstArray || to.dstPitch == 0 || to.WidthInBytes <= to.dstPitch);
  return pitches_fit ? cudaSuccess : cudaErrorInvalidPitchValue;
}

template <class Box>
bool is_empty(const Box& box) {
  return box.extent.width == 0 || box.extent.height == 0 || box.extent.depth == 0;
}

cudaError_t copy_box(const cudaMemcpy3DParms* p, Issue issue) {
  if (!p) return cudaErrorInvalidValue;
  auto copy = zeroed<CUDA_MEMCPY3D>();
  const cudaError_t error = to_driver(*p, copy);
  if (error == cudaErrorInvalidMemcpyDirection) return error;
  if (is_empty(*p)) return cudaSuccess;
  return error ? error : to_error(issue(copy));
}

cudaError_t copy_box_between_devices(const cudaMemcpy3DPeerParms* p, Issue issue) {
  if (!p) return cudaErrorInvalidValue;
  auto copy = zeroed<CUDA_MEMCPY3D_PEER>();
  if (const cudaError_t error = primary_context(p->srcDevice, copy.srcContext)) return error;
  if (const cudaError_t error = primary_context(p->dstDevice, copy.dstContext)) return error;
  if (is_empty(*p)) return cudaSuccess;
  if (const cudaError_t error = set_box(*p, copy, CU_MEMORYTYPE_DEVICE, CU_MEMORYTYPE_DEVICE)) return error;
  return to_error(issue(copy));
}

}  // namespace
}  // namespace api

cudaError_t to_driver(const cudaMemcpy3DParms& box, CUDA_MEMCPY3D& copy) {
  api::Sides sides;
  if (!api::sides_of(box.kind, sides)) return cudaErrorInvalidMemcpyDirection;
  if ((box.srcArray && sides.source == CU_MEMORYTYPE_HOST) || (box.dstArray && sides.target == CU_MEMORYTYPE_HOST)) {
    return cudaErrorInvalidMemcpyDirection;
  }
  copy = api::zeroed<CUDA_MEMCPY3D>();
  return api::set_box(box, copy, sides.source, sides.target);
}

cudaError_t to_runtime(const CUDA_MEMCPY3D& copy, cudaMemcpy3DParms& box) {
  memset(&box, 0, sizeof box);
  const auto is_host = [](CUmemorytype type) { return type == CU_MEMORYTYPE_HOST; };
  const auto pointer = [](CUmemorytype type, const void* host, CUdeviceptr device) {
    return type == CU_MEMORYTYPE_HOST ? const_cast<void*>(host) : reinterpret_cast<void*>(device);
  };
  size_t unit = 1, source_unit = 1, target_unit = 1;
  if (copy.srcMemoryType == CU_MEMORYTYPE_ARRAY) {
    box.srcArray = reinterpret_cast<cudaArray_t>(copy.srcArray);
    if (const cudaError_t error = element_bytes(box.srcArray, source_unit)) return error;
    unit = source_unit;
  } else {
    const size_t pitch = copy.srcPitch ? copy.srcPitch : copy.srcXInBytes + copy.WidthInBytes;
    box.srcPtr = {pointer(copy.srcMemoryType, copy.srcHost, copy.srcDevice), pitch, copy.WidthInBytes,
                  copy.srcHeight ? copy.srcHeight : copy.Height};
  }
  if (copy.dstMemoryType == CU_MEMORYTYPE_ARRAY) {
    box.dstArray = reinterpret_cast<cudaArray_t>(copy.dstArray);
    if (const cudaError_t error = element_bytes(box.dstArray, target_unit)) return error;
    unit = target_unit;
  } else {
    const size_t pitch = copy.dstPitch ? copy.dstPitch : copy.dstXInBytes + copy.WidthInBytes;
    box.dstPtr = {pointer(copy.dstMemoryType, copy.dstHost, copy.dstDevice), pitch, copy.WidthInBytes,
                  copy.dstHeight ? copy.dstHeight : copy.Height};
  }
  box.srcPos = {copy.srcXInBytes / source_unit, copy.srcY, copy.srcZ};
  box.dstPos = {copy.dstXInBytes / target_unit, copy.dstY, copy.dstZ};
  box.extent = {copy.WidthInBytes / unit, copy.Height, copy.Depth};
  if (copy.srcMemoryType == CU_MEMORYTYPE_UNIFIED || copy.dstMemoryType == CU_MEMORYTYPE_UNIFIED)
    box.kind = cudaMemcpyDefault;
  else if (is_host(copy.srcMemoryType))
    box.kind = is_host(copy.dstMemoryType) ? cudaMemcpyHostToHost : cudaMemcpyHostToDevice;
  else
    box.kind = is_host(copy.dstMemoryType) ? cudaMemcpyDeviceToHost : cudaMemcpyDeviceToDevice;
  return cudaSuccess;
}

namespace api {

cudaError_t cudaMemcpy(void* dst, const void* src, size_t count, enum cudaMemcpyKind kind, bool per_thread) {
  const Driver& d = driver();
  Sides sides;
  if (!sides_of(kind, sides)) return cudaErrorInvalidMemcpyDirection;
  if (count == 0) return cudaSuccess;
  CUresult result = CUDA_SUCCESS;
  switch (kind) {
    case cudaMemcpyHostToDevice: result = (per_thread ? d.cuMemcpyHtoD_v2_ptds : d.cuMemcpyHtoD_v2)(address(dst), src, count); break;
    case cudaMemcpyDeviceToHost: result = (per_thread ? d.cuMemcpyDtoH_v2_ptds : d.cuMemcpyDtoH_v2)(dst, address(src), count); break;
    case cudaMemcpyDeviceToDevice:
      result = (per_thread ? d.cuMemcpyDtoD_v2_ptds : d.cuMemcpyDtoD_v2)(address(dst), address(src), count);
      break;
    default: result = (per_thread ? d.cuMemcpy_ptds : d.cuMemcpy)(address(dst), address(src), count);
  }
  return to_error(result);
}

cudaError_t cudaMemcpyAsync(void* dst, const void* src, size_t count, enum cudaMemcpyKind kind, cudaStream_t stream) {
  const Driver& d = driver();
  Sides sides;
  if (!sides_of(kind, sides)) return cudaErrorInvalidMemcpyDirection;
  if (count == 0) return cudaSuccess;
  CUresult result = CUDA_SUCCESS;
  switch (kind) {
    case cudaMemcpyHostToDevice: result = d.cuMemcpyHtoDAsync_v2(address(dst), src, count, stream); break;
    case cudaMemcpyDeviceToHost: result = d.cuMemcpyDtoHAsync_v2(dst, address(src), count, stream); break;
    case cudaMemcpyDeviceToDevice: result = d.cuMemcpyDtoDAsync_v2(address(dst), address(src), count, stream); break;
    default: result = d.cuMemcpyAsync(address(dst), address(src), count, stream);
  }
  return to_error(result);
}

cudaError_t cudaMemcpyPeer(void* dst, int dstDevice, const void* src, int srcDevice, size_t count) {
  CUcontext target = nullptr, source = nullptr;
  if (const cudaError_t error = primary_context(dstDevice, target)) return error;
  if (const cudaError_t error = primary_context(srcDevice, source)) return error;
  return count == 0 ? cudaSuccess : to_error(driver().cuMemcpyPeer(address(dst), target, address(src), source, count));
}

cudaError_t cudaMemcpyPeerAsync(void* dst, int dstDevice, const void* src, int srcDevice, size_t count, cudaStream_t stream) {
  CUcontext target = nullptr, source = nullptr;
  if (const cudaError_t error = primary_context(dstDevice, target)) return error;
  if (const cudaError_t error = primary_context(srcDevice, source)) return error;
  return count == 0 ? cudaSuccess : to_error(driver().cuMemcpyPeerAsync(address(dst), target, address(src), source, count, stream));
}

cudaError_t cudaMemcpy2D(void* dst, size_t dpitch, const void* src, size_t spitch, size_t width, size_t height, enum cudaMemcpyKind kind,
                         bool per_thread) {
  return copy_rows(dst, dpitch, src, spitch, width, height, kind, Issue::now(per_thread));
}

cudaError_t cudaMemcpy2DAsync(void* dst, size_t dpitch, const void* src, size_t spitch, size_t width, size_t height,
                              enum cudaMemcpyKind kind, cudaStream_t stream) {
  return copy_rows(dst, dpitch, src, spitch, width, height, kind, Issue::in(stream));
}

cudaError_t cudaMemcpy2DToArray(cudaArray_t dst, size_t wOffset, size_t hOffset, const void* src, size_t spitch, size_t width,
                                size_t height, enum cudaMemcpyKind kind, bool per_thread) {
  return copy_to_array(dst, wOffset, hOffset, src, spitch, width, height, kind, Issue::now(per_thread));
}

cudaError_t cudaMemcpy2DToArrayAsync(cudaArray_t dst, size_t wOffset, size_t hOffset, const void* src, size_t spitch, size_t width,
                                     size_t height, enum cudaMemcpyKind kind, cudaStream_t stream) {
  return copy_to_array(dst, wOffset, hOffset, src, spitch, width, height, kind, Issue::in(stream));
}

cudaError_t cudaMemcpy2DFromArray(void* dst, size_t dpitch, cudaArray_const_t src, size_t wOffset, size_t hOffset, size_t width,
                                  size_t height, enum cudaMemcpyKind kind, bool per_thread) {
  return copy_from_array(dst, dpitch, src, wOffset, hOffset, width, height, kind, Issue::now(per_thread));
}

cudaError_t cudaMemcpy2DFromArrayAsync(void* dst, size_t dpitch, cudaArray_const_t src, size_t wOffset, size_t hOffset, size_t width,
                                       size_t height, enum cudaMemcpyKind kind, cudaStream_t stream) {
  return copy_from_array(dst, dpitch, src, wOffset, hOffset, width, height, kind, Issue::in(stream));
}

cudaError_t cudaMemcpy2DArrayToArray(cudaArray_t dst, size_t wOffsetDst, size_t hOffsetDst, cudaArray_const_t src, size_t wOffsetSrc,
                                     size_t hOffsetSrc, size_t width, size_t height, enum cudaMemcpyKind kind, bool per_thread) {
  return copy_between_arrays(dst, wOffsetDst, hOffsetDst, src, wOffsetSrc, hOffsetSrc, width, height, kind, Issue::now(per_thread));
}

cudaError_t cudaMemcpyToArray(cudaArray_t dst, size_t wOffset, size_t hOffset, const void* src, size_t count, enum cudaMemcpyKind kind,
                              bool per_thread) {
  return copy_linear_to_array(dst, wOffset, hOffset, src, count, kind, Issue::now(per_thread));
}

cudaError_t cudaMemcpyToArrayAsync(cudaArray_t dst, size_t wOffset, size_t hOffset, const void* src, size_t count, enum cudaMemcpyKind kind,
                                   cudaStream_t stream) {
  return copy_linear_to_array(dst, wOffset, hOffset, src, count, kind, Issue::in(stream));
}

cudaError_t cudaMemcpyFromArray(void* dst, cudaArray_const_t src, size_t wOffset, size_t hOffset, size_t count, enum cudaMemcpyKind kind,
                                bool per_thread) {
  return copy_linear_from_array(dst, src, wOffset, hOffset, count, kind, Issue::now(per_thread));
}

cudaError_t cudaMemcpyFromArrayAsync(void* dst, cudaArray_const_t src, size_t wOffset, size_t hOffset, size_t count,
                                     enum cudaMemcpyKind kind, cudaStream_t stream) {
  return copy_linear_from_array(dst, src, wOffset, hOffset, count, kind, Issue::in(stream));
}

cudaError_t cudaMemcpyArrayToArray(cudaArray_t dst, size_t wOffsetDst, size_t hOffsetDst, cudaArray_const_t src, size_t wOffsetSrc,
                                   size_t hOffsetSrc, size_t count, enum cudaMemcpyKind kind, bool per_thread) {
  size_t row = 0;
  if (const cudaError_t error = row_bytes(src, row)) return error;
  const size_t row_of_target = row, first = hOffsetSrc;
  if (const cudaError_t error = row_bytes(dst, row)) return error;
  // Rows that run on must run on alike on both sides.
  if (row != row_of_target || (wOffsetSrc != wOffsetDst && count > row - wOffsetSrc)) return cudaErrorInvalidValue;
  return by_rows(row, wOffsetSrc, hOffsetSrc, count, [&](size_t x, size_t y, size_t, size_t width, size_t height) {
    const size_t target_x = x == wOffsetSrc && y == first ? wOffsetDst : x;
    return copy_between_arrays(dst, target_x, hOffsetDst + (y - first), src, x, y, width, height, kind, Issue::now(per_thread));
  });
}

cudaError_t cudaMemcpy3D(const struct cudaMemcpy3DParms* p, bool per_thread) { return copy_box(p, Issue::now(per_thread)); }

cudaError_t cudaMemcpy3DAsync(const struct cudaMemcpy3DParms* p, cudaStream_t stream) { return copy_box(p, Issue::in(stream)); }

cudaError_t cudaMemcpy3DPeer(const struct cudaMemcpy3DPeerParms* p, bool per_thread) {
  return copy_box_between_devices(p, Issue::now(per_thread));
}

cudaError_t cudaMemcpy3DPeerAsync(const struct cudaMemcpy3DPeerParms* p, cudaStream_t stream) {
  return copy_box_between_devices(p, Issue::in(stream));
}

}  // namespace api
}  // namespace anywarp::runtime
