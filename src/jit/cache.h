// Object files on disk, by key.
//
// The directory belongs to one user. It is made with mode 0700, and neither it nor a file in it is trusted if somebody
// else owns it or may write to it, because what it holds is executed. An entry is one file:
//
//   magic  version  key length  metadata length  object length  checksum | key | metadata | object
//
// It is written under a temporary name and renamed, so that readers see all of it or nothing. Whatever is not as it
// should be counts as missing and is replaced. Losing the cache loses time, never a result.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace anywarp::jit {

class DiskCache {
 public:
  struct Entry {
    std::string metadata, object;
  };

  /// The cache in `directory`; nothing is touched until the first store.
  DiskCache(std::string directory, uint64_t most_bytes) : directory_(std::move(directory)), most_bytes_(most_bytes) {}

  std::optional<Entry> load(std::string_view key);
  void store(std::string_view key, std::string_view metadata, std::string_view object);

  const std::string& directory() const { return directory_; }
  uint64_t most_bytes() const { return most_bytes_; }
  /// Bytes and number of entries.
  void measure(uint64_t& bytes, uint64_t& entries) const;

  /// Removes the entries that were used least recently, until nine tenths of the limit are kept, and what writers that
  /// died left behind.
  void evict();

  /// The file of a key.
  std::string path(std::string_view key) const;

 private:
  bool make_directory();

  std::string directory_;
  uint64_t most_bytes_;
};

/// The cache that the environment asks for; null when it is switched off or there is no place for it. Looked up once.
DiskCache* disk_cache();

struct CacheInfo {
  bool enabled = false;
  std::string path;        // also when switched off
  uint64_t bytes = 0, entries = 0, most_bytes = 0;
};
CacheInfo cache_info();

}  // namespace anywarp::jit
