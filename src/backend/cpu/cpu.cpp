// From a launch to blocks on the pool:
//
//   launch(kernel, grid, block) -> CpuKernel::variant (compiled code for this block size) -> exec::Grid -> exec::Pool::run
#include "backend/cpu/cpu.h"

#include "backend/cpu/program.h"
#include "base/environment.h"
#include "device/properties.h"
#include "exec/device_heap.h"
#include "exec/exec.h"
#include "exec/output.h"

#include <atomic>
#include <cstring>

namespace anywarp::backend {
namespace cpu {
namespace {

std::string text(const Dim3& extent) {
  return "(" + std::to_string(extent.x) + "," + std::to_string(extent.y) + "," + std::to_string(extent.z) + ")";
}

class CpuBackend final : public Backend {
 public:
  explicit CpuBackend(const Options& options)
      : options_(options),
        pool_(options.workers != 0 ? options.workers : exec::default_workers()),
        properties_(device::of_host(pool_.workers())),
        memory_(properties_.total_memory) {}

  const device::Properties& properties() const override { return properties_; }
  Result<void*> allocate(size_t bytes) override { return memory_.allocate(bytes); }
  void release(void* pointer) override { memory_.release(pointer); }
  Result<SharedMemory> share(void* pointer) override { return memory_.share(pointer); }
  void memory(size_t& free, size_t& total) const override { memory_.usage(free, total); }

  Result<std::unique_ptr<Program>> load(std::shared_ptr<const ptx::Module> module) override {
    return CpuProgram::load(std::move(module), memory_, options_.compile, properties_.major() * 10 + properties_.minor());
  }

  Result<> prepare(const Launch& launch) override {
    AW_TRY(check(launch));
    uint64_t compiling = 0;
    AW_ASSIGN(Variant * variant, static_cast<CpuKernel*>(launch.kernel)->variant(launch, &compiling));
    if (compiling != 0 && running_.load(std::memory_order_relaxed) == 0) waited_.fetch_add(compiling, std::memory_order_relaxed);
    return fits(launch, *variant);
  }

  uint64_t waited_for_code() const override { return waited_.load(std::memory_order_relaxed); }

  Result<> launch(const Launch& launch) override {
    AW_TRY(check(launch));
    auto& kernel = static_cast<CpuKernel&>(*launch.kernel);
    AW_ASSIGN(Variant * variant, kernel.variant(launch));
    AW_TRY(fits(launch, *variant));

    exec::Grid grid;
    grid.code = &variant->executable;
    grid.history = &variant->history;
    grid.kernel = kernel.name();
    const auto copy = [](uint32_t to[3], const Dim3& from) { to[0] = from.x, to[1] = from.y, to[2] = from.z; };
    copy(grid.grid, launch.grid);
    copy(grid.block, launch.block);
    copy(grid.cluster, launch.cluster);
    // Dynamic shared memory starts at an alignment of up to 1024 bytes behind the static variables.
    const uint32_t fixed = variant->code->static_shared;
    grid.static_shared = launch.dynamic_shared != 0 ? (fixed + 1023) / 1024 * 1024 : fixed;
    grid.dynamic_shared = launch.dynamic_shared;
    grid.cooperative = launch.cooperative;
    if (reinterpret_cast<uintptr_t>(launch.params.data()) % 16 == 0) {
      grid.params = launch.params.data();
      return run(grid);
    }
    struct alignas(16) Chunk {
      std::byte bytes[16];
    };
    std::vector<Chunk> aligned(launch.params.size() / 16 + 1);
    memcpy(aligned.data(), launch.params.data(), launch.params.size());
    grid.params = aligned.data();
    return run(grid);
  }

  void flush_output() override { exec::flush_output(); }
  void reset_heap() override { exec::heap_reset(); }

  Result<size_t> limit(CUlimit which) const override {
    switch (which) {
      case CU_LIMIT_STACK_SIZE: return stack_bytes_;
      case CU_LIMIT_PRINTF_FIFO_SIZE: return exec::output_limit();
      case CU_LIMIT_MALLOC_HEAP_SIZE: return exec::heap_limit();
      default: return unsupported(which);
    }
  }

  Result<> set_limit(CUlimit which, size_t bytes) override {
    switch (which) {
      case CU_LIMIT_STACK_SIZE: stack_bytes_ = bytes; return {};
      case CU_LIMIT_PRINTF_FIFO_SIZE: exec::set_output_limit(bytes); return {};
      case CU_LIMIT_MALLOC_HEAP_SIZE: exec::set_heap_limit(bytes); return {};
      default: return unsupported(which);
    }
  }

 private:
  Result<> run(const exec::Grid& grid) {
    running_.fetch_add(1, std::memory_order_relaxed);
    Result<> ended = pool_.run(grid);
    running_.fetch_sub(1, std::memory_order_relaxed);
    return ended;
  }

  static Error unsupported(CUlimit which) {
    return {CUDA_ERROR_UNSUPPORTED_LIMIT, "The device has no limit number " + std::to_string(int(which)) + ".", ""};
  }

  static Error invalid(const Launch& launch, const std::string& why, CUresult code = CUDA_ERROR_INVALID_VALUE) {
    return {code, why, "kernel '" + launch.kernel->name() + "'"};
  }

  // What can be said before there is code.
  Result<> check(const Launch& launch) const {
    const Dim3 &grid = launch.grid, &block = launch.block;
    if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7fffffff || grid.y > 65535 || grid.z > 65535)
      return invalid(launch, "The grid " + text(grid) + " is not within (1..2147483647, 1..65535, 1..65535).");
    const uint64_t threads = uint64_t(block.x) * block.y * block.z, most = launch.kernel->attributes().max_threads_per_block;
    if (threads == 0 || block.x > 1024 || block.y > 1024 || block.z > 64)
      return invalid(launch, "The block " + text(block) + " is not within (1..1024, 1..1024, 1..64).");
    if (threads > most)
      return invalid(launch, "The block " + text(block) + " has " + std::to_string(threads) + " threads; the kernel allows " +
                                 std::to_string(most) + ".");
    if (launch.params.size() < launch.kernel->parameter_bytes())
      return invalid(launch, "The launch brings " + std::to_string(launch.params.size()) + " bytes of parameters; the kernel takes " +
                                 std::to_string(launch.kernel->parameter_bytes()) + ".");
    return {};
  }

  // What the code decides: shared memory, and with it how many blocks are in flight at once.
  Result<> fits(const Launch& launch, const Variant& variant) const {
    const uint64_t shared = uint64_t(variant.code->static_shared) + launch.dynamic_shared;
    const auto most = uint64_t(properties_.attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN));
    if (shared > most)
      return invalid(launch,
                     "The block needs " + std::to_string(shared) + " bytes of shared memory; " + std::to_string(most) + " are available.");
    if (!launch.cooperative) return {};
    const uint32_t threads = launch.block.x * launch.block.y * launch.block.z;
    const uint64_t resident =
        uint64_t(properties_.attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)) *
        device::blocks_per_multiprocessor(properties_, threads, uint32_t(shared), launch.kernel->attributes().registers);
    const uint64_t blocks = uint64_t(launch.grid.x) * launch.grid.y * launch.grid.z;
    if (blocks > resident)
      return invalid(launch,
                     "The cooperative grid has " + std::to_string(blocks) + " blocks; " + std::to_string(resident) + " can run at once.",
                     CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE);
    return {};
  }

  std::atomic<uint64_t> waited_{0};
  std::atomic<unsigned> running_{0};  // grids
  const Options options_;
  exec::Pool pool_;
  const device::Properties properties_;
  Memory memory_;
  size_t stack_bytes_ = 1024;
};

}  // namespace

Result<std::unique_ptr<Backend>> make(const Options& options) { return std::unique_ptr<Backend>(std::make_unique<CpuBackend>(options)); }

}  // namespace cpu

Result<std::unique_ptr<Backend>> make_cpu() {
  cpu::Options options;
  options.compile.engine = env::engine() == "scalar" ? compile::Engine::Scalar : compile::Engine::Vector;
  options.compile.width = uint32_t(env::width());
  options.compile.use_cache = env::cache() && !env::cuda_cache_disable();
  return cpu::make(options);
}

}  // namespace anywarp::backend
