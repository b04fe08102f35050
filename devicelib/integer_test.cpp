// Oracles: the loops over bits that the PTX ISA document gives, and plain arithmetic in 64 bits.
#include "operations.h"
#include "samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace anywarp::devicelib {
namespace {

constexpr int kSamples = 300'000;

/// Numbers that are often within a word's width, or just beyond it.
uint32_t position(Samples& samples) { return samples.word() & (samples.bits() % 4 ? 0x7f : ~0u); }

template <class Word>
Word bfe(Word a, uint32_t b, uint32_t c, bool is_signed) {
  const int msb = 8 * sizeof(Word) - 1, first = b & 0xff, count = c & 0xff;
  const bool sign = is_signed && count ? a >> std::min(first + count - 1, msb) & 1 : false;
  Word result = 0;
  for (int i = 0; i <= msb; ++i) {
    const bool bit = i < count && first + i <= msb ? a >> (first + i) & 1 : sign;
    result |= Word{bit} << i;
  }
  return result;
}

template <class Word>
Word bfi(Word a, Word b, uint32_t c, uint32_t d) {
  const int msb = 8 * sizeof(Word) - 1, first = c & 0xff, count = d & 0xff;
  for (int i = 0; i < count && first + i <= msb; ++i) b = (b & ~(Word{1} << (first + i))) | ((a >> i & 1) << (first + i));
  return b;
}

uint32_t bmsk(uint32_t a, uint32_t b, bool clamps) {
  uint32_t mask0 = ~0u << (a & 31), mask1 = ~0u;
  const uint32_t sum = (a & 31) + (b & 31);
  if (clamps && a >= 32) mask0 = 0;
  if (sum >= 32 || (clamps && (a >= 32 || b >= 32)))
    mask1 = 0;
  else
    mask1 = ~0u << sum;
  return mask0 & ~mask1;
}

uint32_t szext(uint32_t a, uint32_t b, bool clamps, bool is_signed) {
  const uint32_t count = b & 31;
  const bool too_large = b >= 32 && clamps;
  const uint32_t mask = too_large ? 0 : ~0u << count;
  const bool sign = !(count == 0 || too_large || !is_signed) && a >> (count - 1) & 1;
  return (a & ~mask) | (sign ? mask : 0);
}

uint32_t fns(uint32_t mask, uint32_t base, int32_t offset) {
  if (offset == 0) return mask >> base & 1 ? base : ~0u;
  int64_t left = std::llabs(offset) - 1;
  for (int at = static_cast<int>(base); at >= 0 && at < 32; at += offset > 0 ? 1 : -1)
    if (mask >> at & 1 && left-- == 0) return static_cast<uint32_t>(at);
  return ~0u;
}

TEST(Integer, BitFields) {
  Samples samples(1);
  for (int i = 0; i < kSamples; ++i) {
    const uint64_t a = samples.bits(), b = samples.bits();
    const auto low = static_cast<uint32_t>(a), low_b = static_cast<uint32_t>(b);
    const uint32_t p = position(samples), n = position(samples);
    ASSERT_EQ(__aw_bfe_u32(low, p, n), bfe(low, p, n, false)) << low << " " << p << " " << n;
    ASSERT_EQ(__aw_bfe_s32(low, p, n), bfe(low, p, n, true)) << low << " " << p << " " << n;
    ASSERT_EQ(__aw_bfe_u64(a, p, n), bfe(a, p, n, false)) << a << " " << p << " " << n;
    ASSERT_EQ(__aw_bfe_s64(a, p, n), bfe(a, p, n, true)) << a << " " << p << " " << n;
    ASSERT_EQ(__aw_bfi_b32(low, low_b, p, n), bfi(low, low_b, p, n)) << low << " " << low_b << " " << p << " " << n;
    ASSERT_EQ(__aw_bfi_b64(a, b, p, n), bfi(a, b, p, n)) << a << " " << b << " " << p << " " << n;
    ASSERT_EQ(__aw_bmsk_clamp_b32(p, n), bmsk(p, n, true)) << p << " " << n;
    ASSERT_EQ(__aw_bmsk_wrap_b32(p, n), bmsk(p, n, false)) << p << " " << n;
    ASSERT_EQ(__aw_szext_clamp_s32(low, n), szext(low, n, true, true)) << low << " " << n;
    ASSERT_EQ(__aw_szext_clamp_u32(low, n), szext(low, n, true, false)) << low << " " << n;
    ASSERT_EQ(__aw_szext_wrap_s32(low, n), szext(low, n, false, true)) << low << " " << n;
    ASSERT_EQ(__aw_szext_wrap_u32(low, n), szext(low, n, false, false)) << low << " " << n;
  }
}

TEST(Integer, FindNthSet) {
  Samples samples(2);
  for (int i = 0; i < kSamples; ++i) {
    const uint32_t mask = samples.word() & (i % 2 ? samples.word() : ~0u), base = samples.word() % 32;
    const auto offset = static_cast<int32_t>(i % 8 ? samples.word() % 40 - 20 : samples.word());
    ASSERT_EQ(__aw_fns_b32(mask, base, static_cast<uint32_t>(offset)), fns(mask, base, offset)) << mask << " " << base << " " << offset;
  }
  EXPECT_EQ(__aw_fns_b32(~0u, 31, 0x80000000u), ~0u);
}

int64_t part(uint32_t word, int bits, int i, bool is_signed) {
  const uint32_t value = word >> (bits * i) & ((1u << bits) - 1);
  return is_signed && value >> (bits - 1) ? int64_t{value} - (int64_t{1} << bits) : int64_t{value};
}

TEST(Integer, DotProducts) {
  Samples samples(3);
  const auto dot = [](uint32_t a, uint32_t b, uint32_t c, int a_bits, int first, bool a_signed, bool b_signed) {
    int64_t sum = c;
    for (int i = 0; i < 32 / a_bits; ++i) sum += part(a, a_bits, i, a_signed) * part(b, 8, first + i, b_signed);
    return static_cast<uint32_t>(sum);
  };
  for (int i = 0; i < kSamples / 10; ++i) {
    const uint32_t a = samples.word(), b = samples.word(), c = samples.word();
#define CHECK_DOT(types, a_signed, b_signed)                                         \
  ASSERT_EQ(__aw_dp4a_##types(a, b, c), dot(a, b, c, 8, 0, a_signed, b_signed));     \
  ASSERT_EQ(__aw_dp2a_lo_##types(a, b, c), dot(a, b, c, 16, 0, a_signed, b_signed)); \
  ASSERT_EQ(__aw_dp2a_hi_##types(a, b, c), dot(a, b, c, 16, 2, a_signed, b_signed));
    CHECK_DOT(s32_s32, true, true)
    CHECK_DOT(s32_u32, true, false)
    CHECK_DOT(u32_s32, false, true)
    CHECK_DOT(u32_u32, false, false)
  }
}

/// The tables of the ISA document: which bytes of {b, a} go to bytes 3, 2, 1, 0 for selectors 0 to 3.
TEST(Integer, Permute) {
  using Table = const char* [4];
  const Table f4e = {"3210", "4321", "5432", "6543"}, b4e = {"5670", "6701", "7012", "0123"}, rc8 = {"0000", "1111", "2222", "3333"},
              ecl = {"3210", "3211", "3222", "3333"}, ecr = {"0000", "1110", "2210", "3210"}, rc16 = {"1010", "3232", "1010", "3232"};
  Samples samples(4);
  for (int i = 0; i < kSamples / 10; ++i) {
    const uint32_t a = samples.word(), b = samples.word(), c = samples.word();
    const auto byte = [&](int n) { return n < 4 ? a >> (8 * n) & 0xff : b >> (8 * (n - 4)) & 0xff; };
    const auto by_table = [&](const Table& table) {
      uint32_t word = 0;
      for (const char* at = table[c & 3]; *at; ++at) word = word << 8 | byte(*at - '0');
      return word;
    };
    uint32_t general = 0;
    for (int n = 3; n >= 0; --n) {
      const uint32_t selector = c >> (4 * n) & 15, value = byte(selector & 7);
      general = general << 8 | (selector & 8 ? (value & 0x80 ? 0xff : 0) : value);
    }
    ASSERT_EQ(__aw_prmt_b32(a, b, c), general);
    ASSERT_EQ(__aw_prmt_b32_f4e(a, b, c), by_table(f4e));
    ASSERT_EQ(__aw_prmt_b32_b4e(a, b, c), by_table(b4e));
    ASSERT_EQ(__aw_prmt_b32_rc8(a, b, c), by_table(rc8));
    ASSERT_EQ(__aw_prmt_b32_ecl(a, b, c), by_table(ecl));
    ASSERT_EQ(__aw_prmt_b32_ecr(a, b, c), by_table(ecr));
    ASSERT_EQ(__aw_prmt_b32_rc16(a, b, c), by_table(rc16));
  }
}

}  // namespace
}  // namespace anywarp::devicelib
