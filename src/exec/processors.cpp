#include "base/environment.h"
#include "exec/exec.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

namespace anywarp::exec {
namespace {

unsigned in_affinity_mask() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

// The quota of one control group in processors, rounded up; a very large number when there is none.
double quota_of(const std::string& folder) {
  std::ifstream v2(folder + "/cpu.max");
  std::string quota;
  double period = 0;
  if (v2 >> quota >> period && quota != "max" && period > 0) return std::atof(quota.c_str()) / period;
  std::ifstream v1_quota(folder + "/cpu.cfs_quota_us"), v1_period(folder + "/cpu.cfs_period_us");
  double value = 0;
  if (v1_quota >> value && v1_period >> period && value > 0 && period > 0) return value / period;
  return 1e9;
}

// The tightest quota of this process's group and all groups above it.
double quota() {
  double tightest = std::min(quota_of("/sys/fs/cgroup"), quota_of("/sys/fs/cgroup/cpu"));
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t colon = line.rfind(':');
    if (colon == std::string::npos) continue;
    const bool v2 = line.starts_with("0::");
    if (!v2 && line.find("cpu") == std::string::npos) continue;
    for (std::string path = line.substr(colon + 1); path.size() > 1; path.resize(path.rfind('/')))
      tightest = std::min(tightest, quota_of((v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu") + path));
  }
  return tightest;
}

}  // namespace

unsigned usable_processors() {
  const double limit = std::max(1.0, std::ceil(quota()));
  return unsigned(std::min<double>(in_affinity_mask(), limit));
}

unsigned default_workers() {
  const auto asked = env::workers();
  return asked != 0 ? unsigned(asked) : usable_processors();
}

}  // namespace anywarp::exec
