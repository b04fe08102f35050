// CUDA arrays, which the runtime and the driver describe in different words: channels of so many bits of a kind here, a format and
// a number of channels there.
#pragma once

#include <string.h>

#include "runtime/driver.h"

namespace anywarp::runtime {

/// A description with nothing set, which has no format yet.
inline CUDA_ARRAY3D_DESCRIPTOR no_description() {
  CUDA_ARRAY3D_DESCRIPTOR descriptor;
  memset(&descriptor, 0, sizeof descriptor);
  return descriptor;
}

inline CUarray handle_of(cudaArray_const_t array) { return reinterpret_cast<CUarray>(const_cast<cudaArray*>(array)); }
inline CUmipmappedArray handle_of(cudaMipmappedArray_const_t array) {
  return reinterpret_cast<CUmipmappedArray>(const_cast<cudaMipmappedArray*>(array));
}

/// cudaErrorInvalidChannelDescriptor if no format has these channels.
cudaError_t to_format(const cudaChannelFormatDesc& desc, CUarray_format& format, unsigned& channels);
cudaChannelFormatDesc to_channels(CUarray_format format, unsigned channels);

/// Bytes of one element; 0 for the formats that have none of a whole number of bytes.
size_t element_bytes(CUarray_format format, unsigned channels);

/// Bytes of an element of an array.
cudaError_t element_bytes(cudaArray_const_t array, size_t& bytes);

}  // namespace anywarp::runtime
