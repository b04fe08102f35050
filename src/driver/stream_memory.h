// Operations on single words in the order of a stream.
#pragma once

#include "base/result.h"
#include "driver/queue.h"

#include <cuda.h>

#include <memory>

namespace anywarp::driver {

/// How a thread of a stream waits for memory that somebody else writes: longer and longer pauses.
class Backoff {
 public:
  void pause();

 private:
  unsigned round_ = 0;
};

/// A task that does the operations of a batch in order. Errors: INVALID_VALUE.
Result<std::unique_ptr<Task>> memory_operations(const CUstreamBatchMemOpParams* list, unsigned count);

}  // namespace anywarp::driver
