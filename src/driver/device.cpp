#include "driver/device.h"

#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/mempool.h"
#include "driver/process.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace anywarp::driver {

Device::Device(CUdevice ordinal, device::Properties properties) : ordinal_(ordinal), properties_(std::move(properties)) {}

Device::~Device() = default;

void Device::start() {
  primary_ = std::make_unique<Context>(*this, Context::Primary{});
  default_pool_ = std::make_unique<MemoryPool>(*this);
  set_current_pool(*default_pool_);
}

namespace api {
namespace {

int bytes_of(CUarray_format format) {
  switch (format) {
    case CU_AD_FORMAT_UNSIGNED_INT8:
    case CU_AD_FORMAT_SIGNED_INT8: return 1;
    case CU_AD_FORMAT_UNSIGNED_INT16:
    case CU_AD_FORMAT_SIGNED_INT16:
    case CU_AD_FORMAT_HALF: return 2;
    case CU_AD_FORMAT_UNSIGNED_INT32:
    case CU_AD_FORMAT_SIGNED_INT32:
    case CU_AD_FORMAT_FLOAT: return 4;
    default: return 0;
  }
}

std::string pci_bus_id(const Device& device) {
  char text[32];
  snprintf(text, sizeof text, "%04x:%02x:%02x.0", unsigned(device.attribute(CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID)),
           unsigned(device.attribute(CU_DEVICE_ATTRIBUTE_PCI_BUS_ID)), unsigned(device.attribute(CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID)));
  return text;
}

}  // namespace

Result<> cuDeviceGet(CUdevice* device, int ordinal) {
  AW_TRY(need(device, "device"));
  AW_TRY(device_of(ordinal));
  *device = ordinal;
  return {};
}

Result<> cuDeviceGetCount(int* count) {
  AW_TRY(need(count, "count"));
  *count = int(process()->devices().size());
  return {};
}

Result<> cuDeviceGetName(char* name, int len, CUdevice dev) {
  AW_TRY(need(name, "name"));
  if (len <= 0) return invalid_value("The name's buffer has " + std::to_string(len) + " bytes.");
  AW_ASSIGN(Device * device, device_of(dev));
  snprintf(name, size_t(len), "%s", device->properties().name.c_str());
  return {};
}

Result<> cuDeviceGetUuid_v2(CUuuid* uuid, CUdevice dev) {
  AW_TRY(need(uuid, "uuid"));
  AW_ASSIGN(Device * device, device_of(dev));
  static_assert(sizeof uuid->bytes == 16);
  memcpy(uuid->bytes, device->properties().uuid.data(), 16);
  return {};
}

Result<> cuDeviceTotalMem_v2(size_t* bytes, CUdevice dev) {
  AW_TRY(need(bytes, "bytes"));
  AW_TRY(device_of(dev));
  size_t free = 0;
  process()->backend().memory(free, *bytes);
  return {};
}

Result<> cuDeviceGetTexture1DLinearMaxWidth(size_t* maxWidthInElements, CUarray_format format, unsigned numChannels, CUdevice dev) {
  AW_TRY(need(maxWidthInElements, "maxWidthInElements"));
  AW_ASSIGN(Device * device, device_of(dev));
  if (bytes_of(format) == 0 || (numChannels != 1 && numChannels != 2 && numChannels != 4))
    return invalid_value("A linear texture of format " + std::to_string(int(format)) + " with " + std::to_string(numChannels) +
                         " channels does not exist.");
  *maxWidthInElements = size_t(device->attribute(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH));
  return {};
}

Result<> cuDeviceGetAttribute(int* pi, CUdevice_attribute attrib, CUdevice dev) {
  AW_TRY(need(pi, "pi"));
  AW_ASSIGN(Device * device, device_of(dev));
  if (int(attrib) <= 0 || int(attrib) >= int(CU_DEVICE_ATTRIBUTE_MAX))
    return invalid_value("There is no device attribute " + std::to_string(int(attrib)) + ".");
  *pi = device->attribute(attrib);
  return {};
}

// What x86-64 and AArch64 do in hardware on memory that host and device share: everything, for 32 and 64 bits.
Result<> cuDeviceGetHostAtomicCapabilities(unsigned int* capabilities, const CUatomicOperation* operations, unsigned int count,
                                           CUdevice dev) {
  AW_TRY(need(capabilities, "capabilities"));
  AW_TRY(need(operations, "operations"));
  AW_TRY(device_of(dev));
  if (count == 0) return invalid_value("No operations were given.");
  for (unsigned i = 0; i < count; ++i) {
    if (int(operations[i]) < 0 || operations[i] >= CU_ATOMIC_OPERATION_MAX)
      return invalid_value("There is no atomic operation " + std::to_string(int(operations[i])) + ".");
    capabilities[i] = CU_ATOMIC_CAPABILITY_SIGNED | CU_ATOMIC_CAPABILITY_UNSIGNED | CU_ATOMIC_CAPABILITY_REDUCTION |
                      CU_ATOMIC_CAPABILITY_SCALAR_32 | CU_ATOMIC_CAPABILITY_SCALAR_64;
  }
  return {};
}

Result<> cuDeviceGetExecAffinitySupport(int* pi, CUexecAffinityType type, CUdevice dev) {
  AW_TRY(need(pi, "pi"));
  AW_TRY(device_of(dev));
  if (int(type) < 0 || type >= CU_EXEC_AFFINITY_TYPE_MAX)
    return invalid_value("There is no execution affinity " + std::to_string(int(type)) + ".");
  *pi = 0;
  return {};
}

Result<> cuDeviceGetProperties(CUdevprop* prop, CUdevice dev) {
  AW_TRY(need(prop, "prop"));
  AW_ASSIGN(Device * device, device_of(dev));
  const auto get = [&](CUdevice_attribute which) { return device->attribute(which); };
  prop->maxThreadsPerBlock = get(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
  prop->maxThreadsDim[0] = get(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X);
  prop->maxThreadsDim[1] = get(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y);
  prop->maxThreadsDim[2] = get(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z);
  prop->maxGridSize[0] = get(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X);
  prop->maxGridSize[1] = get(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y);
  prop->maxGridSize[2] = get(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z);
  prop->sharedMemPerBlock = get(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK);
  prop->totalConstantMemory = get(CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY);
  prop->SIMDWidth = get(CU_DEVICE_ATTRIBUTE_WARP_SIZE);
  prop->memPitch = get(CU_DEVICE_ATTRIBUTE_MAX_PITCH);
  prop->regsPerBlock = get(CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK);
  prop->clockRate = get(CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
  prop->textureAlign = get(CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT);
  return {};
}

Result<> cuDeviceComputeCapability(int* major, int* minor, CUdevice dev) {
  AW_TRY(need(major, "major"));
  AW_TRY(need(minor, "minor"));
  AW_ASSIGN(Device * device, device_of(dev));
  *major = device->properties().major();
  *minor = device->properties().minor();
  return {};
}

// "[domain]:[bus]:[device].[function]", "[domain]:[bus]:[device]" or "[bus]:[device].[function]", hexadecimal.
Result<> cuDeviceGetByPCIBusId(CUdevice* dev, const char* pciBusId) {
  AW_TRY(need(dev, "dev"));
  AW_TRY(need(pciBusId, "pciBusId"));
  unsigned domain = 0, bus = 0, slot = 0, function = 0;
  const int fields = sscanf(pciBusId, "%x:%x:%x.%x", &domain, &bus, &slot, &function);
  if (fields < 3) {
    domain = 0;
    if (sscanf(pciBusId, "%x:%x.%x", &bus, &slot, &function) != 3)
      return invalid_value("'" + std::string(pciBusId).substr(0, 40) + "' is not a PCI bus id such as 0000:af:00.0.");
  }
  for (const auto& device : process()->devices()) {
    if (unsigned(device->attribute(CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID)) != domain ||
        unsigned(device->attribute(CU_DEVICE_ATTRIBUTE_PCI_BUS_ID)) != bus ||
        unsigned(device->attribute(CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID)) != slot || function != 0)
      continue;
    *dev = device->ordinal();
    return {};
  }
  return Error{CUDA_ERROR_INVALID_DEVICE, "No device has the PCI bus id " + std::string(pciBusId).substr(0, 40) + ".", ""};
}

Result<> cuDeviceGetPCIBusId(char* pciBusId, int len, CUdevice dev) {
  AW_TRY(need(pciBusId, "pciBusId"));
  AW_ASSIGN(Device * device, device_of(dev));
  const std::string text = pci_bus_id(*device);
  if (len <= 0) return invalid_value("The buffer has " + std::to_string(len) + " bytes.");
  snprintf(pciBusId, size_t(len), "%s", text.c_str());
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
