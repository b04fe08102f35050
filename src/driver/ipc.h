// Memory and events of other processes.
#pragma once

#include "base/result.h"
#include "driver/shared_file.h"

#include <cuda.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace anywarp::driver {

class Context;

/// What the processes that share an event share: how often it was recorded, and how far streams have come with that.
class SharedEvent {
 public:
  static Result<std::shared_ptr<SharedEvent>> create();
  static Result<std::shared_ptr<SharedEvent>> open(const FilePlace& place);
  ~SharedEvent();
  SharedEvent(const SharedEvent&) = delete;
  SharedEvent& operator=(const SharedEvent&) = delete;

  FilePlace place() const { return file_->place(); }
  /// The number of a new recording, which a stream will reach().
  uint64_t submit() { return state_->submitted.fetch_add(1, std::memory_order_acq_rel) + 1; }
  void reach(uint64_t recording);
  /// The latest recording; 0 if there is none.
  uint64_t last() const { return state_->submitted.load(std::memory_order_acquire); }
  bool reached(uint64_t recording) const { return state_->completed.load(std::memory_order_acquire) >= recording; }
  /// Returns when the recording is reached, or when this process exits.
  void wait(uint64_t recording) const;

 private:
  struct State {
    std::atomic<uint64_t> submitted, completed;
  };
  static_assert(std::atomic<uint64_t>::is_always_lock_free);
  SharedEvent(std::shared_ptr<SharedFile> file, State* state) : file_(std::move(file)), state_(state) {}

  const std::shared_ptr<SharedFile> file_;
  State* const state_;
};

/// The memory of other processes that this one has opened. Thread-safe.
class ImportedMemory {
 public:
  Result<CUdeviceptr> open(Context& context, const FilePlace& place, uint64_t offset, size_t bytes);
  /// Errors: INVALID_VALUE.
  Result<> close(CUdeviceptr address);
  /// For release() of an allocation that goes with its context.
  void forget(CUdeviceptr address);

 private:
  struct Opened {
    std::shared_ptr<SharedFile> file;
    Context* context;
    uint64_t offset;
    size_t bytes;
    unsigned references;
  };
  std::mutex mutex_;
  std::map<CUdeviceptr, Opened> opened_;
};

}  // namespace anywarp::driver
