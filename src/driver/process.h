// The one object of the driver: made by cuInit, and never destroyed, for programs call the driver from exit handlers.
#pragma once

#include "backend/backend.h"
#include "base/result.h"
#include "driver/allocations.h"
#include "driver/device.h"
#include "driver/executor.h"
#include "driver/handles.h"
#include "driver/ipc.h"
#include "driver/texture.h"
#include "driver/virtual_memory.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace anywarp::driver {

class Process {
 public:
  /// What cuInit does; the second call and all later ones do nothing. Errors: NO_DEVICE when CUDA_VISIBLE_DEVICES hides all.
  static Result<> start();

  backend::Backend& backend() { return *backend_; }
  Handles& handles() { return handles_; }
  Allocations& allocations() { return allocations_; }
  Executor& executor() { return executor_; }
  TextureTable& textures() { return textures_; }
  ImportedMemory& imported_memory() { return imported_memory_; }
  VirtualMemory& virtual_memory() { return virtual_memory_; }
  const std::vector<std::unique_ptr<Device>>& devices() const { return devices_; }
  bool launch_blocking() const { return launch_blocking_; }

  /// Gives up what contexts keep for a thread.
  void end_of_thread(uint64_t thread);

  /// Every context between its construction and its destruction.
  void add_context(Context& context);
  void remove_context(Context& context);
  template <class Visit>
  void for_each_context(const Visit& visit) {
    std::lock_guard lock(contexts_mutex_);
    for (Context* context : contexts_) visit(*context);
  }

  /// The process is in its exit handlers: nobody waits any more for a kernel that may never end.
  bool exiting() const { return exiting_.load(std::memory_order_relaxed); }

 private:
  explicit Process(std::unique_ptr<backend::Backend> backend) : backend_(std::move(backend)) {}

  const std::unique_ptr<backend::Backend> backend_;
  Handles handles_;
  Allocations allocations_;
  Executor executor_;
  TextureTable textures_;
  ImportedMemory imported_memory_;
  VirtualMemory virtual_memory_;
  std::vector<std::unique_ptr<Device>> devices_;
  bool launch_blocking_ = false;
  std::atomic<bool> exiting_{false};
  std::mutex contexts_mutex_;
  std::vector<Context*> contexts_;
};

/// Null before cuInit.
Process* process();

/// The child of a fork has none of the parent's threads; as with CUDA's own driver it cannot use what the parent has begun.
bool is_forked_child();

/// The object of a live handle, else null. Requires: process() is not null.
template <class T>
T* find(typename T::Handle handle) {
  return process()->handles().find<T>(handle);
}

/// The device of an ordinal. Errors: INVALID_DEVICE.
Result<Device*> device_of(CUdevice device);

/// INVALID_VALUE with the argument's name when the pointer is null.
Result<> need(const void* pointer, const char* name);
Error invalid_value(std::string why);
Error invalid_handle(const char* what);

}  // namespace anywarp::driver
