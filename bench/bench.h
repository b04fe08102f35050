// What a benchmark's two programs share: memory, inputs that are the same in both, the clock, and the one line that run.py reads.
#pragma once

#include <sys/mman.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <vector>

namespace bench {

/// Huge pages for the native programs too, as cudaMalloc has them: what is compared is code. Elements are not written before their first
/// use.
template <class T>
struct HugePages {
  using value_type = T;
  HugePages() = default;
  template <class U>
  HugePages(const HugePages<U>&) {}
  T* allocate(size_t n) {
    constexpr size_t page = 2 << 20;
    size_t bytes = (n * sizeof(T) + page - 1) / page * page;
    void* memory = aligned_alloc(page, bytes);
    if (!memory) abort();
    madvise(memory, bytes, MADV_HUGEPAGE);
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t) { free(memory); }
  void construct(T* at) { new (at) T; }
  template <class... Arguments>
  void construct(T* at, Arguments&&... arguments) {
    new (at) T(static_cast<Arguments&&>(arguments)...);
  }
  bool operator==(const HugePages&) const { return true; }
  bool operator!=(const HugePages&) const { return false; }
};

template <class T>
using Values = std::vector<T, HugePages<T>>;

/// A number that looks random, the same on every machine.
constexpr uint32_t scramble(uint32_t i) {
  i = (i ^ (i >> 16)) * 0x7feb352du;
  i = (i ^ (i >> 15)) * 0x846ca68bu;
  return i ^ (i >> 16);
}

/// Numbers in [low, high).
inline Values<float> numbers(size_t n, float low, float high, uint32_t seed = 1) {
  Values<float> values(n);
  for (uint32_t i = 0; i < n; i++) values[i] = low + (high - low) * static_cast<float>(scramble(i + seed * 2654435761u) >> 8) / (1 << 24);
  return values;
}

/// Ones and zeros, seven zeros to a one: sums of 64M of them are exact in float, whatever the order of addition.
inline Values<float> ones(size_t n) {
  Values<float> values(n);
  for (uint32_t i = 0; i < n; i++) values[i] = static_cast<float>(scramble(i) % 8 == 0);
  return values;
}

/// Resident memory of this process.
inline double resident_kilobytes() {
  FILE* file = fopen("/proc/self/status", "r");
  char line[256];
  double kilobytes = 0;
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "VmRSS: %lf", &kilobytes) == 1) break;
  if (file) fclose(file);
  return kilobytes;
}

/// Adds up what both programs computed; run.py compares the sums.
template <class List>
double checksum(const List& values) {
  double sum = 0;
  uint32_t i = 0;
  for (auto value : values) sum += static_cast<double>(value) * static_cast<double>(1 + (i++ * 5 >> 3) % 8);
  return sum;
}

/// Runs `work` once unmeasured and then `times` times; returns the median in seconds.
template <class Work>
double median(int times, Work work) {
  work();
  std::vector<double> seconds;
  for (int i = 0; i < times; i++) {
    auto start = std::chrono::steady_clock::now();
    work();
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    size_t at = seconds.size();
    while (at > 0 && seconds[at - 1] > took.count()) at--;
    seconds.insert(seconds.begin() + static_cast<long>(at), took.count());
  }
  return seconds[seconds.size() / 2];
}

/// `amount` of `unit` (GFLOP, GB, ...) in one run of `seconds`.
inline int report(double seconds, double amount, const char* unit, double sum) {
  printf("%.9f %.9g %s %.17g\n", seconds, amount, unit, sum);
  return 0;
}

}  // namespace bench
