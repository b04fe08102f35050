// Where a chip plugs in: compile, memory, launch. `cpu` is the embedded default. The driver sees this file only.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace anywarp::ptx {
class Module;
}
namespace anywarp::device {
struct Properties;
}

namespace anywarp::backend {

struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
};

/// What cuFuncGetAttribute tells; sizes in bytes.
struct KernelAttributes {
  uint32_t max_threads_per_block, static_shared, const_bytes, local_bytes, registers;
  uint32_t ptx_version, binary_version;  // 10 * major + minor
};

/// One kernel of a loaded program.
class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual const std::string& name() const = 0;
  virtual const KernelAttributes& attributes() const = 0;
  /// Byte offset and size of each parameter in the parameter buffer, in order.
  struct Parameter {
    uint32_t offset, size;
  };
  virtual std::span<const Parameter> parameters() const = 0;
  virtual uint32_t parameter_bytes() const = 0;
};

struct Variable {
  void* address;
  size_t size;
  bool managed;
};

/// A loaded module: its global variables live in device memory, its kernels are compiled when first launched.
class Program {
 public:
  virtual ~Program() = default;
  virtual const ptx::Module& ptx() const = 0;
  /// Null when there is none of that name.
  virtual Kernel* kernel(std::string_view name) = 0;
  virtual std::span<Kernel* const> kernels() = 0;
  virtual const Variable* variable(std::string_view name) const = 0;
};

struct Launch {
  Kernel* kernel;
  Dim3 grid, block, cluster;
  uint32_t dynamic_shared = 0;       // bytes
  bool cooperative = false;
  std::span<const std::byte> params; // parameter_bytes() bytes in PTX layout; copied before launch() returns
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual const device::Properties& properties() const = 0;

  /// Device memory, 512-byte aligned. Errors: OUT_OF_MEMORY with the size asked for and what is free.
  virtual Result<void*> allocate(size_t bytes) = 0;
  virtual void release(void* pointer) = 0;
  /// Where other processes find the memory of what allocate() has returned: a file, and the offset in it. The file lives until
  /// the memory is released. Requires: nothing uses the memory during the first call for it.
  /// Errors: INVALID_VALUE for other pointers; OUT_OF_MEMORY; NOT_SUPPORTED where the system has no such files.
  struct SharedMemory {
    int file;
    uint64_t offset;
  };
  virtual Result<SharedMemory> share(void* pointer) = 0;
  /// Bytes free and in all, as cuMemGetInfo tells.
  virtual void memory(size_t& free, size_t& total) const = 0;

  /// Loads a verified module and initialises its variables.
  virtual Result<std::unique_ptr<Program>> load(std::shared_ptr<const ptx::Module> module) = 0;

  /// Compiles what `launch` needs, so that a kernel that cannot be compiled fails at the launch call.
  virtual Result<> prepare(const Launch& launch) = 0;
  /// Nanoseconds so far that launches have waited for their code while the device had nothing else to do. The device's clock stands
  /// still meanwhile, so that a program that times a kernel by events does not take its compilation for its run.
  virtual uint64_t waited_for_code() const = 0;
  /// Runs the grid to its end on the calling thread and the workers. Several threads may launch at once.
  /// Errors, all sticky for the context: ILLEGAL_ADDRESS, ASSERT, LAUNCH_FAILED (trap), LAUNCH_TIMEOUT never.
  virtual Result<> launch(const Launch& launch) = 0;

  /// Writes to stdout what kernels have printed. As in CUDA nothing appears before: the driver calls it wherever it
  /// synchronises (context, stream, event, copies that block), before a launch, and when a module or context ends.
  virtual void flush_output() = 0;
  /// Bytes of CU_LIMIT_STACK_SIZE, CU_LIMIT_PRINTF_FIFO_SIZE and CU_LIMIT_MALLOC_HEAP_SIZE. Errors: UNSUPPORTED_LIMIT for others.
  virtual Result<size_t> limit(CUlimit which) const = 0;
  virtual Result<> set_limit(CUlimit which, size_t bytes) = 0;
  /// Frees what kernels have allocated by malloc; the end of a context.
  virtual void reset_heap() = 0;
};

/// The CPU. Made once, by cuInit; never fails on a machine that runs the program at all.
Result<std::unique_ptr<Backend>> make_cpu();

}  // namespace anywarp::backend
