// Memory that a program puts together itself: addresses that it reserves, physical memory that it makes, and maps of the one to the other.
#pragma once

#include "base/result.h"

#include <cuda.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace anywarp::driver {

/// Thread-safe. Addresses and sizes are multiples of kGranularity.
class VirtualMemory {
 public:
  static constexpr size_t kGranularity = 2 << 20;

  Result<CUdeviceptr> reserve(size_t bytes, size_t alignment, CUdeviceptr wanted);
  Result<> free(CUdeviceptr base, size_t bytes);

  /// Errors: OUT_OF_MEMORY.
  Result<CUmemGenericAllocationHandle> create(size_t bytes, const CUmemAllocationProp& properties);
  Result<> release(CUmemGenericAllocationHandle handle);
  /// One more reference to what is mapped at the address.
  Result<CUmemGenericAllocationHandle> retain(CUdeviceptr address);
  Result<CUmemAllocationProp> properties(CUmemGenericAllocationHandle handle);
  /// A file descriptor of the program's own.
  Result<int> export_file(CUmemGenericAllocationHandle handle);
  Result<CUmemGenericAllocationHandle> import_file(int file);

  Result<> map(CUdeviceptr address, size_t bytes, size_t offset, CUmemGenericAllocationHandle handle);
  Result<> unmap(CUdeviceptr address, size_t bytes);
  Result<> set_access(CUdeviceptr address, size_t bytes, CUdevice device, CUmemAccess_flags flags);
  Result<CUmemAccess_flags> access(CUdeviceptr address, CUdevice device);

  /// Bytes of all physical memory that create() has made and that still exists.
  size_t created() const { return created_.load(std::memory_order_relaxed); }

 private:
  struct Physical;
  struct Handle {
    std::shared_ptr<Physical> memory;
    unsigned references;
  };
  struct Mapping {
    size_t bytes;
    CUmemGenericAllocationHandle handle;
    std::shared_ptr<Physical> memory;
    std::map<CUdevice, CUmemAccess_flags> access;
    int protection() const;
  };
  using Mappings = std::map<uintptr_t, Mapping>;

  CUmemGenericAllocationHandle add(std::shared_ptr<Physical> memory);
  std::map<uintptr_t, size_t>::iterator reservation_of(uintptr_t address, size_t bytes);
  /// The mappings that make up the range, from the first to behind the last. Errors: INVALID_VALUE when the range begins or ends
  /// within a mapping or holds a gap.
  Result<std::pair<Mappings::iterator, Mappings::iterator>> exactly(uintptr_t address, size_t bytes);
  /// Tells the driver's list of allocations which parts of a reservation the device may use now.
  void announce(uintptr_t base, size_t bytes);

  std::mutex mutex_;
  std::map<uintptr_t, size_t> reservations_;
  Mappings mappings_;
  std::map<CUmemGenericAllocationHandle, Handle> handles_;
  CUmemGenericAllocationHandle last_handle_ = 0;
  std::atomic<size_t> created_{0};
};

}  // namespace anywarp::driver
