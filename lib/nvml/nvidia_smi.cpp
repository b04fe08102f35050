// nvidia-smi in the forms that scripts call: -L, --query-gpu=... and --query-compute-apps=... with --format=csv[,noheader][,nounits], -q,
// and the table. What is no value of a processor is [N/A], as it is for a GPU that does not have it.
#include <nvml.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
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

std::string time_of(nvmlDevice_t) {
  char text[64];
  const time_t now = time(nullptr);
  tm local{};
  localtime_r(&now, &local);
  strftime(text, sizeof text, "%Y/%m/%d %H:%M:%S.000", &local);
  return text;
}
template <unsigned nvmlPciInfo_t::* part>
std::string pci_of(nvmlDevice_t d) {
  nvmlPciInfo_t pci{};
  nvmlDeviceGetPciInfo(d, &pci);
  char text[16];
  std::snprintf(text, sizeof text, part == &nvmlPciInfo_t::domain ? "0x%04X" : "0x%02X", pci.*part);
  return text;
}
template <nvmlClockType_t type>
std::string clock(nvmlDevice_t d) {
  return clock_of(d, type);
}
std::string fixed(const char* text) { return text; }

const Field fields[] = {
    {"timestamp", "", time_of},
    {"name", "", name_of},
    {"gpu_name", "", name_of},
    {"index", "", index_of},
    {"count", "", count_of},
    {"uuid", "", uuid_of},
    {"gpu_uuid", "", uuid_of},
    {"pci.bus_id", "", bus_of},
    {"gpu_bus_id", "", bus_of},
    {"pci.domain", "", pci_of<&nvmlPciInfo_t::domain>},
    {"pci.bus", "", pci_of<&nvmlPciInfo_t::bus>},
    {"pci.device", "", pci_of<&nvmlPciInfo_t::device>},
    {"driver_version", "", driver_of},
    {"compute_cap", "", capability_of},
    {"memory.total", "MiB", [](nvmlDevice_t d) { return mebibytes(memory_of(d).total); }},
    {"memory.used", "MiB", [](nvmlDevice_t d) { return mebibytes(memory_of(d).used); }},
    {"memory.free", "MiB", [](nvmlDevice_t d) { return mebibytes(memory_of(d).free); }},
    {"memory.reserved", "MiB", [](nvmlDevice_t) { return fixed("0"); }},
    {"utilization.gpu", "%", use_of},
    {"utilization.memory", "%", [](nvmlDevice_t) { return fixed("0"); }},
    {"clocks.sm", "MHz", clock<NVML_CLOCK_SM>},
    {"clocks.gr", "MHz", clock<NVML_CLOCK_GRAPHICS>},
    {"clocks.mem", "MHz", clock<NVML_CLOCK_MEM>},
    {"clocks.video", "MHz", clock<NVML_CLOCK_VIDEO>},
    {"clocks.current.sm", "MHz", clock<NVML_CLOCK_SM>},
    {"clocks.current.graphics", "MHz", clock<NVML_CLOCK_GRAPHICS>},
    {"clocks.current.memory", "MHz", clock<NVML_CLOCK_MEM>},
    {"clocks.max.sm", "MHz", clock<NVML_CLOCK_SM>},
    {"clocks.max.gr", "MHz", clock<NVML_CLOCK_GRAPHICS>},
    {"clocks.max.mem", "MHz", clock<NVML_CLOCK_MEM>},
    {"compute_mode", "", [](nvmlDevice_t) { return fixed("Default"); }},
    {"persistence_mode", "", [](nvmlDevice_t) { return fixed("Disabled"); }},
    {"display_mode", "", [](nvmlDevice_t) { return fixed("Disabled"); }},
    {"display_active", "", [](nvmlDevice_t) { return fixed("Disabled"); }},
    {"accounting.mode", "", [](nvmlDevice_t) { return fixed("Disabled"); }},
    {"temperature.gpu", "", missing},
    {"temperature.memory", "", missing},
    {"power.draw", "W", missing},
    {"power.draw.instant", "W", missing},
    {"power.limit", "W", missing},
    {"power.max_limit", "W", missing},
    {"power.management", "", missing},
    {"enforced.power.limit", "W", missing},
    {"fan.speed", "%", missing},
    {"serial", "", missing},
    {"gpu_serial", "", missing},
    {"vbios_version", "", missing},
    {"pstate", "", missing},
    {"pcie.link.gen.current", "", missing},
    {"pcie.link.gen.max", "", missing},
    {"pcie.link.width.current", "", missing},
    {"pcie.link.width.max", "", missing},
    {"mig.mode.current", "", missing},
    {"mig.mode.pending", "", missing},
    {"ecc.mode.current", "", missing},
    {"ecc.mode.pending", "", missing},
};

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

std::vector<nvmlProcessInfo_t> processes_of(nvmlDevice_t d) {
  std::vector<nvmlProcessInfo_t> list(256);
  auto count = static_cast<unsigned>(list.size());
  if (nvmlDeviceGetComputeRunningProcesses(d, &count, list.data()) != NVML_SUCCESS) count = 0;
  list.resize(count);
  return list;
}

std::string process_name(unsigned pid) {
  char name[256] = "";
  return nvmlSystemGetProcessName(pid, name, sizeof name) == NVML_SUCCESS && *name ? name : none;
}

int query_processes(const std::vector<nvmlDevice_t>& devices, const std::string& names, const std::string& format) {
  struct Column {
    const char *name, *title;
    std::string (*value)(nvmlDevice_t, const nvmlProcessInfo_t&, bool units);
  };
  const auto memory = [](nvmlDevice_t, const nvmlProcessInfo_t& p, bool units) {
    return mebibytes(p.usedGpuMemory) + (units ? " MiB" : "");
  };
  const auto pid = [](nvmlDevice_t, const nvmlProcessInfo_t& p, bool) { return std::to_string(p.pid); };
  const auto name = [](nvmlDevice_t, const nvmlProcessInfo_t& p, bool) { return process_name(p.pid); };
  const Column columns[] = {{"pid", "pid", pid},
                            {"process_name", "process_name", name},
                            {"name", "process_name", name},
                            {"used_memory", "used_gpu_memory [MiB]", memory},
                            {"used_gpu_memory", "used_gpu_memory [MiB]", memory},
                            {"gpu_uuid", "gpu_uuid", [](nvmlDevice_t d, const nvmlProcessInfo_t&, bool) { return uuid_of(d); }},
                            {"gpu_name", "gpu_name", [](nvmlDevice_t d, const nvmlProcessInfo_t&, bool) { return name_of(d); }},
                            {"gpu_bus_id", "gpu_bus_id", [](nvmlDevice_t d, const nvmlProcessInfo_t&, bool) { return bus_of(d); }},
                            {"timestamp", "timestamp", [](nvmlDevice_t d, const nvmlProcessInfo_t&, bool) { return time_of(d); }}};
  bool header = true, units = true, csv = false;
  for (const std::string& word : split(format)) {
    csv |= word == "csv";
    header &= word != "noheader";
    units &= word != "nounits";
  }
  if (!csv) return std::printf("\"--format=\" switch is missing. Please run \"nvidia-smi -h\" for help.\n"), 2;
  std::vector<const Column*> asked;
  for (const std::string& word : split(names)) {
    const Column* found = nullptr;
    for (const Column& column : columns)
      if (word == column.name) found = &column;
    if (!found) return std::printf("Field \"%s\" is not a valid field to query.\n", word.c_str()), 2;
    asked.push_back(found);
  }
  for (size_t i = 0; header && i < asked.size(); ++i) std::printf("%s%s", asked[i]->title, i + 1 < asked.size() ? ", " : "\n");
  for (nvmlDevice_t d : devices)
    for (const nvmlProcessInfo_t& process : processes_of(d))
      for (size_t i = 0; i < asked.size(); ++i)
        std::printf("%s%s", asked[i]->value(d, process, units).c_str(), i + 1 < asked.size() ? ", " : "\n");
  return 0;
}

void line_of(unsigned depth, const char* name, const std::string& value) {
  std::printf("%*s%-*s : %s\n", static_cast<int>(depth * 4), "", 50 - static_cast<int>(depth * 4), name, value.c_str());
}
void heading(unsigned depth, const char* name) { std::printf("%*s%s\n", static_cast<int>(depth * 4), "", name); }

void details(nvmlDevice_t d) {
  std::printf("\nGPU %s\n", bus_of(d).c_str());
  line_of(1, "Product Name", name_of(d));
  line_of(1, "Product Brand", "Unknown");
  line_of(1, "CUDA Compute Capability", capability_of(d));
  line_of(1, "Display Mode", "Disabled");
  line_of(1, "Display Active", "Disabled");
  line_of(1, "Persistence Mode", "Disabled");
  heading(1, "MIG Mode");
  line_of(2, "Current", "N/A");
  line_of(2, "Pending", "N/A");
  line_of(1, "Serial Number", "N/A");
  line_of(1, "GPU UUID", uuid_of(d));
  line_of(1, "Minor Number", index_of(d));
  line_of(1, "VBIOS Version", "N/A");
  heading(1, "PCI");
  line_of(2, "Bus", pci_of<&nvmlPciInfo_t::bus>(d));
  line_of(2, "Device", pci_of<&nvmlPciInfo_t::device>(d));
  line_of(2, "Domain", pci_of<&nvmlPciInfo_t::domain>(d));
  line_of(2, "Bus Id", bus_of(d));
  line_of(1, "Fan Speed", "N/A");
  line_of(1, "Performance State", "N/A");
  const nvmlMemory_t memory = memory_of(d);
  heading(1, "FB Memory Usage");
  line_of(2, "Total", mebibytes(memory.total) + " MiB");
  line_of(2, "Reserved", "0 MiB");
  line_of(2, "Used", mebibytes(memory.used) + " MiB");
  line_of(2, "Free", mebibytes(memory.free) + " MiB");
  line_of(1, "Compute Mode", "Default");
  heading(1, "Utilization");
  line_of(2, "GPU", use_of(d) + " %");
  line_of(2, "Memory", "0 %");
  heading(1, "ECC Mode");
  line_of(2, "Current", "N/A");
  line_of(2, "Pending", "N/A");
  heading(1, "Temperature");
  line_of(2, "GPU Current Temp", "N/A");
  heading(1, "GPU Power Readings");
  line_of(2, "Average Power Draw", "N/A");
  heading(1, "Clocks");
  line_of(2, "Graphics", clock_of(d, NVML_CLOCK_GRAPHICS) + " MHz");
  line_of(2, "SM", clock_of(d, NVML_CLOCK_SM) + " MHz");
  line_of(2, "Memory", clock_of(d, NVML_CLOCK_MEM) + " MHz");
  heading(1, "Max Clocks");
  line_of(2, "Graphics", clock_of(d, NVML_CLOCK_GRAPHICS) + " MHz");
  line_of(2, "SM", clock_of(d, NVML_CLOCK_SM) + " MHz");
  line_of(2, "Memory", clock_of(d, NVML_CLOCK_MEM) + " MHz");
  const std::vector<nvmlProcessInfo_t> processes = processes_of(d);
  if (processes.empty()) {
    line_of(1, "Processes", "None");
  } else {
    heading(1, "Processes");
    for (const nvmlProcessInfo_t& process : processes) {
      line_of(2, "Process ID", std::to_string(process.pid));
      line_of(3, "Type", "C");
      line_of(3, "Name", process_name(process.pid));
      line_of(3, "Used GPU Memory", mebibytes(process.usedGpuMemory) + " MiB");
    }
  }
}

/// The columns' widths are those of NVIDIA's table, which scripts cut it by.
void table(const std::vector<nvmlDevice_t>& devices) {
  const std::string wide = "+" + std::string(89, '-') + "+";
  const std::string columns = "+" + std::string(41, '-') + "+" + std::string(24, '-') + "+" + std::string(22, '-') + "+";
  std::printf("%s\n%s\n", time_of(nullptr).c_str(), wide.c_str());
  std::printf("| NVIDIA-SMI %-22s Driver Version: %-14s CUDA Version: %-8s |\n%s\n", driver_of(nullptr).c_str(), driver_of(nullptr).c_str(),
              cuda_version().c_str(), columns.c_str());
  std::printf(
      "| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |\n"
      "| Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |\n"
      "|                                         |                        |               MIG M. |\n"
      "|=========================================+========================+======================|\n");
  for (nvmlDevice_t d : devices) {
    const nvmlMemory_t memory = memory_of(d);
    const std::string use = mebibytes(memory.used) + "MiB / " + mebibytes(memory.total) + "MiB";
    std::printf("| %3s  %-30.30s %3s | %18s %3s | %20s |\n", index_of(d).c_str(), name_of(d).c_str(), "Off", bus_of(d).c_str(), "Off",
                "N/A");
    std::printf("| %3s %5s   %4s %11s / %6s   | %22s | %7s%% %11s |\n", "N/A", "N/A", "N/A", "N/A", "N/A", use.c_str(), use_of(d).c_str(),
                "Default");
    std::printf("| %39s | %22s | %20s |\n%s\n", "", "", "N/A", columns.c_str());
  }
  std::printf(
      "\n%s\n| %-87s |\n|  GPU   GI   CI              PID   Type   Process name                        GPU Memory |\n"
      "|        ID   ID                                                               Usage      |\n|%s|\n",
      wide.c_str(), "Processes:", std::string(89, '=').c_str());
  bool any = false;
  for (nvmlDevice_t d : devices)
    for (const nvmlProcessInfo_t& process : processes_of(d)) {
      std::printf("|  %3s   N/A  N/A %16u      C   %-32.32s %10sMiB |\n", index_of(d).c_str(), process.pid,
                  process_name(process.pid).c_str(), mebibytes(process.usedGpuMemory).c_str());
      any = true;
    }
  if (!any) std::printf("|  %-86s |\n", "No running processes found");
  std::printf("%s\n", wide.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  std::string names, apps, format, id;
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
      return std::printf(
                 "usage: nvidia-smi [-L | -q | --help-query-gpu | --query-gpu=FIELD,... | --query-compute-apps=FIELD,... "
                 "--format=csv[,noheader][,nounits]] [-i INDEX]\n"),
             0;
    else if (a == "--help-query-gpu") {
      for (const Field& field : fields) std::printf("\"%s\"\n", field.name);
      return 0;
    } else if (!value("--query-gpu", names) && !value("--query-compute-apps", apps) && !value("--format", format) && !value("-i", id) &&
               !value("--id", id))
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
  if (!apps.empty()) return query_processes(devices, apps, format);
  if (list) {
    for (nvmlDevice_t d : devices) std::printf("GPU %s: %s (UUID: %s)\n", index_of(d).c_str(), name_of(d).c_str(), uuid_of(d).c_str());
  } else if (full) {
    std::printf("\n==============NVSMI LOG==============\n\n");
    line_of(0, "Timestamp", time_of(nullptr));
    line_of(0, "Driver Version", driver_of(nullptr));
    line_of(0, "CUDA Version", cuda_version());
    std::printf("\n");
    line_of(0, "Attached GPUs", std::to_string(count));
    for (nvmlDevice_t d : devices) details(d);
  } else {
    table(devices);
  }
  return 0;
}
