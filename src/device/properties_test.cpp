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
