#include "device/properties.h"

#include "base/environment.h"
#include "base/hash.h"
#include "base/log.h"
#include "device/identity.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>

namespace anywarp::device {
namespace {

struct Host {
  int workers, ordinal, capability_major, capability_minor, clock_khz, last_cache_bytes;
};

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The value behind "key : value" in /proc/cpuinfo.
std::string cpuinfo(std::string_view key) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (line.starts_with(key) && colon != std::string::npos && colon + 2 < line.size()) return line.substr(colon + 2);
  }
  return "";
}

int clock_khz() {
  const int frequency = std::atoi(first_line("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq").c_str());
  if (frequency > 0) return frequency;
  const double mhz = std::atof(cpuinfo("cpu MHz").c_str());
  return mhz > 0 ? int(mhz * 1000) : 2'000'000;
}

int last_cache_bytes() {
  long bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
  if (bytes <= 0) bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
  return int(std::clamp(bytes, 1L << 20, 1L << 30));
}

// The machine's memory, bounded by the limit of every control group above this process.
uint64_t machine_memory() {
  uint64_t bytes = uint64_t(sysconf(_SC_PHYS_PAGES)) * uint64_t(sysconf(_SC_PAGESIZE));
  const auto bound = [&](const std::string& file) {
    const uint64_t limit = std::strtoull(first_line(file.c_str()).c_str(), nullptr, 10);
    if (limit != 0) bytes = std::min(bytes, limit);
  };
  bound("/sys/fs/cgroup/memory.max");
  bound("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t colon = line.rfind(':');
    if (colon == std::string::npos) continue;
    for (std::string path = line.substr(colon + 1); path.size() > 1; path.resize(path.rfind('/'))) {
      bound("/sys/fs/cgroup" + path + "/memory.max");
      bound("/sys/fs/cgroup/memory" + path + "/memory.limit_in_bytes");
    }
  }
  return bytes;
}

uint32_t vector_bits() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return 512;
  if (__builtin_cpu_supports("avx2")) return 256;
#endif
  return 128;
}

}  // namespace

Properties of_host(uint32_t workers, uint32_t ordinal) {
  Properties properties;
  std::string processor = cpuinfo("model name");
  if (processor.empty()) processor = "this machine";
  properties.name = "Anywarp CPU (" + processor + ")";
  properties.workers = workers;
  properties.vector_bits = vector_bits();

  const uint64_t asked = env::memory();
  // A quarter stays with the host program and the system, but never more than they need.
  const uint64_t machine = machine_memory();
  properties.total_memory = asked != 0 ? asked : machine - std::min<uint64_t>(machine / 4, uint64_t(8) << 30);

  auto capability = env::compute_capability();
  if (capability.major == 0) capability = {9, 0};
  const Host host{int(workers), int(ordinal), int(capability.major), int(capability.minor), clock_khz(), last_cache_bytes()};
#define AW_ATTRIBUTE(attribute, value) properties.attributes[CU_DEVICE_ATTRIBUTE_##attribute] = value;
#include "device/attributes.def"
#undef AW_ATTRIBUTE
  if (const std::string name = env::chip(); !name.empty()) {
    const Result<Chip> chip = find_chip(name);
    const Result<> possible = chip ? can_identify(*chip) : Result<>(chip.error());
    if (possible)
      identify_as(*chip, properties);
    else
      log_once(LogLevel::Warning, "ANYWARP_CHIP", "ANYWARP_CHIP is ignored: %s", possible.error().text().c_str());
  }

  // Version 8 of RFC 9562: a hash of our own, over what makes this device this one.
  const std::string machine_id = first_line("/etc/machine-id");
  const uint64_t high = Hasher().add("anywarp device").add(machine_id).add(ordinal).digest64();
  const uint64_t low = Hasher().add(high).add(env::chip().empty() ? processor : properties.name).digest64();
  memcpy(properties.uuid.data(), &high, 8);
  memcpy(properties.uuid.data() + 8, &low, 8);
  properties.uuid[6] = uint8_t((properties.uuid[6] & 0x0f) | 0x80);
  properties.uuid[8] = uint8_t((properties.uuid[8] & 0x3f) | 0x80);
  return properties;
}

uint32_t blocks_per_multiprocessor(const Properties& device, uint32_t threads, uint32_t shared, uint32_t registers) {
  const auto limit = [&](CUdevice_attribute which) { return uint32_t(device.attribute(which)); };
  const uint32_t warps = (threads + 31) / 32, reserved = limit(CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK);
  if (warps == 0 || threads > limit(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK)) return 0;
  if (shared > limit(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)) return 0;
  uint32_t blocks = limit(CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR);
  blocks = std::min(blocks, limit(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR) / (warps * 32));
  // Shared memory comes in pieces of 128 bytes, registers in pieces of 256 a warp.
  const uint32_t charged = (shared + 127) / 128 * 128 + reserved;
  blocks = std::min(blocks, limit(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR) / charged);
  const uint32_t warp_registers = (std::max(registers, 1u) * 32 + 255) / 256 * 256;
  blocks = std::min(blocks, limit(CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR) / (warp_registers * warps));
  return blocks;
}

}  // namespace anywarp::device
