// What the program holds of an object: the address of a slot, checked whenever it comes back.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>

namespace anywarp::driver {

enum class Kind : uint32_t {
  None,
  Context,
  Module,
  Library,
  Kernel,
  Function,
  Stream,
  Event,
  MemoryPool,
  Array,
  MipmappedArray,
  Texture,
  TextureReference,
  Link,
  Graph,
  GraphNode,
  GraphExec,
  UserObject,
  GreenContext,
  ResourceDescription,
};

/// Slots lie in one range of addresses that is never unmapped, so that any pointer at all can be checked without touching
/// memory that may not be there: null, wild, freed, or a handle of another kind. A slot that was given up is used again
/// only after many others, so that a stale handle is most likely found out.
class Handles {
 public:
  Handles();
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;

  /// Null when there are four million live handles already.
  void* add(Kind kind, void* object);
  void remove(void* handle);

  /// The object of a live handle of this kind; null for anything else.
  void* find(Kind kind, const void* handle) const {
    const uintptr_t offset = reinterpret_cast<uintptr_t>(handle) - reinterpret_cast<uintptr_t>(slots_);
    if (offset >= kSlots * sizeof(Slot) || offset % sizeof(Slot) != 0) return nullptr;
    const Slot& slot = slots_[offset / sizeof(Slot)];
    if (slot.kind.load(std::memory_order_acquire) != kind) return nullptr;
    return slot.object.load(std::memory_order_relaxed);
  }

  template <class T>
  T* find(const void* handle) const {
    return static_cast<T*>(find(T::kKind, handle));
  }

 private:
  struct alignas(64) Slot {
    std::atomic<Kind> kind;
    std::atomic<void*> object;
  };
  static constexpr uint64_t kSlots = 4 << 20;
  static constexpr size_t kRest = 4096;  // slots that rest before the first of them is used again

  Slot* slots_ = nullptr;
  std::mutex mutex_;
  uint64_t used_ = 0;
  std::deque<Slot*> resting_;
};

}  // namespace anywarp::driver
