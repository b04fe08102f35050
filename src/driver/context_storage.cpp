#include "driver/context_storage.h"

#include <utility>

namespace anywarp::driver {

void ContextStorage::put(void* key, void* value, Destroy destroy) {
  std::lock_guard lock(mutex_);
  entries_[key] = {value, destroy};
}

bool ContextStorage::get(void* key, void** value) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return false;
  *value = found->second.value;
  return true;
}

bool ContextStorage::remove(void* key) {
  std::lock_guard lock(mutex_);
  return entries_.erase(key) != 0;
}

void ContextStorage::clear(CUcontext context) {
  std::unordered_map<void*, Entry> gone;
  {
    std::lock_guard lock(mutex_);
    gone = std::exchange(entries_, {});
  }
  for (const auto& [key, entry] : gone)
    if (entry.destroy) entry.destroy(context, key, entry.value);
}

}  // namespace anywarp::driver
