// Values that a client keeps with a context, each with a function that is called when the context ends.
#pragma once

#include <cuda.h>

#include <mutex>
#include <unordered_map>

namespace anywarp::driver {

class ContextStorage {
 public:
  using Destroy = void (*)(CUcontext context, void* key, void* value);

  void put(void* key, void* value, Destroy destroy);
  bool get(void* key, void** value);
  bool remove(void* key);
  /// Empties it and calls the functions, on this thread, without a lock.
  void clear(CUcontext context);

 private:
  struct Entry {
    void* value;
    Destroy destroy;
  };
  std::mutex mutex_;
  std::unordered_map<void*, Entry> entries_;
};

}  // namespace anywarp::driver
