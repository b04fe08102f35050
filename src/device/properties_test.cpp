#include "device/properties.h"

#include <gtest/gtest.h>

namespace anywarp::device {
namespace {

TEST(Properties, DescribeThisMachine) {
  const Properties device = of_host(2);
  EXPECT_TRUE(device.name.starts_with("Anywarp CPU (")) << device.name;
  EXPECT_EQ(device.attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT), 2);
  EXPECT_EQ(device.attribute(CU_DEVICE_ATTRIBUTE_WARP_SIZE), 32);
  EXPECT_GT(device.total_memory, uint64_t(64) << 20);
  EXPECT_GT(device.attribute(CU_DEVICE_ATTRIBUTE_CLOCK_RATE), 0);
  EXPECT_EQ(device.uuid, of_host(1).uuid);
  EXPECT_NE(device.uuid, of_host(2, 1).uuid);
}

TEST(Properties, EnvironmentDecides) {
  setenv("ANYWARP_COMPUTE_CAPABILITY", "7.5", 1);
  setenv("ANYWARP_MEMORY", "1G", 1);
  const Properties device = of_host(1);
  unsetenv("ANYWARP_COMPUTE_CAPABILITY");
  unsetenv("ANYWARP_MEMORY");
  EXPECT_EQ(device.major(), 7);
  EXPECT_EQ(device.minor(), 5);
  EXPECT_EQ(device.total_memory, uint64_t(1) << 30);
}

// The figures are those of NVIDIA's data sheet of the A100 and of the technical specifications of compute capability 8.0.
TEST(Properties, OfAnotherChip) {
  setenv("ANYWARP_CHIP", "A100", 1);
  const Properties a100 = of_host(2);
  setenv("ANYWARP_COMPUTE_CAPABILITY", "7.5", 1);
  setenv("ANYWARP_MEMORY", "1G", 1);
  const Properties asked = of_host(2);
  unsetenv("ANYWARP_COMPUTE_CAPABILITY");
  unsetenv("ANYWARP_MEMORY");
  setenv("ANYWARP_CHIP", "L2", 1);
  const Properties incomplete = of_host(2);
  unsetenv("ANYWARP_CHIP");
  EXPECT_EQ(a100.name, "NVIDIA A100-SXM4-80GB");
  EXPECT_EQ(a100.attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT), 108);
  EXPECT_EQ(a100.workers, 2u) << "blocks run on this machine";
  EXPECT_EQ(a100.attribute(CU_DEVICE_ATTRIBUTE_CLOCK_RATE), 1410000);
  EXPECT_EQ(a100.total_memory, uint64_t(80) << 30);
  EXPECT_EQ(a100.major(), 8);
  EXPECT_EQ(a100.minor(), 0);
  EXPECT_EQ(a100.attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN), 163 * 1024);
  EXPECT_EQ(a100.attribute(CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR), 65536);
  EXPECT_EQ(a100.attribute(CU_DEVICE_ATTRIBUTE_WARP_SIZE), 32);
  EXPECT_EQ(a100.attribute(CU_DEVICE_ATTRIBUTE_SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO), 2);
  EXPECT_NEAR(
      2.0 * a100.attribute(CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE) * a100.attribute(CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH) / 8 / 1e6,
      2039, 1);
  EXPECT_EQ(asked.major(), 7);
  EXPECT_EQ(asked.total_memory, uint64_t(1) << 30);
  EXPECT_TRUE(incomplete.name.starts_with("Anywarp CPU (")) << "the number of L2's multiprocessors is not known";
  EXPECT_NE(a100.uuid, of_host(2).uuid);
}

TEST(Occupancy, EachResourceBounds) {
  const Properties device = of_host(1);
  EXPECT_EQ(blocks_per_multiprocessor(device, 32, 0, 16), 32u);
  EXPECT_EQ(blocks_per_multiprocessor(device, 1024, 0, 32), 2u);
  EXPECT_EQ(blocks_per_multiprocessor(device, 256, 0, 32), 8u);
  EXPECT_EQ(blocks_per_multiprocessor(device, 32, 227 * 1024, 16), 1u);
  EXPECT_EQ(blocks_per_multiprocessor(device, 32, 228 * 1024, 16), 0u);
  EXPECT_EQ(blocks_per_multiprocessor(device, 256, 0, 255), 1u);
  EXPECT_EQ(blocks_per_multiprocessor(device, 0, 0, 16), 0u);
  EXPECT_EQ(blocks_per_multiprocessor(device, 1025, 0, 16), 0u);
}

}  // namespace
}  // namespace anywarp::device
