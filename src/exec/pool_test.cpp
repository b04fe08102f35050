#include "exec/fake_code.h"

#include <gtest/gtest.h>

#include <sys/mman.h>

#include <csignal>
#include <numeric>
#include <thread>
#include <vector>

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define AW_SANITIZED 1
#endif

namespace anywarp::exec {
namespace {

using namespace fake;

struct Counters {
  std::atomic<uint32_t>* visits;
};

TEST(Pool, EveryBlockRunsOnce) {
  for (unsigned workers : {1u, 2u, 4u}) {
    Pool pool(workers);
    History history;
    for (uint32_t count : {1u, 2u, 3u, 100u, 100'000u}) {
      std::vector<std::atomic<uint32_t>> visits(count);
      const Counters counters{visits.data()};
      const Code code = blocks([](AwBlock* block) { params<Counters>(block).visits[block->index].fetch_add(1); });
      Grid launch = grid(code, count, 32, &counters);
      launch.history = &history;
      for (int repeat = 0; repeat < 3; ++repeat) ASSERT_TRUE(pool.run(launch));
      for (uint32_t i = 0; i < count; ++i) ASSERT_EQ(visits[i].load(), 3u) << "block " << i << " of " << count;
    }
  }
}

// The first share is much more work than the others, whose workers take from it; still every block runs once.
TEST(Pool, SharesAreTakenFromWhoHasMost) {
  constexpr uint32_t kBlocks = 5000;
  std::vector<std::atomic<uint32_t>> visits(kBlocks);
  const Counters counters{visits.data()};
  const Code code = blocks([](AwBlock* block) {
    params<Counters>(block).visits[block->index].fetch_add(1);
    for (volatile int work = block->index < kBlocks / 5 ? 20'000 : 0; work > 0; work = work - 1) {}
  });
  Pool pool(7);
  for (int repeat = 0; repeat < 3; ++repeat) ASSERT_TRUE(pool.run(grid(code, kBlocks, 32, &counters)));
  for (uint32_t i = 0; i < kBlocks; ++i) ASSERT_EQ(visits[i].load(), 3u) << "block " << i;
}

TEST(Pool, PlacesBlocksInThreeDimensions) {
  Pool pool(2);
  std::vector<std::atomic<uint32_t>> visits(3 * 5 * 7);
  const Counters counters{visits.data()};
  const Code code = blocks([](AwBlock* block) {
    const uint32_t* at = block->ctaid;
    if (at[0] < 3 && at[1] < 5 && at[2] < 7) params<Counters>(block).visits[at[0] + 3 * (at[1] + 5 * at[2])].fetch_add(block->index + 1);
  });
  Grid launch = grid(code, 3, 32, &counters);
  launch.grid[1] = 5;
  launch.grid[2] = 7;
  ASSERT_TRUE(pool.run(launch));
  for (uint32_t i = 0; i < visits.size(); ++i) EXPECT_EQ(visits[i].load(), i + 1);
}

TEST(Pool, OneWorkerRunsOnTheCallingThreadInOrder) {
  Pool pool(1);
  struct Log {
    std::vector<uint32_t>* order;
    std::thread::id caller;
  };
  std::vector<uint32_t> order;
  const Log log{&order, std::this_thread::get_id()};
  const Code code = blocks([](AwBlock* block) {
    const Log& log = params<Log>(block);
    if (std::this_thread::get_id() == log.caller) log.order->push_back(block->index);
  });
  ASSERT_TRUE(pool.run(grid(code, 1000, 32, &log)));
  std::vector<uint32_t> expected(1000);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

TEST(Pool, SeveralGridsAtOnce) {
  Pool pool(3);
  std::vector<std::thread> callers;
  std::atomic<int> failures{0};
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int repeat = 0; repeat < 50; ++repeat) {
        std::atomic<uint32_t> visits{0};
        const Counters counters{&visits};
        const Code code = blocks([](AwBlock* block) { params<Counters>(block).visits->fetch_add(1); });
        if (!pool.run(grid(code, 500, 32, &counters)) || visits.load() != 500) ++failures;
      }
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(failures.load(), 0);
}

TEST(Pool, SharedMemoryLiesBelow4GiB) {
  Pool pool(2);
  const Code code = blocks([](AwBlock* block) {
    const auto address = reinterpret_cast<uintptr_t>(block->shared);
    if (address + block->launch->shared_bytes > 0xffff'ffff || address % 1024 != 0) aw_trap(block);
    for (uint32_t i = 0; i < block->launch->shared_bytes; ++i) block->shared[i] = char(i);
  });
  for (uint32_t bytes : {0u, 1u, 49152u, 232448u}) {
    Grid launch = grid<int>(code, 20, 32, nullptr);
    launch.dynamic_shared = bytes;
    auto result = pool.run(launch);
    EXPECT_TRUE(result) << bytes << ": " << result.error().message;
  }
  Grid launch = grid<int>(code, 20, 32, nullptr);
  launch.dynamic_shared = kMaxSharedBytes + 1;
  EXPECT_EQ(pool.run(launch).error().code, CUDA_ERROR_INVALID_VALUE);
}

// --- errors ---------------------------------------------------------------------------------------------------------

void expect_error(Pool& pool, const Code& code, CUresult expected, std::string_view words) {
  auto result = pool.run(grid<int>(code, 100, 64, nullptr));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, expected);
  EXPECT_NE(result.error().message.find(words), std::string::npos) << result.error().message;
}

volatile int* forbidden = nullptr;

TEST(Faults, KernelsFailAndTheProcessLives) {
  Pool pool(2);
  forbidden = static_cast<volatile int*>(mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  for (int repeat = 0; repeat < 3; ++repeat) {
    expect_error(pool, blocks([](AwBlock* block) {
                   if (block->index == 7) *forbidden = 1;
                 }),
                 CUDA_ERROR_ILLEGAL_ADDRESS, "kernel 'fake', block (7,0,0): an access to the illegal address 0x");
    expect_error(pool, blocks([](AwBlock* block) { aw_trap(block); }), CUDA_ERROR_LAUNCH_FAILED, "trap");
#if !AW_SANITIZED
    // A sanitizer's own check of the access would fault in its stead.
    expect_error(pool, blocks([](AwBlock*) { (void)*reinterpret_cast<volatile int*>(0xfff0'0000'0000'0000); }), CUDA_ERROR_ILLEGAL_ADDRESS,
                 "no processor has");
#endif
    expect_error(pool, blocks([](AwBlock* block) { aw_free(block, block); }), CUDA_ERROR_LAUNCH_FAILED, "free was called with");
    expect_error(pool, blocks([](AwBlock* block) {
                   const uint32_t tid[3] = {1, 2, 3};
                   if (block->index == 5) aw_assertfail(block, tid, "a == b", "file.cu", 12, "void f(int)");
                 }),
                 CUDA_ERROR_ASSERT, "assertion `a == b` failed at file.cu:12 in thread (1,2,3)");
    expect_error(pool, fibers([](AwThread* thread) {
                   if (thread->index == 40) *forbidden = 1;
                   aw_scalar_barrier(thread, 0, 0);
                 }),
                 CUDA_ERROR_ILLEGAL_ADDRESS, "thread (40,0,0)");
    expect_error(pool, fibers([](AwThread* thread) {
                   aw_scalar_barrier(thread, 0, 0);
                   aw_trap(thread->block);
                 }),
                 CUDA_ERROR_LAUNCH_FAILED, "trap");
  }
  std::atomic<uint32_t> visits{0};
  const Counters counters{&visits};
  const Code good = blocks([](AwBlock* block) { params<Counters>(block).visits->fetch_add(1); });
  EXPECT_TRUE(pool.run(grid(good, 10, 32, &counters)));
  EXPECT_EQ(visits.load(), 10u);
}

// Whoever wraps sigaction may have the handler run with signals blocked; the way out of it must not leave them blocked.
TEST(Faults, TheSignalMaskIsThatOfTheKernel) {
  Pool pool(1);
  struct sigaction ours{};
  ASSERT_EQ(sigaction(SIGSEGV, nullptr, &ours), 0);
  struct sigaction blocking = ours;
  sigfillset(&blocking.sa_mask);
  ASSERT_EQ(sigaction(SIGSEGV, &blocking, nullptr), 0);
  forbidden = static_cast<volatile int*>(mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  for (int repeat = 0; repeat < 2; ++repeat)
    expect_error(pool, blocks([](AwBlock*) { *forbidden = 1; }), CUDA_ERROR_ILLEGAL_ADDRESS, "illegal address");
  sigset_t blocked;
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, nullptr, &blocked), 0);
  EXPECT_EQ(sigismember(&blocked, SIGSEGV), 0);
  EXPECT_EQ(sigismember(&blocked, SIGUSR1), 0);
  EXPECT_EQ(sigaction(SIGSEGV, &ours, nullptr), 0);
}

TEST(Faults, OverrunOfSharedMemoryIsCaught) {
  Pool pool(1);
  const Code code = blocks([](AwBlock* block) { block->shared[4096] = 1; });
  Grid launch = grid<int>(code, 1, 32, nullptr);
  launch.static_shared = 4096;
  EXPECT_EQ(pool.run(launch).error().code, CUDA_ERROR_ILLEGAL_ADDRESS);
}

#if !AW_SANITIZED
__attribute__((noinline)) int descend(volatile char* above, int depth) {
  volatile char here[4096];
  here[0] = above ? above[0] : 1;
  return depth == 0 ? here[0] : descend(here, depth - 1) + here[0];
}

TEST(Faults, StackOverflowIsCaught) {
  Pool pool(1);
  expect_error(pool, fibers([](AwThread* thread) { aw_scalar_barrier(thread, 0, uint32_t(descend(nullptr, 1000))); }),
               CUDA_ERROR_LAUNCH_FAILED, "used up its stack");
}

TEST(FaultsDeathTest, FaultsOfTheProgramKeepTheirMeaning) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Pool pool(2);
        *reinterpret_cast<volatile int*>(0x10) = 1;
      },
      testing::KilledBySignal(SIGSEGV), "");
}
#endif

}  // namespace
}  // namespace anywarp::exec
