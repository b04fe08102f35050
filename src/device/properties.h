// What a program can ask a device: the source of cuDeviceGetAttribute, cudaDeviceProp and `anywarp info`.
#pragma once

#include <cuda.h>

#include <array>
#include <cstdint>
#include <string>

namespace anywarp::device {

struct Properties {
  std::string name;                              // "Anywarp CPU (AMD EPYC)"
  std::array<uint8_t, 16> uuid{};                // stable for a machine and an ordinal
  uint64_t total_memory = 0;                     // bytes
  uint32_t workers = 1;                          // = multiprocessors, unless it reports another chip's
  uint32_t vector_bits = 128;                    // of the host
  std::array<int, CU_DEVICE_ATTRIBUTE_MAX> attributes{};  // by CUdevice_attribute

  int attribute(CUdevice_attribute which) const { return attributes[size_t(which)]; }
  int major() const { return attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR); }
  int minor() const { return attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR); }
};

/// This machine's processor as a device, as the environment asks (ANYWARP_MEMORY, ANYWARP_COMPUTE_CAPABILITY).
/// `workers` counts the threads that run blocks; `ordinal` tells devices of one machine apart.
Properties of_host(uint32_t workers, uint32_t ordinal = 0);

/// Blocks of a kernel that fit a multiprocessor at once: what the occupancy calculator answers, and what bounds a
/// cooperative launch. `shared` is static and dynamic together, in bytes. 0 when a block does not fit at all.
uint32_t blocks_per_multiprocessor(const Properties& device, uint32_t threads, uint32_t shared, uint32_t registers);

}  // namespace anywarp::device
