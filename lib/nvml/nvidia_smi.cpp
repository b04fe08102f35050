// nvidia-smi in the forms that scripts call: -L, --query-gpu=... --format=csv[,noheader][,nounits], -q, and the table.
#include <nvml.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace {

struct Field {
  const char* name;
  const char* unit;  // empty: none
  std::string (*value)(nvmlDevice_t);
};

const std::string none = "[N/A]";

std::string mebibytes(unsigned long long bytes) { return std::to_string(bytes >> 20); }

nvmlMemory_t memory_of(nvmlDevice_t device) {
  nvmlMemory_t memory{};
  nvmlDeviceGetMemoryInfo(device, &memory);
  return memory;
}

std::string text_of(nvmlDevice_t device, nvmlReturn_t (*get)(nvmlDevice_t, char*, unsigned)) {
  char text[128] = "";
  return get(device, text, sizeof text) == NVML_SUCCESS ? text : none;
}

std::string clock_of(nvmlDevice_t device, nvmlClockType_t type) {
  unsigned clock = 0;
  return nvmlDeviceGetClockInfo(device, type, &clock) == NVML_SUCCESS ? std::to_string(clock) : none;
}

std::string name_of(nvmlDevice_t d) { return text_of(d, nvmlDeviceGetName); }
std::string uuid_of(nvmlDevice_t d) { return text_of(d, nvmlDeviceGetUUID); }
std::string bus_of(nvmlDevice_t d) {
  nvmlPciInfo_t pci{};
  nvmlDeviceGetPciInfo(d, &pci);
  return pci.busId;
}
std::string index_of(nvmlDevice_t d) {
  unsigned index = 0;
  nvmlDeviceGetIndex(d, &index);
  return std::to_string(index);
}
std::string capability_of(nvmlDevice_t d) {
  int major = 0, minor = 0;
  nvmlDeviceGetCudaComputeCapability(d, &major, &minor);
  return std::to_string(major) + "." + std::to_string(minor);
}
std::string use_of(nvmlDevice_t d) {
  nvmlUtilization_t use{};
  nvmlDeviceGetUtilizationRates(d, &use);
  return std::to_string(use.gpu);
}
std::string driver_of(nvmlDevice_t) {
  char text[80] = "";
  nvmlSystemGetDriverVersion(text, sizeof text);
  return text;
}
std::string count_of(nvmlDevice_t) {
  unsigned count = 0;
  nvmlDeviceGetCount(&count);
  return std::to_string(count);
}
std::string missing(nvmlDevice_t) { return none; }

const Field fields[] = {{"name", "", name_of},
                        {"gpu_name", "", name_of},
                        {"index", "", index_of},
                        {"count", "", count_of},
                        {"uuid", "", uuid_of},
                        {"gpu_uuid", "", uuid_of},
                        {"pci.bus_id", "", bus_of},
                        {"gpu_bus_id", "", bus_of},
                        {"driver_version", "", driver_of},
                        {"compute_cap", "", capability_of},
                        {"memory.total", "MiB", [](nvmlDevice_t d) { return mebibytes(memory_of(d).total); }},
                        {"memory.used", "MiB", [](nvmlDevice_t d) { return mebibytes(memory_of(d).used); }},
                        {"memory.free", "MiB", [](nvmlDevice_t d) { return mebibytes(memory_of(d).free); }},
                        {"utilization.gpu", "%", use_of},
                        {"utilization.memory", "%", [](nvmlDevice_t) { return std::string("0"); }},
                        {"clocks.sm", "MHz", [](nvmlDevice_t d) { return clock_of(d, NVML_CLOCK_SM); }},
                        {"clocks.gr", "MHz", [](nvmlDevice_t d) { return clock_of(d, NVML_CLOCK_GRAPHICS); }},
                        {"clocks.mem", "MHz", [](nvmlDevice_t d) { return clock_of(d, NVML_CLOCK_MEM); }},
                        {"clocks.max.sm", "MHz", [](nvmlDevice_t d) { return clock_of(d, NVML_CLOCK_SM); }},
                        {"compute_mode", "", [](nvmlDevice_t) { return std::string("Default"); }},
                        {"persistence_mode", "", [](nvmlDevice_t) { return std::string("Disabled"); }},
                        {"temperature.gpu", "", missing},
                        {"power.draw", "W", missing},
                        {"power.limit", "W", missing},
                        {"fan.speed", "%", missing},
                        {"serial", "", missing},
                        {"pstate", "", missing},
                        {"mig.mode.current", "", missing},
                        {"ecc.mode.current", "", missing}};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  for (size_t at = 0; at <= text.size();) {
    size_t comma = std::min(text.find(',', at), text.size());
    size_t begin = text.find_first_not_of(' ', at);
    if (begin < comma) words.push_back(text.substr(begin, comma - begin));
    at = comma + 1;
  }
  return words;
}

int query(const std::vector<nvmlDevice_t>& devices, const std::string& names, const std::string& format) {
  bool header = true, units = true, csv = false;
  for (const std::string& word : split(format)) {
    if (word == "csv") csv = true;
    if (word == "noheader") header = false;
    if (word == "nounits") units = false;
  }
  if (!csv) return std::printf("\"--format=\" switch is missing. Please run \"nvidia-smi -h\" for help.\n"), 2;
  std::vector<const Field*> asked;
  for (const std::string& name : split(names)) {
    const Field* found = nullptr;
    for (const Field& field : fields)
      if (name == field.name) found = &field;
    if (!found) return std::printf("Field \"%s\" is not a valid field to query.\n", name.c_str()), 2;
    asked.push_back(found);
  }
  auto line = [&](auto cell) {
    for (size_t i = 0; i < asked.size(); i++) std::printf("%s%s", i ? ", " : "", cell(*asked[i]).c_str());
    std::printf("\n");
  };
  if (header) line([](const Field& f) { return std::string(f.name) + (*f.unit ? " [" + std::string(f.unit) + "]" : ""); });
  for (nvmlDevice_t device : devices)
    line([&](const Field& f) {
      std::string value = f.value(device);
      return value + (units && *f.unit && value != none ? " " + std::string(f.unit) : "");
    });
  return 0;
}

std::string cuda_version() {
  int version = 0;
  nvmlSystemGetCudaDriverVersion(&version);
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

void details(nvmlDevice_t d) {
  std::printf("\nGPU %s\n    Product Name                          : %s\n    GPU UUID                              : %s\n",
              bus_of(d).c_str(), name_of(d).c_str(), uuid_of(d).c_str());
  nvmlMemory_t memory = memory_of(d);
  std::printf(
      "    FB Memory Usage\n        Total                             : %s MiB\n        Used                              : %s MiB\n"
      "        Free                              : %s MiB\n    Utilization\n        GPU                               : %s %%\n",
      mebibytes(memory.total).c_str(), mebibytes(memory.used).c_str(), mebibytes(memory.free).c_str(), use_of(d).c_str());
}

void table(const std::vector<nvmlDevice_t>& devices) {
  const std::string rule = "+" + std::string(89, '-') + "+";
  std::printf("%s\n| NVIDIA-SMI %-23s Driver Version: %-14s CUDA Version: %-8s           |\n%s\n", rule.c_str(), "(Anywarp)",
              driver_of(nullptr).c_str(), cuda_version().c_str(), rule.c_str());
  for (nvmlDevice_t d : devices) {
    nvmlMemory_t memory = memory_of(d);
    std::string use = mebibytes(memory.used) + "MiB / " + mebibytes(memory.total) + "MiB";
    std::printf("| %3s  %-36.36s %-16s %18s %4s%%  |\n", index_of(d).c_str(), name_of(d).c_str(), bus_of(d).c_str(), use.c_str(),
                use_of(d).c_str());
  }
  std::printf("%s\n", rule.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  std::string names, format, id;
  bool list = false, full = false;
  for (int i = 1; i < argc; i++) {
    std::string a = argv[i];
    auto value = [&](const char* option, std::string& out) {
      std::string prefix = std::string(option) + "=";
      if (a.starts_with(prefix)) return out = a.substr(prefix.size()), true;
      if (a == option && i + 1 < argc) return out = argv[++i], true;
      return false;
    };
    if (a == "-L" || a == "--list-gpus")
      list = true;
    else if (a == "-q" || a == "--query")
      full = true;
    else if (a == "-h" || a == "--help")
      return std::printf("usage: nvidia-smi [-L | -q | --query-gpu=FIELD,... --format=csv[,noheader][,nounits]] [-i INDEX]\n"), 0;
    else if (!value("--query-gpu", names) && !value("--format", format) && !value("-i", id) && !value("--id", id))
      return std::printf("Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n"), 1;
  }
  if (nvmlReturn_t result = nvmlInit(); result != NVML_SUCCESS)
    return std::printf("NVIDIA-SMI has failed because it couldn't communicate with the driver: %s\n", nvmlErrorString(result)), 9;
  std::vector<nvmlDevice_t> devices;
  unsigned count = 0;
  nvmlDeviceGetCount(&count);
  for (unsigned i = 0; i < count; i++) {
    nvmlDevice_t device = nullptr;
    nvmlDeviceGetHandleByIndex(i, &device);
    if (id.empty() || id == std::to_string(i) || id == uuid_of(device) || id == bus_of(device)) devices.push_back(device);
  }
  if (devices.empty()) return std::printf("No devices were found\n"), 6;
  if (!names.empty()) return query(devices, names, format);
  if (list) {
    for (nvmlDevice_t d : devices) std::printf("GPU %s: %s (UUID: %s)\n", index_of(d).c_str(), name_of(d).c_str(), uuid_of(d).c_str());
  } else if (full) {
    std::printf(
        "\n==============NVSMI LOG==============\n\nDriver Version                            : %s\nCUDA Version                           "
        "   : %s\n"
        "Attached GPUs                             : %u\n",
        driver_of(nullptr).c_str(), cuda_version().c_str(), count);
    for (nvmlDevice_t d : devices) details(d);
  } else {
    table(devices);
  }
  return 0;
}
