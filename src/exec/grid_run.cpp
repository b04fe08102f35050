#include "exec/grid_run.h"

#include <chrono>
#include <cstring>

namespace anywarp::exec {

namespace {
std::atomic<uint64_t> next_grid_id{1};
constexpr uint64_t kBatchNs = 20'000;

uint64_t range_of(uint64_t begin, uint64_t end) { return begin | end << 32; }
uint64_t begin_of(uint64_t range) { return range & UINT32_MAX; }
uint64_t end_of(uint64_t range) { return range >> 32; }
uint64_t size_of(uint64_t range) { return end_of(range) - begin_of(range); }
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

void GridRun::share_out() {
  if (grid_.code->form != Form::Block || workers_ < 2 || blocks_ > UINT32_MAX) return;
  shares_ = std::make_unique<Share[]>(workers_);
  for (uint64_t i = 0; i < workers_; ++i)
    shares_[i].range.store(range_of(blocks_ * i / workers_, blocks_ * (i + 1) / workers_), std::memory_order_relaxed);
}

bool GridRun::take(unsigned worker, uint64_t wanted, uint64_t& first, uint64_t& count) {
  if (!shares_) {
    if (take_in_order(wanted, first, count)) return true;
    exhausted_.store(true, std::memory_order_relaxed);
    return false;
  }
  Share& own = shares_[worker];
  while (!cancelled()) {
    uint64_t range = own.range.load(std::memory_order_relaxed);
    while (size_of(range) != 0) {
      count = std::min(wanted, size_of(range));
      first = begin_of(range);
      if (own.range.compare_exchange_weak(range, range_of(first + count, end_of(range)), std::memory_order_relaxed)) return true;
    }
    if (!steal(own)) break;
  }
  return false;
}

/// Takes the back half of the largest share. False: there is none.
bool GridRun::steal(Share& own) {
  for (;;) {
    Share* victim = nullptr;
    uint64_t range = 0;
    for (unsigned i = 0; i < workers_; ++i)
      if (const uint64_t other = shares_[i].range.load(std::memory_order_relaxed); size_of(other) > size_of(range)) {
        victim = &shares_[i];
        range = other;
      }
    if (!victim) {
      exhausted_.store(true, std::memory_order_relaxed);
      return false;
    }
    const uint64_t middle = begin_of(range) + size_of(range) / 2;
    if (!victim->range.compare_exchange_strong(range, range_of(begin_of(range), middle), std::memory_order_relaxed)) continue;
    own.range.store(range_of(middle, end_of(range)), std::memory_order_relaxed);
    return true;
  }
}

bool GridRun::take_in_order(uint64_t wanted, uint64_t& first, uint64_t& count) {
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

BlockSource::BlockSource(GridRun& run, unsigned worker, uint64_t together) : run_(run), worker_(worker), batch_(together) {
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
  if (!run_.take(worker_, batch_, first, taken_)) return false;
  position_ = first;
  end_ = first + taken_;
  return true;
}

}  // namespace anywarp::exec
