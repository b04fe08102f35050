#include "exec/fake_code.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace anywarp::exec {
namespace {

using namespace fake;

struct Data {
  uint32_t* in;
  uint32_t* out;
};

// Reverses a block through shared memory: one barrier, one lane at a time.
SliceCoroutine reverse(AwBlock* block, AwSlice* slice, Frame) {
  const uint32_t threads = block->launch->block[0], width = 32, first = slice->index * width, end = std::min(first + width, threads);
  auto* shared = reinterpret_cast<uint32_t*>(block->shared);
  const Data data = params<Data>(block);
  for (int round = 0; round < 3; ++round) {
    for (uint32_t t = first; t < end; ++t) shared[t] = data.in[block->index * threads + t] + uint32_t(round);
    co_await wait(slice, AW_WAIT_BARRIER, end - first);
    for (uint32_t t = first; t < end; ++t) data.out[block->index * threads + t] = shared[threads - 1 - t];
    co_await wait(slice, AW_WAIT_BARRIER, end - first);
  }
}

TEST(SliceBlock, BarrierOfTheWholeBlock) {
  for (unsigned workers : {1u, 3u}) {
    Pool pool(workers);
    for (uint32_t threads : {32u, 48u, 1024u}) {
      std::vector<uint32_t> in(threads * 50), out(in.size());
      for (size_t i = 0; i < in.size(); ++i) in[i] = uint32_t(i);
      const Data data{in.data(), out.data()};
      const Code code = slices<reverse>();
      Grid launch = grid(code, 50, threads, &data);
      launch.static_shared = threads * 4;
      ASSERT_TRUE(pool.run(launch));
      for (uint32_t b = 0; b < 50; ++b)
        for (uint32_t t = 0; t < threads; ++t) ASSERT_EQ(out[b * threads + t], b * threads + threads - 1 - t + 2);
    }
  }
}

// Warps 1.. exit at once; warp 0 still gets through the barrier.
SliceCoroutine early_exit(AwBlock* block, AwSlice* slice, Frame) {
  if (slice->index != 0) co_return;
  co_await wait(slice, AW_WAIT_BARRIER, 32);
  ++*params<Data>(block).out;
}

// Warp 0 produces, warp 1 consumes, warps 2 and 3 synchronise among themselves at another barrier.
SliceCoroutine named(AwBlock* block, AwSlice* slice, Frame) {
  auto* shared = reinterpret_cast<volatile uint32_t*>(block->shared);
  for (uint32_t round = 1; round <= 3; ++round) {
    if (slice->index == 0) {
      shared[0] = round;
      aw_barrier_arrive(block, 1, 64, 32);
      co_await wait(slice, AW_WAIT_BARRIER, 32, 2, 64);
    } else if (slice->index == 1) {
      co_await wait(slice, AW_WAIT_BARRIER, 32, 1, 64);
      *params<Data>(block).out += shared[0];
      aw_barrier_arrive(block, 2, 64, 32);
    } else {
      co_await wait(slice, AW_WAIT_BARRIER, 32, 5, 64);
    }
  }
  co_await wait(slice, AW_WAIT_BARRIER, 32);
  ++*params<Data>(block).out;
}

// bar.red over 40 threads: 32 lanes of which 10 vote, 8 of which all do.
SliceCoroutine reduce(AwBlock* block, AwSlice* slice, Frame) {
  const uint32_t lanes = slice->index == 0 ? 32 : 8, votes = slice->index == 0 ? 10 : 8;
  uint32_t* out = params<Data>(block).out + slice->index * 4;
  co_await wait(slice, AW_WAIT_BARRIER_POPC, lanes, 0, 0, votes);
  out[0] = slice->result;
  co_await wait(slice, AW_WAIT_BARRIER_AND, lanes, 0, 0, votes);
  out[1] = slice->result;
  co_await wait(slice, AW_WAIT_BARRIER_OR, lanes, 0, 0, votes);
  out[2] = slice->result;
  co_await wait(slice, AW_WAIT_BARRIER_AND, lanes, 0, 0, lanes);
  out[3] = slice->result;
}

// Every block waits for its successor: they all have to be in flight at once.
SliceCoroutine wait_for_next(AwBlock* block, AwSlice* slice, Frame) {
  auto* flags = reinterpret_cast<std::atomic<uint32_t>*>(params<Data>(block).out);
  flags[block->index].store(1);
  while (block->index + 1 < block->launch->grid[0] && flags[block->index + 1].load() == 0) co_await wait(slice, AW_WAIT_YIELD, 32);
}

SliceCoroutine stuck(AwBlock* block, AwSlice* slice, Frame) {
  if (slice->index < 2) co_await wait(slice, AW_WAIT_BARRIER, 32, 3, 96);
}

template <SliceCoroutine (*Body)(AwBlock*, AwSlice*, Frame)>
Result<> run(unsigned workers, uint32_t blocks, uint32_t threads, const Data& data, bool cooperative = false) {
  Pool pool(workers);
  const Code code = slices<Body>();
  Grid launch = grid(code, blocks, threads, &data);
  launch.static_shared = 1024;
  launch.cooperative = cooperative;
  return pool.run(launch);
}

TEST(SliceBlock, ExitedSlicesAreNotWaitedFor) {
  uint32_t count = 0;
  ASSERT_TRUE(run<early_exit>(1, 10, 128, {nullptr, &count}));
  EXPECT_EQ(count, 10u);
}

TEST(SliceBlock, NamedBarriersWithCounts) {
  uint32_t count = 0;
  auto result = run<named>(1, 1, 128, {nullptr, &count});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(count, 1u + 2 + 3 + 4);
}

TEST(SliceBlock, BarrierReductions) {
  uint32_t out[8] = {};
  ASSERT_TRUE(run<reduce>(1, 1, 40, {nullptr, out}));
  for (int s = 0; s < 2; ++s) {
    EXPECT_EQ(out[s * 4], 18u);
    EXPECT_EQ(out[s * 4 + 1], 0u);
    EXPECT_EQ(out[s * 4 + 2], 1u);
    EXPECT_EQ(out[s * 4 + 3], 1u);
  }
}

TEST(SliceBlock, SpinningBlocksLetOthersStart) {
  for (unsigned workers : {1u, 2u})
    for (bool cooperative : {false, true}) {
      std::vector<uint32_t> flags(100);
      ASSERT_TRUE(run<wait_for_next>(workers, 100, 64, {nullptr, flags.data()}, cooperative));
    }
}

// Two rounds over memory, with a stop after each; then a barrier. Writes down who was where in which order.
SliceCoroutine walk(AwBlock* block, AwSlice* slice, Frame) {
  const Data data = params<Data>(block);
  for (uint32_t round = 0; round < 2; ++round) {
    data.out[(*data.in)++] = round * 100 + block->index * 10 + slice->index;
    if (slice->index == 1 && block->index == 2) break;  // one of them is through early
    co_await wait(slice, AW_WAIT_WALK, 32);
  }
  co_await wait(slice, AW_WAIT_BARRIER, 32);
  data.out[(*data.in)++] = 200 + block->index * 10 + slice->index;
}

TEST(SliceBlock, BlocksThatWalkTakeTurnsInTheOrderOfTheirIndices) {
  uint32_t count = 0, order[64] = {};
  const Data data{&count, order};
  Code code = slices<walk>();
  code.walks = true;
  ASSERT_TRUE(Pool(1).run(grid(code, 4, 64, &data)));
  std::vector<uint32_t> expected;
  for (uint32_t round = 0; round < 3; ++round)
    for (uint32_t b = 0; b < 4; ++b)
      for (uint32_t s = 0; s < 2; ++s)
        if (round != 1 || b != 2 || s != 1) expected.push_back(round * 100 + b * 10 + s);
  // The one that was through early is also the first behind the barrier.
  std::swap(*std::find(expected.begin(), expected.end(), 220u), *std::find(expected.begin(), expected.end(), 221u));
  EXPECT_EQ(std::vector<uint32_t>(order, order + count), expected);
}

TEST(SliceBlock, WalkingBlocksOnSeveralWorkers) {
  // Each slice adds up its rounds in shared memory; blocks are more than are in flight at once.
  for (unsigned workers : {1u, 3u}) {
    std::vector<uint32_t> out(3000);
    const Data data{nullptr, out.data()};
    Code code = slices<[](AwBlock* block, AwSlice* slice, Frame) -> SliceCoroutine {
      auto* shared = reinterpret_cast<uint32_t*>(block->shared);
      if (slice->index == 0) shared[0] = 0;
      co_await wait(slice, AW_WAIT_BARRIER, 32);
      for (uint32_t round = 0; round < 1 + block->index % 7; ++round) {
        ++shared[0];
        co_await wait(slice, AW_WAIT_WALK, 32);
      }
      co_await wait(slice, AW_WAIT_BARRIER, 32);
      if (slice->index == 0) params<Data>(block).out[block->index] = shared[0];
    }>();
    code.walks = true;
    Grid launch = grid(code, uint32_t(out.size()), 96, &data);
    launch.static_shared = 4;
    ASSERT_TRUE(Pool(workers).run(launch));
    for (uint32_t b = 0; b < out.size(); ++b) ASSERT_EQ(out[b], 3 * (1 + b % 7));
  }
}

TEST(SliceBlock, DeadlockIsReported) {
  auto result = run<stuck>(2, 3, 128, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, CUDA_ERROR_LAUNCH_FAILED);
  EXPECT_NE(result.error().message.find("warps 0, 1 wait at barrier 3, where 64 of 96 threads have arrived"), std::string::npos)
      << result.error().message;
}

}  // namespace
}  // namespace anywarp::exec
