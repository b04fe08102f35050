// What the runtime keeps for each thread: no more than plain data, so that it needs no destructor when the thread ends.
#pragma once

#include <cuda_runtime_api.h>

namespace anywarp::runtime {

/// What <<<grid, block, shared, stream>>> said, until the stub of the kernel takes it.
struct CallConfiguration {
  unsigned grid[3];
  unsigned block[3];
  size_t shared_bytes;
  cudaStream_t stream;
};

struct ThreadState {
  /// A launch's arguments may launch in turn, so configurations nest.
  static constexpr unsigned kMostNested = 16;

  cudaError_t last_error = cudaSuccess;
  int device = 0;  // what cudaSetDevice chose, for as long as the thread has no context
  unsigned nested = 0;
  CallConfiguration configurations[kMostNested] = {};
};

ThreadState& thread_state();

}  // namespace anywarp::runtime
