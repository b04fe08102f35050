// Operations on single words in the order of a stream.
#pragma once

#include "base/result.h"

#include <cuda.h>

#include <cstdint>
#include <vector>

namespace anywarp::driver {

/// How a thread of a stream waits for memory that somebody else writes: longer and longer pauses.
class Backoff {
 public:
  void pause();

 private:
  unsigned round_ = 0;
};

/// The operations of a batch, checked, and as they were asked for. Immutable.
class MemoryBatch {
 public:
  /// Errors: INVALID_VALUE.
  static Result<MemoryBatch> make(const CUstreamBatchMemOpParams* list, unsigned count);
  /// Does them in order; waits for as long as it takes.
  void run() const;
  const std::vector<CUstreamBatchMemOpParams>& described() const { return described_; }

 private:
  enum class What : uint8_t { Wait, Write, Barrier };
  struct Operation {
    What what;
    bool wide;
    CUdeviceptr address;
    uint64_t value;
    unsigned compare;
  };
  static uint64_t load(const Operation& of);
  static void store(const Operation& of);
  static bool holds(const Operation& of);
  static Result<> check_word(const Operation& of);
  static Result<Operation> wait_for(CUdeviceptr address, uint64_t value, unsigned flags, bool wide);
  static Result<Operation> write(CUdeviceptr address, uint64_t value, unsigned flags, bool wide);
  static Result<Operation> read(const CUstreamBatchMemOpParams& one);

  std::vector<Operation> operations_;
  std::vector<CUstreamBatchMemOpParams> described_;
};

}  // namespace anywarp::driver
