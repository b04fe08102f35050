// Small allocations (up to 1 MiB) come in size classes, four to each power of two, cut from chunks of 16 MiB and kept in free lists.
// Large ones are mappings of their own between two pages that nobody may touch, so that an overrun in a kernel is an
// illegal address as it is on a GPU, and releasing them gives the memory back. From 4 MiB on they lie at huge-page
// boundaries: small pages cost a streaming kernel a quarter of its speed.
//
// Other processes may be shown an allocation. Small ones share their pages with others in use, so their chunks are parts of a file in
// memory from the beginning. A large one is moved into a file of its own, in place, when it is asked for.
#include "backend/cpu/memory.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

namespace anywarp::backend::cpu {
namespace {

constexpr size_t kAlign = 512, kSmallest = 512, kLargestSmall = 1 << 20;
constexpr size_t kChunk = 16 << 20;
constexpr size_t kPage = 64 * 1024;  // of guards; the largest page size of any Linux that we run on
constexpr size_t kHugePage = 2 << 20;

size_t round_up(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }

// Four classes to a power of two, multiples of 512.
int class_of(size_t bytes) {
  if (bytes <= kSmallest) return 0;
  const int power = std::bit_width(bytes - 1) - 1;  // 2^power < bytes <= 2^(power+1)
  const size_t step = size_t(1) << (power - 2);
  const int quarter = int((bytes - (size_t(1) << power) + step - 1) / step);  // 1..4
  return (power - 9) * 4 + quarter;
}

size_t class_bytes(int size_class) {
  if (size_class == 0) return kSmallest;
  const int power = (size_class - 1) / 4 + 9, quarter = (size_class - 1) % 4 + 1;
  return round_up((size_t(1) << power) + (size_t(1) << (power - 2)) * size_t(quarter), kAlign);
}

void* map(size_t bytes, int protection) {
  void* made = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return made == MAP_FAILED ? nullptr : made;
}

}  // namespace

Memory::~Memory() {
  for (auto& [pointer, allocation] : allocations_) unmap(allocation);
  for (const Chunk& chunk : chunks_) munmap(chunk.base, chunk.bytes);
  if (small_file_ >= 0) close(small_file_);
}

void Memory::unmap(const Allocation& allocation) {
  if (allocation.mapping) munmap(allocation.mapping, allocation.mapping_bytes);
  if (allocation.file >= 0) close(allocation.file);
}

Memory::Chunk Memory::map_chunk() {
  if (small_file_ < 0) small_file_ = memfd_create("anywarp-device", MFD_CLOEXEC);
  if (small_file_ >= 0 && ftruncate(small_file_, off_t(small_file_bytes_ + kChunk)) == 0) {
    void* made = mmap(nullptr, kChunk, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, small_file_, off_t(small_file_bytes_));
    if (made != MAP_FAILED) return {made, kChunk, int64_t(std::exchange(small_file_bytes_, small_file_bytes_ + kChunk))};
  }
  return {map(kChunk, PROT_READ | PROT_WRITE), kChunk, -1};
}

void* Memory::take_small(int size_class) {
  std::vector<void*>& unused = unused_[size_class];
  if (!unused.empty()) {
    void* pointer = unused.back();
    unused.pop_back();
    return pointer;
  }
  const size_t bytes = class_bytes(size_class);
  if (size_t(chunk_end_ - chunk_at_) < bytes) {
    const Chunk chunk = map_chunk();
    if (!chunk.base) return nullptr;
    chunks_.push_back(chunk);
    chunk_at_ = static_cast<char*>(chunk.base);
    chunk_end_ = chunk_at_ + kChunk;
  }
  return std::exchange(chunk_at_, chunk_at_ + bytes);
}

bool Memory::map_large(size_t bytes, Allocation& made, void*& pointer) {
  const size_t align = bytes >= 2 * kHugePage ? kHugePage : kPage;
  const size_t body = round_up(bytes, kPage);
  made.mapping_bytes = body + align + 2 * kPage;
  made.mapping = map(made.mapping_bytes, PROT_NONE);
  if (!made.mapping) return false;
  char* begin = reinterpret_cast<char*>(round_up(reinterpret_cast<size_t>(made.mapping) + kPage, align));
  if (mprotect(begin, body, PROT_READ | PROT_WRITE) != 0) {
    munmap(made.mapping, made.mapping_bytes);
    return false;
  }
  made.body_bytes = body;
  if (align == kHugePage) madvise(begin, body, MADV_HUGEPAGE);
  pointer = begin;
  return true;
}

Result<void*> Memory::allocate(size_t bytes) {
  if (bytes == 0) return Error{CUDA_ERROR_INVALID_VALUE, "An allocation of 0 bytes was asked for.", ""};
  std::lock_guard lock(mutex_);
  Allocation made;
  const bool small = bytes <= kLargestSmall;
  if (small) made.size_class = class_of(bytes);
  if (bytes <= limit_) made.charged = small ? class_bytes(made.size_class) : round_up(bytes, kPage);
  void* pointer = nullptr;
  if (bytes <= limit_ && used_ + made.charged <= limit_) {
    if (small)
      pointer = take_small(made.size_class);
    else
      map_large(bytes, made, pointer);
  }
  if (!pointer)
    return Error{CUDA_ERROR_OUT_OF_MEMORY,
                 "An allocation of " + std::to_string(bytes) + " bytes was asked for; " + std::to_string(limit_ - used_) + " of " +
                     std::to_string(limit_) + " bytes are free.",
                 ""};
  used_ += made.charged;
  allocations_.emplace(pointer, made);
  return pointer;
}

void Memory::release(void* pointer) {
  std::unique_lock lock(mutex_);
  const auto found = allocations_.find(pointer);
  if (found == allocations_.end()) return;
  const Allocation gone = found->second;
  allocations_.erase(found);
  used_ -= gone.charged;
  if (gone.size_class >= 0) {
    unused_[gone.size_class].push_back(pointer);
    return;
  }
  lock.unlock();
  unmap(gone);
}

Result<Backend::SharedMemory> Memory::share(void* pointer) {
  const Error unsupported{CUDA_ERROR_NOT_SUPPORTED, "The system has no memory that processes can share (memfd_create).", ""};
  std::lock_guard lock(mutex_);
  const auto found = allocations_.find(pointer);
  if (found == allocations_.end()) return Error{CUDA_ERROR_INVALID_VALUE, "The pointer is not the start of an allocation.", ""};
  Allocation& allocation = found->second;
  if (allocation.size_class >= 0) {
    for (const Chunk& chunk : chunks_) {
      const size_t at = reinterpret_cast<size_t>(pointer) - reinterpret_cast<size_t>(chunk.base);
      if (at < chunk.bytes && chunk.offset >= 0) return Backend::SharedMemory{small_file_, uint64_t(chunk.offset) + at};
    }
    return unsupported;
  }
  if (allocation.file >= 0) return Backend::SharedMemory{allocation.file, 0};
  const int file = memfd_create("anywarp-device", MFD_CLOEXEC);
  if (file < 0) return unsupported;
  const size_t bytes = allocation.body_bytes;
  for (size_t at = 0; at < bytes;) {
    const ssize_t written = pwrite(file, static_cast<char*>(pointer) + at, bytes - at, off_t(at));
    if (written <= 0) break;
    at += size_t(written);
  }
  struct stat about = {};
  if (fstat(file, &about) != 0 || size_t(about.st_size) != bytes ||
      mmap(pointer, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED) {
    close(file);
    return Error{CUDA_ERROR_OUT_OF_MEMORY, "The system does not give " + std::to_string(bytes) + " bytes that processes can share.", ""};
  }
  allocation.file = file;
  return Backend::SharedMemory{file, 0};
}

void Memory::usage(size_t& free, size_t& total) const {
  std::lock_guard lock(mutex_);
  free = limit_ - used_;
  total = limit_;
}

}  // namespace anywarp::backend::cpu
