#include "exec/device_heap.h"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <unordered_map>

namespace anywarp::exec {
namespace {

// A kernel's free() may be given anything, so every allocation is on record; in shards, as many threads allocate at once.
struct Shard {
  std::mutex mutex;
  std::unordered_map<void*, size_t> sizes;
};
constexpr size_t kShards = 16;

struct Heap {
  Shard shards[kShards];
  std::atomic<size_t> used{0};
  std::atomic<size_t> limit{8 << 20};
};

Heap& heap() {
  static Heap* const one = new Heap;
  return *one;
}

Shard& shard_of(void* pointer) { return heap().shards[(reinterpret_cast<uintptr_t>(pointer) >> 5) % kShards]; }

}  // namespace

void* heap_allocate(size_t bytes) {
  Heap& all = heap();
  const size_t limit = all.limit.load(std::memory_order_relaxed);
  const size_t charged = (bytes < 16 ? 16 : bytes + 15) / 16 * 16;
  if (bytes > limit || all.used.fetch_add(charged, std::memory_order_relaxed) + charged > limit) {
    if (bytes <= limit) all.used.fetch_sub(charged, std::memory_order_relaxed);
    return nullptr;
  }
  void* pointer = std::malloc(charged);
  if (!pointer) {
    all.used.fetch_sub(charged, std::memory_order_relaxed);
    return nullptr;
  }
  Shard& shard = shard_of(pointer);
  std::lock_guard lock(shard.mutex);
  shard.sizes[pointer] = charged;
  return pointer;
}

bool heap_release(void* pointer) {
  if (!pointer) return true;
  {
    Shard& shard = shard_of(pointer);
    std::lock_guard lock(shard.mutex);
    const auto found = shard.sizes.find(pointer);
    if (found == shard.sizes.end()) return false;
    heap().used.fetch_sub(found->second, std::memory_order_relaxed);
    shard.sizes.erase(found);
  }
  std::free(pointer);
  return true;
}

void set_heap_limit(size_t bytes) { heap().limit.store(bytes, std::memory_order_relaxed); }
size_t heap_limit() { return heap().limit.load(std::memory_order_relaxed); }

void heap_reset() {
  for (Shard& shard : heap().shards) {
    std::lock_guard lock(shard.mutex);
    for (const auto& [pointer, size] : shard.sizes) {
      heap().used.fetch_sub(size, std::memory_order_relaxed);
      std::free(pointer);
    }
    shard.sizes.clear();
  }
}

}  // namespace anywarp::exec
