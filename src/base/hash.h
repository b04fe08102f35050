// A 128-bit hash (XXH3) over a sequence of fields. Stable over processes and machines of one byte order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace anywarp {

class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  /// The length goes in before the text, so ("ab", "c") and ("a", "bc") differ.
  Hasher& add(std::string_view text);
  Hasher& add(uint64_t number);

  /// 32 hexadecimal digits.
  std::string digest() const;
  uint64_t digest64() const;

 private:
  void* state_;
};

/// XXH3 of some bytes.
uint64_t hash64(std::string_view bytes);

}  // namespace anywarp
