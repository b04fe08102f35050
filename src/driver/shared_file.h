// A file in memory that other processes can map, and how they find it.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace anywarp::driver {

/// Where a file is: what goes into the handles that processes send each other.
struct FilePlace {
  uint32_t process = 0;
  int32_t file = -1;
  uint64_t inode = 0;
};

class SharedFile {
 public:
  ~SharedFile();
  SharedFile(const SharedFile&) = delete;
  SharedFile& operator=(const SharedFile&) = delete;

  /// A new one, of no bytes but as many as are mapped. Errors: OUT_OF_MEMORY.
  static Result<std::shared_ptr<SharedFile>> create();
  /// One of another process, which must still have it. Errors: INVALID_VALUE.
  static Result<std::shared_ptr<SharedFile>> open(const FilePlace& place);
  /// One that came as a file descriptor, which stays the caller's. Errors: INVALID_VALUE.
  static Result<std::shared_ptr<SharedFile>> take(int file);

  FilePlace place() const;
  uint64_t inode() const { return inode_; }
  /// A file descriptor of the program's own. Errors: OUT_OF_MEMORY.
  Result<int> duplicate() const;

  /// Makes the file longer; what is new is zero. Errors: OUT_OF_MEMORY.
  Result<> grow(uint64_t bytes);
  /// The offset may be any; the view begins at it. Errors: MAP_FAILED, INVALID_VALUE when the file is shorter.
  Result<void*> map(uint64_t offset, size_t bytes) const;
  static void unmap(void* view, size_t bytes);
  /// Gives the memory of whole pages back; they read as zero.
  void discard(uint64_t offset, size_t bytes) const;

 private:
  SharedFile(int file, uint64_t inode) : file_(file), inode_(inode) {}
  static Result<std::shared_ptr<SharedFile>> checked(int file, uint64_t wanted_inode);

  const int file_;
  const uint64_t inode_;
};

/// The place of a file of this process that somebody else owns.
Result<FilePlace> place_of(int file);

}  // namespace anywarp::driver
