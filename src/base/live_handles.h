// The objects of a C API by their handles.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace anywarp {

/// Handles are looked up among those that live, so a freed or a wild one is an error and no crash; none is used again. An object goes
/// when its handle is removed and the last call that found it has ended. Safe from any thread.
template <class Handle, class Object>
class LiveHandles {
 public:
  Handle add(std::shared_ptr<Object> object) {
    std::lock_guard guard(lock_);
    // Aligned as an address would be, so that nothing that looks at handles is surprised.
    const auto handle = reinterpret_cast<Handle>(last_ += 16);
    all_.emplace(handle, std::move(object));
    return handle;
  }

  /// Null if it does not live.
  std::shared_ptr<Object> find(Handle handle) {
    std::lock_guard guard(lock_);
    const auto at = all_.find(handle);
    return at == all_.end() ? nullptr : at->second;
  }

  /// What the handle stood for, to be destroyed by the caller; null if it does not live.
  std::shared_ptr<Object> remove(Handle handle) {
    std::lock_guard guard(lock_);
    const auto node = all_.extract(handle);
    return node ? std::move(node.mapped()) : nullptr;
  }

 private:
  std::mutex lock_;
  std::map<Handle, std::shared_ptr<Object>> all_;
  uintptr_t last_ = 0;
};

}  // namespace anywarp
