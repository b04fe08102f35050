// Numbers to test with: the special ones, and random ones of which many are near each other, tiny, huge or short.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace anywarp::devicelib {

class Samples {
 public:
  explicit Samples(uint64_t seed) : random_(seed) {}

  uint64_t bits() { return random_(); }
  uint32_t word() { return static_cast<uint32_t>(random_()); }

  float single() {
    switch (random_() % 8) {
      case 0: return special<float>();
      case 1: return std::bit_cast<float>(static_cast<uint32_t>(random_() & 0x80ffffff));  // denormal and just above
      case 2: return static_cast<float>(static_cast<int>(random_() % 2001) - 1000);
      case 3: return std::bit_cast<float>(static_cast<uint32_t>((random_() & 0x81f8000f) | 0x3f000000));  // few bits, near 1
      case 4: return std::bit_cast<float>(std::bit_cast<uint32_t>(last_single_) ^ static_cast<uint32_t>(random_() & 0x80000003));
      case 5: return last_single_ = std::bit_cast<float>(static_cast<uint32_t>((random_() & 0x83ffffff) | 0x3e000000));
      default: return last_single_ = std::bit_cast<float>(static_cast<uint32_t>(random_()));
    }
  }

  double real() {
    switch (random_() % 9) {
      case 0: return special<double>();
      case 1: return std::bit_cast<double>(random_() & 0x803fffffffffffff);
      case 2: return static_cast<double>(static_cast<int64_t>(random_() % 2001) - 1000);
      case 3: return std::bit_cast<double>((random_() & 0x803f800000000007) | 0x3fe0000000000000);
      case 4: return std::bit_cast<double>(std::bit_cast<uint64_t>(last_) ^ (random_() & 0x8000000000000003));
      case 5: return last_ = std::bit_cast<double>((random_() & 0x800fffffffffffff) | 0x3fe0000000000000 | (random_() % 64) << 52);
      case 6: return single();
      default: return last_ = std::bit_cast<double>(random_());
    }
  }

  template <class Real>
  Real special() {
    using Limits = std::numeric_limits<Real>;
    static const std::vector<Real> values = {0,
                                             1,
                                             2,
                                             3,
                                             Real(0.5),
                                             Real(1.5),
                                             1 + Limits::epsilon(),
                                             1 - Limits::epsilon() / 2,
                                             Limits::min(),
                                             Limits::denorm_min(),
                                             Limits::min() - Limits::denorm_min(),
                                             Limits::max(),
                                             Limits::max() / 2,
                                             Limits::infinity(),
                                             Limits::quiet_NaN(),
                                             Real(65504),
                                             Real(65520),
                                             Real(65519.996),
                                             Real(448),
                                             Real(464),
                                             Real(57344),
                                             Real(61440),
                                             Real(126),
                                             Real(128),
                                             Real(127.5)};
    const uint64_t i = random_();
    return i >> 63 ? -values[i % values.size()] : values[i % values.size()];
  }

 private:
  std::mt19937_64 random_;
  float last_single_ = 1;
  double last_ = 1;
};

}  // namespace anywarp::devicelib
