// The pipeline: one kernel of a PTX module, for one launch shape, becomes callable code.
#pragma once

#include "base/result.h"
#include "exec/abi.h"
#include "spmd/spmd.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace anywarp::ptx {
class Module;
}
namespace anywarp::jit {
struct Processor;
}

namespace anywarp::compile {

enum class Engine : uint8_t { Scalar, Vector };

struct Options {
  Engine engine = Engine::Vector;
  uint32_t width = 0;              // lanes; 0: the cost model chooses
  bool use_cache = true;           // the on-disk cache
  const jit::Processor* processor = nullptr;  // null: jit::chosen_processor()
};

/// Device addresses of the module's global and const variables, by name.
using Symbols = std::unordered_map<std::string, void*>;

/// Callable code. Immutable; the machine code lives as long as this object.
struct Code {
  virtual ~Code() = default;
  Engine engine = Engine::Scalar;  // the engine that it was compiled for, after any fallback
  std::string fallback_reason;     // why the vector engine was not used, else empty
  bool walks = false;              // vector: suspends in loops over the grid, and runs best with the next blocks beside it
  bool suspends = false;           // vector: entry is a coroutine ramp; scalar: the thread needs a fiber of its own
  uint32_t width = 1;
  uint32_t most_blocks = 0;        // vector and not suspends: how many blocks one call had better run at most; 0: any number
  uint32_t static_shared = 0;
  uint64_t frame_bytes = 0;        // vector and suspends: one slice's coroutine frame
  uint32_t frame_align = 64;
  void* entry = nullptr;           // exec/abi.h
};

/// Compiles, or takes from the cache. Thread-safe.
/// Errors: those of lower::run, of LLVM's code generator, and of jit::check_executable.
Result<std::shared_ptr<const Code>> compile(const ptx::Module& module, std::string_view kernel, const spmd::LaunchShape& shape,
                                            const Symbols& symbols, const Options& options);

/// The same code as text, for any processor. Nothing of it is in the cache.
Result<std::string> assembly(const ptx::Module& module, std::string_view kernel, const spmd::LaunchShape& shape, const Options& options);

}  // namespace anywarp::compile
