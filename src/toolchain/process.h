// Running other programs, and leaving nothing behind.
#pragma once

#include "base/result.h"

#include <string>
#include <vector>

namespace anywarp::toolchain {

/// From here on SIGINT, SIGTERM and SIGHUP go to the running child and end run_program; the caller unwinds and calls
/// die_if_interrupted at last.
void catch_interrupts();

/// The opposite, before another program takes this process's place.
void release_interrupts();

/// The signal that came since, or 0.
int interrupted_by();

/// Ends the process by the signal that came, if one did, so that the caller's caller sees it.
void die_if_interrupted();

/// Runs argv[0] (a path) to its end; it sees `shown_name` as its own name when that is not empty.
/// Returns the exit status; 128 + n when signal n ended it. Errors: FILE_NOT_FOUND when it cannot be started.
Result<int> run_program(const std::vector<std::string>& argv, const std::string& shown_name = {});

/// A folder of our own below TMPDIR, removed with all it holds when this object goes.
class TemporaryFolder {
 public:
  /// Errors: OPERATING_SYSTEM with the reason.
  static Result<TemporaryFolder> make(const std::string& name);
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~TemporaryFolder();
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// Writes a file, or removes it again. Errors: OPERATING_SYSTEM with the reason (a full disk, no permission).
Result<> write_file(const std::string& path, std::string_view bytes);
Result<std::string> read_file(const std::string& path);

}  // namespace anywarp::toolchain
