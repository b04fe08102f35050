// A grid while it runs: how its blocks are handed out, and its first error.
//
// Blocks that may wait for each other are taken from one counter, in index order. Where none waits, each worker has a share of its own, a
// range of neighbours: it goes through memory in order, finds in its caches what it left there, with the next kernel too, and
// meets no other worker. Who has nothing left takes half of what the worker with the most has.
#pragma once

#include "exec/exec.h"

#include <algorithm>
#include <memory>
#include <mutex>

namespace anywarp::exec {

class GridRun {
 public:
  GridRun(const Grid& grid, unsigned workers);

  const Grid& grid() const { return grid_; }
  const AwLaunch& launch() const { return launch_; }
  uint64_t blocks() const { return blocks_; }
  uint32_t threads() const { return threads_; }
  unsigned workers() const { return workers_; }

  /// Before anybody takes a block: gives each worker a share, if blocks do not wait for each other.
  void share_out();
  /// The next blocks for a worker (0 to workers() - 1), neighbours, `wanted` of them or fewer. False: none are left.
  bool take(unsigned worker, uint64_t wanted, uint64_t& first, uint64_t& count);
  bool exhausted() const { return cancelled() || exhausted_.load(std::memory_order_relaxed); }

  /// Keeps the first error and stops the run: no further block starts.
  void fail(Error error);
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  /// Valid once all participants have left.
  Result<> result();

  std::atomic<uint32_t> helpers{0};  // pool threads inside this run

 private:
  /// Blocks [begin, end) as begin | end << 32. Its worker takes from the front, others from the back; no block comes twice, so no value
  /// does.
  struct alignas(64) Share {
    std::atomic<uint64_t> range{0};
  };
  bool take_in_order(uint64_t wanted, uint64_t& first, uint64_t& count);
  bool steal(Share& own);

  const Grid& grid_;
  const uint64_t blocks_;
  const uint32_t threads_;
  const unsigned workers_;
  AwLaunch launch_{};
  std::unique_ptr<Share[]> shares_;
  alignas(64) std::atomic<uint64_t> next_{0};
  std::atomic<bool> exhausted_{false};
  std::atomic<bool> cancelled_{false};
  std::mutex mutex_;
  bool failed_ = false;
  Error error_;
  alignas(64) std::byte grid_sync_[256] = {};  // the workspace of a cooperative launch
};

/// One worker's view of the grid: hands out single blocks, takes them in batches that last about 20 us each.
class BlockSource {
 public:
  /// `together`: blocks that are best taken at once.
  BlockSource(GridRun& run, unsigned worker, uint64_t together = 1);
  ~BlockSource();
  BlockSource(const BlockSource&) = delete;
  BlockSource& operator=(const BlockSource&) = delete;

  /// Takes a batch when the last one is used up. False: no block is left.
  bool next(uint64_t& index) {
    if (position_ == end_ && !refill()) return false;
    index = position_++;
    return true;
  }
  /// The rest of the batch at once, for engines that loop themselves.
  bool next_batch(uint64_t& first, uint64_t& count) {
    if (position_ == end_ && !refill()) return false;
    first = position_;
    count = end_ - position_;
    position_ = end_;
    return true;
  }

 private:
  bool refill();

  GridRun& run_;
  const unsigned worker_;
  uint64_t position_ = 0, end_ = 0;
  uint64_t batch_ = 1;
  uint64_t batch_started_ = 0, taken_ = 0;  // ns; blocks of the last batch
};

/// Monotonic time in nanoseconds.
uint64_t now_ns();

/// Sets ctaid and index of `block` from a linear block index.
void place_block(AwBlock& block, const AwLaunch& launch, uint64_t index);

}  // namespace anywarp::exec
