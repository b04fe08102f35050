// The experimental C++ form of pipelines, nvcuda::experimental::pipeline, and the C form.
#ifndef ANYWARP_CUDA_PIPELINE_H
#define ANYWARP_CUDA_PIPELINE_H

#include "cuda_pipeline_primitives.h"

#if defined(__CUDA__) && defined(__cplusplus)

namespace nvcuda {
namespace experimental {

class pipeline {
 public:
  AW_DEVICE_MEMBER pipeline() {}
  pipeline(const pipeline&) = delete;
  AW_DEVICE_MEMBER size_t commit() { return batch_++; }
  AW_DEVICE_MEMBER void commit_and_wait() { ++batch_; }
  AW_DEVICE_MEMBER void wait(size_t) {}
  template <unsigned Prior>
  AW_DEVICE_MEMBER void wait_prior() {}

 private:
  size_t batch_ = 0;
};

template <class T>
AW_DEVICE_INLINE void memcpy_async(T& destination, const T& source, pipeline&) {
  destination = source;
}

}  // namespace experimental
}  // namespace nvcuda

#endif
#endif
