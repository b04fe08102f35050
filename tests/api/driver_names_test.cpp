// The names of libcuda 13.0: every one is exported, and cuGetProcAddress gives for each name and version what that version has.
// The lists are facts about NVIDIA's driver: exported_names.txt from the symbol table of its link stub, versions.txt from the
// names of the function types that cuda.h 13.0 has (name, version, and the suffix of a per-thread twin).
#include "driver_fixture.h"

#include <dlfcn.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <vector>

namespace anywarp::test {
namespace {

std::vector<std::string> lines_of(const char* name) {
  std::ifstream file(std::string(AW_TEST_FOLDER "/") + name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

void* driver() { return dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD); }

void* proc(const std::string& name, int version, cuuint64_t flags = CU_GET_PROC_ADDRESS_LEGACY_STREAM) {
  void* address = nullptr;
  return cuGetProcAddress(name.c_str(), &address, version, flags, nullptr) == CUDA_SUCCESS ? address : nullptr;
}

TEST(DriverNames, EveryNameIsExported) {
  const std::vector<std::string> names = lines_of("exported_names.txt");
  ASSERT_GT(names.size(), 600u);
  for (const std::string& name : names) EXPECT_NE(dlsym(driver(), name.c_str()), nullptr) << name;
}

// Sharing with graphics is not offered, but programs look the names up and stop when one is missing (ffmpeg is such a program). The
// link stub does not have them, the driver does.
TEST(DriverNames, InteroperationIsExported) {
  for (const char* name : {"cuGLGetDevices_v2", "cuGraphicsGLRegisterImage", "cuGraphicsGLRegisterBuffer", "cuEGLStreamProducerConnect",
                           "cuEGLStreamProducerDisconnect", "cuEGLStreamConsumerDisconnect", "cuEGLStreamProducerPresentFrame",
                           "cuEGLStreamProducerReturnFrame", "cuVDPAUGetDevice"}) {
    auto* entry = reinterpret_cast<CUresult (*)(void*, void*, void*, void*)>(dlsym(driver(), name));
    ASSERT_NE(entry, nullptr) << name;
  }
  unsigned count = 7;
  auto* devices = reinterpret_cast<CUresult (*)(unsigned*, CUdevice*, unsigned, int)>(dlsym(driver(), "cuGLGetDevices_v2"));
  ASSERT_EQ(cuInit(0), CUDA_SUCCESS);
  EXPECT_EQ(devices(&count, nullptr, 0, 1), CUDA_ERROR_NOT_SUPPORTED);
}

TEST(DriverNames, EveryVersionHasItsOwnAddress) {
  std::map<std::string, std::map<int, std::string>> plain, twins;
  for (const std::string& line : lines_of("versions.txt")) {
    std::istringstream fields(line);
    std::string name, suffix;
    int version = 0;
    fields >> name >> version >> suffix;
    (suffix.empty() ? plain : twins)[name][version] = suffix;
  }
  ASSERT_GT(plain.size(), 400u);
  for (const auto& [name, versions] : plain) {
    const int first = versions.begin()->first;
    EXPECT_EQ(proc(name, first - 10), nullptr) << name << " before " << first;
    std::set<void*> addresses;
    for (const auto& [version, _] : versions) {
      void* address = proc(name, version);
      EXPECT_NE(address, nullptr) << name << " " << version;
      EXPECT_TRUE(addresses.insert(address).second) << name << " " << version << " is what an older version has";
      // Up to the next variant nothing changes.
      const auto next = versions.upper_bound(version);
      EXPECT_EQ(proc(name, next == versions.end() ? 13000 : next->first - 10), address) << name << " " << version;
    }
    // What the newest version has is what the symbol of the highest suffix has.
    std::string newest = name;
    for (int suffix = 2; suffix < 9; ++suffix)
      if (dlsym(driver(), (name + "_v" + std::to_string(suffix)).c_str())) newest = name + "_v" + std::to_string(suffix);
    EXPECT_EQ(proc(name, 13000), dlsym(driver(), newest.c_str())) << name;
    EXPECT_EQ(proc(name, 14000), dlsym(driver(), newest.c_str())) << name;

    const auto twin = twins.find(name);
    if (twin == twins.end()) {
      EXPECT_EQ(proc(name, 13000, CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM), proc(name, 13000)) << name;
      continue;
    }
    for (const auto& [version, suffix] : twin->second) {
      void* address = proc(name, version, CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM);
      Dl_info about{};
      ASSERT_NE(dladdr(address, &about), 0) << name;
      EXPECT_TRUE(about.dli_sname && std::string(about.dli_sname).ends_with("_" + suffix)) << name << " " << version;
      EXPECT_EQ(std::string(about.dli_sname ? about.dli_sname : "").rfind(name, 0), 0u) << name;
      EXPECT_TRUE(addresses.insert(address).second) << name << " " << version;
      EXPECT_EQ(addresses.count(proc(name, version)), 1u);
    }
  }
}

// The first version of cuGetProcAddress has no argument for the status.
TEST(DriverNames, TheFirstVersionOfTheQuestion) {
  using Ask = CUresult (*)(const char*, void**, int, cuuint64_t);
  const auto ask = reinterpret_cast<Ask>(proc("cuGetProcAddress", 11030));
  ASSERT_NE(ask, nullptr);
  void* address = nullptr;
  EXPECT_OK(ask("cuMemAlloc", &address, 12000, 0));
  EXPECT_EQ(address, dlsym(driver(), "cuMemAlloc_v2"));
  EXPECT_CU(CUDA_ERROR_NOT_FOUND, ask("cuMemAlloc", &address, 1000, 0));
  EXPECT_EQ(address, nullptr);
  EXPECT_CU(CUDA_ERROR_NOT_FOUND, ask("cuNoSuchThing", &address, 13000, 0));
  EXPECT_CU(CUDA_ERROR_NOT_FOUND, ask("", &address, 0, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, ask(nullptr, &address, 13000, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, ask("cuInit", nullptr, 13000, 0));
  EXPECT_CU(CUDA_ERROR_INVALID_VALUE, ask("cuInit", &address, 13000, 64));
}

}  // namespace
}  // namespace anywarp::test
