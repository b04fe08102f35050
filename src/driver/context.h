// A context: what is current on a thread, owns objects, and fails for good when a kernel does.
#pragma once

#include "driver/context_storage.h"
#include "driver/device.h"
#include "driver/handles.h"
#include "driver/object.h"
#include "driver/queue.h"
#include "driver/stream.h"

#include <cuda.h>

#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace anywarp::driver {

/// What the calling thread does about a task that it gives to a stream.
enum class Manner : uint8_t {
  Queued,  // goes on at once
  Cheap,   // runs it itself if the stream is idle, else goes on
  Waited,  // returns when it has run
};

class Context {
 public:
  using Handle = CUcontext;
  static constexpr Kind kKind = Kind::Context;
  struct Primary {};

  /// The primary context is made with the device, and its handle stays; it is active between begin() and end().
  Context(Device& device, Primary);
  Context(Device& device, unsigned flags);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  CUcontext handle() const { return handle_; }
  Device& device() const { return device_; }
  uint64_t id() const { return id_; }
  bool is_primary() const { return is_primary_; }
  unsigned flags() const { return flags_.load(std::memory_order_relaxed); }
  void set_flags(unsigned flags) { flags_.store(flags, std::memory_order_relaxed); }
  Patience patience() const;

  void begin();
  /// Waits for all work, then destroys what the context owns. While the process exits it does neither.
  void end();
  bool active() const { return active_.load(std::memory_order_acquire); }
  /// Errors: CONTEXT_IS_DESTROYED; the sticky error.
  Result<> usable() const;

  /// Of the primary context.
  void retain();
  bool release();
  unsigned retained() const { return retained_; }
  void reset();

  Stream& legacy_stream() { return *legacy_; }
  Stream& per_thread_stream();
  void end_of_thread(uint64_t thread);

  /// Puts the task (null: nothing but the waiting) in the stream, behind `after` and behind what CUDA's rules for the default
  /// stream put before it. Returns its place. Errors: those of may_put(); the sticky error, when the
  /// manner is not Queued.
  Result<Mark> put(Stream& stream, std::unique_ptr<Task> task, Manner manner, std::vector<Mark> after = {});
  /// The same without looking at captures; for what has been checked by may_put().
  Result<Mark> put_unchecked(Stream& stream, std::unique_ptr<Task> task, Manner manner, std::vector<Mark> after = {});
  /// Waits for all streams. Errors: the sticky error.
  Result<> synchronize();

  /// Takes the object over. Errors: OUT_OF_MEMORY when it got no handle.
  template <class T>
  Result<T*> own(std::unique_ptr<T> object) {
    T* made = object.get();
    AW_TRY(own_object(std::move(object)));
    return made;
  }
  void destroy(Object& object);
  /// Calls visit(Object&) for all that it owns; nothing is made or destroyed meanwhile.
  template <class Visit>
  void for_each_object(const Visit& visit) {
    std::lock_guard lock(objects_mutex_);
    for (const auto& [object, owner] : objects_) visit(*object);
  }
  /// The ends of all its queues that have work.
  std::vector<Mark> marks();

  ContextStorage& storage() { return storage_; }

  CUfunc_cache cache_config = CU_FUNC_CACHE_PREFER_NONE;
  CUsharedconfig shared_config = CU_SHARED_MEM_CONFIG_DEFAULT_BANK_SIZE;
  size_t l2_fetch_granularity = 64, persisting_l2_bytes = 0;
  unsigned attached = 1;                            // cuCtxAttach
  std::unordered_set<const Context*> peers;         // cuCtxEnablePeerAccess; guarded by peers_mutex
  std::mutex peers_mutex;

  // Called by Stream only.
  const std::shared_ptr<Status>& status() const { return status_; }
  void add_queue(std::shared_ptr<Queue> queue, bool blocking);
  void retire_queue(const Queue& queue);

 private:
  struct Member {
    std::shared_ptr<Queue> queue;
    bool blocking, retired;
  };
  Result<> own_object(std::unique_ptr<Object> object);
  void add_default_order(const Stream& stream, std::vector<Mark>& after);
  void forget_idle_retired();

  Device& device_;
  const bool is_primary_;
  const uint64_t id_;
  CUcontext handle_;
  std::atomic<unsigned> flags_;
  std::atomic<bool> active_{false};
  std::recursive_mutex life_;                       // begin, end and the count of retains; functions of the storage may call back
  std::atomic<unsigned> retained_{0};
  std::shared_ptr<Status> status_;
  ContextStorage storage_;

  std::mutex order_;                                // the order of all streams, and the list of them
  std::vector<Member> queues_;
  std::unique_ptr<Stream> legacy_;
  std::unordered_map<uint64_t, std::unique_ptr<Stream>> per_thread_;

  std::mutex objects_mutex_;
  std::unordered_map<Object*, std::unique_ptr<Object>> objects_;
};

/// Null when none is current, or what was current is gone.
Context* current_or_null();
/// Errors: INVALID_CONTEXT when none is current, CONTEXT_IS_DESTROYED, and the sticky error.
Result<Context*> current_context();
/// A context by handle; null means the current one. The same errors.
Result<Context*> context_of(CUcontext handle);

}  // namespace anywarp::driver
