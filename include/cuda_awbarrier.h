// nvcuda::experimental::awbarrier, the name of cuda::barrier before it was one.
#ifndef ANYWARP_CUDA_AWBARRIER_H
#define ANYWARP_CUDA_AWBARRIER_H

#include "cuda_awbarrier_primitives.h"

#if defined(__CUDA__) && defined(__cplusplus)

namespace nvcuda {
namespace experimental {

class awbarrier {
 public:
  typedef __mbarrier_token_t arrival_token;
  awbarrier() = default;
  awbarrier(const awbarrier&) = delete;
  static AW_DEVICE_MEMBER uint32_t max() { return __mbarrier_maximum_count(); }
  AW_DEVICE_MEMBER arrival_token arrive() { return __mbarrier_arrive(&barrier_); }
  AW_DEVICE_MEMBER arrival_token arrive_and_drop() { return __mbarrier_arrive_and_drop(&barrier_); }
  AW_DEVICE_MEMBER bool timed_wait(arrival_token token, uint32_t) { return __mbarrier_test_wait(&barrier_, token); }
  AW_DEVICE_MEMBER void wait(arrival_token token) {
    while (!__mbarrier_test_wait(&barrier_, token)) {
    }
  }
  AW_DEVICE_MEMBER void arrive_and_wait() { wait(arrive()); }

 private:
  friend AW_DEVICE_MEMBER void init(awbarrier* object, uint32_t expected) { __mbarrier_init(&object->barrier_, expected); }
  __mbarrier_t barrier_;
};

}  // namespace experimental
}  // namespace nvcuda

#endif
#endif
