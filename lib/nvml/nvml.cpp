// libnvidia-ml over the driver's public functions: a device is what cuDeviceGet gives. Temperatures, power and what else a processor does
// not tell are NOT_SUPPORTED, as on GPUs without the sensor. NVML looks without using: it makes no context.
#include <cuda.h>
#include <nvml.h>

#include "nvml_state.h"

#include <dlfcn.h>
#include <strings.h>
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>
#include <type_traits>
#include <vector>

namespace {

struct Driver {
  decltype(&cuInit) init;
  decltype(&cuDriverGetVersion) version;
  decltype(&cuDeviceGetCount) count;
  decltype(&cuDeviceGetName) name;
  decltype(&cuDeviceTotalMem_v2) memory;
  decltype(&cuDeviceGetAttribute) attribute;
  decltype(&cuDeviceGetUuid_v2) uuid;
  decltype(&cuDeviceGetPCIBusId) bus;
};

struct State {
  std::mutex lock;
  unsigned users = 0;
  Driver driver{};
  int devices = 0;
  unsigned long long busy = 0, all = 0;  // ticks of the processors at the last look
};

State& state() {
  static auto* state = new State;
  return *state;
}

bool load(Driver& driver) {
  // The driver beside this library first.
  Dl_info info;
  std::string path;
  if (dladdr(reinterpret_cast<const void*>(&load), &info) && info.dli_fname) path = info.dli_fname;
  const size_t slash = path.rfind('/');
  void* library = slash == path.npos ? nullptr : dlopen((path.substr(0, slash) + "/libcuda.so.1").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) return false;
  auto find = [&](auto& slot, const char* name) {
    slot = reinterpret_cast<std::remove_reference_t<decltype(slot)>>(dlsym(library, name));
    return slot != nullptr;
  };
  return find(driver.init, "cuInit") && find(driver.version, "cuDriverGetVersion") && find(driver.count, "cuDeviceGetCount") &&
         find(driver.name, "cuDeviceGetName") && find(driver.memory, "cuDeviceTotalMem_v2") &&
         find(driver.attribute, "cuDeviceGetAttribute") && find(driver.uuid, "cuDeviceGetUuid_v2") &&
         find(driver.bus, "cuDeviceGetPCIBusId");
}

/// Handles are the ordinals, plus one.
template <class Work>
nvmlReturn_t on(nvmlDevice_t device, const void* out, Work work) {
  if (state().users == 0) return NVML_ERROR_UNINITIALIZED;
  const auto ordinal = static_cast<long>(reinterpret_cast<intptr_t>(device)) - 1;
  if (ordinal < 0 || ordinal >= state().devices || !out) return NVML_ERROR_INVALID_ARGUMENT;
  return work(static_cast<CUdevice>(ordinal));
}

nvmlReturn_t missing(nvmlDevice_t device) {
  return on(device, "", [](CUdevice) { return NVML_ERROR_NOT_SUPPORTED; });
}

nvmlReturn_t copy(const std::string& text, char* to, unsigned length) {
  if (!to) return NVML_ERROR_INVALID_ARGUMENT;
  if (text.size() + 1 > length) return NVML_ERROR_INSUFFICIENT_SIZE;
  std::memcpy(to, text.c_str(), text.size() + 1);
  return NVML_SUCCESS;
}

int attribute(CUdevice device, CUdevice_attribute which) {
  int value = 0;
  state().driver.attribute(&value, which, device);
  return value;
}

std::string uuid_of(CUdevice device) {
  CUuuid id{};
  state().driver.uuid(&id, device);
  std::string text = "GPU-";
  for (int i = 0; i < 16; i++) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(id.bytes[i]));
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += two;
  }
  return text;
}

/// Bytes of the machine's memory that can be had.
unsigned long long available_memory() {
  unsigned long long kilobytes = 0;
  if (FILE* file = std::fopen("/proc/meminfo", "r")) {
    char line[256];
    while (std::fgets(line, sizeof line, file))
      if (std::sscanf(line, "MemAvailable: %llu", &kilobytes) == 1) break;
    std::fclose(file);
  }
  return kilobytes * 1024;
}

/// `infos` may be null to ask for the number; entries are nvmlProcessInfo_t or begin with the same two fields.
template <class Info>
nvmlReturn_t processes(nvmlDevice_t device, unsigned* count, Info* infos) {
  return on(device, count, [&](CUdevice) {
    const std::vector<nvmlProcessInfo_t> list = anywarp_nvml_processes();
    const unsigned room = infos ? *count : 0;
    *count = static_cast<unsigned>(list.size());
    if (room < list.size()) return NVML_ERROR_INSUFFICIENT_SIZE;
    for (size_t i = 0; i < list.size(); ++i) {
      if constexpr (std::is_same_v<Info, nvmlProcessInfo_t>)
        infos[i] = list[i];
      else
        infos[i] = {list[i].pid, list[i].usedGpuMemory};
    }
    return NVML_SUCCESS;
  });
}

}  // namespace

nvmlReturn_t anywarp_nvml_unsupported() { return state().users ? NVML_ERROR_NOT_SUPPORTED : NVML_ERROR_UNINITIALIZED; }

extern "C" {

nvmlReturn_t nvmlInitWithFlags(unsigned int flags) {
  State& s = state();
  std::lock_guard guard(s.lock);
  if (s.users > 0) return s.users++, NVML_SUCCESS;
  if (!load(s.driver)) return NVML_ERROR_DRIVER_NOT_LOADED;
  if (s.driver.init(0) != CUDA_SUCCESS || s.driver.count(&s.devices) != CUDA_SUCCESS) {
    if (!(flags & NVML_INIT_FLAG_NO_GPUS)) return NVML_ERROR_DRIVER_NOT_LOADED;
    s.devices = 0;
  }
  s.users = 1;
  return NVML_SUCCESS;
}
nvmlReturn_t nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
nvmlReturn_t nvmlShutdown(void) {
  std::lock_guard guard(state().lock);
  if (state().users == 0) return NVML_ERROR_UNINITIALIZED;
  state().users--;
  return NVML_SUCCESS;
}

const char* nvmlErrorString(nvmlReturn_t result) {
  static const char* const texts[] = {"Success",
                                      "Uninitialized",
                                      "Invalid Argument",
                                      "Not Supported",
                                      "Insufficient Permissions",
                                      "Already Initialized",
                                      "Not Found",
                                      "Insufficient Size",
                                      "Insufficient External Power",
                                      "Driver Not Loaded",
                                      "Timeout",
                                      "Interrupt Request Issue",
                                      "NVML Shared Library Not Found",
                                      "Function Not Found",
                                      "Corrupted infoROM",
                                      "GPU is lost",
                                      "GPU requires restart",
                                      "The operating system has blocked the request",
                                      "Driver/library version mismatch",
                                      "In use by another client",
                                      "Insufficient Memory",
                                      "No data"};
  const auto index = static_cast<unsigned>(result);
  return index < sizeof texts / sizeof *texts ? texts[index] : "Unknown Error";
}

nvmlReturn_t nvmlSystemGetDriverVersion(char* version, unsigned int length) {
  return state().users ? copy("580.65.06", version, length) : NVML_ERROR_UNINITIALIZED;  // the driver that came with CUDA 13.0
}
nvmlReturn_t nvmlSystemGetNVMLVersion(char* version, unsigned int length) {
  return state().users ? copy("13.580.65.06", version, length) : NVML_ERROR_UNINITIALIZED;
}
nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int* cudaDriverVersion) {
  if (!cudaDriverVersion) return NVML_ERROR_INVALID_ARGUMENT;
  if (!state().users) return NVML_ERROR_UNINITIALIZED;
  return state().driver.version(cudaDriverVersion) == CUDA_SUCCESS ? NVML_SUCCESS : NVML_ERROR_UNKNOWN;
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int* deviceCount) {
  if (!state().users) return NVML_ERROR_UNINITIALIZED;
  if (!deviceCount) return NVML_ERROR_INVALID_ARGUMENT;
  *deviceCount = static_cast<unsigned>(state().devices);
  return NVML_SUCCESS;
}
nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t* device) {
  if (!state().users) return NVML_ERROR_UNINITIALIZED;
  if (!device || index >= static_cast<unsigned>(state().devices)) return NVML_ERROR_INVALID_ARGUMENT;
  *device = reinterpret_cast<nvmlDevice_t>(static_cast<intptr_t>(index) + 1);
  return NVML_SUCCESS;
}
nvmlReturn_t nvmlDeviceGetHandleByUUID(const char* uuid, nvmlDevice_t* device) {
  if (!state().users) return NVML_ERROR_UNINITIALIZED;
  if (!uuid || !device) return NVML_ERROR_INVALID_ARGUMENT;
  for (int i = 0; i < state().devices; i++)
    if (strcasecmp(uuid_of(i).c_str(), uuid) == 0) return nvmlDeviceGetHandleByIndex_v2(static_cast<unsigned>(i), device);
  return NVML_ERROR_NOT_FOUND;
}
nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t* pci) {
  return on(device, pci, [&](CUdevice d) {
    std::memset(pci, 0, sizeof *pci);
    pci->domain = static_cast<unsigned>(attribute(d, CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID));
    pci->bus = static_cast<unsigned>(attribute(d, CU_DEVICE_ATTRIBUTE_PCI_BUS_ID));
    pci->device = static_cast<unsigned>(attribute(d, CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID));
    std::snprintf(pci->busId, sizeof pci->busId, "%08X:%02X:%02X.0", pci->domain, pci->bus, pci->device);
    std::snprintf(pci->busIdLegacy, sizeof pci->busIdLegacy, "%04X:%02X:%02X.0", pci->domain & 0xffff, pci->bus & 0xff, pci->device & 0xff);
    return NVML_SUCCESS;
  });
}
nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char* pciBusId, nvmlDevice_t* device) {
  if (!state().users) return NVML_ERROR_UNINITIALIZED;
  if (!pciBusId || !device) return NVML_ERROR_INVALID_ARGUMENT;
  for (int i = 0; i < state().devices; i++) {
    nvmlPciInfo_t pci;
    nvmlDevice_t candidate = nullptr;
    nvmlDeviceGetHandleByIndex_v2(static_cast<unsigned>(i), &candidate);
    nvmlDeviceGetPciInfo_v3(candidate, &pci);
    if (strcasecmp(pci.busId, pciBusId) == 0 || strcasecmp(pci.busIdLegacy, pciBusId) == 0) return *device = candidate, NVML_SUCCESS;
  }
  return NVML_ERROR_NOT_FOUND;
}
nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char* name, unsigned int length) {
  return on(device, name, [&](CUdevice d) {
    char text[256] = "";
    state().driver.name(text, sizeof text, d);
    return copy(text, name, length);
  });
}
nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned int* index) {
  return on(device, index, [&](CUdevice d) { return *index = static_cast<unsigned>(d), NVML_SUCCESS; });
}
nvmlReturn_t nvmlDeviceGetMinorNumber(nvmlDevice_t device, unsigned int* minorNumber) { return nvmlDeviceGetIndex(device, minorNumber); }
nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char* uuid, unsigned int length) {
  return on(device, uuid, [&](CUdevice d) { return copy(uuid_of(d), uuid, length); });
}
nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t* memory) {
  return on(device, memory, [&](CUdevice d) {
    size_t total = 0;
    state().driver.memory(&total, d);
    memory->total = total;
    memory->free = std::min<unsigned long long>(available_memory(), total);
    memory->used = memory->total - memory->free;
    return NVML_SUCCESS;
  });
}
nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t* memory) {
  nvmlMemory_t plain;
  if (nvmlReturn_t result = nvmlDeviceGetMemoryInfo(device, memory ? &plain : nullptr); result != NVML_SUCCESS) return result;
  memory->total = plain.total;
  memory->reserved = 0;
  memory->free = plain.free;
  memory->used = plain.used;
  return NVML_SUCCESS;
}
nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t* utilization) {
  return on(device, utilization, [&](CUdevice) {
    unsigned long long t[8] = {}, all = 0;
    FILE* file = std::fopen("/proc/stat", "r");
    const int read =
        file ? std::fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", t, t + 1, t + 2, t + 3, t + 4, t + 5, t + 6, t + 7) : 0;
    if (file) std::fclose(file);
    if (read < 5) return NVML_ERROR_NOT_SUPPORTED;
    for (unsigned long long part : t) all += part;
    const unsigned long long busy = all - t[3] - t[4];
    std::lock_guard guard(state().lock);
    const unsigned long long span = all - state().all;
    utilization->gpu = span ? static_cast<unsigned>(100 * (busy - state().busy) / span) : 0;
    utilization->memory = 0;
    state().busy = busy;
    state().all = all;
    return NVML_SUCCESS;
  });
}
nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int* major, int* minor) {
  return on(device, major && minor ? major : nullptr, [&](CUdevice d) {
    *major = attribute(d, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
    *minor = attribute(d, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    return NVML_SUCCESS;
  });
}
// Numbered like the members of NVML's list, by the capability that the device claims.
nvmlReturn_t nvmlDeviceGetArchitecture(nvmlDevice_t device, nvmlDeviceArchitecture_t* arch) {
  return on(device, arch, [&](CUdevice d) {
    const int major = attribute(d, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
    const int minor = attribute(d, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    *arch = major >= 10                ? NVML_DEVICE_ARCH_BLACKWELL
            : major == 9               ? NVML_DEVICE_ARCH_HOPPER
            : major == 8 && minor >= 9 ? NVML_DEVICE_ARCH_ADA
            : major == 8               ? NVML_DEVICE_ARCH_AMPERE
            : major == 7 && minor >= 5 ? NVML_DEVICE_ARCH_TURING
            : major == 7               ? NVML_DEVICE_ARCH_VOLTA
                                       : NVML_DEVICE_ARCH_UNKNOWN;
    return NVML_SUCCESS;
  });
}
nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, nvmlClockType_t type, unsigned int* clock) {
  return on(device, clock, [&](CUdevice d) {
    if (type < NVML_CLOCK_GRAPHICS || type > NVML_CLOCK_VIDEO) return NVML_ERROR_INVALID_ARGUMENT;
    const int kilohertz = attribute(d, type == NVML_CLOCK_MEM ? CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE : CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
    *clock = static_cast<unsigned>(kilohertz / 1000);
    return NVML_SUCCESS;
  });
}
nvmlReturn_t nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, nvmlClockType_t type, unsigned int* clock) {
  return nvmlDeviceGetClockInfo(device, type, clock);
}
nvmlReturn_t nvmlDeviceGetComputeMode(nvmlDevice_t device, nvmlComputeMode_t* mode) {
  return on(device, mode, [&](CUdevice) { return *mode = NVML_COMPUTEMODE_DEFAULT, NVML_SUCCESS; });
}
nvmlReturn_t nvmlDeviceGetPersistenceMode(nvmlDevice_t device, nvmlEnableState_t* mode) {
  return on(device, mode, [&](CUdevice) { return *mode = NVML_FEATURE_DISABLED, NVML_SUCCESS; });
}
nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned int* infoCount, nvmlProcessInfo_t* infos) {
  return processes(device, infoCount, infos);
}
nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses_v3(nvmlDevice_t device, unsigned int* infoCount, nvmlProcessInfo_t*) {
  return on(device, infoCount, [&](CUdevice) { return *infoCount = 0, NVML_SUCCESS; });
}
nvmlReturn_t nvmlSystemGetProcessName(unsigned int pid, char* name, unsigned int length) {
  if (!state().users) return NVML_ERROR_UNINITIALIZED;
  if (!name || length == 0) return NVML_ERROR_INVALID_ARGUMENT;
  char text[1024] = "";
  FILE* file = std::fopen(("/proc/" + std::to_string(pid) + "/cmdline").c_str(), "r");
  if (!file) return NVML_ERROR_NOT_FOUND;
  const size_t read = std::fread(text, 1, sizeof text - 1, file);  // the words of the command end with 0 each
  std::fclose(file);
  text[read] = 0;
  std::snprintf(name, length, "%s", text);
  return NVML_SUCCESS;
}
nvmlReturn_t nvmlDeviceGetBrand(nvmlDevice_t device, unsigned int* type) {
  return on(device, type, [&](CUdevice) { return *type = 0, NVML_SUCCESS; });  // NVML_BRAND_UNKNOWN
}
nvmlReturn_t nvmlDeviceGetBoardId(nvmlDevice_t device, unsigned int* boardId) {
  return on(device, boardId, [&](CUdevice d) {
    *boardId = static_cast<unsigned>(attribute(d, CU_DEVICE_ATTRIBUTE_PCI_BUS_ID)) << 8;
    return NVML_SUCCESS;
  });
}

nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, nvmlTemperatureSensors_t, unsigned int*) { return missing(device); }
nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned int*) { return missing(device); }
nvmlReturn_t nvmlDeviceGetFanSpeed(nvmlDevice_t device, unsigned int*) { return missing(device); }
nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned int*, unsigned int*) { return missing(device); }
nvmlReturn_t nvmlDeviceGetEccMode(nvmlDevice_t device, nvmlEnableState_t*, nvmlEnableState_t*) { return missing(device); }
nvmlReturn_t nvmlDeviceGetSerial(nvmlDevice_t device, char*, unsigned int) { return missing(device); }

}  // extern "C"

// The names and structures that programs of before call.
extern "C" {
#undef nvmlInit
#undef nvmlDeviceGetCount
#undef nvmlDeviceGetHandleByIndex
#undef nvmlDeviceGetHandleByPciBusId
#undef nvmlDeviceGetPciInfo
#undef nvmlDeviceGetComputeRunningProcesses
#undef nvmlDeviceGetGraphicsRunningProcesses
#undef nvmlSystemGetCudaDriverVersion

struct PciInfoV2 {
  char busId[NVML_DEVICE_PCI_BUS_ID_BUFFER_V2_SIZE];
  unsigned int domain, bus, device, pciDeviceId, pciSubSystemId, reserved[4];
};
struct ProcessInfoV1 {
  unsigned int pid;
  unsigned long long usedGpuMemory;
};

nvmlReturn_t nvmlInit(void) { return nvmlInit_v2(); }
nvmlReturn_t nvmlDeviceGetCount(unsigned int* deviceCount) { return nvmlDeviceGetCount_v2(deviceCount); }
nvmlReturn_t nvmlDeviceGetHandleByIndex(unsigned int index, nvmlDevice_t* device) { return nvmlDeviceGetHandleByIndex_v2(index, device); }
nvmlReturn_t nvmlDeviceGetHandleByPciBusId(const char* pciBusId, nvmlDevice_t* device) {
  return nvmlDeviceGetHandleByPciBusId_v2(pciBusId, device);
}
nvmlReturn_t nvmlSystemGetCudaDriverVersion(int* version) { return nvmlSystemGetCudaDriverVersion_v2(version); }
nvmlReturn_t nvmlDeviceGetPciInfo_v2(nvmlDevice_t device, PciInfoV2* pci) {
  nvmlPciInfo_t newest;
  if (nvmlReturn_t result = nvmlDeviceGetPciInfo_v3(device, pci ? &newest : nullptr); result != NVML_SUCCESS) return result;
  *pci = {};
  std::memcpy(pci->busId, newest.busIdLegacy, sizeof pci->busId);
  pci->domain = newest.domain, pci->bus = newest.bus, pci->device = newest.device;
  return NVML_SUCCESS;
}
nvmlReturn_t nvmlDeviceGetPciInfo(nvmlDevice_t device, PciInfoV2* pci) { return nvmlDeviceGetPciInfo_v2(device, pci); }
nvmlReturn_t nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t device, unsigned int* infoCount, ProcessInfoV1* infos) {
  return processes(device, infoCount, infos);
}
nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v2(nvmlDevice_t device, unsigned int* infoCount, nvmlProcessInfo_t* infos) {
  return processes(device, infoCount, infos);
}
nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses(nvmlDevice_t device, unsigned int* infoCount, ProcessInfoV1*) {
  return nvmlDeviceGetGraphicsRunningProcesses_v3(device, infoCount, nullptr);
}
nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses_v2(nvmlDevice_t device, unsigned int* infoCount, nvmlProcessInfo_t* infos) {
  return nvmlDeviceGetGraphicsRunningProcesses_v3(device, infoCount, infos);
}
}
