#include "exact.h"
#include "operations.h"
#include "samples.h"

#include <gtest/gtest.h>

#include <cmath>

namespace anywarp::devicelib {
namespace {

constexpr int kSamples = 200'000;

/// Bit for bit, but that all NaNs are one.
bool same(double a, double b) { return std::isnan(a) ? std::isnan(b) : std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b); }

struct Mode {
  const char* name;
  mpfr_rnd_t rounding;
};
constexpr Mode kZero{"rz", MPFR_RNDZ}, kDown{"rm", MPFR_RNDD}, kUp{"rp", MPFR_RNDU}, kNearest{"rn", MPFR_RNDN};

double number(double x) { return x; }
double number(float x) { return x; }
double number(_Float16 x) { return static_cast<double>(x); }
double number(Bfloat x) { return std::bit_cast<float>(static_cast<uint32_t>(std::bit_cast<uint16_t>(x.bits)) << 16); }
Bfloat bfloat(float x) { return std::bit_cast<Bfloat>(static_cast<uint16_t>(std::bit_cast<uint32_t>(x) >> 16)); }

#define EXPECT_ROUNDED(got, expected, ...)                                                                                          \
  do {                                                                                                                              \
    const double aw_got = number(got), aw_expected = (expected);                                                                    \
    if (!same(aw_got, aw_expected)) {                                                                                               \
      ADD_FAILURE() << testing::PrintToString(std::vector<double>{__VA_ARGS__}) << " gives " << std::hexfloat << aw_got << ", not " \
                    << aw_expected;                                                                                                 \
      return;                                                                                                                       \
    }                                                                                                                               \
  } while (false)

template <class Real, class Function, class Operation>
void check1(const Format& format, const Mode& mode, Function function, Operation operation) {
  Samples samples(1);
  Exact x;
  for (int i = 0; i < kSamples; ++i) {
    const Real a = sizeof(Real) == 4 ? samples.single() : static_cast<Real>(samples.real());
    mpfr_set_d(x.get(), a, MPFR_RNDN);
    EXPECT_ROUNDED(function(a), rounded(format, mode.rounding, [&](mpfr_ptr r, mpfr_rnd_t m) { return operation(r, x.get(), m); }), a);
  }
}

template <class Real, class Function, class Operation>
void check2(const Format& format, const Mode& mode, Function function, Operation operation) {
  Samples samples(2);
  Exact x, y;
  for (int i = 0; i < kSamples; ++i) {
    const Real a = sizeof(Real) == 4 ? samples.single() : static_cast<Real>(samples.real());
    const Real b = sizeof(Real) == 4 ? samples.single() : static_cast<Real>(samples.real());
    mpfr_set_d(x.get(), a, MPFR_RNDN);
    mpfr_set_d(y.get(), b, MPFR_RNDN);
    EXPECT_ROUNDED(function(a, b),
                   rounded(format, mode.rounding, [&](mpfr_ptr r, mpfr_rnd_t m) { return operation(r, x.get(), y.get(), m); }), a, b);
  }
}

template <class Real, class Function>
void check_fma(const Format& format, const Mode& mode, Function function, Real (*shorten)(Real) = nullptr) {
  Samples samples(3);
  Exact x, y, z;
  for (int i = 0; i < 2 * kSamples; ++i) {
    Real a = sizeof(Real) == 4 ? samples.single() : static_cast<Real>(samples.real());
    Real b = sizeof(Real) == 4 ? samples.single() : static_cast<Real>(samples.real());
    Real c = sizeof(Real) == 4 ? samples.single() : static_cast<Real>(samples.real());
    // Often a sum that cancels nearly or wholly.
    if (samples.bits() % 2) c = static_cast<Real>(-a * b);
    if (samples.bits() % 4 == 0) c = std::nextafter(c, static_cast<Real>(samples.bits() % 2 ? 0 : 1e30));
    if (shorten) a = shorten(a), b = shorten(b), c = shorten(c);
    mpfr_set_d(x.get(), a, MPFR_RNDN);
    mpfr_set_d(y.get(), b, MPFR_RNDN);
    mpfr_set_d(z.get(), c, MPFR_RNDN);
    EXPECT_ROUNDED(function(a, b, c),
                   rounded(format, mode.rounding, [&](mpfr_ptr r, mpfr_rnd_t m) { return mpfr_fma(r, x.get(), y.get(), z.get(), m); }), a,
                   b, c);
  }
}

template <class Integer, class Function>
void check_integer(const Format& format, const Mode& mode, Function function) {
  Samples samples(4);
  Exact x;
  for (int i = 0; i < kSamples; ++i) {
    Integer a = static_cast<Integer>(samples.bits()) >> (samples.bits() % (8 * sizeof(Integer)));
    if (samples.bits() % 4 == 0)
      a = static_cast<Integer>(Integer{1} << (samples.bits() % (8 * sizeof(Integer) - 1))) - 2 + samples.bits() % 5;
    if (std::is_signed_v<Integer>)
      mpfr_set_si(x.get(), static_cast<long>(a), MPFR_RNDN);
    else
      mpfr_set_ui(x.get(), static_cast<unsigned long>(a), MPFR_RNDN);
    EXPECT_ROUNDED(function(a), rounded(format, mode.rounding, [&](mpfr_ptr r, mpfr_rnd_t m) { return mpfr_set(r, x.get(), m); }),
                   static_cast<double>(a));
  }
}

int reciprocal(mpfr_ptr r, mpfr_ptr a, mpfr_rnd_t mode) { return mpfr_d_div(r, 1, a, mode); }

#define DIRECTED_TESTS(word, Name, mode)                                 \
  TEST(Directed##Name, Add) {                                            \
    check2<float>(kBinary32, mode, __aw_add_##word##_f32, mpfr_add);     \
    check2<double>(kBinary64, mode, __aw_add_##word##_f64, mpfr_add);    \
  }                                                                      \
  TEST(Directed##Name, Sub) {                                            \
    check2<float>(kBinary32, mode, __aw_sub_##word##_f32, mpfr_sub);     \
    check2<double>(kBinary64, mode, __aw_sub_##word##_f64, mpfr_sub);    \
  }                                                                      \
  TEST(Directed##Name, Mul) {                                            \
    check2<float>(kBinary32, mode, __aw_mul_##word##_f32, mpfr_mul);     \
    check2<double>(kBinary64, mode, __aw_mul_##word##_f64, mpfr_mul);    \
  }                                                                      \
  TEST(Directed##Name, Div) {                                            \
    check2<float>(kBinary32, mode, __aw_div_##word##_f32, mpfr_div);     \
    check2<double>(kBinary64, mode, __aw_div_##word##_f64, mpfr_div);    \
  }                                                                      \
  TEST(Directed##Name, Fma) {                                            \
    check_fma<float>(kBinary32, mode, __aw_fma_##word##_f32);            \
    check_fma<double>(kBinary64, mode, __aw_fma_##word##_f64);           \
  }                                                                      \
  TEST(Directed##Name, Rcp) {                                            \
    check1<float>(kBinary32, mode, __aw_rcp_##word##_f32, reciprocal);   \
    check1<double>(kBinary64, mode, __aw_rcp_##word##_f64, reciprocal);  \
  }                                                                      \
  TEST(Directed##Name, Sqrt) {                                           \
    check1<float>(kBinary32, mode, __aw_sqrt_##word##_f32, mpfr_sqrt);   \
    check1<double>(kBinary64, mode, __aw_sqrt_##word##_f64, mpfr_sqrt);  \
  }                                                                      \
  TEST(Directed##Name, CvtFloat) {                                       \
    check1<double>(kBinary32, mode, __aw_cvt_##word##_f32_f64, assign);  \
    check1<float>(kBinary16, mode, __aw_cvt_##word##_f16_f32, assign);   \
    check1<double>(kBinary16, mode, __aw_cvt_##word##_f16_f64, assign);  \
    check1<float>(kBfloat16, mode, __aw_cvt_##word##_bf16_f32, assign);  \
    check1<double>(kBfloat16, mode, __aw_cvt_##word##_bf16_f64, assign); \
  }                                                                      \
  TEST(Directed##Name, CvtInteger) {                                     \
    CVT_INTEGER(word, mode, s32, int32_t)                                \
    CVT_INTEGER(word, mode, u32, uint32_t)                               \
    CVT_INTEGER(word, mode, s64, int64_t)                                \
    CVT_INTEGER(word, mode, u64, uint64_t)                               \
  }
#define CVT_INTEGER(word, mode, name, type)                           \
  check_integer<type>(kBinary32, mode, __aw_cvt_##word##_f32_##name); \
  check_integer<type>(kBinary64, mode, __aw_cvt_##word##_f64_##name); \
  check_integer<type>(kBinary16, mode, __aw_cvt_##word##_f16_##name); \
  check_integer<type>(kBfloat16, mode, __aw_cvt_##word##_bf16_##name);

int assign(mpfr_ptr r, mpfr_ptr a, mpfr_rnd_t mode) { return mpfr_set(r, a, mode); }

DIRECTED_TESTS(rz, Zero, kZero)
DIRECTED_TESTS(rm, Down, kDown)
DIRECTED_TESTS(rp, Up, kUp)

TEST(Nearest, Cvt) {
  check_integer<int32_t>(kBfloat16, kNearest, __aw_cvt_rn_bf16_s32);
  check_integer<uint32_t>(kBfloat16, kNearest, __aw_cvt_rn_bf16_u32);
  check_integer<int64_t>(kBfloat16, kNearest, __aw_cvt_rn_bf16_s64);
  check_integer<uint64_t>(kBfloat16, kNearest, __aw_cvt_rn_bf16_u64);
  check1<double>(kBinary16, kNearest, __aw_cvt_rn_f16_f64, assign);
  check1<double>(kBfloat16, kNearest, __aw_cvt_rn_bf16_f64, assign);
}

// MPFR tells an overflow by its infinity.
template <class Function>
void check_saturating(const Format& format, const Mode& mode, double largest, Function function) {
  check1<float>({format.precision, format.least, 400}, mode, function, [=](mpfr_ptr r, mpfr_ptr a, mpfr_rnd_t m) {
    const int inexact = mpfr_set(r, a, m);
    return std::fabs(mpfr_get_d(r, MPFR_RNDN)) > largest ? mpfr_set_d(r, mpfr_sgn(r) * largest, m) : inexact;
  });
}

TEST(Saturating, Cvt) {
  check_saturating(kBinary16, kNearest, 65504, __aw_cvt_rn_satfinite_f16_f32);
  check_saturating(kBinary16, kZero, 65504, __aw_cvt_rz_satfinite_f16_f32);
  check_saturating(kBfloat16, kNearest, 0x1.fep127, __aw_cvt_rn_satfinite_bf16_f32);
  check_saturating(kBfloat16, kZero, 0x1.fep127, __aw_cvt_rz_satfinite_bf16_f32);
}

TEST(Nearest, FmaOfHalves) {
  check_fma<float>(
      kBinary16, kNearest, [](float a, float b, float c) { return __aw_fma_rn_f16(_Float16(a), _Float16(b), _Float16(c)); },
      +[](float x) { return static_cast<float>(static_cast<_Float16>(std::fabs(x) > 1e-9f && std::fabs(x) < 1e9f ? x : x * 0 + 3)); });
  check_fma<float>(
      kBfloat16, kNearest, [](float a, float b, float c) { return __aw_fma_rn_bf16(bfloat(a), bfloat(b), bfloat(c)); },
      +[](float x) { return std::bit_cast<float>(std::bit_cast<uint32_t>(x) & 0xffff0000u); });
}

template <class Next>
void check_halves(Next next) {
  Exact x, y, z;
  for (int i = 0; i < 4 * kSamples; ++i) {
    const _Float16 a = next(), b = next();
    _Float16 c = next();
    if (i % 2) c = -static_cast<_Float16>(static_cast<float>(a) * static_cast<float>(b));
    mpfr_set_d(x.get(), static_cast<double>(a), MPFR_RNDN);
    mpfr_set_d(y.get(), static_cast<double>(b), MPFR_RNDN);
    mpfr_set_d(z.get(), static_cast<double>(c), MPFR_RNDN);
    EXPECT_ROUNDED(__aw_fma_rn_f16(a, b, c),
                   rounded(kBinary16, MPFR_RNDN, [&](mpfr_ptr r, mpfr_rnd_t m) { return mpfr_fma(r, x.get(), y.get(), z.get(), m); }),
                   static_cast<double>(a), static_cast<double>(b), static_cast<double>(c));
  }
}
TEST(Nearest, FmaOfAnyHalves) {
  Samples samples(5);
  check_halves([&] { return std::bit_cast<_Float16>(static_cast<uint16_t>(samples.bits())); });
}

/// Ties away from zero, which MPFR does not have for formats with denormals: half an ulp more, then truncated.
TEST(Tf32, EveryModeOverManyFloats) {
  Samples samples(6);
  const double largest = std::bit_cast<float>(0x7f7fe000u);
  for (int i = 0; i < kSamples; ++i) {
    const float a = samples.single();
    Exact x(a);
    const auto by = [&](mpfr_rnd_t mode) {
      return rounded(kTf32, mode, [&](mpfr_ptr r, mpfr_rnd_t m) { return mpfr_set(r, x.get(), m); });
    };
    const double even = by(MPFR_RNDN), zero = by(MPFR_RNDZ);
    double down = zero, up = by(MPFR_RNDA);
    const double away =
        std::isfinite(a) && std::fabs(a - down) >= std::fabs((std::isinf(up) ? std::copysign(0x1p128, up) : up) - a) ? up : down;
    const auto finite = [&](double v) { return std::fabs(v) > largest ? std::copysign(largest, v) : v; };
    const auto relu = [](double v) { return v <= 0 ? 0.0 : v; };
    EXPECT_ROUNDED(std::bit_cast<float>(__aw_cvt_rn_tf32_f32(a)), even, a);
    EXPECT_ROUNDED(std::bit_cast<float>(__aw_cvt_rz_tf32_f32(a)), zero, a);
    EXPECT_ROUNDED(std::bit_cast<float>(__aw_cvt_rna_tf32_f32(a)), away, a);
    EXPECT_ROUNDED(std::bit_cast<float>(__aw_cvt_rn_relu_tf32_f32(a)), relu(even), a);
    EXPECT_ROUNDED(std::bit_cast<float>(__aw_cvt_rz_relu_tf32_f32(a)), relu(zero), a);
    EXPECT_ROUNDED(std::bit_cast<float>(__aw_cvt_rna_satfinite_tf32_f32(a)), finite(away), a);
    EXPECT_ROUNDED(std::bit_cast<float>(__aw_cvt_rn_satfinite_tf32_f32(a)), finite(even), a);
    EXPECT_ROUNDED(std::bit_cast<float>(__aw_cvt_rz_satfinite_tf32_f32(a)), finite(zero), a);
    EXPECT_ROUNDED(std::bit_cast<float>(__aw_cvt_rn_satfinite_relu_tf32_f32(a)), finite(relu(even)), a);
    EXPECT_ROUNDED(std::bit_cast<float>(__aw_cvt_rz_satfinite_relu_tf32_f32(a)), finite(relu(zero)), a);
  }
}

/// The value of a byte, from the definition of its format.
double value_of(uint8_t byte, int fraction, int bias, bool has_infinity) {
  const int exponent = (byte & 0x7f) >> fraction, mantissa = byte & ((1 << fraction) - 1), top = (1 << (7 - fraction)) - 1;
  const double sign = byte & 0x80 ? -1 : 1;
  if (has_infinity && exponent == top) return mantissa ? NAN : sign * INFINITY;
  if (!has_infinity && (byte & 0x7f) == 0x7f) return NAN;
  return sign * (exponent ? std::ldexp((1 << fraction) + mantissa, exponent - bias - fraction) : std::ldexp(mantissa, 1 - bias - fraction));
}

template <class FromFloats, class FromReluFloats, class FromPair, class ToPair, class ToReluPair>
void check_bytes(int fraction, int bias, bool has_infinity, FromFloats from_floats, FromReluFloats from_relu_floats, FromPair from_pair,
                 ToPair to_pair, ToReluPair to_relu_pair) {
  for (int byte = 0; byte < 256; ++byte) {
    const double value = value_of(static_cast<uint8_t>(byte), fraction, bias, has_infinity);
    const Pair pair = to_pair(static_cast<uint16_t>(byte << 8 | 0x38)), relu = to_relu_pair(static_cast<uint16_t>(byte));
    EXPECT_ROUNDED(pair[1], value, double(byte));
    EXPECT_ROUNDED(relu[0], value <= 0 ? 0.0 : value, double(byte));
  }
  // Nearest by search over all finite values, even on a tie.
  const auto nearest = [&](float a) -> uint8_t {
    if (std::isnan(a)) return 0x7f;
    int best = 0;
    double distance = INFINITY;
    for (int byte = 0; byte < 128; ++byte) {
      const double value = value_of(static_cast<uint8_t>(byte), fraction, bias, has_infinity);
      if (!std::isfinite(value)) continue;
      const double d = std::fabs(a) > 1e6f ? -value : std::fabs(std::fabs(static_cast<double>(a)) - value);
      if (d < distance || (d == distance && byte % 2 == 0)) distance = d, best = byte;
    }
    return static_cast<uint8_t>(best | (std::signbit(a) ? 0x80 : 0));
  };
  Samples samples(7);
  for (int i = 0; i < 60'000; ++i) {
    float a = samples.single();
    if (i % 2)
      a = std::bit_cast<float>(static_cast<uint32_t>((samples.word() & 0x87ffffff) | 0x38000000) & (i % 4 == 1 ? 0xfff00000 : ~0u)) * 64;
    const float b = samples.single();
    ASSERT_EQ(from_floats(a, b), nearest(a) << 8 | nearest(b)) << a << " " << b;
    ASSERT_EQ(from_relu_floats(a, b), nearest(a < 0 || a == 0 ? 0.0f : a) << 8 | nearest(b < 0 || b == 0 ? 0.0f : b)) << a << " " << b;
    const Pair pair = {std::bit_cast<_Float16>(static_cast<uint16_t>(samples.bits())),
                       std::bit_cast<_Float16>(static_cast<uint16_t>(samples.bits()))};
    ASSERT_EQ(from_pair(pair), nearest(static_cast<float>(pair[1])) << 8 | nearest(static_cast<float>(pair[0])));
  }
}

TEST(Bytes, E4m3) {
  check_bytes(3, 7, false, __aw_cvt_rn_satfinite_e4m3x2_f32, __aw_cvt_rn_satfinite_relu_e4m3x2_f32, __aw_cvt_rn_satfinite_e4m3x2_f16x2,
              __aw_cvt_rn_f16x2_e4m3x2, __aw_cvt_rn_relu_f16x2_e4m3x2);
}
TEST(Bytes, E5m2) {
  check_bytes(2, 15, true, __aw_cvt_rn_satfinite_e5m2x2_f32, __aw_cvt_rn_satfinite_relu_e5m2x2_f32, __aw_cvt_rn_satfinite_e5m2x2_f16x2,
              __aw_cvt_rn_f16x2_e5m2x2, __aw_cvt_rn_relu_f16x2_e5m2x2);
}

}  // namespace
}  // namespace anywarp::devicelib
