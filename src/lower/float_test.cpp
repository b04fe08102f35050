// Floating point. The host computes binary32 and binary64 as the ISA says; binary16 is computed in binary128, where sums and
// products of it are exact, and rounded once.
#include "lower/instruction_test.h"

#include <algorithm>
#include <cfenv>

namespace anywarp::lower {
namespace {

float flushed(float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; }
double flushed(double x) { return x; }

template <class T>
T saturated(T x) {
  return x > 0 ? (x < 1 ? x : T(1)) : T(0);  // NaN too
}

template <class T>
std::string name() {
  return PtxType<T>::move;
}

template <class T>
void check_arithmetic(bool ftz, bool sat) {
  const std::string type = std::string(ftz ? ".ftz" : "") + (sat ? ".sat" : "") + "." + name<T>();
  auto in = [=](T x) { return ftz ? flushed(x) : x; };
  auto out = [=](T x) { return sat ? saturated(in(x)) : in(x); };
  check<T, T, T>("add" + type, [=](T a, T b) { return out(in(a) + in(b)); });
  check<T, T, T>("sub.rn" + type, [=](T a, T b) { return out(in(a)-in(b)); });
  check<T, T, T>("mul" + type, [=](T a, T b) { return out(in(a)*in(b)); });
  check<T, T, T, T>("fma.rn" + type, [=](T a, T b, T c) { return out(std::fma(in(a), in(b), in(c))); });
  check<T, T, T, T>("mad.rn" + type, [=](T a, T b, T c) { return out(std::fma(in(a), in(b), in(c))); });
  if (sat) return;
  check<T, T, T>("div.rn" + type, [=](T a, T b) { return in(in(a) / in(b)); });
  check<T, T>("rcp.rn" + type, [=](T a) { return in(1 / in(a)); });
  check<T, T>("sqrt.rn" + type, [=](T a) { return in(std::sqrt(in(a))); });
  check<T, T>("neg" + type, [=](T a) { return -in(a); });
  check<T, T>("abs" + type, [=](T a) { return std::fabs(in(a)); });
  auto less = [](T a, T b) { return a < b || (a == b && std::signbit(a)); };
  check<T, T, T>("min" + type, [=](T a, T b) {
    a = in(a), b = in(b);
    return is_nan(a) ? b : is_nan(b) || less(a, b) ? a : b;
  });
  check<T, T, T>("max" + type, [=](T a, T b) {
    a = in(a), b = in(b);
    return is_nan(a) ? b : is_nan(b) || less(b, a) ? a : b;
  });
}

TEST(Float, ArithmeticRoundsToNearest) {
  check_arithmetic<float>(false, false);
  check_arithmetic<double>(false, false);
}

TEST(Float, FlushToZero) { check_arithmetic<float>(true, false); }

TEST(Float, Saturation) {
  check_arithmetic<float>(false, true);
  check_arithmetic<float>(true, true);
}

// The compiler knows nothing of rounding modes: the operands must come out of memory, and the result go there.
template <class T>
T rounded(int mode, T (*operation)(T, T, T), T a, T b, T c) {
  volatile T x = a, y = b, z = c;
  fesetround(mode);
  volatile T result = operation(x, y, z);
  fesetround(FE_TONEAREST);
  return result;
}

template <class T>
void check_directed() {
  struct Mode {
    const char* word;
    int mode;
  };
  for (auto [word, mode] : {Mode{".rz", FE_TOWARDZERO}, Mode{".rm", FE_DOWNWARD}, Mode{".rp", FE_UPWARD}}) {
    const int m = mode;
    const std::string type = std::string(word) + "." + name<T>();
    check<T, T, T>("add" + type, [=](T a, T b) { return rounded<T>(m, [](T a, T b, T) { return a + b; }, a, b, 0); });
    check<T, T, T>("sub" + type, [=](T a, T b) { return rounded<T>(m, [](T a, T b, T) { return a - b; }, a, b, 0); });
    check<T, T, T>("mul" + type, [=](T a, T b) { return rounded<T>(m, [](T a, T b, T) { return a * b; }, a, b, 0); });
    check<T, T, T>("div" + type, [=](T a, T b) { return rounded<T>(m, [](T a, T b, T) { return a / b; }, a, b, 0); });
    check<T, T>("rcp" + type, [=](T a) { return rounded<T>(m, [](T a, T b, T) { return b / a; }, a, 1, 0); });
    check<T, T>("sqrt" + type, [=](T a) { return rounded<T>(m, [](T a, T, T) { return std::sqrt(a); }, a, 0, 0); });
  }
}

TEST(Float, DirectedRounding) {
  check_directed<float>();
  check_directed<double>();
}

TEST(Float, MinimaWithNaNAndSigns) {
  auto less = [](float a, float b) { return a < b || (a == b && std::signbit(a)); };
  check<float, float, float>("min.NaN.f32", [=](float a, float b) { return is_nan(a) || is_nan(b) ? NAN : less(a, b) ? a : b; });
  check<float, float, float>("max.NaN.f32", [=](float a, float b) { return is_nan(a) || is_nan(b) ? NAN : less(b, a) ? a : b; });
  check<float, float, float>("min.xorsign.abs.f32", [=](float a, float b) {
    const float x = std::fabs(a), y = std::fabs(b);
    const float magnitude = is_nan(a) ? y : is_nan(b) || x < y ? x : y;
    return is_nan(magnitude) ? magnitude : std::copysign(magnitude, std::signbit(a) != std::signbit(b) ? -1.0f : 1.0f);
  });
  check<float, float, float>("copysign.f32", [](float a, float b) { return std::copysign(b, a); });
}

TEST(Float, Testp) {
  auto ask = [](const char* what, auto holds) {
    check_body<uint32_t, float>(std::string("testp.") + what + ".f32 %p0, a; selp.u32 d, 1, 0, %p0;",
                                [=](float a) { return uint32_t(holds(std::fpclassify(a))); });
    check_body<uint32_t, double>(std::string("testp.") + what + ".f64 %p0, a; selp.u32 d, 1, 0, %p0;",
                                 [=](double a) { return uint32_t(holds(std::fpclassify(a))); });
  };
  ask("finite", [](int c) { return c != FP_NAN && c != FP_INFINITE; });
  ask("infinite", [](int c) { return c == FP_INFINITE; });
  ask("number", [](int c) { return c != FP_NAN; });
  ask("notanumber", [](int c) { return c == FP_NAN; });
  ask("normal", [](int c) { return c == FP_NORMAL; });
  ask("subnormal", [](int c) { return c == FP_SUBNORMAL; });
}

TEST(Float, ApproximationsAreNear) {
  constexpr auto near = [](float got, float expected) {
    return same(got, expected) || std::fabs(got - expected) <= 0x1p-21f * std::max(std::fabs(expected), 0x1p-126f);
  };
  check_body<float, float>(
      "ex2.approx.ftz.f32 d, a;", [](float a) { return flushed(static_cast<float>(std::exp2(double(flushed(a))))); }, 3000, +near);
  check_body<float, float>("rsqrt.approx.f32 d, a;", [](float a) { return static_cast<float>(1 / std::sqrt(double(a))); }, 3000, +near);
  check_body<float, float>("rcp.approx.ftz.f32 d, a;", [](float a) { return flushed(1 / flushed(a)); }, 3000, +near);
}

TEST(Float, ConstantsOfAnyKind) {
  check_body<float, float>("add.f32 d, a, 0f3F800000;", [](float a) { return a + 1.0f; }, 100);
  check_body<float, float>("add.f32 d, a, 1.5;", [](float a) { return a + 1.5f; }, 100);
  check_body<double, double>("mul.f64 d, a, 0d4000000000000000;", [](double a) { return a * 2; }, 100);
  check_body<uint32_t, uint32_t>("mov.b32 d, 0fBF800000;", [](uint32_t) { return 0xbf800000u; }, 10);
}

// Half precision.

using Quad = __float128;

template <class T>
Quad exact(T x) {
  if constexpr (std::is_same_v<T, Bf16>)
    return std::bit_cast<float>(uint32_t(x.bits) << 16);
  else
    return static_cast<Quad>(static_cast<float>(x));
}

/// Rounds a finite binary128 to bfloat16 (8 bits of precision, as float has 24) by way of a float that is rounded to odd.
Bf16 to_bf16(Quad value) {
  float near = static_cast<float>(value);
  if (std::isfinite(near) && static_cast<Quad>(near) != value) {
    uint32_t bits = std::bit_cast<uint32_t>(near);
    const Quad magnitude = value < 0 ? -value : value;
    if (static_cast<Quad>(std::fabs(near)) > magnitude) --bits;
    near = std::bit_cast<float>(bits | 1);
  }
  uint32_t bits = std::bit_cast<uint32_t>(near);
  if (std::isnan(near)) return {0x7fff};
  return {static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}

template <class T>
T narrow(Quad value) {
  if constexpr (std::is_same_v<T, Bf16>)
    return to_bf16(value);
  else
    return static_cast<_Float16>(value);
}

template <class T>
void check_half(const std::string& type) {
  check<T, T, T>("add" + type, [](T a, T b) { return narrow<T>(exact(a) + exact(b)); });
  check<T, T, T>("sub" + type, [](T a, T b) { return narrow<T>(exact(a) - exact(b)); });
  check<T, T, T>("mul" + type, [](T a, T b) { return narrow<T>(exact(a) * exact(b)); });
  check<T, T>("neg" + type, [](T a) { return narrow<T>(-exact(a)); });
  check<T, T>("abs" + type,
              [](T a) { return narrow<T>(exact(a) < 0 || std::signbit(static_cast<float>(exact(a))) ? -exact(a) : exact(a)); });
}

TEST(Half, Arithmetic) {
  check_half<_Float16>(".f16");
  check_half<Bf16>(".bf16");
  check<_Float16, _Float16, _Float16, _Float16>(
      "fma.rn.f16", [](_Float16 a, _Float16 b, _Float16 c) { return narrow<_Float16>(exact(a) * exact(b) + exact(c)); }, 20000);
  check<_Float16, _Float16, _Float16, _Float16>("fma.rn.relu.f16", [](_Float16 a, _Float16 b, _Float16 c) {
    const _Float16 sum = narrow<_Float16>(exact(a) * exact(b) + exact(c));
    return sum <= 0 ? _Float16(0) : sum;
  });
  check<_Float16, _Float16, _Float16>("add.sat.f16", [](_Float16 a, _Float16 b) {
    const _Float16 sum = narrow<_Float16>(exact(a) + exact(b));
    return sum > 0 ? std::min<_Float16>(sum, 1) : _Float16(0);
  });
}

TEST(Half, Pairs) {
  auto lanes = [](auto op) { return [=](Half2 a, Half2 b) { return Half2{op(a.low, b.low), op(a.high, b.high)}; }; };
  check<Half2, Half2, Half2>("add.f16x2", lanes([](_Float16 a, _Float16 b) { return narrow<_Float16>(exact(a) + exact(b)); }));
  check<Half2, Half2, Half2>("mul.rn.f16x2", lanes([](_Float16 a, _Float16 b) { return narrow<_Float16>(exact(a) * exact(b)); }));
  check<Half2, Half2, Half2, Half2>("fma.rn.f16x2", [](Half2 a, Half2 b, Half2 c) {
    return Half2{narrow<_Float16>(exact(a.low) * exact(b.low) + exact(c.low)),
                 narrow<_Float16>(exact(a.high) * exact(b.high) + exact(c.high))};
  });
  check_body<uint32_t, Half2, Half2>("setp.lt.f16x2 %p0|%p1, a, b; selp.u32 %t0, 1, 0, %p0; selp.u32 %t1, 2, 0, %p1; or.b32 d, %t0, %t1;",
                                     [](Half2 a, Half2 b) { return (a.low < b.low ? 1u : 0u) | (a.high < b.high ? 2u : 0u); });
  // Halves in and out of words.
  check_body<Half2, Half2, Half2>("{ .reg .b16 l, h, m, n; mov.b32 {l, h}, a; mov.b32 {m, n}, b; add.f16 l, l, n; mov.b32 d, {h, l}; }",
                                  [](Half2 a, Half2 b) { return Half2{a.high, narrow<_Float16>(exact(a.low) + exact(b.high))}; });
}

// Conversions.

template <class D, class S>
D to_integer(S x, double (*round)(double)) {
  if (std::isnan(x)) return sizeof(D) == 8 || sizeof(S) == 8 ? D(std::make_unsigned_t<D>(1) << (sizeof(D) * 8 - 1)) : D(0);
  const double value = round(x);
  const double low = static_cast<double>(std::numeric_limits<D>::min());
  if (value <= low) return std::numeric_limits<D>::min();
  if (value >= std::ldexp(1.0, std::numeric_limits<D>::digits)) return std::numeric_limits<D>::max();
  return static_cast<D>(value);
}

template <class D, class S>
void check_to_integer(const std::string& from) {
  // Bytes live in wider registers.
  for (auto [mode, round] :
       {std::pair<const char*, double (*)(double)>{"rni", std::nearbyint}, {"rzi", std::trunc}, {"rmi", std::floor}, {"rpi", std::ceil}}) {
    auto function = round;
    check<D, S>(std::string("cvt.") + mode + "." + name<D>() + "." + from, [=](S a) { return to_integer<D, S>(a, function); }, 2000);
  }
}

template <class S>
void check_to_all_integers(const std::string& from) {
  check_to_integer<int8_t, S>(from);
  check_to_integer<uint8_t, S>(from);
  check_to_integer<int16_t, S>(from);
  check_to_integer<uint16_t, S>(from);
  check_to_integer<int32_t, S>(from);
  check_to_integer<uint32_t, S>(from);
  check_to_integer<int64_t, S>(from);
  check_to_integer<uint64_t, S>(from);
}

TEST(Convert, FloatToIntegerSaturates) {
  check_to_all_integers<float>("f32");
  check_to_all_integers<double>("f64");
  check<int32_t, float>("cvt.rzi.ftz.s32.f32", [](float a) { return to_integer<int32_t, float>(a, std::trunc); });
  check<int32_t, float>("cvt.rpi.ftz.s32.f32", [](float a) { return to_integer<int32_t, float>(flushed(a), std::ceil); });
}

template <class D, class S>
void check_from(const std::string& to) {
  check<D, S>("cvt.rn." + to + "." + name<S>(), [](S a) { return static_cast<D>(a); });
}

TEST(Convert, IntegerToFloat) {
  check_from<float, int8_t>("f32");
  check_from<float, uint16_t>("f32");
  check_from<float, int32_t>("f32");
  check_from<float, uint32_t>("f32");
  check_from<float, int64_t>("f32");
  check_from<float, uint64_t>("f32");
  check_from<double, int32_t>("f64");
  check_from<double, int64_t>("f64");
  check_from<double, uint64_t>("f64");
  check<_Float16, int32_t>("cvt.rn.f16.s32", [](int32_t a) { return narrow<_Float16>(a); });
  check<_Float16, uint64_t>("cvt.rn.f16.u64", [](uint64_t a) { return narrow<_Float16>(static_cast<Quad>(a)); });
  check<float, uint64_t>("cvt.rz.f32.u64", [](uint64_t a) {
    float near = static_cast<float>(a);
    return static_cast<Quad>(near) > static_cast<Quad>(a) ? std::nextafter(near, 0.0f) : near;
  });
}

template <class D, class S>
void check_integers() {
  check<D, S>("cvt." + name<D>() + "." + name<S>(), [](S a) { return static_cast<D>(a); }, 500);
  check<D, S>(
      "cvt.sat." + name<D>() + "." + name<S>(),
      [](S a) { return static_cast<D>(std::clamp<__int128>(a, std::numeric_limits<D>::min(), std::numeric_limits<D>::max())); }, 500);
}

template <class S>
void check_integers_from() {
  check_integers<int8_t, S>();
  check_integers<uint8_t, S>();
  check_integers<int16_t, S>();
  check_integers<uint16_t, S>();
  check_integers<int32_t, S>();
  check_integers<uint32_t, S>();
  check_integers<int64_t, S>();
  check_integers<uint64_t, S>();
}

TEST(Convert, IntegerToInteger) {
  check_integers_from<int8_t>();
  check_integers_from<uint8_t>();
  check_integers_from<int16_t>();
  check_integers_from<uint16_t>();
  check_integers_from<int32_t>();
  check_integers_from<uint32_t>();
  check_integers_from<int64_t>();
  check_integers_from<uint64_t>();
}

TEST(Convert, FloatToFloat) {
  check<double, float>("cvt.f64.f32", [](float a) { return static_cast<double>(a); });
  check<float, double>("cvt.rn.f32.f64", [](double a) { return static_cast<float>(a); });
  check<float, double>("cvt.rn.ftz.f32.f64", [](double a) { return flushed(static_cast<float>(a)); });
  check<float, _Float16>("cvt.f32.f16", [](_Float16 a) { return static_cast<float>(a); });
  check<_Float16, float>("cvt.rn.f16.f32", [](float a) { return narrow<_Float16>(a); });
  check<_Float16, double>("cvt.rn.f16.f64", [](double a) { return narrow<_Float16>(static_cast<Quad>(a)); });
  check<Bf16, float>("cvt.rn.bf16.f32", [](float a) { return to_bf16(a); });
  check<float, Bf16>("cvt.f32.bf16", [](Bf16 a) { return static_cast<float>(exact(a)); });
  check<float, float>("cvt.rni.f32.f32", [](float a) { return std::nearbyint(a); });
  check<float, float>("cvt.rmi.ftz.f32.f32", [](float a) { return std::floor(flushed(a)); });
  check<double, double>("cvt.rpi.f64.f64", [](double a) { return std::ceil(a); });
  check<float, float>("cvt.sat.f32.f32", [](float a) { return saturated(a); });
  check<float, float>("cvt.ftz.f32.f32", [](float a) { return flushed(a); });
  check<_Float16, float>("cvt.rz.f16.f32", [](float a) {
    if (std::isinf(a)) return static_cast<_Float16>(a);
    const _Float16 near = narrow<_Float16>(a);
    if (std::isnan(a) || std::fabs(static_cast<float>(near)) <= std::fabs(a)) return near;
    return std::bit_cast<_Float16>(static_cast<uint16_t>(std::bit_cast<uint16_t>(near) - 1));
  });
  check<Half2, float, float>("cvt.rn.f16x2.f32", [](float a, float b) { return Half2{narrow<_Float16>(b), narrow<_Float16>(a)}; });
}

TEST(Convert, Pack) {
  check<uint32_t, int32_t, int32_t>("cvt.pack.sat.s16.s32", [](int32_t a, int32_t b) {
    auto half = [](int32_t x) { return uint32_t(uint16_t(std::clamp(x, -32768, 32767))); };
    return half(a) << 16 | half(b);
  });
  check<uint32_t, int32_t, int32_t, uint32_t>("cvt.pack.sat.u8.s32.b32", [](int32_t a, int32_t b, uint32_t c) {
    auto byte = [](int32_t x) { return uint32_t(std::clamp(x, 0, 255)); };
    return c << 16 | byte(a) << 8 | byte(b);
  });
}

}  // namespace
}  // namespace anywarp::lower
