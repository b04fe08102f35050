// Running grids: what the backend hands over, and the pool of workers that runs it.
#pragma once

#include "base/result.h"
#include "exec/abi.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

namespace anywarp::exec {

/// The forms of generated code that abi.h defines, and whether a thread of the scalar engine needs a fiber.
enum class Form : uint8_t {
  Block,          // vector, no suspension: entry(AwBlock*, blocks)
  Slices,         // vector, suspending: entry(AwBlock*, AwSlice*, frame)
  Threads,        // scalar, threads never wait: entry(AwThread*) on the worker's own stack, one after the other
  FiberThreads,   // scalar: entry(AwThread*), each on a fiber of its own
};

/// What the executor has to know of compiled code.
struct Code {
  Form form = Form::Block;
  void* entry = nullptr;
  uint32_t most_blocks = 0;    // Block: how many blocks one call had better run at most; 0: any number
  uint32_t width = 1;          // Slices: lanes of a slice
  uint64_t frame_bytes = 0;    // Slices: one slice's coroutine frame
  uint32_t frame_align = 64;
  bool walks = false;          // Slices: runs best with the next blocks beside it (AW_WAIT_WALK)
  uint64_t stack_bytes = 0;    // FiberThreads: what a thread needs; 0 takes the default of 64 KiB
};

/// What earlier runs of some code have shown: it decides whether a grid is worth waking the workers for.
struct History {
  std::atomic<uint32_t> block_picoseconds{0};  // 0: never measured
};

/// One launch. Everything is borrowed for the duration of Pool::run.
struct Grid {
  const Code* code = nullptr;
  History* history = nullptr;          // may be null
  std::string_view kernel;             // for messages
  uint32_t grid[3] = {1, 1, 1};
  uint32_t block[3] = {1, 1, 1};
  uint32_t cluster[3] = {1, 1, 1};
  uint32_t static_shared = 0;          // bytes, dynamic_shared starts behind it
  uint32_t dynamic_shared = 0;
  bool cooperative = false;            // every block is started, whatever the others wait for
  const void* params = nullptr;
};

/// Most shared memory of a block: 227 KiB that a program may ask for and 1 KiB that CUDA keeps for itself.
inline constexpr uint32_t kMaxSharedBytes = 228 * 1024;

class PoolState;

/// The workers. Several threads may call run() at once; each of them takes part in its own grid, and the workers help
/// with the oldest grid first.
class Pool {
 public:
  /// `workers` counts the calling thread: 1 starts no thread at all, and a run is then deterministic.
  explicit Pool(unsigned workers);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  unsigned workers() const { return workers_; }

  /// Runs all blocks of the grid to their end.
  /// Errors: ILLEGAL_ADDRESS, MISALIGNED_ADDRESS, ASSERT, ILLEGAL_INSTRUCTION, LAUNCH_FAILED (trap, deadlock);
  /// OUT_OF_MEMORY when there is no room for shared memory, frames or fibers. The remaining blocks are then not run.
  Result<> run(const Grid& grid);

 private:
  unsigned workers_;
  std::unique_ptr<PoolState> state_;
};

/// Processors that this process may use: its affinity mask, bounded by the quota of its control group. At least 1.
unsigned usable_processors();

/// ANYWARP_WORKERS, else usable_processors().
unsigned default_workers();

}  // namespace anywarp::exec
