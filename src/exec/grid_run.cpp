#include "exec/grid_run.h"

#include <chrono>
#include <cstring>

namespace anywarp::exec {

namespace {
std::atomic<uint64_t> next_grid_id{1};
constexpr uint64_t kBatchNs = 20'000;
}  // namespace

uint64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void place_block(AwBlock& block, const AwLaunch& launch, uint64_t index) {
  const uint64_t x = launch.grid[0], y = launch.grid[1];
  block.index = uint32_t(index);
  if (index < x) {
    block.ctaid[0] = uint32_t(index);
    block.ctaid[1] = block.ctaid[2] = 0;
    return;
  }
  block.ctaid[0] = uint32_t(index % x);
  block.ctaid[1] = uint32_t(index / x % y);
  block.ctaid[2] = uint32_t(index / x / y);
}

GridRun::GridRun(const Grid& grid, unsigned workers)
    : grid_(grid),
      blocks_(uint64_t(grid.grid[0]) * grid.grid[1] * grid.grid[2]),
      threads_(grid.block[0] * grid.block[1] * grid.block[2]),
      workers_(workers) {
  std::copy_n(grid.grid, 3, launch_.grid);
  std::copy_n(grid.block, 3, launch_.block);
  std::copy_n(grid.cluster, 3, launch_.cluster);
  launch_.dynamic_shared = grid.dynamic_shared;
  launch_.shared_bytes = grid.static_shared + grid.dynamic_shared;
  launch_.grid_id = next_grid_id.fetch_add(1, std::memory_order_relaxed);
  launch_.params = grid.params;
  launch_.cooperative = grid.cooperative ? grid_sync_ : nullptr;
  launch_.executor = this;
}

bool GridRun::take(uint64_t wanted, uint64_t& first, uint64_t& count) {
  uint64_t seen = next_.load(std::memory_order_relaxed);
  if (seen >= blocks_ || cancelled()) return false;
  // Towards the end the batches shrink, so that all workers finish together.
  count = std::clamp<uint64_t>((blocks_ - seen) / (2 * workers_), 1, wanted);
  if (workers_ == 1) count = wanted;
  first = next_.fetch_add(count, std::memory_order_relaxed);
  if (first >= blocks_) return false;
  count = std::min(count, blocks_ - first);
  return true;
}

void GridRun::fail(Error error) {
  std::lock_guard lock(mutex_);
  cancelled_.store(true, std::memory_order_relaxed);
  if (failed_) return;
  failed_ = true;
  error_ = std::move(error);
}

Result<> GridRun::result() {
  if (!cancelled()) return {};
  std::lock_guard lock(mutex_);
  return std::move(error_);
}

BlockSource::BlockSource(GridRun& run, uint64_t together) : run_(run), batch_(together) {
  const History* history = run.grid().history;
  const uint64_t block_ps = history ? history->block_picoseconds.load(std::memory_order_relaxed) : 0;
  if (block_ps != 0) batch_ = std::max<uint64_t>(together, kBatchNs * 1000 / block_ps);
}

BlockSource::~BlockSource() = default;

bool BlockSource::refill() {
  // A grid of one block is not worth the two looks at the clock.
  if (run_.blocks() > 1) {
    const uint64_t now = now_ns();
    if (taken_ != 0) {
      const uint64_t elapsed = now - batch_started_;
      if (History* history = run_.grid().history)
        history->block_picoseconds.store(uint32_t(std::clamp<uint64_t>(elapsed * 1000 / taken_, 1, UINT32_MAX)), std::memory_order_relaxed);
      if (elapsed < kBatchNs / 2)
        batch_ = taken_ >= batch_ ? batch_ * 2 : batch_;
      else if (elapsed > kBatchNs * 2)
        batch_ = std::max<uint64_t>(1, batch_ / 2);
    }
    batch_started_ = now;
  }
  uint64_t first = 0;
  if (!run_.take(batch_, first, taken_)) return false;
  position_ = first;
  end_ = first + taken_;
  return true;
}

}  // namespace anywarp::exec
