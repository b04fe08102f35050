#include "exec/fake_code.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace anywarp::exec {
namespace {

using namespace fake;

struct Out {
  uint32_t* out;
};

// Runs `body` for one block and returns what its threads have written, one word each.
std::vector<uint32_t> run(void (*body)(AwThread*), uint32_t threads, CUresult expected = CUDA_SUCCESS, std::string_view words = "") {
  std::vector<uint32_t> out(threads, 0xdead);
  const Out data{out.data()};
  const Code code = fibers(body);
  Grid launch = grid(code, 1, threads, &data);
  launch.static_shared = 4096;
  Pool pool(1);
  auto result = pool.run(launch);
  EXPECT_EQ(result ? CUDA_SUCCESS : result.error().code, expected) << (result ? "" : result.error().message);
  if (!result) {
    EXPECT_NE(result.error().message.find(words), std::string::npos) << result.error().message;
  }
  return out;
}

uint32_t& mine(AwThread* thread) { return params<Out>(thread->block).out[thread->index]; }

TEST(FiberBlock, Shuffles) {
  const auto down = run([](AwThread* t) { mine(t) = aw_scalar_shfl(t, 1, ~0u, t->index * 10, 3, 31, nullptr); }, 64);
  for (uint32_t i = 0; i < 64; ++i) EXPECT_EQ(down[i], (i % 32 + 3 < 32 ? i + 3 : i) * 10);
  const auto up = run([](AwThread* t) { mine(t) = aw_scalar_shfl(t, 0, ~0u, t->index, 1, 0x1800, nullptr); }, 32);
  for (uint32_t i = 0; i < 32; ++i) EXPECT_EQ(up[i], i % 8 == 0 ? i : i - 1);
  const auto in_range = run(
      [](AwThread* t) {
        uint32_t flag = 7;
        aw_scalar_shfl(t, 1, ~0u, 0, 16, 31, &flag);
        mine(t) = flag;
      },
      32);
  for (uint32_t i = 0; i < 32; ++i) EXPECT_EQ(in_range[i], i < 16);
  const auto xored = run([](AwThread* t) { mine(t) = aw_scalar_shfl(t, 2, ~0u, t->index, 5, 31, nullptr); }, 32);
  for (uint32_t i = 0; i < 32; ++i) EXPECT_EQ(xored[i], i ^ 5);
}

TEST(FiberBlock, VotesMatchesAndReductions) {
  const auto ballot = run([](AwThread* t) { mine(t) = aw_scalar_ballot(t, ~0u, t->index % 3 == 0); }, 32);
  EXPECT_EQ(ballot[5], 0x49249249u);
  const auto partial = run([](AwThread* t) { mine(t) = aw_scalar_ballot(t, ~0u, 1); }, 40);
  EXPECT_EQ(partial[39], 0xffu);
  const auto any = run([](AwThread* t) { mine(t) = aw_scalar_match_any(t, ~0u, t->index & 1); }, 32);
  EXPECT_EQ(any[0], 0x55555555u);
  EXPECT_EQ(any[1], 0xaaaaaaaau);
  const auto all = run(
      [](AwThread* t) {
        uint32_t same = 2;
        mine(t) = aw_scalar_match_all(t, ~0u, 42, &same) + same;
      },
      32);
  EXPECT_EQ(all[9], 0u);
  const auto sum = run([](AwThread* t) { mine(t) = aw_scalar_redux(t, ~0u, 0, t->index); }, 32);
  EXPECT_EQ(sum[31], 496u);
}

TEST(FiberBlock, ExitedLanesAreNotWaitedFor) {
  const auto result = run(
      [](AwThread* t) {
        if (t->index % 2) return;
        mine(t) = aw_scalar_ballot(t, ~0u, 1);
      },
      32);
  EXPECT_EQ(result[0], 0x55555555u);
}

TEST(FiberBlock, DivergentPathsHaveTheirOwnExchanges) {
  const auto result = run(
      [](AwThread* t) {
        if (t->index < 16)
          mine(t) = aw_scalar_redux(t, 0xffff, 0, 1);
        else
          mine(t) = aw_scalar_redux(t, 0xffff0000, 0, 2);
        aw_scalar_syncwarp(t, ~0u);
      },
      32);
  EXPECT_EQ(result[0], 16u);
  EXPECT_EQ(result[31], 32u);
}

TEST(FiberBlock, ActiveMaskIsWhatStandsThere) {
  const auto result = run(
      [](AwThread* t) {
        if (t->index % 4 == 1) [[clang::nomerge]]
          mine(t) = aw_scalar_activemask(t);
        else [[clang::nomerge]]
          mine(t) = aw_scalar_activemask(t) ^ 1;
      },
      32);
  EXPECT_EQ(result[1], 0x22222222u);
  EXPECT_EQ(result[0], 0xddddddddu ^ 1);
}

TEST(FiberBlock, BarriersAndReductions) {
  const auto result = run(
      [](AwThread* t) {
        auto* shared = reinterpret_cast<uint32_t*>(t->block->shared);
        shared[t->index] = t->index;
        aw_scalar_barrier(t, 0, 0);
        const uint32_t other = shared[99 - t->index];
        const uint32_t votes = aw_scalar_barrier_red(t, AW_WAIT_BARRIER_POPC, 0, 0, t->index < 7);
        const uint32_t all = aw_scalar_barrier_red(t, AW_WAIT_BARRIER_AND, 0, 0, 1);
        const uint32_t any = aw_scalar_barrier_red(t, AW_WAIT_BARRIER_OR, 0, 0, 0);
        mine(t) = other + votes * 1000 + all * 10000 + any * 100000;
      },
      100);
  for (uint32_t i = 0; i < 100; ++i) EXPECT_EQ(result[i], 99 - i + 7000 + 10000);
}

TEST(FiberBlock, LanesThatSpinOnEachOther) {
  const auto result = run(
      [](AwThread* t) {
        auto* lock = reinterpret_cast<std::atomic<uint32_t>*>(t->block->shared);
        if (t->index == 0) lock[0] = 0, lock[1] = 0;
        aw_scalar_barrier(t, 0, 0);
        while (lock->exchange(1) != 0) aw_scalar_yield(t);
        const uint32_t before = lock[1].load();
        aw_scalar_yield(t);
        lock[1] = before + 1;
        lock->store(0);
        aw_scalar_barrier(t, 0, 0);
        mine(t) = lock[1].load();
      },
      64);
  EXPECT_EQ(result[63], 64u);
}

TEST(FiberBlock, DeadlocksAreReported) {
  run(
      [](AwThread* t) {
        if (t->index < 32)
          aw_scalar_barrier(t, 1, 0);
        else
          aw_scalar_barrier(t, 2, 0);
      },
      64, CUDA_ERROR_LAUNCH_FAILED, "warps 0 wait at barrier 1, where 32 of 64 threads have arrived");
  run(
      [](AwThread* t) {
        if (t->index == 3)
          aw_scalar_barrier(t, 0, 0);
        else
          aw_scalar_syncwarp(t, ~0u);
      },
      32, CUDA_ERROR_LAUNCH_FAILED,
      "lane 0 of warp 0 waits in bar.warp.sync for the lanes of its mask 0xffffffff, and lanes 0x00000008 of them");
}

// More threads on a stack, finished and not, than TSan has room for calls that never return.
TEST(FiberBlock, ManyThreadsOnOneStack) {
  std::atomic<uint64_t> sum{0};
  std::atomic<uint64_t>* data = &sum;
  const Code finish = fibers([](AwThread* t) { *params<std::atomic<uint64_t>*>(t->block) += t->index; });
  Pool pool(1);
  EXPECT_TRUE(pool.run(grid(finish, 800, 256, &data)));
  EXPECT_EQ(sum.load(), 800u * (255 * 256 / 2));
  const Code stop = fibers([](AwThread* t) {
    if (t->index == 63) aw_trap(t->block);
    aw_scalar_barrier(t, 0, 0);
  });
  for (int i = 0; i < 300; ++i) EXPECT_FALSE(pool.run(grid(stop, 1, 64, &data)));
  EXPECT_TRUE(pool.run(grid(finish, 1, 256, &data)));
}

}  // namespace
}  // namespace anywarp::exec
