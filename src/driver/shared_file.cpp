// Files have no names, so nothing is left behind by a process that crashes: whoever maps one opens it through the table of files
// that the system keeps for the process that has made it. That process must still live, which CUDA asks for as well.
#include "driver/shared_file.h"

#include "driver/process.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace anywarp::driver {
namespace {

size_t page() {
  static const auto bytes = size_t(sysconf(_SC_PAGESIZE));
  return bytes;
}

}  // namespace

SharedFile::~SharedFile() { close(file_); }

Result<std::shared_ptr<SharedFile>> SharedFile::checked(int file, uint64_t wanted_inode) {
  struct stat about = {};
  if (fstat(file, &about) == 0 && S_ISREG(about.st_mode) && (wanted_inode == 0 || wanted_inode == about.st_ino))
    return std::shared_ptr<SharedFile>(new SharedFile(file, about.st_ino));
  close(file);
  return invalid_value("The file is not one of memory that a process shares.");
}

Result<std::shared_ptr<SharedFile>> SharedFile::create() {
  const int file = memfd_create("anywarp-shared", MFD_CLOEXEC);
  if (file < 0) return Error{CUDA_ERROR_OUT_OF_MEMORY, "The system has no memory that processes can share (memfd_create).", ""};
  return checked(file, 0);
}

Result<std::shared_ptr<SharedFile>> SharedFile::open(const FilePlace& place) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%u/fd/%d", place.process, place.file);
  const int file = ::open(path, O_RDWR | O_CLOEXEC);
  if (file < 0)
    return invalid_value("The handle is not valid: process " + std::to_string(place.process) +
                         " has ended, has freed what the handle stands for, or belongs to another user.");
  return checked(file, place.inode);
}

Result<std::shared_ptr<SharedFile>> SharedFile::take(int file) {
  const int copy = fcntl(file, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return invalid_value("The file descriptor " + std::to_string(file) + " is not open.");
  return checked(copy, 0);
}

FilePlace SharedFile::place() const { return {uint32_t(getpid()), file_, inode_}; }

Result<FilePlace> place_of(int file) {
  struct stat about = {};
  if (fstat(file, &about) != 0) return invalid_value("The file descriptor " + std::to_string(file) + " is not open.");
  return FilePlace{uint32_t(getpid()), file, about.st_ino};
}

Result<int> SharedFile::duplicate() const {
  const int copy = fcntl(file_, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return Error{CUDA_ERROR_OUT_OF_MEMORY, "The process has no file descriptor left.", ""};
  return copy;
}

Result<> SharedFile::grow(uint64_t bytes) {
  struct stat about = {};
  if (fstat(file_, &about) == 0 && (uint64_t(about.st_size) >= bytes || ftruncate(file_, off_t(bytes)) == 0)) return {};
  return Error{CUDA_ERROR_OUT_OF_MEMORY, "The system does not give " + std::to_string(bytes) + " bytes that processes can share.", ""};
}

Result<void*> SharedFile::map(uint64_t offset, size_t bytes) const {
  struct stat about = {};
  if (fstat(file_, &about) != 0 || bytes == 0 || bytes > uint64_t(about.st_size) || offset > uint64_t(about.st_size) - bytes)
    return invalid_value("The shared memory ends before the " + std::to_string(bytes) + " bytes from " + std::to_string(offset) + " on.");
  const size_t within = offset % page();
  void* made = mmap(nullptr, bytes + within, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file_, off_t(offset - within));
  if (made == MAP_FAILED) return Error{CUDA_ERROR_MAP_FAILED, "The system does not map the shared memory.", ""};
  return static_cast<void*>(static_cast<char*>(made) + within);
}

void SharedFile::unmap(void* view, size_t bytes) {
  const size_t within = reinterpret_cast<size_t>(view) % page();
  munmap(static_cast<char*>(view) - within, bytes + within);
}

void SharedFile::discard(uint64_t offset, size_t bytes) const {
  (void)fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off_t(offset), off_t(bytes));
}

}  // namespace anywarp::driver
