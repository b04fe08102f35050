// Every range of memory that the driver knows: what pointers mean, and what ends with a context.
#pragma once

#include "base/result.h"

#include <cuda.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <vector>

namespace anywarp::driver {

class Context;
class MemoryPool;

enum class MemoryKind : uint8_t {
  Device,      // cuMemAlloc
  Pool,        // cuMemAllocAsync
  Managed,     // cuMemAllocManaged
  Host,        // cuMemHostAlloc
  Registered,  // cuMemHostRegister
  Variable,    // of a module; not freed by cuMemFree
  Mapped,      // cuMemMap, as far as cuMemSetAccess has made it accessible
  Imported,    // cuIpcOpenMemHandle; not freed by cuMemFree
  Graph,       // the addresses of an allocation node of a graph, allocated or not
};

struct Allocation {
  uintptr_t base = 0;
  size_t bytes = 0;
  MemoryKind kind = MemoryKind::Device;
  Context* context = nullptr;      // null: a managed variable of a library
  CUdevice device = 0;
  unsigned flags = 0;              // of cuMemHostAlloc and cuMemHostRegister
  uint64_t id = 0;                 // CU_POINTER_ATTRIBUTE_BUFFER_ID
  MemoryPool* pool = nullptr;
  bool sync_memops = false;
  // What cuMemAdvise and cuMemPrefetchAsync were told; told back, and no more.
  bool read_mostly = false;
  CUmemLocation preferred{CU_MEM_LOCATION_TYPE_INVALID, 0}, prefetched{CU_MEM_LOCATION_TYPE_INVALID, 0};
  uint64_t accessed_by = 0;        // a bit for each device
  bool accessed_by_host = false;

  bool on_host() const { return kind == MemoryKind::Host || kind == MemoryKind::Registered; }
  bool holds(uintptr_t address, size_t length) const { return address >= base && length <= bytes && address - base <= bytes - length; }
};

/// Thread-safe.
class Allocations {
 public:
  void add(Allocation allocation);
  /// The allocation that holds the address.
  std::optional<Allocation> find(CUdeviceptr address) const;
  std::optional<Allocation> find(const void* address) const { return find(reinterpret_cast<CUdeviceptr>(address)); }
  /// Whether a range overlaps one that is registered or allocated on the host.
  bool overlaps(CUdeviceptr address, size_t bytes) const;
  /// Takes it out; empty when no allocation begins there, or it is of none of these kinds.
  std::optional<Allocation> remove(CUdeviceptr base, std::initializer_list<MemoryKind> kinds);
  /// Calls `change` for the allocation that holds the address; false when there is none.
  template <class Change>
  bool update(CUdeviceptr address, const Change& change) {
    std::unique_lock lock(mutex_);
    const auto found = locate(address);
    if (found == ranges_.end()) return false;
    change(const_cast<Allocation&>(found->second));
    return true;
  }
  /// Puts mapped memory in the place of what is mapped within the range; nobody sees a state in between.
  void replace(CUdeviceptr base, size_t bytes, std::vector<Allocation> mapped);
  /// Frees what the context has allocated.
  void release_all_of(const Context& context);

 private:
  using Ranges = std::map<uintptr_t, Allocation>;
  Ranges::const_iterator locate(uintptr_t address) const;

  mutable std::shared_mutex mutex_;
  Ranges ranges_;
  uint64_t next_id_ = 1;
};

/// Gives the memory of an allocation back to where it came from.
void release(const Allocation& allocation);

/// INVALID_VALUE unless the range lies within one allocation that a device may use.
Result<> check_device_range(CUdeviceptr address, size_t bytes, const char* name);

}  // namespace anywarp::driver
