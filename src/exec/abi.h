// The binary interface between generated code and the executor. Generated code reads these structs at the offsets that
// this header fixes, so a change here changes kAbiVersion, which is part of every cache key.
//
// One block runs on one worker thread. How its threads run depends on the engine:
//
//   vector, no suspension   void entry(AwBlock*, uint32_t blocks)      runs this block and the next ones in x; keeps ctaid[0] up to date
//   vector, suspending      void* entry(AwBlock*, AwSlice*, void* frame)
//                           starts one slice (width lanes, consecutive linear thread ids) and returns its LLVM switched-resume coroutine
//                           handle at the first suspension. Word 0 of the handle is the resume function, null once the slice has
//                           finished; a suspended slice has said in its AwSlice what it waits for.
//   scalar                  void entry(AwThread*)                      one CUDA thread, run on a fiber of its own
//
// Shared memory lies below 4 GiB, because PTX programs keep shared addresses in 32-bit registers: a shared address is
// the plain host address, cvta is the identity and truncating to 32 bits loses nothing.
#pragma once

#include <stdint.h>

namespace anywarp::exec {
inline constexpr uint32_t kAbiVersion = 4;
inline constexpr uint32_t kWarpSize = 32;
}  // namespace anywarp::exec

extern "C" {

/// What is constant over a launch.
struct AwLaunch {
  uint32_t grid[3];           // nctaid
  uint32_t block[3];          // ntid
  uint32_t cluster[3];        // cluster_nctaid, in blocks; 1,1,1 without clusters
  uint32_t dynamic_shared;    // bytes
  uint32_t shared_bytes;      // static + dynamic
  uint32_t reserved;
  uint64_t grid_id;
  const void* params;         // the kernel's parameter buffer, PTX layout
  void* cooperative;          // zeroed grid-sync workspace of a cooperative launch, else null (envreg1:envreg2)
  void* executor;             // exec's own state of this launch
};

/// One block in flight.
struct AwBlock {
  const AwLaunch* launch;
  char* shared;               // this block's shared memory: static variables first, then dynamic; 1024-byte aligned
  uint32_t ctaid[3];
  uint32_t index;             // linear index in the grid, of the first block where code runs several
  void* executor;             // exec's own state of this block
};

/// What a suspended slice waits for.
enum AwWaitKind : uint32_t {
  AW_WAIT_NONE = 0,
  AW_WAIT_BARRIER = 1,        // bar.sync id, count: until count threads (0: all of the block) have arrived
  AW_WAIT_BARRIER_POPC = 2,   // bar.red.popc: the same; result = sum of value over all slices
  AW_WAIT_BARRIER_AND = 3,    // bar.red.and: result = 1 if value == lanes in every slice
  AW_WAIT_BARRIER_OR = 4,     // bar.red.or: result = 1 if value != 0 in any slice
  AW_WAIT_YIELD = 5,          // a spinning slice lets the others (and other resident blocks) run
  AW_WAIT_WALK = 6,           // a slice in a loop over the grid lets those run that go on with the memory beside
};

/// One slice of a block: `width` consecutive threads, starting at index * width.
struct AwSlice {
  uint32_t index;
  uint32_t wait;              // AwWaitKind, written by the slice before it suspends
  uint32_t barrier;           // 0..15
  uint32_t count;             // threads expected; 0 means all threads of the block
  uint32_t lanes;             // threads that this slice contributes
  uint32_t value;             // bar.red: number of contributing lanes whose predicate holds
  uint32_t result;            // bar.red: written by the executor before it resumes the slice
  uint32_t reserved;
};

/// One CUDA thread of the scalar engine.
struct AwThread {
  AwBlock* block;
  uint32_t tid[3];
  uint32_t index;             // linear thread index in the block
  void* executor;             // exec's own state of this thread (its fiber, its place in warp exchanges)
};

/// One fetch of each lane of a slice; lane i has the i-th of everything. What `how` (devicelib/texture.h: AW_FETCH_...) does not ask for
/// need not be set.
struct AwFetch {
  uint64_t handle[32];        // address of an AwTexture (devicelib/texture.h)
  float x[32], y[32], z[32];
  int32_t layer[32];
  float lod[32];
  uint32_t result[4][32];     // by channel: an integer, or a float's bits; 0 for channels that there are not
};

// What generated code may call. Every call is a per-thread operation except those that name a slice.
// vprintf and malloc may be called with several threads' requests in any order.
int32_t aw_vprintf(AwBlock* block, const char* format, const void* arguments);
[[noreturn]] void aw_assertfail(AwBlock* block, const uint32_t tid[3], const char* message, const char* file, uint32_t line,
                                const char* function);
[[noreturn]] void aw_trap(AwBlock* block);             // trap; -> CUDA_ERROR_LAUNCH_FAILED
void* aw_malloc(AwBlock* block, uint64_t bytes);       // the device heap; null when it is full
void aw_free(AwBlock* block, void* pointer);
uint64_t aw_clock64(void);                             // monotonically increasing ticks
uint64_t aw_globaltimer(void);                         // nanoseconds
void aw_nanosleep(AwBlock* block, uint32_t nanoseconds);
void aw_barrier_arrive(AwBlock* block, uint32_t barrier, uint32_t count, uint32_t lanes);
void aw_texture(AwFetch* fetch, uint32_t mask, uint32_t how);  // of the lanes in the mask

// Scalar engine only: the collective operations, which rendezvous on fibers.
void aw_scalar_barrier(AwThread* thread, uint32_t barrier, uint32_t count);
uint32_t aw_scalar_barrier_red(AwThread* thread, uint32_t kind, uint32_t barrier, uint32_t count, uint32_t predicate);
void aw_scalar_syncwarp(AwThread* thread, uint32_t mask);
/// mode 0 up, 1 down, 2 bfly, 3 idx; c as PTX encodes it. Returns the value; *in_range the predicate.
uint32_t aw_scalar_shfl(AwThread* thread, uint32_t mode, uint32_t mask, uint32_t value, uint32_t b, uint32_t c, uint32_t* in_range);
uint32_t aw_scalar_ballot(AwThread* thread, uint32_t mask, uint32_t predicate);
uint32_t aw_scalar_match_any(AwThread* thread, uint32_t mask, uint64_t value);
uint32_t aw_scalar_match_all(AwThread* thread, uint32_t mask, uint64_t value, uint32_t* all_equal);
/// op: 0 add, 1 min.s32, 2 max.s32, 3 min.u32, 4 max.u32, 5 and, 6 or, 7 xor.
uint32_t aw_scalar_redux(AwThread* thread, uint32_t mask, uint32_t op, uint32_t value);
uint32_t aw_scalar_activemask(AwThread* thread);
void aw_scalar_yield(AwThread* thread);                // called on the back edge of a loop that may spin
AwThread* aw_scalar_this_thread(void);                 // the thread that runs on this worker, for functions that are called
}
