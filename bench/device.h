// Device memory for the CUDA side of a benchmark.
#pragma once

#include "bench.h"

#include <cuda_runtime.h>

#include <cstdlib>

namespace bench {

inline void check(cudaError_t status) {
  if (status == cudaSuccess) return;
  fprintf(stderr, "%s\n", cudaGetErrorString(status));
  exit(1);
}

inline void finish() { check(cudaDeviceSynchronize()); }

template <class T>
class Array {
 public:
  explicit Array(size_t n) : n_(n) {
    check(cudaMalloc(&data_, n * sizeof(T)));
    check(cudaMemset(data_, 0, n * sizeof(T)));
  }
  template <class Allocator>
  explicit Array(const std::vector<T, Allocator>& values) : n_(values.size()) {
    check(cudaMalloc(&data_, n_ * sizeof(T)));
    check(cudaMemcpy(data_, values.data(), n_ * sizeof(T), cudaMemcpyHostToDevice));
  }
  ~Array() { cudaFree(data_); }
  Array(const Array&) = delete;
  operator T*() { return data_; }
  Values<T> host() const {
    Values<T> values(n_);
    check(cudaMemcpy(values.data(), data_, n_ * sizeof(T), cudaMemcpyDeviceToHost));
    return values;
  }

 private:
  T* data_ = nullptr;
  size_t n_;
};

}  // namespace bench
