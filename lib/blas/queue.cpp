// How libcublas and libcublasLt do their work
//
// Both are thin adapters over OpenBLAS. The CPU backend's device memory is ordinary memory of the process, so a device pointer goes
// to OpenBLAS as it is: no copies, no kernels. What is left to do is the order. A call of cuBLAS is work of a stream: it runs after
// what was queued before it and before what is queued after it, and the call returns at once. So each call checks its arguments,
// packs everything into a Request (with the scratch memory that it will need, for only the call can report that there is none) and
// queues that with cudaLaunchHostFunc. A host function may not call CUDA, and none of ours does: it calls OpenBLAS and returns.
// Calls that give a result to the host wait for the stream after that.
//
// A stream that is being captured makes a graph, which may run the request any number of times and lives as long as its owner
// likes; such requests are kept until the process ends.
//
// The libraries see CUDA as any user's library does: through the public headers and a runtime of their own, linked statically.
#include "queue.h"

#include <cblas.h>

#include <memory>
#include <mutex>

namespace anywarp::blas {
namespace {

void run_once(void* data) {
  const std::unique_ptr<Request> request(static_cast<Request*>(data));
  request->run();
}

void run_again(void* data) { static_cast<Request*>(data)->run(); }

}  // namespace

cublasStatus_t submit(cudaStream_t stream, Request* request) {
  if (!request) return CUBLAS_STATUS_ALLOC_FAILED;
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
  if (cudaStreamIsCapturing(stream, &capture) != cudaSuccess) {
    delete request;
    return CUBLAS_STATUS_EXECUTION_FAILED;
  }
  const bool captured = capture == cudaStreamCaptureStatusActive;
  if (cudaLaunchHostFunc(stream, captured ? &run_again : &run_once, request) != cudaSuccess) {
    delete request;
    return CUBLAS_STATUS_EXECUTION_FAILED;
  }
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t synchronize(cudaStream_t stream) {
  return cudaStreamSynchronize(stream) == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}

void set_up_threads() {
  static std::once_flag once;
  std::call_once(once, [] {
    // A multiprocessor of the device is a worker of the driver, which knows what the machine and the user allow.
    int workers = 0;
    if (cudaDeviceGetAttribute(&workers, cudaDevAttrMultiProcessorCount, 0) == cudaSuccess && workers > 0)
      openblas_set_num_threads(workers);
  });
}

const char* status_name(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS: return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_ALLOC_FAILED: return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_ARCH_MISMATCH: return "CUBLAS_STATUS_ARCH_MISMATCH";
    case CUBLAS_STATUS_MAPPING_ERROR: return "CUBLAS_STATUS_MAPPING_ERROR";
    case CUBLAS_STATUS_EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case CUBLAS_STATUS_INTERNAL_ERROR: return "CUBLAS_STATUS_INTERNAL_ERROR";
    case CUBLAS_STATUS_NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
    case CUBLAS_STATUS_LICENSE_ERROR: return "CUBLAS_STATUS_LICENSE_ERROR";
  }
  return "<unknown>";
}

const char* status_string(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS: return "the call succeeded";
    case CUBLAS_STATUS_NOT_INITIALIZED: return "the library handle was not created";
    case CUBLAS_STATUS_ALLOC_FAILED: return "memory could not be allocated";
    case CUBLAS_STATUS_INVALID_VALUE: return "an argument has a value that is not allowed";
    case CUBLAS_STATUS_ARCH_MISMATCH: return "the device lacks a feature that the call needs";
    case CUBLAS_STATUS_MAPPING_ERROR: return "memory could not be accessed";
    case CUBLAS_STATUS_EXECUTION_FAILED: return "the work could not be run on the stream";
    case CUBLAS_STATUS_INTERNAL_ERROR: return "the library failed internally";
    case CUBLAS_STATUS_NOT_SUPPORTED: return "this combination of arguments is not supported";
    case CUBLAS_STATUS_LICENSE_ERROR: return "a license is missing";
  }
  return "<unknown>";
}

cublasStatus_t property(libraryPropertyType type, int* value) {
  if (!value) return CUBLAS_STATUS_INVALID_VALUE;
  switch (type) {
    case MAJOR_VERSION: *value = CUBLAS_VER_MAJOR; return CUBLAS_STATUS_SUCCESS;
    case MINOR_VERSION: *value = CUBLAS_VER_MINOR; return CUBLAS_STATUS_SUCCESS;
    case PATCH_LEVEL: *value = CUBLAS_VER_PATCH; return CUBLAS_STATUS_SUCCESS;
  }
  return CUBLAS_STATUS_INVALID_VALUE;
}

}  // namespace anywarp::blas
