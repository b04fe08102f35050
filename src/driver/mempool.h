// A memory pool: what stream-ordered allocations come from.
#pragma once

#include "base/result.h"
#include "driver/handles.h"
#include "driver/shared_file.h"

#include <cuda.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace anywarp::driver {

class Device;

/// Thread-safe.
class MemoryPool {
 public:
  using Handle = CUmemoryPool;
  static constexpr Kind kKind = Kind::MemoryPool;

  explicit MemoryPool(Device& device, size_t most_bytes = 0) : MemoryPool(device, most_bytes, nullptr, false) {}
  /// One whose memory lies in a file that processes share. An imported one is another process's: it has no memory to give, but
  /// shows what that process has allocated.
  MemoryPool(Device& device, size_t most_bytes, std::shared_ptr<SharedFile> file, bool is_imported);
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  CUmemoryPool handle() const { return handle_; }
  /// Whether it was made for managed memory. All memory is the host's, so that only pointers tell the difference.
  bool is_managed() const { return is_managed_; }
  void make_managed() { is_managed_ = true; }
  Device& device() const { return device_; }

  /// Errors: OUT_OF_MEMORY.
  Result<void*> take(size_t bytes);
  void put_back(uintptr_t base, size_t bytes);
  bool is_shared() const { return file_ != nullptr; }
  const std::shared_ptr<SharedFile>& file() const { return file_; }
  /// Where in its file memory of a shared pool lies. Errors: INVALID_VALUE.
  Result<uint64_t> offset_of(uintptr_t base) const;
  /// What take() gives in an imported pool.
  Result<void*> show(uint64_t offset, size_t bytes);
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
  Result<void*> fresh(size_t bytes);
  void discard(void* memory, size_t bytes);

  Device& device_;
  CUmemoryPool handle_;
  const size_t most_bytes_;              // 0: no limit
  const std::shared_ptr<SharedFile> file_;
  const bool is_imported_;
  uint64_t file_bytes_ = 0;
  std::unordered_map<uintptr_t, uint64_t> offsets_;  // in the file
  mutable std::mutex mutex_;
  std::multimap<size_t, void*> unused_;  // by size
  uint64_t threshold_ = 0;
  uint64_t reserved_ = 0, reserved_high_ = 0, used_ = 0, used_high_ = 0;
  std::unordered_map<CUdevice, CUmemAccess_flags> access_;
  int reuse_[3] = {1, 1, 1};
  bool destroyed_ = false;
  bool is_managed_ = false;
};

}  // namespace anywarp::driver
