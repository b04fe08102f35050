// The bounds are those of the PTX ISA document, sections rcp, sqrt, rsqrt, sin, cos, lg2, ex2, tanh and div; the oracle is MPFR.
#include "exact.h"
#include "operations.h"
#include "samples.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace anywarp::devicelib {
namespace {

using Function = int(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t);

float flush(float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; }

/// The exact value to 53 bits, which is plenty for bounds of 24.
double exact(Function* function, double x) {
  Exact argument(x, 53), result(53);
  function(result.get(), argument.get(), MPFR_RNDN);
  return mpfr_get_d(result.get(), MPFR_RNDN);
}

int mpfr_reciprocal(mpfr_ptr r, mpfr_srcptr a, mpfr_rnd_t mode) { return mpfr_d_div(r, 1, a, mode); }

struct Errors {
  double absolute = 0, relative = 0, worst = 0;
};

/// The largest errors over floats from `low` to `high` and their negatives, where the result is a normal number. Elsewhere
/// what is not finite must be the same; with `flushes`, what is denormal must be zero.
template <class Float>
Errors measure(Float* function, Function* oracle, float low, float high, int samples) {
  Errors errors;
  const auto from = std::bit_cast<uint32_t>(low), to = std::bit_cast<uint32_t>(high);
  const double step = (static_cast<double>(to) - from) / samples;
  for (int i = 0; i <= samples; ++i) {
    for (float sign : {1.0f, -1.0f}) {
      const float x = sign * std::bit_cast<float>(from + static_cast<uint32_t>(i * step));
      const double expected = exact(oracle, x), got = static_cast<double>(function(x));
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(got)) << x;
        continue;
      }
      const double difference = std::fabs(got - expected);
      if (difference > errors.absolute) errors.absolute = difference;
      if (expected != 0 && std::fabs(expected) >= 0x1p-126 && std::fabs(expected) < 0x1.fffffep127 &&
          difference / std::fabs(expected) > errors.relative)
        errors.relative = difference / std::fabs(expected), errors.worst = x;
    }
  }
  return errors;
}

constexpr int kSamples = 200'000;
constexpr float kTiny = 0x1p-149f, kNormal = 0x1p-126f, kLargest = 0x1.fffffep127f;

TEST(Approximate, Roots) {
  EXPECT_LE(measure(__aw_rcp_approx_f32, mpfr_reciprocal, 0x1p-126f, kLargest, kSamples).relative, 0x1p-23);
  EXPECT_LE(measure(__aw_rcp_approx_ftz_f32, mpfr_reciprocal, kNormal, 0x1p126f, kSamples).relative, 0x1p-23);
  EXPECT_LE(measure(__aw_sqrt_approx_f32, mpfr_sqrt, kTiny, kLargest, kSamples).relative, 0x1p-23);
  EXPECT_LE(measure(__aw_sqrt_approx_ftz_f32, mpfr_sqrt, kNormal, kLargest, kSamples).relative, 0x1p-23);
  EXPECT_LE(measure(__aw_rsqrt_approx_f32, mpfr_rec_sqrt, kTiny, kLargest, kSamples).relative, std::exp2(-22.9));
  EXPECT_LE(measure(__aw_rsqrt_approx_ftz_f32, mpfr_rec_sqrt, kNormal, kLargest, kSamples).relative, std::exp2(-22.9));
  const float inf = INFINITY;
  EXPECT_EQ(__aw_rcp_approx_f32(-0.0f), -inf);
  EXPECT_EQ(__aw_rcp_approx_ftz_f32(-0x1p-127f), -inf);
  EXPECT_EQ(__aw_rcp_approx_ftz_f32(0x1.8p126f), 0);
  EXPECT_EQ(__aw_rcp_approx_f32(0x1p127f), 0x1p-127f);
  EXPECT_EQ(__aw_rsqrt_approx_f32(-0.0f), -inf);
  EXPECT_EQ(__aw_rsqrt_approx_f32(inf), 0);
  EXPECT_TRUE(std::isnan(__aw_rsqrt_approx_f32(-1)));
  EXPECT_EQ(__aw_rsqrt_approx_ftz_f32(0x1p-140f), inf);
  EXPECT_TRUE(std::signbit(__aw_sqrt_approx_ftz_f32(-0x1p-140f)));
  EXPECT_EQ(__aw_sqrt_approx_ftz_f32(-0x1p-140f), 0);
}

TEST(Approximate, Division) {
  Samples samples(1);
  for (int i = 0; i < kSamples; ++i) {
    const float a = samples.single(), b = samples.single();
    const double q = static_cast<double>(a) / b;
    const auto within = [&](float got, double expected) {
      if (std::isnan(expected)) return std::isnan(got);
      if (std::fabs(expected) < 0x1p-126) return std::fabs(got) <= 0x1p-126f;
      const auto rounded = static_cast<float>(expected);
      return got == rounded || std::fabs(got - expected) <= 2 * (std::nextafter(std::fabs(rounded), INFINITY) - std::fabs(rounded));
    };
    ASSERT_TRUE(within(__aw_div_full_f32(a, b), q)) << a << " " << b;
    ASSERT_TRUE(within(__aw_div_full_ftz_f32(a, b), static_cast<double>(flush(a)) / flush(b))) << a << " " << b;
    if (std::fabs(b) > 0x1p126f && !std::isinf(b)) {
      const float expected = std::isinf(a) ? NAN : a * 0.0f;
      ASSERT_TRUE(std::isnan(expected) ? std::isnan(__aw_div_approx_f32(a, b)) : __aw_div_approx_f32(a, b) == 0) << a << " " << b;
      continue;
    }
    ASSERT_TRUE(within(__aw_div_approx_f32(a, b), q)) << a << " " << b;
    ASSERT_TRUE(within(__aw_div_approx_ftz_f32(a, b), static_cast<double>(flush(a)) / flush(b))) << a << " " << b;
    const float flushed = __aw_div_approx_ftz_f32(a, b);
    ASSERT_TRUE(std::isnan(flushed) || flushed == 0 || std::fabs(flushed) >= 0x1p-126f) << a << " " << b;
    if (HasFailure()) return;
  }
}

TEST(Approximate, SinCos) {
  for (auto [function, flushing, oracle] : {std::tuple{&__aw_sin_approx_f32, &__aw_sin_approx_ftz_f32, &mpfr_sin},
                                            std::tuple{&__aw_cos_approx_f32, &__aw_cos_approx_ftz_f32, &mpfr_cos}}) {
    const float pi = 3.14159274f;
    for (auto* f : {function, flushing}) {
      EXPECT_LE(measure(f, oracle, 0, pi, kSamples).absolute, std::exp2(-21.41));
      EXPECT_LE(measure(f, oracle, pi, 2 * pi, kSamples).absolute, std::exp2(-20.5));
      EXPECT_LE(measure(f, oracle, 2 * pi, 100 * pi, kSamples).absolute, std::exp2(-14.7));
      EXPECT_TRUE(std::isnan(f(INFINITY)));
      EXPECT_TRUE(std::isnan(f(-INFINITY)));
      EXPECT_TRUE(std::isnan(f(NAN)));
      for (float x : {1e6f, 1e8f, 1e15f, 3e38f, -3e38f}) EXPECT_LE(std::fabs(f(x)), 1.0f) << x;
    }
  }
  EXPECT_EQ(__aw_sin_approx_f32(0x1p-140f), 0x1p-140f);
  EXPECT_EQ(__aw_sin_approx_ftz_f32(0x1p-140f), 0);
  EXPECT_TRUE(std::signbit(__aw_sin_approx_f32(-0.0f)));
  EXPECT_EQ(__aw_cos_approx_f32(0), 1);
}

TEST(Approximate, Lg2) {
  for (auto* f : {__aw_lg2_approx_f32, __aw_lg2_approx_ftz_f32}) {
    EXPECT_LE(measure(f, mpfr_log2, 0.5f, 2, kSamples).absolute, 0x1p-22);
    EXPECT_LE(measure(f, mpfr_log2, kNormal, 0.5f, kSamples).relative, 0x1p-22);
    EXPECT_LE(measure(f, mpfr_log2, 2, kLargest, kSamples).relative, 0x1p-22);
    EXPECT_EQ(f(0), -INFINITY);
    EXPECT_EQ(f(-0.0f), -INFINITY);
    EXPECT_EQ(f(INFINITY), INFINITY);
    EXPECT_EQ(f(1), 0);
    EXPECT_EQ(f(0x1p100f), 100);
    for (float x : {-1.0f, -INFINITY, NAN, -0x1p-126f}) EXPECT_TRUE(std::isnan(f(x))) << x;
  }
  EXPECT_LE(measure(__aw_lg2_approx_f32, mpfr_log2, kTiny, kNormal, kSamples).relative, 0x1p-22);
  EXPECT_EQ(__aw_lg2_approx_f32(0x1p-149f), -149);
  EXPECT_TRUE(std::isnan(__aw_lg2_approx_f32(-0x1p-140f)));
  EXPECT_EQ(__aw_lg2_approx_ftz_f32(0x1p-140f), -INFINITY);
  EXPECT_EQ(__aw_lg2_approx_ftz_f32(-0x1p-140f), -INFINITY);
}

TEST(Approximate, Ex2) {
  for (auto* f : {__aw_ex2_approx_f32, __aw_ex2_approx_ftz_f32}) {
    EXPECT_LE(measure(f, mpfr_exp2, 0x1p-30f, 127.9999f, kSamples).relative, 0x1p-22);
    EXPECT_LE(measure(f, mpfr_exp2, 0.25f, 1, kSamples).relative, 0x1p-22);
    EXPECT_EQ(f(0), 1);
    EXPECT_EQ(f(0x1p-140f), 1);
    EXPECT_EQ(f(128), INFINITY);
    EXPECT_EQ(f(INFINITY), INFINITY);
    EXPECT_EQ(f(-INFINITY), 0);
    EXPECT_EQ(f(-1000), 0);
    EXPECT_TRUE(std::isnan(f(NAN)));
    for (int n = -126; n < 128; ++n) EXPECT_EQ(f(static_cast<float>(n)), std::ldexp(1.0f, n)) << n;
  }
  // Denormal results are right to one of their ulps.
  for (float x = -149.5f; x < -126; x += 0.001f) {
    ASSERT_NEAR(__aw_ex2_approx_f32(x), std::exp2(static_cast<double>(x)), 0x1p-149) << x;
    ASSERT_EQ(__aw_ex2_approx_ftz_f32(x), 0) << x;
  }
}

TEST(Approximate, Tanh) {
  EXPECT_LE(measure(__aw_tanh_approx_f32, mpfr_tanh, 0x1p-60f, 100, kSamples).relative, 0x1p-11);
  EXPECT_EQ(__aw_tanh_approx_f32(INFINITY), 1);
  EXPECT_EQ(__aw_tanh_approx_f32(-INFINITY), -1);
  EXPECT_TRUE(std::isnan(__aw_tanh_approx_f32(NAN)));
  EXPECT_TRUE(std::signbit(__aw_tanh_approx_f32(-0.0f)));
}

TEST(Approximate, UpperHalvesOfDoubles) {
  Samples samples(2);
  for (int i = 0; i < kSamples; ++i) {
    const double a = std::fabs(std::bit_cast<double>((samples.bits() & 0x8fffffffffffffff) | 0x3000000000000000));
    EXPECT_NEAR(__aw_rcp_approx_ftz_f64(a) * a, 1, 0x1p-19);
    EXPECT_NEAR(__aw_rsqrt_approx_ftz_f64(a) * std::sqrt(a), 1, 0x1p-19);
    EXPECT_NEAR(__aw_rsqrt_approx_f64(a) * std::sqrt(a), 1, 0x1p-51);
    ASSERT_EQ(static_cast<uint32_t>(std::bit_cast<uint64_t>(__aw_rcp_approx_ftz_f64(a))), 0u);
    ASSERT_EQ(static_cast<uint32_t>(std::bit_cast<uint64_t>(__aw_rsqrt_approx_ftz_f64(a))), 0u);
    if (HasFailure()) return;
  }
  EXPECT_EQ(__aw_rcp_approx_ftz_f64(-0x1p-1030), -INFINITY);
  EXPECT_EQ(__aw_rcp_approx_ftz_f64(INFINITY), 0);
  EXPECT_EQ(__aw_rcp_approx_ftz_f64(0x1.8p1023), 0);
  EXPECT_EQ(__aw_rsqrt_approx_ftz_f64(0x1p-1030), INFINITY);
  EXPECT_TRUE(std::isnan(__aw_rcp_approx_ftz_f64(NAN)));
  EXPECT_TRUE(std::isnan(__aw_rsqrt_approx_ftz_f64(-1)));
}

// Every binary16 and every bfloat16.
TEST(Approximate, ShortFormats) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = std::bit_cast<_Float16>(static_cast<uint16_t>(bits));
    const auto x = static_cast<double>(half);
    const Bfloat brain = std::bit_cast<Bfloat>(static_cast<uint16_t>(bits));
    const double y = std::bit_cast<float>(bits << 16);
    const auto value = [](Bfloat b) { return static_cast<double>(std::bit_cast<float>(uint32_t{std::bit_cast<uint16_t>(b.bits)} << 16)); };
    if (std::isnan(x)) {
      EXPECT_TRUE(std::isnan(static_cast<float>(__aw_tanh_approx_f16(half)))) << bits;
      EXPECT_TRUE(std::isnan(static_cast<float>(__aw_ex2_approx_f16(half)))) << bits;
    } else {
      EXPECT_NEAR(static_cast<double>(__aw_tanh_approx_f16(half)), std::tanh(x), std::exp2(-10.987)) << x;
      const double power = std::exp2(x);
      const auto got = static_cast<double>(__aw_ex2_approx_f16(half)), flushed = static_cast<double>(__aw_ex2_approx_ftz_f16(half));
      if (power >= 65520)
        EXPECT_EQ(got, INFINITY) << x;
      else if (power >= 0x1p-14)
        EXPECT_LE(std::fabs(got - power) / power, std::exp2(-9.9)) << x;
      else
        EXPECT_NEAR(got, power, 0x1p-24) << x;
      EXPECT_EQ(flushed, got < 0x1p-14 ? 0 : got) << x;
    }
    if (std::isnan(y)) {
      EXPECT_TRUE(std::isnan(value(__aw_tanh_approx_bf16(brain)))) << bits;
      EXPECT_TRUE(std::isnan(value(__aw_ex2_approx_ftz_bf16(brain)))) << bits;
    } else {
      EXPECT_NEAR(value(__aw_tanh_approx_bf16(brain)), std::tanh(y), 0x1p-8) << y;
      const double power = std::exp2(y), got = value(__aw_ex2_approx_ftz_bf16(brain));
      if (power >= 0x1p128)
        EXPECT_EQ(got, INFINITY) << y;
      else if (power >= 0x1p-126)
        EXPECT_LE(std::fabs(got - power) / power, 0x1p-7) << y;
      else
        EXPECT_EQ(got, 0) << y;
    }
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace anywarp::devicelib
