// Device memory on the CPU: address ranges of this process, with CUDA's alignment and a real limit.
#pragma once

#include "backend/backend.h"
#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace anywarp::backend::cpu {

/// Thread-safe.
class Memory {
 public:
  explicit Memory(uint64_t limit) : limit_(limit) {}
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  /// 512-byte aligned; fresh pages are zero, reused ones are not. Errors: OUT_OF_MEMORY; INVALID_VALUE for 0 bytes.
  Result<void*> allocate(size_t bytes);
  /// Does nothing for what allocate() has not returned.
  void release(void* pointer);
  void usage(size_t& free, size_t& total) const;
  /// As Backend::share.
  Result<Backend::SharedMemory> share(void* pointer);

 private:
  struct Allocation {
    uint64_t charged = 0;   // bytes against the limit
    int size_class = -1;    // of a small one
    void* mapping = nullptr;
    size_t mapping_bytes = 0;
    size_t body_bytes = 0;  // of a large one: what may be touched
    int file = -1;          // of a large one that is shared
  };
  struct Chunk {
    void* base;
    size_t bytes;
    int64_t offset;         // in small_file_; below 0: private to this process
  };
  static constexpr int kClasses = 48;

  void* take_small(int size_class);
  Chunk map_chunk();
  static void unmap(const Allocation& allocation);
  bool map_large(size_t bytes, Allocation& made, void*& pointer);

  const uint64_t limit_;
  mutable std::mutex mutex_;
  uint64_t used_ = 0;
  std::unordered_map<void*, Allocation> allocations_;
  std::vector<void*> unused_[kClasses];
  std::vector<Chunk> chunks_;
  int small_file_ = -1;
  size_t small_file_bytes_ = 0;
  char* chunk_at_ = nullptr;
  char* chunk_end_ = nullptr;
};

}  // namespace anywarp::backend::cpu
