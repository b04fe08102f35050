// Which processes use the device: no list of them is kept anywhere, so the system is asked who has the driver mapped.
#include "nvml_state.h"

#include <dirent.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

bool has_driver(const std::string& process) {
  FILE* maps = std::fopen((process + "/maps").c_str(), "r");
  if (!maps) return false;
  bool found = false;
  char line[4352];
  while (!found && std::fgets(line, sizeof line, maps)) found = std::strstr(line, "/libcuda.so") != nullptr;
  std::fclose(maps);
  return found;
}

unsigned long long resident_bytes(const std::string& process) {
  unsigned long long all = 0, resident = 0;
  FILE* file = std::fopen((process + "/statm").c_str(), "r");
  if (!file) return 0;
  const int read = std::fscanf(file, "%llu %llu", &all, &resident);
  std::fclose(file);
  return read == 2 ? resident * static_cast<unsigned long long>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace

std::vector<nvmlProcessInfo_t> anywarp_nvml_processes() {
  std::vector<nvmlProcessInfo_t> list;
  DIR* folder = opendir("/proc");
  if (!folder) return list;
  while (const dirent* entry = readdir(folder)) {
    char* end = nullptr;
    const unsigned long pid = std::strtoul(entry->d_name, &end, 10);
    if (pid == 0 || *end != 0 || pid == static_cast<unsigned long>(getpid())) continue;
    const std::string process = std::string("/proc/") + entry->d_name;
    if (has_driver(process)) list.push_back({static_cast<unsigned>(pid), resident_bytes(process), ~0u, ~0u});
  }
  closedir(folder);
  return list;
}
