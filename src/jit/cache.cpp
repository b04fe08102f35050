#include "jit/cache.h"

#include "base/environment.h"
#include "base/hash.h"
#include "base/log.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <vector>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace anywarp::jit {
namespace {

namespace fs = std::filesystem;

constexpr char kMagic[8] = {'A', 'n', 'y', 'w', 'a', 'r', 'p', '\n'};
constexpr uint32_t kVersion = 1;
constexpr std::string_view kSuffix = ".object", kTemporary = ".temporary";
constexpr uint64_t kStoresBetweenEvictions = 64;
constexpr time_t kStale = 60 * 60;  // seconds; a writer is never that slow

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t key_bytes;
  uint64_t metadata_bytes;
  uint64_t object_bytes;
  uint64_t checksum;  // of what follows the header
};

struct File {
  int descriptor = -1;
  explicit File(int descriptor) : descriptor(descriptor) {}
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  explicit operator bool() const { return descriptor >= 0; }
  bool close() {
    const bool good = descriptor < 0 || ::close(descriptor) == 0;
    descriptor = -1;
    return good;
  }
};

bool ours_alone(const struct stat& status) { return status.st_uid == ::geteuid() && (status.st_mode & 022) == 0; }

bool read_all(int descriptor, std::string& out) {
  for (size_t done = 0; done < out.size();) {
    const ssize_t got = ::read(descriptor, out.data() + done, out.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(descriptor, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    text.remove_prefix(static_cast<size_t>(put));
  }
  return true;
}

void warn(const std::string& directory, const std::string& what) {
  log_once(LogLevel::Warning, "cache " + directory, "The cache of compiled kernels in '%s' %s. Kernels are compiled without it.",
           directory.c_str(), what.c_str());
}

void warn_entry(const std::string& path, const char* what) {
  log_once(LogLevel::Warning, "cache entry", "The cache entry '%s' %s; it is ignored and replaced.", path.c_str(), what);
}

std::string home() {
  if (const char* home = std::getenv("HOME"); home && *home) return home;
  const passwd* user = ::getpwuid(::geteuid());
  return user && user->pw_dir ? user->pw_dir : "";
}

/// Empty when there is no place for a cache.
std::string directory_of_environment() {
  if (std::string path = env::cache_path(); !path.empty()) return path;
  if (std::string path = env::cuda_cache_path(); !path.empty()) return path + "/anywarp";
  if (const char* path = std::getenv("XDG_CACHE_HOME"); path && *path == '/') return std::string(path) + "/anywarp";
  const std::string path = home();
  return path.empty() ? "" : path + "/.cache/anywarp";
}

bool enabled_by_environment() { return env::cache() && !env::cuda_cache_disable() && env::cuda_cache_maxsize() > 0; }

bool ends_with(const fs::path& path, std::string_view suffix) { return std::string_view(path.native()).ends_with(suffix); }

}  // namespace

std::string DiskCache::path(std::string_view key) const { return directory_ + "/" + Hasher().add(key).digest() + std::string(kSuffix); }

std::optional<DiskCache::Entry> DiskCache::load(std::string_view key) {
  const std::string path = this->path(key);
  struct stat directory, status;
  if (::lstat(directory_.c_str(), &directory) != 0) return std::nullopt;
  if (!S_ISDIR(directory.st_mode) || !ours_alone(directory)) {
    warn(directory_, "is not a directory that only this user may write to");
    return std::nullopt;
  }
  File file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) return std::nullopt;
  if (::fstat(file.descriptor, &status) != 0 || !S_ISREG(status.st_mode) || !ours_alone(status)) {
    warn_entry(path, "is not a file that only this user may write to");
    return std::nullopt;
  }
  Header header;
  std::string text(static_cast<size_t>(std::max<off_t>(status.st_size, 0)), '\0');
  if (text.size() < sizeof header || !read_all(file.descriptor, text)) {
    warn_entry(path, "is too short");
    return std::nullopt;
  }
  std::memcpy(&header, text.data(), sizeof header);
  const std::string_view body = std::string_view(text).substr(sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.version != kVersion) {
    warn_entry(path, "is of another kind");
    return std::nullopt;
  }
  if (header.metadata_bytes > body.size() || header.object_bytes > body.size() ||
      header.key_bytes + header.metadata_bytes + header.object_bytes != body.size()) {
    warn_entry(path, "is cut off");
    return std::nullopt;
  }
  if (hash64(body) != header.checksum) {
    warn_entry(path, "is damaged");
    return std::nullopt;
  }
  if (body.substr(0, header.key_bytes) != key) return std::nullopt;

  // Eviction takes the entries whose time of change is oldest: a use counts, to the hour.
  if (std::time(nullptr) - status.st_mtime > kStale) ::futimens(file.descriptor, nullptr);
  return Entry{std::string(body.substr(header.key_bytes, header.metadata_bytes)),
               std::string(body.substr(header.key_bytes + header.metadata_bytes))};
}

bool DiskCache::make_directory() {
  struct stat status;
  if (::lstat(directory_.c_str(), &status) != 0) {
    const fs::path parent = fs::path(directory_).parent_path();
    std::error_code error;
    if (!parent.empty()) fs::create_directories(parent, error);
    if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) {
      warn(directory_, std::string("cannot be made (") + std::strerror(errno) + ")");
      return false;
    }
    if (::lstat(directory_.c_str(), &status) != 0) return false;
  }
  if (!S_ISDIR(status.st_mode) || !ours_alone(status)) {
    warn(directory_, "is not a directory that only this user may write to");
    return false;
  }
  return true;
}

void DiskCache::store(std::string_view key, std::string_view metadata, std::string_view object) {
  static std::atomic<uint64_t> stores = 0;
  if (!make_directory()) return;
  std::string body;
  body.reserve(key.size() + metadata.size() + object.size());
  body.append(key).append(metadata).append(object);
  Header header{{}, kVersion, static_cast<uint32_t>(key.size()), metadata.size(), object.size(), hash64(body)};
  std::memcpy(header.magic, kMagic, sizeof kMagic);

  const uint64_t turn = stores++;
  const std::string path = this->path(key);
  const std::string temporary = path + "." + std::to_string(::getpid()) + "." + std::to_string(turn) + std::string(kTemporary);
  File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) {
    warn(directory_, std::string("cannot be written to (") + std::strerror(errno) + ")");
    return;
  }
  errno = 0;
  if (!write_all(file.descriptor, {reinterpret_cast<const char*>(&header), sizeof header}) || !write_all(file.descriptor, body) ||
      !file.close() || ::rename(temporary.c_str(), path.c_str()) != 0) {
    warn(directory_, std::string("cannot be written to (") + std::strerror(errno) + ")");
    ::unlink(temporary.c_str());
    return;
  }
  if (turn % kStoresBetweenEvictions == 0) evict();
}

void DiskCache::measure(uint64_t& bytes, uint64_t& entries) const {
  bytes = entries = 0;
  std::error_code error;
  for (fs::directory_iterator at(directory_, error), end; !error && at != end; at.increment(error)) {
    if (!ends_with(at->path(), kSuffix)) continue;
    std::error_code gone;
    const uintmax_t size = at->file_size(gone);
    if (gone) continue;
    bytes += size;
    ++entries;
  }
}

void DiskCache::evict() {
  struct Found {
    time_t used;
    uint64_t bytes;
    std::string path;
  };
  std::vector<Found> found;
  uint64_t bytes = 0;
  const time_t now = std::time(nullptr);
  std::error_code error;
  for (fs::directory_iterator at(directory_, error), end; !error && at != end; at.increment(error)) {
    struct stat status;
    const std::string path = at->path().native();
    if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (ends_with(at->path(), kTemporary)) {
      if (now - status.st_mtime > kStale) ::unlink(path.c_str());
    } else if (ends_with(at->path(), kSuffix)) {
      found.push_back({status.st_mtime, static_cast<uint64_t>(status.st_size), path});
      bytes += found.back().bytes;
    }
  }
  if (bytes <= most_bytes_) return;
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.used < b.used; });
  for (const Found& entry : found) {
    if (bytes <= most_bytes_ / 10 * 9) break;
    ::unlink(entry.path.c_str());
    bytes -= entry.bytes;
  }
}

DiskCache* disk_cache() {
  static DiskCache* const cache = []() -> DiskCache* {
    if (!enabled_by_environment()) return nullptr;
    std::string directory = directory_of_environment();
    return directory.empty() ? nullptr : new DiskCache(std::move(directory), env::cuda_cache_maxsize());
  }();
  return cache;
}

CacheInfo cache_info() {
  CacheInfo info;
  info.enabled = enabled_by_environment();
  info.path = directory_of_environment();
  info.most_bytes = env::cuda_cache_maxsize();
  DiskCache(info.path, info.most_bytes).measure(info.bytes, info.entries);
  return info;
}

}  // namespace anywarp::jit
