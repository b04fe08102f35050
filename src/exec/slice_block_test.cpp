#include "exec/fake_code.h"

#include <gtest/gtest.h>

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

TEST(SliceBlock, DeadlockIsReported) {
  auto result = run<stuck>(2, 3, 128, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, CUDA_ERROR_LAUNCH_FAILED);
  EXPECT_NE(result.error().message.find("warps 0, 1 wait at barrier 3, where 64 of 96 threads have arrived"), std::string::npos)
      << result.error().message;
}

}  // namespace
}  // namespace anywarp::exec
