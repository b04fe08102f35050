// What happens in the driver, told to whoever listens: tracing, profiling, checking. Costs one load when nobody does.
#pragma once

#include <cuda.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace anywarp::observe {

/// An argument of an API call. `bits` holds the value; Text and Pointer hold an address.
struct Argument {
  enum class Kind : uint8_t { Signed, Unsigned, Pointer, Text, Aggregate };
  const char* name;
  Kind kind;
  uint64_t bits;
};

struct Call {
  const char* function;
  std::span<const Argument> arguments;
  uint64_t begin_ns = 0, end_ns = 0;  // CLOCK_MONOTONIC; end_ns and what follows are valid in call_ended only
  CUresult result = CUDA_SUCCESS;
  const char* result_name = "";       // "CUDA_SUCCESS"
  std::string_view message;           // why it failed, a full sentence; may be empty
};

struct Launch {
  std::string_view kernel;
  uint32_t grid[3], block[3];
  uint32_t dynamic_shared;            // bytes
  uint64_t stream;                    // what cuStreamGetId tells
  uint64_t begin_ns = 0, end_ns = 0;
  CUresult result = CUDA_SUCCESS;
};

struct Memory {
  enum class What : uint8_t { Allocate, Free, Copy, Set };
  What what;
  const void* address;                // of a copy: the destination
  const void* source = nullptr;
  size_t bytes;
};

/// Called on whatever thread it happens; must not call the driver.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void call_began(const Call&) {}
  virtual void call_ended(const Call&) {}
  virtual void launch_began(const Launch&) {}
  virtual void launch_ended(const Launch&) {}
  virtual void memory_changed(const Memory&) {}
};

/// The listener is borrowed until the process ends: listeners come once and never leave.
void add(Listener* listener);

/// Adds the listeners that the environment asks for: ANYWARP_TRACE.
void add_from_environment();

inline std::atomic<bool> someone_listens{false};
inline bool active() { return someone_listens.load(std::memory_order_relaxed); }

void call_began(const Call& call);
void call_ended(const Call& call);
void launch_began(const Launch& launch);
void launch_ended(const Launch& launch);
void memory_changed(const Memory& memory);

/// CLOCK_MONOTONIC.
uint64_t now_ns();

}  // namespace anywarp::observe
