// What a benchmark's two programs share: inputs that are the same in both, the clock, and the one line that run.py reads.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace bench {

/// Numbers in [low, high), the same on every machine.
inline std::vector<float> numbers(size_t n, float low, float high, uint32_t seed = 1) {
  std::vector<float> values(n);
  uint32_t state = seed * 2654435761u;
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = low + (high - low) * static_cast<float>(state >> 8) / (1 << 24);
  }
  return values;
}

/// Adds up what both programs computed; run.py compares the sums.
template <class Values>
double checksum(const Values& values) {
  double sum = 0;
  size_t i = 0;
  for (auto value : values) sum += static_cast<double>(value) * static_cast<double>(1 + i++ % 7);
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
