// Asked of libcuda.so.1 itself, through the public API only, so that what is shown is what programs get.
#include "toolchain/info.h"

#include "base/environment.h"
#include "toolchain/toolkit.h"

#include <cuda.h>

#include <dlfcn.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

namespace anywarp::toolchain {

namespace fs = std::filesystem;

namespace {

/// The entry points that info calls, by name.
struct Driver {
  decltype(&cuInit) init;
  decltype(&cuDriverGetVersion) version;
  decltype(&cuDeviceGetCount) count;
  decltype(&cuDeviceGet) get;
  decltype(&cuDeviceGetName) name;
  decltype(&cuDeviceTotalMem_v2) total_memory;
  decltype(&cuDeviceGetAttribute) attribute;
  decltype(&cuGetErrorString) error_string;

  /// The name of the first entry point that is missing, or null.
  const char* load(void* library) {
    auto find = [library](const char* symbol, auto& slot) {
      slot = reinterpret_cast<std::remove_reference_t<decltype(slot)>>(dlsym(library, symbol));
      return slot ? nullptr : symbol;
    };
    const char* missing = nullptr;
    auto need = [&](const char* symbol, auto& slot) {
      if (const char* m = find(symbol, slot); m && !missing) missing = m;
    };
    need("cuInit", init);
    need("cuDriverGetVersion", version);
    need("cuDeviceGetCount", count);
    need("cuDeviceGet", get);
    need("cuDeviceGetName", name);
    need("cuDeviceTotalMem_v2", total_memory);
    need("cuDeviceGetAttribute", attribute);
    need("cuGetErrorString", error_string);
    return missing;
  }
};

std::string size_text(double bytes) {
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  int unit = 0;
  while (bytes >= 1024 && unit < 4) {
    bytes /= 1024;
    unit++;
  }
  char text[32];
  snprintf(text, sizeof text, bytes < 10 && unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
  return text;
}

void row(const char* name, const std::string& value) { printf("  %-26s %s\n", name, value.c_str()); }

std::string host_vectors() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) return "512 bits (AVX-512): 16 floats";
  if (__builtin_cpu_supports("avx2"))
    return __builtin_cpu_supports("fma") ? "256 bits (AVX2 and FMA): 8 floats" : "256 bits (AVX2): 8 floats";
  if (__builtin_cpu_supports("avx")) return "256 bits (AVX): 8 floats";
  return "128 bits (SSE2): 4 floats";
}

std::string host_name() {
  FILE* file = fopen("/proc/cpuinfo", "r");
  char line[512];
  std::string name = "unknown";
  while (file && fgets(line, sizeof line, file)) {
    const char* colon = strchr(line, ':');
    if (strncmp(line, "model name", 10) != 0 || !colon) continue;
    name = colon + 2;
    while (!name.empty() && name.back() == '\n') name.pop_back();
    break;
  }
  if (file) fclose(file);
  return name;
}

/// As jit's cache finds it: docs/environment.md.
fs::path cache_folder() {
  if (std::string set = env::cache_path(); !set.empty()) return set;
  if (std::string set = env::cuda_cache_path(); !set.empty()) return fs::path(set) / "anywarp";
  if (const char* xdg = getenv("XDG_CACHE_HOME"); xdg && *xdg) return fs::path(xdg) / "anywarp";
  const char* home = getenv("HOME");
  return fs::path(home && *home ? home : "/") / ".cache/anywarp";
}

void show_cache() {
  printf("\nCache of compiled kernels\n");
  fs::path folder = cache_folder();
  row("folder", folder.string());
  if (!env::cache() || env::cuda_cache_disable()) row("use", "off, by ANYWARP_CACHE or CUDA_CACHE_DISABLE");
  uintmax_t bytes = 0, files = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    if (!at->is_regular_file(gone)) continue;
    uintmax_t size = at->file_size(gone);
    if (!gone) bytes += size, files++;
  }
  row("size", size_text(static_cast<double>(bytes)) + " in " + std::to_string(files) + (files == 1 ? " file" : " files") + ", of at most " +
                  size_text(static_cast<double>(env::cuda_cache_maxsize())));
}

void show_device(const Driver& driver, int ordinal) {
  CUdevice device = 0;
  if (driver.get(&device, ordinal) != CUDA_SUCCESS) return;
  auto attribute = [&](CUdevice_attribute which) {
    int value = 0;
    driver.attribute(&value, which, device);
    return value;
  };
  auto triple = [&](CUdevice_attribute x, CUdevice_attribute y, CUdevice_attribute z) {
    return std::to_string(attribute(x)) + " x " + std::to_string(attribute(y)) + " x " + std::to_string(attribute(z));
  };
  char name[256] = "";
  driver.name(name, sizeof name, device);
  size_t memory = 0;
  driver.total_memory(&memory, device);
  printf("\nDevice %d\n", ordinal);
  row("name", name);
  row("compute capability", std::to_string(attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)) + "." +
                                std::to_string(attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)));
  row("memory", size_text(static_cast<double>(memory)));
  row("multiprocessors", std::to_string(attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)));
  row("warp", std::to_string(attribute(CU_DEVICE_ATTRIBUTE_WARP_SIZE)) + " threads");
  row("threads in a block",
      std::to_string(attribute(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK)) + ", " +
          triple(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z));
  row("blocks in a grid",
      triple(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z));
  row("shared memory in a block", size_text(attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK)) + ", " +
                                      size_text(attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)) + " on request");
  row("constant memory", size_text(attribute(CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY)));
  row("registers in a block", std::to_string(attribute(CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK)));
}

}  // namespace

int info_main(const std::vector<std::string>& arguments) {
  if (!arguments.empty()) {
    if (arguments[0] == "--help" || arguments[0] == "-h") {
      printf("usage: anywarp info\n\nShows the device as CUDA programs see it, and how kernels are compiled here.\n");
      return 0;
    }
    fprintf(stderr, "anywarp info: it takes no argument, yet '%s' was given\n", arguments[0].c_str());
    return 2;
  }
  Result<Toolkit> toolkit = find_toolkit();
  if (!toolkit) {
    fprintf(stderr, "anywarp info: %s\n", toolkit.error().text().c_str());
    return 1;
  }
  std::string path = toolkit->lib64() + "/libcuda.so.1";
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "anywarp info: libcuda cannot be loaded: %s\n", dlerror());
    return 1;
  }
  Driver driver;
  if (const char* missing = driver.load(library)) {
    fprintf(stderr, "anywarp info: %s has no %s\n", path.c_str(), missing);
    return 1;
  }
  if (CUresult result = driver.init(0); result != CUDA_SUCCESS) {
    const char* text = nullptr;
    driver.error_string(result, &text);
    fprintf(stderr, "anywarp info: cuInit failed: %s\n", text ? text : "unknown error");
    return 1;
  }
  int driver_version = 0, count = 0;
  driver.version(&driver_version);
  driver.count(&count);
  printf("Anywarp %s\n", ANYWARP_VERSION);
  row("CUDA driver", std::to_string(driver_version / 1000) + "." + std::to_string(driver_version % 1000 / 10));
  row("CUDA toolkit", std::to_string(cuda_major) + "." + std::to_string(cuda_minor) + " at " + toolkit->root);
  row("compiler", "LLVM " ANYWARP_LLVM_VERSION);
  printf("\nHost\n");
  row("processor", host_name());
  row("processors in use", std::to_string(std::thread::hardware_concurrency()));
  row("vectors", host_vectors());
  for (int i = 0; i < count; i++) show_device(driver, i);
  show_cache();
  return 0;
}

}  // namespace anywarp::toolchain
