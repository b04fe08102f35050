#include "lower/instruction_test.h"

#include <algorithm>
#include <cfenv>

namespace anywarp::lower {

namespace {

template <class T>
using Wide = std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
template <class T>
using Unsigned = std::make_unsigned_t<T>;

template <class T>
std::string name() {
  return PtxType<T>::move;
}

template <class T>
constexpr unsigned bits = sizeof(T) * 8;

template <class T>
constexpr T least = std::numeric_limits<T>::min();
template <class T>
constexpr T most = std::numeric_limits<T>::max();

template <class T>
T clamped(__int128 value) {
  return static_cast<T>(std::clamp<__int128>(value, least<T>, most<T>));
}

// Integer arithmetic.

template <class T>
void check_integer() {
  using U = Unsigned<T>;
  const std::string type = "." + name<T>();
  check<T, T, T>("add" + type, [](T a, T b) { return T(U(a) + U(b)); });
  check<T, T, T>("sub" + type, [](T a, T b) { return T(U(a) - U(b)); });
  check<T, T, T>("mul.lo" + type, [](T a, T b) { return T(Wide<T>(a) * Wide<T>(b)); });
  check<T, T, T>("mul.hi" + type, [](T a, T b) { return T((Wide<T>(a) * Wide<T>(b)) >> bits<T>); });
  check<T, T, T, T>("mad.lo" + type, [](T a, T b, T c) { return T(U(Wide<T>(a) * Wide<T>(b)) + U(c)); });
  check<T, T, T, T>("mad.hi" + type, [](T a, T b, T c) { return T(U((Wide<T>(a) * Wide<T>(b)) >> bits<T>) + U(c)); });
  check<T, T, T>("min" + type, [](T a, T b) { return std::min(a, b); });
  check<T, T, T>("max" + type, [](T a, T b) { return std::max(a, b); });
  check<T, T, T, T>("sad" + type, [](T a, T b, T c) { return T(U(c) + (a < b ? U(b) - U(a) : U(a) - U(b))); });
  // Unspecified for a zero divisor, but nothing may happen.
  check_body<T, T, T>("div" + type + " d, a, b; setp.eq" + type + " %p0, b, 0; @%p0 mov.b" + std::to_string(bits<T>) + " d, 7;",
                      [](T a, T b) { return b == 0 ? T(7) : T(Wide<T>(a) / Wide<T>(b)); });
  check_body<T, T, T>("rem" + type + " d, a, b; setp.eq" + type + " %p0, b, 0; @%p0 mov.b" + std::to_string(bits<T>) + " d, 7;",
                      [](T a, T b) { return b == 0 ? T(7) : T(Wide<T>(a) % Wide<T>(b)); });
  if constexpr (std::is_signed_v<T>) {
    check<T, T>("abs" + type, [](T a) { return a < 0 ? T(U(0) - U(a)) : a; });
    check<T, T>("neg" + type, [](T a) { return T(U(0) - U(a)); });
  }
}

TEST(Integer, Arithmetic) {
  check_integer<int16_t>();
  check_integer<uint16_t>();
  check_integer<int32_t>();
  check_integer<uint32_t>();
  check_integer<int64_t>();
  check_integer<uint64_t>();
}

TEST(Integer, Wide) {
  check<uint32_t, uint16_t, uint16_t>("mul.wide.u16", [](uint16_t a, uint16_t b) { return uint32_t(a) * b; });
  check<int32_t, int16_t, int16_t>("mul.wide.s16", [](int16_t a, int16_t b) { return int32_t(a) * b; });
  check<uint64_t, uint32_t, uint32_t>("mul.wide.u32", [](uint32_t a, uint32_t b) { return uint64_t(a) * b; });
  check<int64_t, int32_t, int32_t>("mul.wide.s32", [](int32_t a, int32_t b) { return int64_t(a) * b; });
  check<int64_t, int32_t, int32_t, int64_t>(
      "mad.wide.s32", [](int32_t a, int32_t b, int64_t c) { return int64_t(uint64_t(int64_t(a) * b) + uint64_t(c)); });
  check<uint64_t, uint32_t, uint32_t, uint64_t>("mad.wide.u32", [](uint32_t a, uint32_t b, uint64_t c) { return uint64_t(a) * b + c; });
}

TEST(Integer, Saturating) {
  check<int32_t, int32_t, int32_t>("add.sat.s32", [](int32_t a, int32_t b) { return clamped<int32_t>(__int128(a) + b); });
  check<int32_t, int32_t, int32_t>("sub.sat.s32", [](int32_t a, int32_t b) { return clamped<int32_t>(__int128(a) - b); });
  check<int32_t, int32_t, int32_t, int32_t>(
      "mad.hi.sat.s32", [](int32_t a, int32_t b, int32_t c) { return clamped<int32_t>(__int128((int64_t(a) * b) >> 32) + c); });
}

int32_t low24(int32_t x) { return int32_t(uint32_t(x) << 8) >> 8; }
uint32_t low24(uint32_t x) { return x & 0xffffff; }

TEST(Integer, Mul24) {
  check<int32_t, int32_t, int32_t>("mul24.lo.s32", [](int32_t a, int32_t b) { return int32_t(int64_t(low24(a)) * low24(b)); });
  check<int32_t, int32_t, int32_t>("mul24.hi.s32", [](int32_t a, int32_t b) { return int32_t((int64_t(low24(a)) * low24(b)) >> 16); });
  check<uint32_t, uint32_t, uint32_t>("mul24.lo.u32", [](uint32_t a, uint32_t b) { return uint32_t(uint64_t(low24(a)) * low24(b)); });
  check<uint32_t, uint32_t, uint32_t>("mul24.hi.u32",
                                      [](uint32_t a, uint32_t b) { return uint32_t((uint64_t(low24(a)) * low24(b)) >> 16); });
  check<uint32_t, uint32_t, uint32_t, uint32_t>(
      "mad24.lo.u32", [](uint32_t a, uint32_t b, uint32_t c) { return uint32_t(uint64_t(low24(a)) * low24(b)) + c; });
  check<int32_t, int32_t, int32_t, int32_t>(
      "mad24.hi.sat.s32", [](int32_t a, int32_t b, int32_t c) { return clamped<int32_t>(((__int128(low24(a)) * low24(b)) >> 16) + c); });
}

template <class T>
uint32_t most_significant(T a, bool shift) {
  Unsigned<T> x = a < 0 ? ~Unsigned<T>(a) : Unsigned<T>(a);
  for (int i = bits<T> - 1; i >= 0; --i)
    if (x >> i & 1) return shift ? bits<T> - 1 - i : i;
  return ~0u;
}

template <class T>
void check_bits() {
  using U = Unsigned<T>;
  const std::string width = std::to_string(bits<T>), type = "." + name<T>();
  check<uint32_t, U>("popc.b" + width, [](U a) {
    uint32_t count = 0;
    for (; a; a &= a - 1) ++count;
    return count;
  });
  check<uint32_t, U>("clz.b" + width, [](U a) {
    uint32_t count = 0;
    for (U bit = U(1) << (bits<U> - 1); bit && !(a & bit); bit >>= 1) ++count;
    return count;
  });
  check<U, U>("brev.b" + width, [](U a) {
    U result = 0;
    for (unsigned i = 0; i < bits<U>; ++i) result = U(result << 1 | (a >> i & 1));
    return result;
  });
  check<uint32_t, T>("bfind" + type, [](T a) { return most_significant(a, false); });
  check<uint32_t, T>("bfind.shiftamt" + type, [](T a) { return most_significant(a, true); });
  // The manual's own pseudo-code.
  auto extract = [](T a, uint32_t b, uint32_t c) {
    const unsigned msb = bits<T> - 1, pos = b & 0xff, len = c & 0xff;
    unsigned sbit = 0;
    if (!std::is_unsigned_v<T> && len) sbit = U(a) >> std::min(pos + len - 1, msb) & 1;
    U d = 0;
    for (unsigned i = 0; i <= msb; ++i) d |= U(i < len && pos + i <= msb ? U(a) >> (pos + i) & 1 : sbit) << i;
    return T(d);
  };
  check<T, T, uint32_t, uint32_t>("bfe" + type, extract, 6000);
  for (auto [pos, len] :
       {std::pair{0, 8}, {8, 8}, {5, 27}, {3, 0}, {int(bits<T>) - 4, 4}, {int(bits<T>) - 4, 9}, {0, int(bits<T>)}, {300, 2}})
    check_body<T, T>(
        "bfe" + type + " d, a, " + std::to_string(pos) + ", " + std::to_string(len) + ";", [=](T a) { return extract(a, pos, len); }, 200);
  auto insert = [](U a, U b, uint32_t c, uint32_t e) {
    const unsigned msb = bits<T> - 1, pos = c & 0xff, len = e & 0xff;
    U f = b;
    for (unsigned i = 0; i < len && pos + i <= msb; ++i) f = U((f & ~(U(1) << (pos + i))) | (a >> i & 1) << (pos + i));
    return f;
  };
  check<U, U, U, uint32_t, uint32_t>("bfi.b" + width, insert, 6000);
  for (auto [pos, len] : {std::pair{0, 8}, {8, 8}, {5, 27}, {3, 0}, {int(bits<T>) - 4, 9}, {0, int(bits<T>)}, {int(bits<T>), 0}})
    check_body<U, U, U>(
        "bfi.b" + width + " d, a, b, " + std::to_string(pos) + ", " + std::to_string(len) + ";",
        [=](U a, U b) { return insert(a, b, pos, len); }, 200);
}

TEST(Integer, Bits) {
  check_bits<int32_t>();
  check_bits<uint32_t>();
  check_bits<int64_t>();
  check_bits<uint64_t>();
}

TEST(Integer, Masks) {
  for (bool wrap : {false, true}) {
    const std::string mode = wrap ? ".wrap" : ".clamp";
    check<uint32_t, uint32_t, uint32_t>("bmsk" + mode + ".b32", [=](uint32_t a, uint32_t b) {
      if (wrap) a &= 31, b &= 31;
      uint32_t mask = 0;
      for (uint64_t i = a; i < uint64_t(a) + b && i < 32; ++i) mask |= 1u << i;
      return mask;
    });
    check<uint32_t, uint32_t, uint32_t>("szext" + mode + ".u32", [=](uint32_t a, uint32_t b) {
      if (wrap) b &= 31;
      return b >= 32 ? a : b == 0 ? 0 : a << (32 - b) >> (32 - b);
    });
    check<int32_t, int32_t, uint32_t>("szext" + mode + ".s32", [=](int32_t a, uint32_t b) {
      if (wrap) b &= 31;
      return b >= 32 ? a : b == 0 ? 0 : int32_t(uint32_t(a) << (32 - b)) >> (32 - b);
    });
  }
  check_body<uint32_t, uint32_t, uint32_t, int32_t>("and.b32 %t0, b, 31; fns.b32 d, a, %t0, c;",
                                                    [](uint32_t mask, uint32_t base, int32_t offset) -> uint32_t {
                                                      base &= 31;
                                                      if (offset == 0) return mask >> base & 1 ? base : ~0u;
                                                      int64_t left = std::abs(int64_t{offset});
                                                      for (int i = base; i >= 0 && i < 32; i += offset < 0 ? -1 : 1)
                                                        if ((mask >> i & 1) && --left == 0) return i;
                                                      return ~0u;
                                                    });
}

template <class A, class B>
void check_dot(const char* types) {
  using D = std::conditional_t<std::is_signed_v<A> || std::is_signed_v<B>, int32_t, uint32_t>;
  check<D, uint32_t, uint32_t, D>(std::string("dp4a.") + types, [](uint32_t a, uint32_t b, D c) {
    uint32_t sum = uint32_t(c);
    for (int i = 0; i < 4; ++i) sum += uint32_t(int32_t(A(a >> 8 * i)) * int32_t(B(b >> 8 * i)));
    return D(sum);
  });
  using Half = std::conditional_t<std::is_signed_v<A>, int16_t, uint16_t>;
  for (bool high : {false, true})
    check<D, uint32_t, uint32_t, D>(std::string("dp2a.") + (high ? "hi." : "lo.") + types, [=](uint32_t a, uint32_t b, D c) {
      uint32_t sum = uint32_t(c);
      for (int i = 0; i < 2; ++i) sum += uint32_t(int32_t(Half(a >> 16 * i)) * int32_t(B(b >> 8 * (i + (high ? 2 : 0)))));
      return D(sum);
    });
}

TEST(Integer, DotProducts) {
  check_dot<int8_t, int8_t>("s32.s32");
  check_dot<int8_t, uint8_t>("s32.u32");
  check_dot<uint8_t, int8_t>("u32.s32");
  check_dot<uint8_t, uint8_t>("u32.u32");
}

TEST(Integer, PairsOfHalfwords) {
  auto pairs = [](auto op) {
    return [=](uint32_t a, uint32_t b) {
      return uint32_t(uint16_t(op(a & 0xffff, b & 0xffff))) | uint32_t(uint16_t(op(a >> 16, b >> 16))) << 16;
    };
  };
  check<uint32_t, uint32_t, uint32_t>("add.u16x2", pairs([](uint32_t a, uint32_t b) { return a + b; }));
  check<uint32_t, uint32_t, uint32_t>("min.s16x2", pairs([](uint32_t a, uint32_t b) { return std::min(int16_t(a), int16_t(b)); }));
  check<uint32_t, uint32_t, uint32_t>("max.u16x2", pairs([](uint32_t a, uint32_t b) { return std::max(a, b); }));
  check<uint32_t, uint32_t, uint32_t>("min.relu.s16x2",
                                      pairs([](uint32_t a, uint32_t b) { return std::max<int>(0, std::min(int16_t(a), int16_t(b))); }));
  check<int32_t, int32_t, int32_t>("max.relu.s32", [](int32_t a, int32_t b) { return std::max(0, std::max(a, b)); });
}

TEST(Extended, CarryChains) {
  using U = unsigned __int128;
  auto wide = [](uint64_t low, uint64_t high) { return U(high) << 64 | low; };
  // The high word of a sum, a difference, a product plus.
  check_body<uint64_t, uint64_t, uint64_t, uint64_t, uint64_t>(
      "add.cc.u64 %w0, a, b; addc.u64 d, c, e;",
      [=](uint64_t a, uint64_t b, uint64_t c, uint64_t e) { return uint64_t((wide(a, c) + wide(b, e)) >> 64); });
  check_body<uint64_t, uint64_t, uint64_t, uint64_t, uint64_t>(
      "sub.cc.s64 %w0, a, b; subc.s64 d, c, e;",
      [=](uint64_t a, uint64_t b, uint64_t c, uint64_t e) { return uint64_t((wide(a, c) - wide(b, e)) >> 64); });
  check_body<uint32_t, uint32_t, uint32_t, uint32_t, uint32_t>(
      "add.cc.u32 %t0, a, b; addc.cc.u32 %t1, c, e; addc.u32 %t2, 0, 0; shl.b32 %t2, %t2, 31; xor.b32 d, %t1, %t2;",
      [](uint32_t a, uint32_t b, uint32_t c, uint32_t e) {
        const U sum = (U(c) << 32 | a) + (U(e) << 32 | b);
        return uint32_t(sum >> 32) ^ (sum >> 64 & 1 ? 0x80000000 : 0);
      });
  check_body<uint32_t, uint32_t, uint32_t, uint32_t, uint32_t>(
      "sub.cc.u32 %t0, a, b; subc.cc.u32 %t1, c, e; subc.u32 %t2, 0, 0; add.u32 d, %t1, %t2;",
      [](uint32_t a, uint32_t b, uint32_t c, uint32_t e) {
        const uint64_t x = uint64_t(c) << 32 | a, y = uint64_t(e) << 32 | b;
        return uint32_t((x - y) >> 32) - (x < y);
      });
  // A 64-bit product from 32-bit words, as the manual does it.
  check_body<uint64_t, uint32_t, uint32_t, uint32_t, uint32_t>(
      "mul.lo.u32 %t0, a, c; mul.hi.u32 %t1, a, c; mad.lo.cc.u32 %t1, a, e, %t1; madc.hi.u32 %t2, a, e, 0; mad.lo.cc.u32 %t1, b, c, %t1; "
      "madc.hi.u32 %t2, b, c, %t2; mov.b64 d, {%t1, %t2};",
      [](uint32_t a, uint32_t b, uint32_t c, uint32_t e) {
        // bits 32..95 of (b:a) * (e:c) without the product b * e
        const U product = U(uint64_t(a) * c) + (U(uint64_t(a) * e) << 32) + (U(uint64_t(b) * c) << 32);
        return uint64_t(product >> 32);
      });
  check_body<uint64_t, uint64_t, uint64_t, uint64_t>("mad.lo.cc.u64 %w0, a, b, c; madc.hi.u64 d, a, b, 0;",
                                                     [](uint64_t a, uint64_t b, uint64_t c) { return uint64_t((U(a) * b + c) >> 64); });
  // A guarded one leaves the flag alone.
  check_body<uint32_t, uint32_t, uint32_t>("add.cc.u32 %t0, a, b; setp.eq.u32 %p0, a, a; @!%p0 add.cc.u32 %t0, 0, 0; addc.u32 d, 0, 0;",
                                           [](uint32_t a, uint32_t b) { return uint32_t((uint64_t(a) + b) >> 32); });
}

// Logic and shifts.

template <class U>
void check_logic() {
  const std::string width = ".b" + std::to_string(bits<U>);
  using S = std::make_signed_t<U>;
  check<U, U, U>("and" + width, [](U a, U b) { return U(a & b); });
  check<U, U, U>("or" + width, [](U a, U b) { return U(a | b); });
  check<U, U, U>("xor" + width, [](U a, U b) { return U(a ^ b); });
  check<U, U>("not" + width, [](U a) { return U(~a); });
  check<U, U>("cnot" + width, [](U a) { return U(a == 0); });
  check<U, U, uint32_t>("shl" + width, [](U a, uint32_t n) { return n >= bits<U> ? U(0) : U(a << n); });
  check<U, U, uint32_t>("shr" + width, [](U a, uint32_t n) { return n >= bits<U> ? U(0) : U(a >> n); });
  check<U, U, uint32_t>("shr.u" + std::to_string(bits<U>), [](U a, uint32_t n) { return n >= bits<U> ? U(0) : U(a >> n); });
  check<S, S, uint32_t>("shr.s" + std::to_string(bits<U>), [](S a, uint32_t n) { return S(a >> std::min(n, bits<U> - 1)); });
  for (uint32_t n : {0u, 1u, bits<U> - 1, bits<U>, bits<U> + 1, 255u, 0xffffffffu}) {
    const std::string amount = " d, a, " + std::to_string(n) + ";";
    check_body<U, U>("shl" + width + amount, [=](U a) { return n >= bits<U> ? U(0) : U(a << n); }, 100);
    check_body<U, U>("shr" + width + amount, [=](U a) { return n >= bits<U> ? U(0) : U(a >> n); }, 100);
    check_body<S, S>("shr.s" + std::to_string(bits<U>) + amount, [=](S a) { return S(a >> std::min(n, bits<U> - 1)); }, 100);
  }
}

TEST(Logic, ShiftsClamp) {
  check_logic<uint16_t>();
  check_logic<uint32_t>();
  check_logic<uint64_t>();
}

TEST(Logic, Lop3) {
  for (unsigned table = 0; table < 256; ++table) {
    auto oracle = [=](uint32_t a, uint32_t b, uint32_t c) {
      uint32_t d = 0;
      for (int i = 0; i < 32; ++i) d |= uint32_t(table >> ((a >> i & 1) * 4 + (b >> i & 1) * 2 + (c >> i & 1)) & 1) << i;
      return d;
    };
    check_body<uint32_t, uint32_t, uint32_t, uint32_t>("lop3.b32 d, a, b, c, " + std::to_string(table) + ";", oracle, 20);
  }
  check_body<uint32_t, uint32_t, uint32_t, uint32_t>(
      "setp.lt.u32 %p1, a, b; lop3.or.b32 %t0|%p0, a, b, c, 0x80, %p1; selp.u32 d, 1, 0, %p0;",
      [](uint32_t a, uint32_t b, uint32_t c) { return uint32_t((a & b & c) != 0 || a < b); });
}

TEST(Logic, FunnelShifts) {
  for (bool left : {false, true}) {
    for (bool wrap : {false, true}) {
      auto oracle = [=](uint32_t a, uint32_t b, uint32_t c) {
        const unsigned n = wrap ? c & 31 : std::min(c, 32u);
        const uint64_t both = uint64_t(b) << 32 | a;
        return left ? uint32_t(n == 32 ? a : (both << n) >> 32) : uint32_t(both >> n);
      };
      check<uint32_t, uint32_t, uint32_t, uint32_t>(std::string("shf.") + (left ? "l." : "r.") + (wrap ? "wrap" : "clamp") + ".b32",
                                                    oracle);
    }
  }
}

TEST(DataMovement, Permute) {
  auto byte = [](uint32_t a, uint32_t b, unsigned i) { return uint32_t((uint64_t(b) << 32 | a) >> 8 * (i & 7)) & 0xff; };
  auto general = [=](uint32_t a, uint32_t b, uint32_t c) {
    uint32_t d = 0;
    for (int i = 0; i < 4; ++i) {
      const unsigned selector = c >> 4 * i & 0xf;
      uint32_t value = byte(a, b, selector);
      if (selector & 8) value = value & 0x80 ? 0xff : 0;
      d |= value << 8 * i;
    }
    return d;
  };
  check<uint32_t, uint32_t, uint32_t, uint32_t>("prmt.b32", general, 5000);
  std::mt19937 random(5);
  for (int i = 0; i < 60; ++i) {
    const uint32_t selector = i == 0 ? 0x3210 : i == 1 ? 0x7654 : i == 2 ? 0x5410 : i == 3 ? 0x0123 : random() & 0xffff;
    check_body<uint32_t, uint32_t, uint32_t>(
        "prmt.b32 d, a, b, " + std::to_string(selector) + ";", [=](uint32_t a, uint32_t b) { return general(a, b, selector); }, 50);
  }
  auto mode = [&](const char* word, unsigned (*selector)(unsigned i, unsigned c)) {
    check<uint32_t, uint32_t, uint32_t, uint32_t>(std::string("prmt.b32.") + word, [=](uint32_t a, uint32_t b, uint32_t c) {
      uint32_t d = 0;
      for (unsigned i = 0; i < 4; ++i) d |= byte(a, b, selector(i, c & 3)) << 8 * i;
      return d;
    });
  };
  mode("f4e", [](unsigned i, unsigned c) { return c + i; });
  mode("b4e", [](unsigned i, unsigned c) { return (c - i) & 7; });
  mode("rc8", [](unsigned, unsigned c) { return c; });
  mode("ecl", [](unsigned i, unsigned c) { return std::max(i, c); });
  mode("ecr", [](unsigned i, unsigned c) { return std::min(i, c); });
  mode("rc16", [](unsigned i, unsigned c) { return (c & 1) * 2 + (i & 1); });
}

// Comparison and selection.

template <class T>
void check_comparisons() {
  struct Row {
    const char* word;
    bool (*holds)(T, T);
  };
  std::vector<Row> rows = {
      {"eq", [](T a, T b) { return a == b; }}, {"ne", [](T a, T b) { return a != b && !is_nan(a) && !is_nan(b); }},
      {"lt", [](T a, T b) { return a < b; }},  {"le", [](T a, T b) { return a <= b; }},
      {"gt", [](T a, T b) { return a > b; }},  {"ge", [](T a, T b) { return a >= b; }},
  };
  if constexpr (std::is_unsigned_v<T>) {
    rows.push_back({"lo", [](T a, T b) { return a < b; }});
    rows.push_back({"ls", [](T a, T b) { return a <= b; }});
    rows.push_back({"hi", [](T a, T b) { return a > b; }});
    rows.push_back({"hs", [](T a, T b) { return a >= b; }});
  }
  if constexpr (!std::is_integral_v<T>) {
    rows.push_back({"equ", [](T a, T b) { return is_nan(a) || is_nan(b) || a == b; }});
    rows.push_back({"neu", [](T a, T b) { return is_nan(a) || is_nan(b) || a != b; }});
    rows.push_back({"ltu", [](T a, T b) { return is_nan(a) || is_nan(b) || a < b; }});
    rows.push_back({"leu", [](T a, T b) { return is_nan(a) || is_nan(b) || a <= b; }});
    rows.push_back({"gtu", [](T a, T b) { return is_nan(a) || is_nan(b) || a > b; }});
    rows.push_back({"geu", [](T a, T b) { return is_nan(a) || is_nan(b) || a >= b; }});
    rows.push_back({"num", [](T a, T b) { return !is_nan(a) && !is_nan(b); }});
    rows.push_back({"nan", [](T a, T b) { return is_nan(a) || is_nan(b); }});
  }
  std::string type = name<T>();
  if (std::is_same_v<T, _Float16>) type = "f16";
  for (const Row& row : rows) {
    auto holds = row.holds;
    check_body<uint32_t, T, T>(
        std::string("setp.") + row.word + "." + type + " %p0, a, b; selp.u32 d, 1, 0, %p0;",
        [=](T a, T b) { return uint32_t(holds(a, b)); }, 1000);
    check_body<uint32_t, T, T>(
        "mov.u32 %t2, 0; setp.ne.u32 %p2, %t2, 0; setp." + std::string(row.word) + ".xor." + type +
            " %p0|%p1, a, b, !%p2; selp.u32 %t0, 1, 0, %p0; selp.u32 %t1, 2, 0, %p1; or.b32 d, %t0, %t1;",
        [=](T a, T b) { return holds(a, b) ? 2u : 1u; }, 200);
    if (!std::is_same_v<T, _Float16>)
      check_body<uint32_t, T, T>(
          std::string("set.") + row.word + ".u32." + type + " d, a, b;", [=](T a, T b) { return holds(a, b) ? ~0u : 0u; }, 200);
  }
}

TEST(Comparison, Setp) {
  check_comparisons<int16_t>();
  check_comparisons<uint16_t>();
  check_comparisons<int32_t>();
  check_comparisons<uint32_t>();
  check_comparisons<int64_t>();
  check_comparisons<uint64_t>();
  check_comparisons<float>();
  check_comparisons<double>();
  check_comparisons<_Float16>();
}

TEST(Comparison, BooleanOperatorsAndSelection) {
  check_body<uint32_t, int32_t, int32_t>(
      "setp.gt.s32 %p2, a, 5; setp.lt.and.s32 %p0|%p1, a, b, %p2; selp.u32 %t0, 1, 0, %p0; selp.u32 %t1, 2, 0, %p1; or.b32 d, %t0, %t1;",
      [](int32_t a, int32_t b) { return (a < b && a > 5 ? 1u : 0u) | (!(a < b) && a > 5 ? 2u : 0u); });
  check<float, float, float, int32_t>("slct.f32.s32", [](float a, float b, int32_t c) { return c >= 0 ? a : b; });
  check<uint64_t, uint64_t, uint64_t, float>("slct.u64.f32", [](uint64_t a, uint64_t b, float c) { return c >= 0 ? a : b; });
  check<uint32_t, uint32_t, uint32_t, float>("slct.ftz.u32.f32",
                                             [](uint32_t a, uint32_t b, float c) { return c >= 0 || std::fabs(c) < 0x1p-126f ? a : b; });
  check<float, float, float>("set.ge.f32.f32", [](float a, float b) { return a >= b ? 1.0f : 0.0f; });
  check_body<float, float, float, uint32_t>("setp.ne.u32 %p0, c, 0; selp.f32 d, a, b, %p0;",
                                            [](float a, float b, uint32_t c) { return c ? a : b; });
}

}  // namespace
}  // namespace anywarp::lower
