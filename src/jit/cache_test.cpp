#include "jit/cache.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

namespace anywarp::jit {
namespace {

namespace fs = std::filesystem;

class Cache : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "anywarp-cache-XXXXXX").native();
    ASSERT_TRUE(::mkdtemp(name.data()));
    root_ = name;
    directory_ = name + "/a/b";
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

  std::string root_, directory_;
};

TEST_F(Cache, WhatIsStoredIsFoundAgain) {
  DiskCache cache(directory_, 1 << 20);
  EXPECT_FALSE(cache.load("key"));
  const std::string object("object\0with zeros", 17);
  cache.store("key", "metadata", object);
  auto entry = cache.load("key");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->metadata, "metadata");
  EXPECT_EQ(entry->object, object);
  EXPECT_FALSE(cache.load("another key"));
  struct stat status;
  ASSERT_EQ(::stat(directory_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  ASSERT_EQ(::stat(cache.path("key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(Cache, EveryDamagedByteAndEveryCutIsNoticed) {
  DiskCache cache(directory_, 1 << 20);
  cache.store("key", "metadata", "object");
  const std::string good = bytes_of(cache.path("key"));
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] ^= 0x41;
    write(cache.path("key"), bad);
    EXPECT_FALSE(cache.load("key")) << at;
    write(cache.path("key"), good.substr(0, at));
    EXPECT_FALSE(cache.load("key")) << at;
  }
  write(cache.path("key"), good + "x");
  EXPECT_FALSE(cache.load("key"));
  cache.store("key", "metadata", "object");
  EXPECT_TRUE(cache.load("key"));
}

TEST_F(Cache, AnEntryUnderAnotherKeysNameIsNotTaken) {
  DiskCache cache(directory_, 1 << 20);
  cache.store("key", "metadata", "object");
  fs::rename(cache.path("key"), cache.path("other"));
  EXPECT_FALSE(cache.load("other"));
}

TEST_F(Cache, WhatOthersMayWriteToIsNotTrusted) {
  DiskCache cache(directory_, 1 << 20);
  cache.store("key", "metadata", "object");
  ASSERT_EQ(::chmod(cache.path("key").c_str(), 0622), 0);
  EXPECT_FALSE(cache.load("key"));
  cache.store("key", "metadata", "object");
  EXPECT_TRUE(cache.load("key"));
  ASSERT_EQ(::chmod(directory_.c_str(), 0777), 0);
  EXPECT_FALSE(cache.load("key"));
  ASSERT_EQ(::chmod(directory_.c_str(), 0700), 0);
  EXPECT_TRUE(cache.load("key"));
}

TEST_F(Cache, SymbolicLinksAreNotFollowed) {
  DiskCache cache(directory_, 1 << 20);
  cache.store("key", "metadata", "object");
  fs::rename(cache.path("key"), root_ + "/elsewhere");
  fs::create_symlink(root_ + "/elsewhere", cache.path("key"));
  EXPECT_FALSE(cache.load("key"));
}

TEST_F(Cache, APlaceThatCannotBeWrittenToIsNoError) {
  write(root_ + "/file", "");
  DiskCache cache(root_ + "/file/below", 1 << 20);
  cache.store("key", "metadata", "object");
  EXPECT_FALSE(cache.load("key"));
  DiskCache full("/dev/full/cache", 1 << 20);
  full.store("key", "metadata", "object");
  EXPECT_FALSE(full.load("key"));
}

TEST_F(Cache, TheOldestEntriesGoFirst) {
  DiskCache cache(directory_, 10'000);
  for (int i = 0; i < 12; ++i) {
    const std::string key = "key" + std::to_string(i);
    cache.store(key, "", std::string(1000, 'x'));
    const timeval times[2] = {{1'000'000 + i, 0}, {1'000'000 + i, 0}};
    ::utimes(cache.path(key).c_str(), times);
  }
  write(directory_ + "/left.temporary", "x");
  const timeval old[2] = {{1'000'000, 0}, {1'000'000, 0}};
  ::utimes((directory_ + "/left.temporary").c_str(), old);
  cache.evict();
  uint64_t bytes = 0, entries = 0;
  cache.measure(bytes, entries);
  EXPECT_LE(bytes, 9'000u);
  EXPECT_GE(entries, 7u);
  EXPECT_FALSE(cache.load("key0"));
  EXPECT_TRUE(cache.load("key11"));
  EXPECT_FALSE(fs::exists(directory_ + "/left.temporary"));
}

TEST_F(Cache, ManyWritersAndReadersSeeWholeEntries) {
  DiskCache cache(directory_, 1 << 20);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      const std::string object(10'000 + t, static_cast<char>('a' + t));
      for (int i = 0; i < 50; ++i) {
        cache.store("key", "m", object);
        auto entry = cache.load("key");
        ASSERT_TRUE(entry);
        ASSERT_EQ(entry->object.size(), 10'000u + static_cast<unsigned>(entry->object[0] - 'a'));
      }
    });
  for (auto& thread : threads) thread.join();
  uint64_t bytes = 0, entries = 0;
  cache.measure(bytes, entries);
  EXPECT_EQ(entries, 1u);
}

}  // namespace
}  // namespace anywarp::jit
