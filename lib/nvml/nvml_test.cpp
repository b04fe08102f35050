#include <nvml.h>

#include <gtest/gtest.h>

#include <dlfcn.h>
#include <unistd.h>

#include <cstring>

namespace {

TEST(Nvml, tells_of_the_device_what_the_driver_does) {
  unsigned count = 0;
  EXPECT_EQ(nvmlDeviceGetCount(&count), NVML_ERROR_UNINITIALIZED);
  ASSERT_EQ(nvmlInit(), NVML_SUCCESS);
  ASSERT_EQ(nvmlDeviceGetCount(&count), NVML_SUCCESS);
  ASSERT_GE(count, 1u);
  nvmlDevice_t device = nullptr, same = nullptr;
  ASSERT_EQ(nvmlDeviceGetHandleByIndex(0, &device), NVML_SUCCESS);
  EXPECT_EQ(nvmlDeviceGetHandleByIndex(count, &same), NVML_ERROR_INVALID_ARGUMENT);
  char name[96], uuid[96], small[2];
  ASSERT_EQ(nvmlDeviceGetName(device, name, sizeof name), NVML_SUCCESS);
  EXPECT_NE(std::strlen(name), 0u);
  EXPECT_EQ(nvmlDeviceGetName(device, small, sizeof small), NVML_ERROR_INSUFFICIENT_SIZE);
  ASSERT_EQ(nvmlDeviceGetUUID(device, uuid, sizeof uuid), NVML_SUCCESS);
  EXPECT_EQ(std::strlen(uuid), 40u) << uuid;
  EXPECT_EQ(nvmlDeviceGetHandleByUUID(uuid, &same), NVML_SUCCESS);
  EXPECT_EQ(same, device);
  nvmlPciInfo_t pci;
  ASSERT_EQ(nvmlDeviceGetPciInfo(device, &pci), NVML_SUCCESS);
  EXPECT_EQ(nvmlDeviceGetHandleByPciBusId(pci.busId, &same), NVML_SUCCESS);
  nvmlMemory_t memory;
  ASSERT_EQ(nvmlDeviceGetMemoryInfo(device, &memory), NVML_SUCCESS);
  EXPECT_EQ(memory.free + memory.used, memory.total);
  EXPECT_GT(memory.total, 0u);
  nvmlUtilization_t utilization;
  ASSERT_EQ(nvmlDeviceGetUtilizationRates(device, &utilization), NVML_SUCCESS);
  EXPECT_LE(utilization.gpu, 100u);
  int version = 0;
  ASSERT_EQ(nvmlSystemGetCudaDriverVersion(&version), NVML_SUCCESS);
  EXPECT_EQ(version, 13000);
  nvmlDeviceArchitecture_t arch = 0;
  ASSERT_EQ(nvmlDeviceGetArchitecture(device, &arch), NVML_SUCCESS);
  EXPECT_EQ(arch, unsigned(NVML_DEVICE_ARCH_HOPPER));  // 9.0 unless the environment says otherwise
  unsigned value = 0, other = 0;
  EXPECT_EQ(nvmlDeviceGetTemperature(device, NVML_TEMPERATURE_GPU, &value), NVML_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(nvmlDeviceGetMigMode(device, &value, &other), NVML_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(nvmlDeviceGetPowerUsage(nullptr, &value), NVML_ERROR_INVALID_ARGUMENT);
  // This process has the driver loaded, but is not in the list of the others.
  unsigned processes = 0;
  const nvmlReturn_t listed = nvmlDeviceGetComputeRunningProcesses(device, &processes, nullptr);
  EXPECT_TRUE(listed == (processes ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS));
  char command[64];
  EXPECT_EQ(nvmlSystemGetProcessName(static_cast<unsigned>(getpid()), command, sizeof command), NVML_SUCCESS);
  EXPECT_NE(std::strlen(command), 0u);
  EXPECT_EQ(nvmlSystemGetProcessName(0x7fffffff, command, sizeof command), NVML_ERROR_NOT_FOUND);
  // Exported, whatever it would take, and not offered.
  auto* link = reinterpret_cast<nvmlReturn_t (*)()>(dlsym(RTLD_DEFAULT, "nvmlDeviceGetNvLinkState"));
  ASSERT_TRUE(link);
  EXPECT_EQ(link(), NVML_ERROR_NOT_SUPPORTED);
  EXPECT_STREQ(nvmlErrorString(NVML_ERROR_NOT_SUPPORTED), "Not Supported");
  EXPECT_EQ(nvmlShutdown(), NVML_SUCCESS);
  EXPECT_EQ(nvmlShutdown(), NVML_ERROR_UNINITIALIZED);
}

}  // namespace
