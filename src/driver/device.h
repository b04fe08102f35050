// A device as programs see it.
#pragma once

#include "device/properties.h"
#include "driver/graph_memory.h"

#include <cuda.h>

#include <atomic>
#include <memory>

namespace anywarp::driver {

class Context;
class MemoryPool;

class Device {
 public:
  Device(CUdevice ordinal, device::Properties properties);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  /// Makes what needs handles: the primary context, not yet active, and the default memory pool.
  void start();

  CUdevice ordinal() const { return ordinal_; }
  const device::Properties& properties() const { return properties_; }
  int attribute(CUdevice_attribute which) const { return properties_.attribute(which); }
  Context& primary() { return *primary_; }
  MemoryPool& default_pool() { return *default_pool_; }
  /// What cuMemAllocAsync takes from.
  MemoryPool& current_pool() { return *current_pool_.load(std::memory_order_acquire); }
  void set_current_pool(MemoryPool& pool) { current_pool_.store(&pool, std::memory_order_release); }
  GraphMemory& graph_memory() { return graph_memory_; }

 private:
  const CUdevice ordinal_;
  const device::Properties properties_;
  std::unique_ptr<Context> primary_;
  std::unique_ptr<MemoryPool> default_pool_;
  std::atomic<MemoryPool*> current_pool_{nullptr};
  GraphMemory graph_memory_;
};

}  // namespace anywarp::driver
