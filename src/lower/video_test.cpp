// Video instructions against the pseudo-code of the manual.
#include "lower/instruction_test.h"

#include <algorithm>

namespace anywarp::lower {
namespace {

int64_t part_of(uint32_t x, const char* part, bool is_signed) {
  if (part[0] == 'b') {
    const uint32_t byte = x >> 8 * (part[1] - '0') & 0xff;
    return is_signed ? int8_t(byte) : int64_t(byte);
  }
  if (part[0] == 'h') {
    const uint32_t half = x >> 16 * (part[1] - '0') & 0xffff;
    return is_signed ? int16_t(half) : int64_t(half);
  }
  return is_signed ? int32_t(x) : int64_t(x);
}

int64_t saturate(int64_t x, bool is_signed, unsigned bits) {
  return is_signed ? std::clamp<int64_t>(x, -(int64_t{1} << (bits - 1)), (int64_t{1} << (bits - 1)) - 1)
                   : std::clamp<int64_t>(x, 0, (int64_t{1} << bits) - 1);
}

std::string dotted(const char* part) { return *part ? std::string(".") + part : ""; }

void check_scalar(const char* op, int64_t (*compute)(int64_t, int64_t)) {
  for (const char* a_part : {"", "b2", "h1"}) {
    for (bool is_signed : {false, true}) {
      const std::string type = is_signed ? ".s32" : ".u32";
      const char* b_part = *a_part ? "b0" : "";
      auto wide = [=](uint32_t a, uint32_t b) { return compute(part_of(a, a_part, is_signed), part_of(b, b_part, is_signed)); };
      const std::string operands = ", a" + dotted(a_part) + ", b" + dotted(b_part);
      const std::string words = std::string(op) + type + type + type;
      check_body<uint32_t, uint32_t, uint32_t>(
          words + " d" + operands + ";", [=](uint32_t a, uint32_t b) { return uint32_t(wide(a, b)); }, 300);
      check_body<uint32_t, uint32_t, uint32_t>(
          words + ".sat d" + operands + ";", [=](uint32_t a, uint32_t b) { return uint32_t(saturate(wide(a, b), is_signed, 32)); }, 300);
      check_body<uint32_t, uint32_t, uint32_t, uint32_t>(
          words + ".add d" + operands + ", c;", [=](uint32_t a, uint32_t b, uint32_t c) { return uint32_t(wide(a, b)) + c; }, 300);
      check_body<uint32_t, uint32_t, uint32_t, uint32_t>(
          words + ".sat d.h1" + operands + ", c;",
          [=](uint32_t a, uint32_t b, uint32_t c) { return (c & 0xffff) | uint32_t(saturate(wide(a, b), is_signed, 16)) << 16; }, 300);
    }
  }
}

TEST(Video, Scalar) {
  check_scalar("vadd", [](int64_t a, int64_t b) { return a + b; });
  check_scalar("vsub", [](int64_t a, int64_t b) { return a - b; });
  check_scalar("vabsdiff", [](int64_t a, int64_t b) { return std::abs(a - b); });
  check_scalar("vmin", [](int64_t a, int64_t b) { return std::min(a, b); });
  check_scalar("vmax", [](int64_t a, int64_t b) { return std::max(a, b); });
}

TEST(Video, ShiftsProductsAndComparisons) {
  check_body<uint32_t, uint32_t, uint32_t>(
      "vshl.u32.u32.u32.clamp d, a.h0, b;", [](uint32_t a, uint32_t b) { return b >= 32 ? 0 : (a & 0xffff) << b; }, 500);
  check_body<uint32_t, uint32_t, uint32_t>(
      "vshr.u32.u32.u32.wrap d, a, b.b1;", [](uint32_t a, uint32_t b) { return a >> (b >> 8 & 31); }, 500);
  check_body<int32_t, uint32_t, uint32_t, int32_t>(
      "vmad.s32.s32.s32 d, a.b3, b.h0, c;",
      [](uint32_t a, uint32_t b, int32_t c) { return int32_t(part_of(a, "b3", true) * part_of(b, "h0", true) + c); }, 500);
  check_body<int32_t, uint32_t, uint32_t, int32_t>(
      "vmad.s32.s32.s32.sat.shr7 d, a.h0, b.h1, -c;",
      [](uint32_t a, uint32_t b, int32_t c) {
        return int32_t(saturate((part_of(a, "h0", true) * part_of(b, "h1", true) - c) >> 7, true, 32));
      },
      500);
  check_body<uint32_t, uint32_t, uint32_t>(
      "vset.u32.s32.lt d, a.b0, b.b1;", [](uint32_t a, uint32_t b) { return uint32_t(int64_t(a & 0xff) < int8_t(b >> 8)); }, 500);
}

template <class Lane>
void check_simd(const std::string& op, int (*compute)(int, int), bool sat) {
  constexpr unsigned kWidth = sizeof(Lane) * 8, kLanes = 32 / kWidth;
  const std::string type = std::is_signed_v<Lane> ? ".s32" : ".u32";
  auto lane = [=](uint32_t a, uint32_t b, unsigned i) {
    const int64_t result = compute(Lane(a >> i * kWidth), Lane(b >> i * kWidth));
    return sat ? saturate(result, std::is_signed_v<Lane>, kWidth) : result;
  };
  const std::string words = op + std::to_string(kLanes) + type + type + type;
  check_body<uint32_t, uint32_t, uint32_t, uint32_t>(
      words + (sat ? ".sat" : "") + " d, a, b, c;",
      [=](uint32_t a, uint32_t b, uint32_t) {
        uint32_t word = 0;
        for (unsigned i = 0; i < kLanes; ++i) word |= uint32_t(std::make_unsigned_t<Lane>(lane(a, b, i))) << i * kWidth;
        return word;
      },
      500);
  if (sat) return;
  check_body<uint32_t, uint32_t, uint32_t, uint32_t>(
      words + ".add d, a, b, c;",
      [=](uint32_t a, uint32_t b, uint32_t c) {
        for (unsigned i = 0; i < kLanes; ++i) c += uint32_t(lane(a, b, i));
        return c;
      },
      500);
}

template <class Lane>
void check_simd_all() {
  for (bool sat : {false, true}) {
    check_simd<Lane>("vadd", [](int a, int b) { return a + b; }, sat);
    check_simd<Lane>("vsub", [](int a, int b) { return a - b; }, sat);
    check_simd<Lane>("vabsdiff", [](int a, int b) { return std::abs(a - b); }, sat);
    check_simd<Lane>("vmin", [](int a, int b) { return std::min(a, b); }, sat);
    check_simd<Lane>("vmax", [](int a, int b) { return std::max(a, b); }, sat);
  }
}

TEST(Video, Simd) {
  check_simd_all<int8_t>();
  check_simd_all<uint8_t>();
  check_simd_all<int16_t>();
  check_simd_all<uint16_t>();
}

}  // namespace
}  // namespace anywarp::lower
