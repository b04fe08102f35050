#include "device/identity.h"

#include "base/environment.h"

#include <algorithm>
#include <cmath>

namespace anywarp::device {
namespace {

/// Blocks that an SM holds at once, by compute capability (CUDA C++ Programming Guide, technical specifications).
int blocks_per_sm(int capability) {
  switch (capability) {
    case 75:
    case 86:
    case 87: return 16;
    case 89:
    case 120:
    case 121: return 24;
    default: return 32;
  }
}

}  // namespace

Result<> can_identify(const Chip& chip) {
  std::string missing;
  const auto need = [&](const char* name, bool is_there) {
    if (!is_there) missing += std::string(missing.empty() ? "" : ", ") + name;
  };
  need("sm_count", bool(chip.sm_count));
  need("boost_mhz", bool(chip.boost_mhz));
  need("memory_gb", chip.memory_gb && *chip.memory_gb > 0);
  if (missing.empty()) return {};
  return Error{CUDA_ERROR_NOT_SUPPORTED,
               "a device reports its multiprocessors, clock and memory, yet the model of " + chip.name + " lacks " + missing, ""};
}

void identify_as(const Chip& chip, Properties& properties) {
  const auto set = [&](CUdevice_attribute which, double value) {
    properties.attributes[size_t(which)] = int(std::clamp(value, 0.0, double(INT32_MAX)));
  };
  properties.name = chip.vendor + " " + chip.name;
  set(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, double(*chip.sm_count));
  set(CU_DEVICE_ATTRIBUTE_CLOCK_RATE, *chip.boost_mhz * 1000);
  if (env::memory() == 0) properties.total_memory = uint64_t(*chip.memory_gb * double(uint64_t(1) << 30));

  if (const auto capability = compute_capability(chip)) {
    if (env::compute_capability().major == 0) {
      set(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, capability->first);
      set(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, capability->second);
    }
    set(CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR, blocks_per_sm(capability->first * 10 + capability->second));
  }
  if (chip.threads_per_sm) set(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR, double(*chip.threads_per_sm));
  if (chip.regfile_kb_per_sm) set(CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR, *chip.regfile_kb_per_sm * 1024 / 4);
  if (chip.smem_max_kb) {
    const double bytes = *chip.smem_max_kb * 1024, reserved = properties.attribute(CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK);
    set(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR, bytes);
    set(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, bytes - reserved);
    set(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, std::min(48.0 * 1024, bytes - reserved));
  }
  if (chip.l2_mb) set(CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, *chip.l2_mb * 1024 * 1024);
  // Models have the bandwidth, not the bus. Programs multiply clock and width, two transfers a cycle, and get that bandwidth.
  if (chip.memory_gb_s && *chip.memory_gb_s > 0) {
    const int bits = chip.memory_type && chip.memory_type.value->starts_with("HBM") ? 5120 : 384;
    set(CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH, bits);
    set(CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE, std::round(*chip.memory_gb_s * 1e6 / (2 * bits / 8.0)));
  }
  if (chip.fp32_tflops && chip.fp64_tflops && *chip.fp64_tflops > 0)
    set(CU_DEVICE_ATTRIBUTE_SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO, std::round(*chip.fp32_tflops / *chip.fp64_tflops));
}

}  // namespace anywarp::device
