#include "driver/allocations.h"

#include "driver/mempool.h"
#include "driver/process.h"
#include "observe/observe.h"

#include <sys/mman.h>

#include <cinttypes>
#include <cstdio>
#include <vector>

namespace anywarp::driver {

void Allocations::add(Allocation allocation) {
  if (observe::active())
    observe::memory_changed({observe::Memory::What::Allocate, reinterpret_cast<const void*>(allocation.base), nullptr, allocation.bytes});
  std::unique_lock lock(mutex_);
  allocation.id = next_id_++;
  ranges_[allocation.base] = allocation;
}

Allocations::Ranges::const_iterator Allocations::locate(uintptr_t address) const {
  auto after = ranges_.upper_bound(address);
  if (after == ranges_.begin()) return ranges_.end();
  --after;
  return address - after->first < after->second.bytes ? after : ranges_.end();
}

std::optional<Allocation> Allocations::find(CUdeviceptr address) const {
  std::shared_lock lock(mutex_);
  const auto found = locate(address);
  if (found == ranges_.end()) return std::nullopt;
  return found->second;
}

bool Allocations::overlaps(CUdeviceptr address, size_t bytes) const {
  std::shared_lock lock(mutex_);
  const auto after = ranges_.lower_bound(address);
  return locate(address) != ranges_.end() || (after != ranges_.end() && after->first - address < bytes);
}

std::optional<Allocation> Allocations::remove(CUdeviceptr base, std::initializer_list<MemoryKind> kinds) {
  std::optional<Allocation> gone;
  {
    std::unique_lock lock(mutex_);
    const auto found = ranges_.find(base);
    if (found == ranges_.end()) return std::nullopt;
    for (const MemoryKind kind : kinds)
      if (found->second.kind == kind) gone = found->second;
    if (!gone) return std::nullopt;
    ranges_.erase(found);
  }
  if (observe::active())
    observe::memory_changed({observe::Memory::What::Free, reinterpret_cast<const void*>(gone->base), nullptr, gone->bytes});
  return gone;
}

void Allocations::replace(CUdeviceptr base, size_t bytes, std::vector<Allocation> mapped) {
  std::unique_lock lock(mutex_);
  for (auto at = ranges_.lower_bound(base); at != ranges_.end() && at->first - base < bytes;) {
    // What stays keeps its number.
    for (Allocation& range : mapped)
      if (range.base == at->first) range.id = at->second.id;
    at = ranges_.erase(at);
  }
  for (Allocation& range : mapped) {
    if (range.id == 0) range.id = next_id_++;
    ranges_[range.base] = range;
  }
}

void Allocations::release_all_of(const Context& context) {
  std::vector<Allocation> gone;
  {
    std::unique_lock lock(mutex_);
    for (auto at = ranges_.begin(); at != ranges_.end();) {
      // Variables go with their module, memory of a pool with its pool.
      if (at->second.context != &context || at->second.kind == MemoryKind::Variable) {
        ++at;
        continue;
      }
      gone.push_back(at->second);
      at = ranges_.erase(at);
    }
  }
  for (const Allocation& allocation : gone) release(allocation);
}

void release(const Allocation& allocation) {
  switch (allocation.kind) {
    case MemoryKind::Pool: allocation.pool->put_back(allocation.base, allocation.bytes); return;
    case MemoryKind::Device:
    case MemoryKind::Managed: process()->backend().release(reinterpret_cast<void*>(allocation.base)); return;
    case MemoryKind::Imported: process()->imported_memory().forget(allocation.base); return;
    case MemoryKind::Host: munmap(reinterpret_cast<void*>(allocation.base), allocation.bytes); return;
    case MemoryKind::Registered:
    case MemoryKind::Variable:
    case MemoryKind::Mapped: return;
    case MemoryKind::Graph: process()->devices()[size_t(allocation.device)]->graph_memory().abandon(allocation.base); return;
  }
}

Result<> check_device_range(CUdeviceptr address, size_t bytes, const char* name) {
  const auto found = process()->allocations().find(address);
  char text[160];
  if (!found) {
    snprintf(text, sizeof text, "The argument '%s', 0x%llx, is not in memory that the device may use.", name, address);
    return invalid_value(text);
  }
  if (!found->holds(address, bytes)) {
    snprintf(text, sizeof text, "The %zu bytes at '%s', 0x%llx, go beyond the end of the allocation of %zu bytes at 0x%" PRIxPTR ".", bytes,
             name, address, found->bytes, found->base);
    return invalid_value(text);
  }
  return {};
}

}  // namespace anywarp::driver
