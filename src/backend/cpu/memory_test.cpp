#include "backend/cpu/memory.h"

#include <gtest/gtest.h>

#include <sys/mman.h>

#include <cstring>
#include <map>
#include <random>

namespace anywarp::backend::cpu {
namespace {

TEST(DeviceMemory, AlignedDisjointAndAccounted) {
  Memory memory(uint64_t(1) << 30);
  std::mt19937 random(1);
  std::map<char*, size_t> live;
  for (int step = 0; step < 3000; ++step) {
    if (live.size() > 200 || (!live.empty() && random() % 3 == 0)) {
      auto victim = std::next(live.begin(), long(random() % live.size()));
      memory.release(victim->first);
      live.erase(victim);
      continue;
    }
    const size_t bytes = 1 + random() % (random() % 20 == 0 ? 6'000'000 : 5000);
    auto made = memory.allocate(bytes);
    ASSERT_TRUE(made) << made.error().message;
    char* begin = static_cast<char*>(*made);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(begin) % 512, 0u);
    begin[0] = begin[bytes - 1] = 1;
    auto above = live.lower_bound(begin);
    if (above != live.end()) ASSERT_LE(begin + bytes, above->first);
    if (above != live.begin()) ASSERT_LE(std::prev(above)->first + std::prev(above)->second, begin);
    live.emplace(begin, bytes);
  }
  for (auto& [begin, bytes] : live) memory.release(begin);
  size_t free = 0, total = 0;
  memory.usage(free, total);
  EXPECT_EQ(free, total);
}

TEST(DeviceMemory, EverySizeClassHoldsItsSizes) {
  Memory memory(uint64_t(4) << 30);
  for (size_t bytes = 1; bytes < (2 << 20); bytes += bytes / 7 + 1) {
    auto made = memory.allocate(bytes);
    ASSERT_TRUE(made);
    memset(*made, 0xff, bytes);
    auto neighbour = memory.allocate(bytes);
    ASSERT_TRUE(neighbour);
    memset(*neighbour, 0, bytes);
    EXPECT_EQ(static_cast<unsigned char*>(*made)[bytes - 1], 0xff);
  }
}

TEST(DeviceMemory, TheLimitHolds) {
  Memory memory(10 << 20);
  auto first = memory.allocate(8 << 20);
  ASSERT_TRUE(first);
  auto second = memory.allocate(4 << 20);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(second.error().message, "An allocation of 4194304 bytes was asked for; 2097152 of 10485760 bytes are free.");
  EXPECT_FALSE(memory.allocate(~size_t{0}));
  EXPECT_FALSE(memory.allocate(0));
  memory.release(*first);
  memory.release(&memory);
  EXPECT_TRUE(memory.allocate(9 << 20));
}

// Another view of the file is the same memory, before and after it is asked for.
TEST(DeviceMemory, WhatIsSharedIsTheSameMemory) {
  Memory memory(uint64_t(1) << 30);
  for (const size_t bytes : {size_t(100), size_t(5000), size_t(3) << 20, size_t(9) << 20}) {
    const auto first = memory.allocate(bytes), second = memory.allocate(bytes);
    ASSERT_TRUE(first && second);
    memset(*first, 1, bytes);
    memset(*second, 2, bytes);
    const auto shared = memory.share(*second);
    ASSERT_TRUE(shared) << shared.error().message;
    const auto again = memory.share(*second);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->file, shared->file);
    EXPECT_EQ(again->offset, shared->offset);
    const size_t within = shared->offset % 4096;
    void* view = mmap(nullptr, bytes + within, PROT_READ | PROT_WRITE, MAP_SHARED, shared->file, off_t(shared->offset - within));
    ASSERT_NE(view, MAP_FAILED);
    char* seen = static_cast<char*>(view) + within;
    EXPECT_EQ(seen[0], 2);
    EXPECT_EQ(seen[bytes - 1], 2);
    static_cast<char*>(*second)[bytes / 2] = 7;
    EXPECT_EQ(seen[bytes / 2], 7);
    seen[0] = 9;
    EXPECT_EQ(static_cast<char*>(*second)[0], 9);
    EXPECT_EQ(static_cast<char*>(*first)[bytes - 1], 1);
    munmap(view, bytes + within);
    memory.release(*first);
    memory.release(*second);
  }
  int nothing = 0;
  EXPECT_EQ(memory.share(&nothing).error().code, CUDA_ERROR_INVALID_VALUE);
}

}  // namespace
}  // namespace anywarp::backend::cpu
