// A green context: streams of the primary context that share a number of multiprocessors.
#pragma once

#include "driver/object.h"
#include "driver/stream.h"

#include <cuda.h>

#include <mutex>
#include <vector>

namespace anywarp::driver {

class GreenContext final : public Object {
 public:
  static constexpr Kind kKind = Kind::GreenContext;

  GreenContext(Context& primary, unsigned multiprocessors);

  unsigned multiprocessors() const { return multiprocessors_; }
  uint64_t id() const { return id_; }

  void add(CUstream stream);
  bool has(CUstream stream) const;
  /// Those that have not been destroyed.
  std::vector<Stream*> streams() const;

 private:
  const unsigned multiprocessors_;
  const uint64_t id_;
  mutable std::mutex mutex_;
  std::vector<CUstream> streams_;
};

}  // namespace anywarp::driver
