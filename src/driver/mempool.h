// A memory pool: what stream-ordered allocations come from.
#pragma once

#include "base/result.h"
#include "driver/handles.h"

#include <cuda.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_map>

namespace anywarp::driver {

class Device;

/// Thread-safe.
class MemoryPool {
 public:
  using Handle = CUmemoryPool;
  static constexpr Kind kKind = Kind::MemoryPool;

  explicit MemoryPool(Device& device, size_t most_bytes = 0);
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  CUmemoryPool handle() const { return handle_; }
  Device& device() const { return device_; }

  /// Errors: OUT_OF_MEMORY.
  Result<void*> take(size_t bytes);
  void put_back(uintptr_t base, size_t bytes);
  /// Gives unused memory back until at most `keep` bytes are reserved.
  void trim(size_t keep);

  Result<> set_attribute(CUmemPool_attribute which, const void* value);
  Result<> attribute(CUmemPool_attribute which, void* value) const;

  /// A pool that is destroyed while it has allocations goes when the last of them does.
  void destroy();

  /// What cuMemPoolSetAccess was told for a device; its own may always read and write.
  void set_access(CUdevice device, CUmemAccess_flags flags);
  CUmemAccess_flags access(CUdevice device) const;

 private:
  void trim_locked(size_t keep);

  Device& device_;
  CUmemoryPool handle_;
  const size_t most_bytes_;              // 0: no limit
  mutable std::mutex mutex_;
  std::multimap<size_t, void*> unused_;  // by size
  uint64_t threshold_ = 0;
  uint64_t reserved_ = 0, reserved_high_ = 0, used_ = 0, used_high_ = 0;
  std::unordered_map<CUdevice, CUmemAccess_flags> access_;
  int reuse_[3] = {1, 1, 1};
  bool destroyed_ = false;
};

}  // namespace anywarp::driver
