// Streams are the driver's own; see api/runtime.txt for what is passed on as it is.

#include <stdlib.h>

#include "entry_points.h"
#include "runtime/enter.h"

namespace anywarp::runtime::api {
namespace {

/// A callback of the runtime's type, on its way through the driver.
struct Callback {
  cudaStreamCallback_t function;
  void* user_data;
};

void call(CUstream stream, CUresult status, void* data) {
  auto* const callback = static_cast<Callback*>(data);
  callback->function(stream, to_error(status), callback->user_data);
  free(callback);
}

}  // namespace

cudaError_t cudaStreamCreate(cudaStream_t* pStream) { return to_error(driver().cuStreamCreate(pStream, CU_STREAM_DEFAULT)); }

cudaError_t cudaStreamAddCallback(cudaStream_t stream, cudaStreamCallback_t callback, void* userData, unsigned int flags) {
  if (!callback) return cudaErrorInvalidValue;
  auto* const passed = static_cast<Callback*>(malloc(sizeof(Callback)));
  if (!passed) return cudaErrorMemoryAllocation;
  *passed = {callback, userData};
  const CUresult result = driver().cuStreamAddCallback(stream, &call, passed, flags);
  if (result != CUDA_SUCCESS) free(passed);
  return to_error(result);
}

}  // namespace anywarp::runtime::api
