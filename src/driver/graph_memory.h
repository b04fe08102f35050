// The memory of allocation nodes: addresses that are fixed when the node is made, and used from an allocation to its free.
#pragma once

#include "base/result.h"

#include <cuda.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>

namespace anywarp::driver {

class Context;
class GraphMemory;

/// Addresses of one allocation node, readable and writable as long as anybody holds the range.
class GraphRange {
 public:
  GraphRange(GraphMemory& memory, CUdeviceptr base, size_t bytes, size_t mapped)
      : base(base), bytes(bytes), mapped(mapped), memory_(memory) {}
  ~GraphRange();
  GraphRange(const GraphRange&) = delete;
  GraphRange& operator=(const GraphRange&) = delete;

  GraphMemory& memory() const { return memory_; }

  const CUdeviceptr base;
  const size_t bytes, mapped;   // asked for; whole pages
  bool allocated = false;       // in the order of calls: guarded by GraphLock

 private:
  friend class GraphMemory;
  GraphMemory& memory_;
  unsigned uses_ = 0;       // launches that will use or do use it, and the program; guarded by the memory's mutex
  bool has_pages_ = false;  // the same
};

/// Of a device. Thread-safe.
class GraphMemory {
 public:
  /// Errors: OUT_OF_MEMORY.
  Result<std::shared_ptr<GraphRange>> reserve(size_t bytes, Context& context);
  /// The range that begins at the address; null for any other address.
  std::shared_ptr<GraphRange> find(CUdeviceptr base);

  /// A launch that allocates the range begins its use when it is called, for the pages have to be there in time; the free ends it when
  /// it is executed. Between them the range keeps itself.
  void begin_use(const std::shared_ptr<GraphRange>& range);
  void end_use(const std::shared_ptr<GraphRange>& range);
  /// Ends all uses; its context ends.
  void abandon(CUdeviceptr base);

  /// Gives the pages of what is not in use back to the system.
  void trim();
  Result<> attribute(CUgraphMem_attribute which, void* value) const;
  Result<> set_attribute(CUgraphMem_attribute which, const void* value);

 private:
  friend class GraphRange;
  void drop_pages(GraphRange& range);
  void forget(GraphRange& range);

  mutable std::mutex mutex_;
  std::unordered_map<CUdeviceptr, std::weak_ptr<GraphRange>> ranges_;
  std::unordered_map<CUdeviceptr, std::shared_ptr<GraphRange>> in_use_;
  std::set<GraphRange*> spare_;  // not in use, with pages
  uint64_t pages_ = 0, used_high_ = 0, reserved_high_ = 0;  // bytes
};

/// Frees what an allocation node allocated, for cuMemFree: at once. Errors: INVALID_VALUE when it is not allocated.
Result<> free_graph_memory(CUdeviceptr base, CUdevice device);
/// The range that begins there, if it is allocated; the caller then frees it in its stream's order. Errors: INVALID_VALUE.
Result<std::shared_ptr<GraphRange>> take_graph_memory(CUdeviceptr base, CUdevice device);

}  // namespace anywarp::driver
