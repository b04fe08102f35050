// One PTX instruction against an oracle in C++: a kernel loads the operands from memory, executes the instruction, and stores the
// result; it runs for special and random operands and must give the oracle's bits.
#pragma once

#include "lower/run_ptx.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <tuple>
#include <type_traits>
#include <vector>

namespace anywarp::lower {

/// bfloat16 and a pair of halves, as bits.
struct Bf16 {
  uint16_t bits;
};
struct Half2 {
  _Float16 low, high;
};

template <class T>
struct PtxType;
#define AW_PTX_TYPE(cpp, reg_word, move_word)      \
  template <>                                      \
  struct PtxType<cpp> {                            \
    static constexpr const char* reg = reg_word;   \
    static constexpr const char* move = move_word; \
  };
AW_PTX_TYPE(int8_t, "s16", "s8")
AW_PTX_TYPE(uint8_t, "u16", "u8")
AW_PTX_TYPE(int16_t, "s16", "s16")
AW_PTX_TYPE(uint16_t, "u16", "u16")
AW_PTX_TYPE(int32_t, "s32", "s32")
AW_PTX_TYPE(uint32_t, "u32", "u32")
AW_PTX_TYPE(int64_t, "s64", "s64")
AW_PTX_TYPE(uint64_t, "u64", "u64")
AW_PTX_TYPE(float, "f32", "f32")
AW_PTX_TYPE(double, "f64", "f64")
AW_PTX_TYPE(_Float16, "b16", "b16")
AW_PTX_TYPE(Bf16, "b16", "b16")
AW_PTX_TYPE(Half2, "b32", "b32")
#undef AW_PTX_TYPE

class Samples {
 public:
  explicit Samples(uint64_t seed) : random_(seed) {}

  template <class T>
  T next() {
    T value;
    uint64_t bits = 0;
    if constexpr (std::is_integral_v<T>) {
      bits = integer();
      memcpy(&value, &bits, sizeof(T));
    } else if constexpr (std::is_same_v<T, float>) {
      value = std::bit_cast<float>(floating<uint32_t>(8, 23));
    } else if constexpr (std::is_same_v<T, double>) {
      value = std::bit_cast<double>(floating<uint64_t>(11, 52));
    } else if constexpr (std::is_same_v<T, _Float16>) {
      value = std::bit_cast<_Float16>(floating<uint16_t>(5, 10));
    } else if constexpr (std::is_same_v<T, Bf16>) {
      value = {floating<uint16_t>(8, 7)};
    } else {
      value = {next<_Float16>(), next<_Float16>()};
    }
    return value;
  }

 private:
  uint64_t integer() {
    constexpr uint64_t kSpecial[] = {0,
                                     1,
                                     2,
                                     31,
                                     32,
                                     33,
                                     63,
                                     64,
                                     65,
                                     127,
                                     128,
                                     255,
                                     256,
                                     0x7fff,
                                     0x8000,
                                     0xffff,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff,
                                     0x100000000,
                                     0x7fffffffffffffff,
                                     0x8000000000000000,
                                     ~uint64_t{0},
                                     ~uint64_t{0} - 1,
                                     0x8000800080008000,
                                     0x80808080,
                                     0x7f807f80};
    switch (random_() % 4) {
      case 0: return kSpecial[random_() % std::size(kSpecial)];
      case 1: return random_() >> (random_() % 64);
      case 2: return ~(random_() >> (random_() % 64));
      default: return random_();
    }
  }

  template <class Bits>
  Bits floating(unsigned exponent_bits, unsigned fraction_bits) {
    const Bits fraction = Bits(random_()) & Bits((uint64_t{1} << fraction_bits) - 1);
    const Bits sign = Bits(random_() & 1) << (exponent_bits + fraction_bits);
    const uint64_t top = (uint64_t{1} << exponent_bits) - 1, middle = top / 2;
    uint64_t exponent = 0;
    switch (random_() % 8) {
      case 0: exponent = 0; break;                                       // zero and denormals
      case 1: exponent = top; break;                                     // infinity, NaN
      case 2: exponent = middle + random_() % 34; break;                 // integers and their neighbours
      case 3: exponent = middle - random_() % 6; break;
      case 4: exponent = 1 + random_() % 3; break;
      default: exponent = random_() % (top + 1);
    }
    Bits kept = fraction;
    if (random_() % 3 == 0) kept = 0;
    if (random_() % 4 == 0) kept &= Bits(~uint64_t{0} << (fraction_bits > 4 ? random_() % fraction_bits : 0));
    return Bits(sign | Bits(exponent << fraction_bits) | kept);
  }

  std::mt19937_64 random_;
};

inline bool is_nan(float x) { return std::isnan(x); }
inline bool is_nan(double x) { return std::isnan(x); }
inline bool is_nan(_Float16 x) { return std::isnan(static_cast<float>(x)); }
inline bool is_nan(Bf16 x) { return (x.bits & 0x7fff) > 0x7f80; }
template <class T>
  requires std::is_integral_v<T>
bool is_nan(T) {
  return false;
}

/// The same bits; all NaNs are one.
template <class T>
bool same(T a, T b) {
  return (is_nan(a) && is_nan(b)) || memcmp(&a, &b, sizeof(T)) == 0;
}
inline bool same(Half2 a, Half2 b) { return same(a.low, b.low) && same(a.high, b.high); }

template <class T>
std::string shown(T value) {
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof(T));
  char text[64];
  if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>)
    snprintf(text, sizeof text, "0x%llx (%.9g)", static_cast<unsigned long long>(bits), static_cast<double>(value));
  else
    snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(bits));
  return text;
}

/// One check without its types, so that they cost the compiler little.
struct Check {
  std::string body;
  const char* result_reg;
  const char* result_move;
  std::vector<const char*> regs, moves;             // of the operands
  std::function<void(Samples&, char*)> draw;        // fills the operands, one every 16 bytes
  std::function<std::string(const char*, const void*)> judge;  // what is wrong with a result, or ""
  int samples;
};
void run(const Check& check);

/// `body` computes `d` from `a`, `b`, `c`, `e`, as many as there are operands. It may use the predicates %p0..9 and the registers
/// %t0..9 (.b32), %w0..9 (.b64), %h0..9 (.b16), %x0..9 (.f32).
template <class D, class... Operands, class Oracle>
void check_body(const std::string& body, Oracle oracle, int samples = 1000, bool (*equal)(D, D) = [](D x, D y) { return same(x, y); }) {
  auto load = [](const char* in) {
    std::tuple<Operands...> operands;
    std::apply(
        [&](auto&... values) {
          size_t at = 0;
          ((memcpy(&values, in + at, sizeof values), at += 16), ...);
        },
        operands);
    return operands;
  };
  auto draw = [](Samples& random, char* in) {
    std::tuple<Operands...> operands{random.next<Operands>()...};
    std::apply(
        [&](auto... values) {
          size_t at = 0;
          ((memcpy(in + at, &values, sizeof values), at += 16), ...);
        },
        operands);
  };
  auto judge = [=](const char* in, const void* result) -> std::string {
    const auto operands = load(in);
    D got;
    memcpy(&got, result, sizeof got);
    const D expected = std::apply(oracle, operands);
    if (equal(got, expected)) return "";
    std::string list;
    std::apply([&](auto... values) { ((list += " " + shown(values)), ...); }, operands);
    return "operands" + list + " give " + shown(got) + ", not " + shown(expected);
  };
  run({body, PtxType<D>::reg, PtxType<D>::move, {PtxType<Operands>::reg...}, {PtxType<Operands>::move...}, draw, judge, samples});
}

/// The instruction `words d, a, b, ...;`.
template <class D, class... Operands, class Oracle>
void check(const std::string& words, Oracle oracle, int samples = 1000) {
  constexpr const char* kNames[] = {"a", "b", "c", "e", "f"};
  std::string body = words + " d";
  for (size_t i = 0; i < sizeof...(Operands); ++i) body += std::string(", ") + kNames[i];
  check_body<D, Operands...>(body + ";", oracle, samples);
}

}  // namespace anywarp::lower
