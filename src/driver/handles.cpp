#include "driver/handles.h"

#include <sys/mman.h>

namespace anywarp::driver {

// Pages of slots that were never used cost nothing, and read as Kind::None.
Handles::Handles() {
  void* range = mmap(nullptr, kSlots * sizeof(Slot), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range != MAP_FAILED) slots_ = static_cast<Slot*>(range);
}

void* Handles::add(Kind kind, void* object) {
  std::lock_guard lock(mutex_);
  if (!slots_) return nullptr;
  Slot* slot = nullptr;
  if (resting_.size() > kRest || (used_ == kSlots && !resting_.empty())) {
    slot = resting_.front();
    resting_.pop_front();
  } else if (used_ < kSlots) {
    slot = &slots_[used_++];
  } else {
    return nullptr;
  }
  slot->object.store(object, std::memory_order_relaxed);
  slot->kind.store(kind, std::memory_order_release);
  return slot;
}

void Handles::remove(void* handle) {
  if (!handle) return;
  std::lock_guard lock(mutex_);
  auto* slot = static_cast<Slot*>(handle);
  slot->kind.store(Kind::None, std::memory_order_release);
  slot->object.store(nullptr, std::memory_order_relaxed);
  resting_.push_back(slot);
}

}  // namespace anywarp::driver
