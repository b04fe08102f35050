// Work of the libraries in the order of a CUDA stream.
#pragma once

#include <cublas_v2.h>

#include <new>
#include <utility>

namespace anywarp::blas {

/// A scalar argument: the caller's value, read at the call, or a device address, read when the work runs.
template <class T>
class Scalar {
 public:
  Scalar() = default;
  Scalar(const T* pointer, bool on_device) : address_(on_device ? pointer : nullptr), value_(on_device ? T{} : *pointer) {}
  T read() const { return address_ ? *address_ : value_; }

 private:
  const T* address_ = nullptr;
  T value_{};
};

/// One piece of work with everything that it needs.
class Request {
 public:
  virtual ~Request() = default;
  virtual void run() = 0;
};

/// Queues the request, which it owns from then on; null is a failed allocation.
cublasStatus_t submit(cudaStream_t stream, Request* request);

/// Queues a function object. It may not call CUDA.
template <class F>
cublasStatus_t enqueue(cudaStream_t stream, F work) {
  struct Work final : Request {
    explicit Work(F f) : work(std::move(f)) {}
    void run() override { work(); }
    F work;
  };
  return submit(stream, new (std::nothrow) Work(std::move(work)));
}

/// Waits for the stream: for results that go to the host.
cublasStatus_t synchronize(cudaStream_t stream);

/// Makes OpenBLAS use as many threads as kernels do, once a process.
void set_up_threads();

const char* status_name(cublasStatus_t status);
const char* status_string(cublasStatus_t status);
cublasStatus_t property(libraryPropertyType type, int* value);

}  // namespace anywarp::blas
