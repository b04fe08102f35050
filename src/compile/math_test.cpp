// Every math function of libdevice against MPFR, with CUDA's documented bounds; scalar against vector forms, bit for bit.
//
//   math_test                           a sample of each function's domain
//   math_test --samples N               a larger one
//   math_test --page docs/math.md       writes what was measured
//
// libdevice is the host's build of the same sources. What it leaves external (`__aw_atanf`) goes to math_functions() here, as it
// does in compiled kernels.
#include "compile/math.h"
#include "compile/math_oracle.h"
#include "devicelib/samples.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>

// --- the externs of libdevice ----------------------------------------------------------------------------------------------
namespace {
template <class Function>
Function* math_function(const char* name) {
  const anywarp::compile::MathFunction* found = anywarp::compile::find_math_function(name);
  return found ? reinterpret_cast<Function*>(found->address) : nullptr;
}
}  // namespace

extern "C" {
#define AW_FORWARD1(real, name)                                             \
  real name(real x) {                                                       \
    static real (*const function)(real) = math_function<real(real)>(#name); \
    return function(x);                                                     \
  }
#define AW_FORWARD2(real, name)                                                         \
  real name(real x, real y) {                                                           \
    static real (*const function)(real, real) = math_function<real(real, real)>(#name); \
    return function(x, y);                                                              \
  }
#define AW_FORWARD_ORDER(real, name)                                                  \
  real name(int n, real x) {                                                          \
    static real (*const function)(int, real) = math_function<real(int, real)>(#name); \
    return function(n, x);                                                            \
  }
#define AW_REAL_f float
#define AW_REAL_d double
#define AW_EXTERN_f(name) __aw_##name##f
#define AW_EXTERN_d(name) __aw_##name
#define AW_CALL(macro, real, name) macro(real, name)
#define AW_SLEEF(type, name, sleef_name, ulp, arguments) AW_CALL(AW_FORWARD##arguments, AW_REAL_##type, AW_EXTERN_##type(name))
#include "compile/math_sleef.def"
#undef AW_SLEEF
#define AW_BOTH1(name) AW_FORWARD1(float, __aw_##name##f) AW_FORWARD1(double, __aw_##name)
#define AW_BOTH2(name) AW_FORWARD2(float, __aw_##name##f) AW_FORWARD2(double, __aw_##name)
AW_BOTH1(cyl_bessel_i0)
AW_BOTH1(cyl_bessel_i1)
AW_BOTH2(cos_large)
AW_BOTH2(sin_large)
AW_BOTH1(erfcinv)
AW_BOTH1(erfcx)
AW_BOTH1(erfinv)
AW_BOTH2(fmod)
AW_BOTH1(j0)
AW_BOTH1(j1)
AW_BOTH1(normcdf)
AW_BOTH1(normcdfinv)
AW_BOTH1(rcbrt)
AW_BOTH2(remainder)
AW_FORWARD2(float, __aw_remquo_quotientf)
AW_FORWARD2(double, __aw_remquo_quotient)
AW_BOTH1(y0)
AW_BOTH1(y1)
AW_FORWARD_ORDER(float, __aw_jnf)
AW_FORWARD_ORDER(double, __aw_jn)
AW_FORWARD_ORDER(float, __aw_ynf)
AW_FORWARD_ORDER(double, __aw_yn)

float __nv_norm3df(float, float, float);
double __nv_norm3d(double, double, double);
float __nv_rnorm3df(float, float, float);
double __nv_rnorm3d(double, double, double);
float __nv_norm4df(float, float, float, float);
double __nv_norm4d(double, double, double, double);
float __nv_rnorm4df(float, float, float, float);
double __nv_rnorm4d(double, double, double, double);
float __nv_frsqrt_rn(float);
float __nv_ldexpf(float, int);
double __nv_ldexp(double, int);
float __nv_frexpf(float, int*);
double __nv_frexp(double, int*);
float __nv_modff(float, float*);
double __nv_modf(double, double*);
int __nv_ilogbf(float);
int __nv_ilogb(double);
float __nv_logbf(float);
double __nv_logb(double);
float __nv_nextafterf(float, float);
double __nv_nextafter(double, double);
float __nv_roundf(float);
double __nv_round(double);
float __nv_fdimf(float, float);
double __nv_fdim(double, double);
float __nv_remquof(float, float, int*);
double __nv_remquo(double, double, int*);
}

namespace anywarp::compile {
namespace {

int samples_per_function = 3000;
std::string page_path;

struct Measured {
  double worst = 0;       // ulp
  double x = 0, y = 0;    // where
  double absolute = 0;    // the largest absolute error where only that is bounded
};
std::map<std::string, Measured> page;  // by CUDA name

/// Numbers from `low` to `high`, evenly spread over the bit patterns or over the values.
template <class Real>
Real between(devicelib::Samples& samples, double low, double high) {
  const double u = static_cast<double>(samples.bits() >> 11) * 0x1p-53;
  return static_cast<Real>(low + u * (high - low));
}

template <class Real>
Real any(devicelib::Samples& samples) {
  return sizeof(Real) == 4 ? static_cast<Real>(samples.single()) : static_cast<Real>(samples.real());
}

template <class Real>
struct Case {
  const char* name;
  Oracle oracle;
  double bound;                       // ulp, CUDA's
  std::vector<std::pair<double, double>> ranges = {};  // that get half of the samples
  bool (*is_bounded)(double, double) = nullptr;        // elsewhere `absolute` holds
  double absolute = 0;
  bool any_zero = false;              // the sign of a zero result is not stated
};

/// Checks one value; returns false when the case is to be given up.
template <class Real>
void check_value(const Case<Real>& test, Measured& measured, Real got, double x, double y, int n) {
  const Format format = sizeof(Real) == 4 ? kBinary32 : kBinary64;
  const Deviation deviation = deviation_of(test.oracle, format, static_cast<double>(got), x, y, n);
  if (deviation.is_special) {
    if (test.any_zero && deviation.exact == 0 && got == 0) return;
    EXPECT_TRUE(deviation.is_right) << test.name << "(" << std::hexfloat << x << ", " << y << ", " << n << ") = " << got << ", not "
                                    << deviation.exact;
    return;
  }
  if (test.is_bounded && !test.is_bounded(x, y)) {
    measured.absolute = std::max(measured.absolute, deviation.absolute);
    EXPECT_LE(deviation.absolute, test.absolute) << test.name << "(" << x << ", " << n << ")";
    return;
  }
  if (deviation.ulp > measured.worst) measured.worst = deviation.ulp, measured.x = x, measured.y = y;
}

template <class Real>
void finish(const Case<Real>& test, const Measured& measured) {
  if (std::getenv("SHOW")) std::printf("%s%s %.3f\n", test.name, sizeof(Real) == 4 ? "f" : "", measured.worst);
  EXPECT_LE(measured.worst, test.bound + 0.5 + (test.bound == 0 ? 1e-9 : 0))
      << test.name << " at " << std::hexfloat << measured.x << ", " << measured.y << std::defaultfloat << " = " << measured.x;
  page[std::string(test.name) + (sizeof(Real) == 4 ? "f" : "")] = measured;
}

template <class Real>
void check1(const Case<Real>& test, Real (*function)(Real)) {
  devicelib::Samples samples(11);
  Measured measured;
  for (int i = 0; i < samples_per_function && !testing::Test::HasFatalFailure(); ++i) {
    const bool ranged = i % 2 && !test.ranges.empty();
    const auto& range = ranged ? test.ranges[samples.bits() % test.ranges.size()] : std::pair<double, double>{};
    const Real x = ranged ? between<Real>(samples, range.first, range.second) : any<Real>(samples);
    check_value(test, measured, function(x), x, 0, 0);
  }
  finish(test, measured);
}

template <class Real>
void check2(const Case<Real>& test, Real (*function)(Real, Real)) {
  devicelib::Samples samples(12);
  Measured measured;
  for (int i = 0; i < samples_per_function && !testing::Test::HasFatalFailure(); ++i) {
    const bool ranged = i % 2 && !test.ranges.empty();
    const Real x = ranged ? between<Real>(samples, test.ranges[0].first, test.ranges[0].second) : any<Real>(samples);
    const Real y = ranged ? between<Real>(samples, test.ranges[1].first, test.ranges[1].second) : any<Real>(samples);
    check_value(test, measured, function(x, y), x, y, 0);
  }
  finish(test, measured);
}

template <class Real>
void check_order(const Case<Real>& test, Real (*function)(int, Real)) {
  devicelib::Samples samples(13);
  Measured measured;
  for (int i = 0; i < samples_per_function / 4 && !testing::Test::HasFatalFailure(); ++i) {
    const Real x = between<Real>(samples, test.ranges[0].first, test.ranges[0].second);
    const int n = static_cast<int>(samples.bits() % 130);
    check_value(test, measured, function(n, x), x, n, n);
  }
  finish(test, measured);
}

bool below8(double x, double) { return std::fabs(x) < 8; }
bool never(double, double) { return false; }
bool outside_single(double x, double) { return x < -10.001 || x > -2.264; }
bool outside_double(double x, double) { return x < -23.0001 || x > -2.2637; }

#define UNARY(Name, nv, oracle, single_bound, double_bound, ...)           \
  extern "C" float __nv_##nv##f(float);                                    \
  extern "C" double __nv_##nv(double);                                     \
  TEST(Math, Name) {                                                       \
    check1<float>({#nv, oracle, single_bound, __VA_ARGS__}, __nv_##nv##f); \
    check1<double>({#nv, oracle, double_bound, __VA_ARGS__}, __nv_##nv);   \
  }
#define RANGES(...) \
  std::vector<std::pair<double, double>> { __VA_ARGS__ }
#define RANGE(low, high) \
  std::pair<double, double> { low, high }

UNARY(Acos, acos, mpfr1(mpfr_acos), 2, 2, RANGES(RANGE(-1, 1)))
UNARY(Acosh, acosh, mpfr1(mpfr_acosh), 4, 3, RANGES(RANGE(1, 3), RANGE(1, 1000)))
UNARY(Asin, asin, mpfr1(mpfr_asin), 2, 2, RANGES(RANGE(-1, 1)))
UNARY(Asinh, asinh, mpfr1(mpfr_asinh), 3, 3, RANGES(RANGE(-3, 3)))
UNARY(Atan, atan, mpfr1(mpfr_atan), 2, 2, RANGES(RANGE(-3, 3)))
UNARY(Atanh, atanh, mpfr1(mpfr_atanh), 3, 2, RANGES(RANGE(-1, 1)))
UNARY(Cbrt, cbrt, mpfr1(mpfr_cbrt), 1, 1, RANGES(RANGE(-8, 8)))
UNARY(Cos, cos, mpfr1(mpfr_cos), 2, 2, RANGES(RANGE(-10, 10), RANGE(-1e6, 1e6)))
UNARY(Cosh, cosh, mpfr1(mpfr_cosh), 2, 1, RANGES(RANGE(-10, 10), RANGE(-90, 90), RANGE(-711, 711)))
UNARY(Cospi, cospi, mpfr1(mpfr_cospi), 1, 2, RANGES(RANGE(-10, 10)), nullptr, 0, true)
UNARY(BesselI0, cyl_bessel_i0, bessel_i(0), 6, 6, RANGES(RANGE(-60, 60), RANGE(-90, 90)))
UNARY(BesselI1, cyl_bessel_i1, bessel_i(1), 6, 6, RANGES(RANGE(-60, 60), RANGE(-90, 90)))
UNARY(Erf, erf, mpfr1(mpfr_erf), 2, 2, RANGES(RANGE(-4, 4)))
UNARY(Erfc, erfc, mpfr1(mpfr_erfc), 4, 5, RANGES(RANGE(-4, 4), RANGE(-10, 10), RANGE(5, 28)))
UNARY(Erfcinv, erfcinv, inverse_erfc(), 4, 6, RANGES(RANGE(0, 2), RANGE(0, 1e-3)))
UNARY(Erfcx, erfcx, scaled_erfc(), 4, 4, RANGES(RANGE(-10, 10), RANGE(-27, 60)))
UNARY(Erfinv, erfinv, inverse_erf(), 2, 5, RANGES(RANGE(-1, 1)))
UNARY(Exp, exp, mpfr1(mpfr_exp), 2, 1, RANGES(RANGE(-5, 5), RANGE(-104, 89), RANGE(-745, 710)))
UNARY(Exp10, exp10, mpfr1(mpfr_exp10), 2, 1, RANGES(RANGE(-2, 2), RANGE(-46, 39), RANGE(-324, 309)))
UNARY(Exp2, exp2, mpfr1(mpfr_exp2), 2, 1, RANGES(RANGE(-5, 5), RANGE(-150, 128), RANGE(-1075, 1024)))
UNARY(Expm1, expm1, mpfr1(mpfr_expm1), 1, 1, RANGES(RANGE(-2, 2), RANGE(-104, 89), RANGE(-745, 710)))
UNARY(Log, log, mpfr1(mpfr_log), 1, 1, RANGES(RANGE(0.5, 2), RANGE(0, 1000)))
UNARY(Log10, log10, mpfr1(mpfr_log10), 2, 1, RANGES(RANGE(0.5, 2), RANGE(0, 1000)))
UNARY(Log1p, log1p, mpfr1(mpfr_log1p), 1, 1, RANGES(RANGE(-1, 1), RANGE(0, 1000)))
UNARY(Log2, log2, mpfr1(mpfr_log2), 1, 1, RANGES(RANGE(0.5, 2), RANGE(0, 1000)))
UNARY(Normcdf, normcdf, normal(), 5, 5, RANGES(RANGE(-6, 6), RANGE(-38, 10)))
UNARY(Normcdfinv, normcdfinv, quantile(), 5, 8, RANGES(RANGE(0, 1), RANGE(0, 1e-3)))
UNARY(Rcbrt, rcbrt, inverse_cbrt(), 1, 1, RANGES(RANGE(-8, 8)))
UNARY(Rsqrt, rsqrt, inverse_root(), 2, 1, RANGES(RANGE(0, 8)))
UNARY(Sin, sin, mpfr1(mpfr_sin), 2, 2, RANGES(RANGE(-10, 10), RANGE(-1e6, 1e6)))
UNARY(Sinh, sinh, mpfr1(mpfr_sinh), 3, 2, RANGES(RANGE(-2, 2), RANGE(-90, 90), RANGE(-711, 711)))
UNARY(Sinpi, sinpi, mpfr1(mpfr_sinpi), 1, 2, RANGES(RANGE(-10, 10)), nullptr, 0, true)
UNARY(Tan, tan, mpfr1(mpfr_tan), 4, 2, RANGES(RANGE(-10, 10), RANGE(-1e6, 1e6)))
UNARY(Tanh, tanh, mpfr1(mpfr_tanh), 2, 1, RANGES(RANGE(-2, 2), RANGE(-10, 10)))
UNARY(Tgamma, tgamma, mpfr1(mpfr_gamma), 5, 10, RANGES(RANGE(-5, 5), RANGE(-45, 36), RANGE(-180, 172)), nullptr, 0, true)

#define BINARY(Name, nv, oracle, single_bound, double_bound, ...)          \
  extern "C" float __nv_##nv##f(float, float);                             \
  extern "C" double __nv_##nv(double, double);                             \
  TEST(Math, Name) {                                                       \
    check2<float>({#nv, oracle, single_bound, __VA_ARGS__}, __nv_##nv##f); \
    check2<double>({#nv, oracle, double_bound, __VA_ARGS__}, __nv_##nv);   \
  }
BINARY(Atan2, atan2, mpfr2(mpfr_atan2), 3, 2, RANGES(RANGE(-3, 3), RANGE(-3, 3)))
BINARY(Pow, pow, mpfr2(mpfr_pow), 4, 2, RANGES(RANGE(0, 5), RANGE(-30, 30)))
BINARY(Fmod, fmod, mpfr2(mpfr_fmod), 0, 0, RANGES(RANGE(-100, 100), RANGE(-3, 3)))
BINARY(Remainder, remainder, mpfr2(mpfr_remainder), 0, 0, RANGES(RANGE(-100, 100), RANGE(-3, 3)))
BINARY(Hypot, hypot, mpfr2(mpfr_hypot), 3, 2, RANGES(RANGE(-100, 100), RANGE(-3, 3)))
BINARY(Fdim, fdim, mpfr2(mpfr_dim), 0, 0, RANGES(RANGE(-100, 100), RANGE(-3, 3)))
BINARY(Rhypot, rhypot, inverse_hypot(), 2, 1, RANGES(RANGE(-100, 100), RANGE(-3, 3)))

// lgamma near its zeros between negative integers, and Bessel functions from 8 on, have an absolute bound.
#define ABSOLUTE(Name, nv, oracle, single_bound, double_bound, single_where, double_where, single_absolute, double_absolute, ...) \
  extern "C" float __nv_##nv##f(float);                                                                                           \
  extern "C" double __nv_##nv(double);                                                                                            \
  TEST(Math, Name) {                                                                                                              \
    check1<float>({#nv, oracle, single_bound, RANGES(__VA_ARGS__), single_where, single_absolute, true}, __nv_##nv##f);           \
    check1<double>({#nv, oracle, double_bound, RANGES(__VA_ARGS__), double_where, double_absolute, true}, __nv_##nv);             \
  }
ABSOLUTE(Lgamma, lgamma, lgamma_oracle(), 6, 4, outside_single, outside_double, 1e-5, 1e-12, RANGE(-5, 5), RANGE(-30, 30), RANGE(0, 1e4))
ABSOLUTE(J0, j0, mpfr1(mpfr_j0), 9, 7, below8, below8, 2.2e-6, 5e-12, RANGE(0, 8), RANGE(-30, 30), RANGE(0, 500))
ABSOLUTE(J1, j1, mpfr1(mpfr_j1), 9, 7, below8, below8, 2.2e-6, 5e-12, RANGE(0, 8), RANGE(-30, 30), RANGE(0, 500))
ABSOLUTE(Y0, y0, mpfr1(mpfr_y0), 9, 7, below8, below8, 2.2e-6, 5e-12, RANGE(0, 8), RANGE(-1, 30), RANGE(0, 500))
ABSOLUTE(Y1, y1, mpfr1(mpfr_y1), 9, 7, below8, below8, 2.2e-6, 5e-12, RANGE(0, 8), RANGE(-1, 30), RANGE(0, 500))

#define ORDER(Name, nv, oracle, ...)                                                        \
  extern "C" float __nv_##nv##f(int, float);                                                \
  extern "C" double __nv_##nv(int, double);                                                 \
  TEST(Math, Name) {                                                                        \
    check_order<float>({#nv, oracle, 0, RANGES(__VA_ARGS__), never, 2.2e-6}, __nv_##nv##f); \
    check_order<double>({#nv, oracle, 0, RANGES(__VA_ARGS__), never, 5e-12}, __nv_##nv);    \
  }
ORDER(Jn, jn, bessel_of_order(mpfr_jn), RANGE(0, 300))

// Left of its turning point Y grows without bound, and so does the bound.
bool is_left_of_turn(double x, double n) { return x < n; }
extern "C" float __nv_ynf(int, float);
extern "C" double __nv_yn(int, double);
TEST(Math, Yn) {
  check_order<float>({"yn", bessel_of_order(mpfr_yn), 2 + 2.5 * 130, RANGES(RANGE(0, 300)), is_left_of_turn, 2.2e-6}, __nv_ynf);
  check_order<double>({"yn", bessel_of_order(mpfr_yn), 2 + 2.5 * 130, RANGES(RANGE(0, 300)), is_left_of_turn, 5e-12}, __nv_yn);
}

// --- norms -------------------------------------------------------------------------------------------------------------------
template <class Real>
void check_norms(int count, double bound, double inverse_bound, Real (*norm)(const Real*), Real (*inverse)(const Real*)) {
  devicelib::Samples samples(14);
  Measured measured, measured_inverse;
  for (int i = 0; i < samples_per_function && !testing::Test::HasFatalFailure(); ++i) {
    Real a[4] = {};
    for (int k = 0; k < count; ++k) a[k] = i % 2 ? any<Real>(samples) : between<Real>(samples, -4, 4);
    const Oracle oracle = [&](mpfr_ptr r, mpfr_ptr, mpfr_ptr, int) {
      Exact sum(0.0, 4400), square(120);
      bool is_infinite = false;
      for (int k = 0; k < count; ++k) {
        is_infinite |= std::isinf(a[k]);
        mpfr_set_d(square.get(), static_cast<double>(a[k]), MPFR_RNDN);
        mpfr_sqr(square.get(), square.get(), MPFR_RNDN);
        mpfr_add(sum.get(), sum.get(), square.get(), MPFR_RNDN);
      }
      if (is_infinite) return mpfr_set_inf(r, 1);
      mpfr_sqrt(r, sum.get(), MPFR_RNDN);
    };
    const Oracle inverse_oracle = [&](mpfr_ptr r, mpfr_ptr x, mpfr_ptr y, int n) {
      Exact root(static_cast<int>(mpfr_get_prec(r)) + 10);
      oracle(root.get(), x, y, n);
      mpfr_ui_div(r, 1, root.get(), MPFR_RNDN);
    };
    check_value<Real>({"norm", oracle, bound}, measured, norm(a), static_cast<double>(a[0]), static_cast<double>(a[1]), 0);
    check_value<Real>({"rnorm", inverse_oracle, inverse_bound}, measured_inverse, inverse(a), static_cast<double>(a[0]),
                      static_cast<double>(a[1]), 0);
  }
  finish<Real>({count == 3 ? "norm3d" : "norm4d", {}, bound}, measured);
  finish<Real>({count == 3 ? "rnorm3d" : "rnorm4d", {}, inverse_bound}, measured_inverse);
}

TEST(Math, Norms) {
  check_norms<float>(
      3, 3, 2, [](const float* a) { return __nv_norm3df(a[0], a[1], a[2]); },
      [](const float* a) { return __nv_rnorm3df(a[0], a[1], a[2]); });
  check_norms<double>(
      3, 2, 1, [](const double* a) { return __nv_norm3d(a[0], a[1], a[2]); },
      [](const double* a) { return __nv_rnorm3d(a[0], a[1], a[2]); });
  check_norms<float>(
      4, 3, 2, [](const float* a) { return __nv_norm4df(a[0], a[1], a[2], a[3]); },
      [](const float* a) { return __nv_rnorm4df(a[0], a[1], a[2], a[3]); });
  check_norms<double>(
      4, 2, 1, [](const double* a) { return __nv_norm4d(a[0], a[1], a[2], a[3]); },
      [](const double* a) { return __nv_rnorm4d(a[0], a[1], a[2], a[3]); });
}

// --- what is exact, against C's library ---------------------------------------------------------------------------------------
template <class Real>
bool same(Real a, Real b) {
  return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b);
}

#define EXACT(expression, expected)                                                                                                      \
  ASSERT_TRUE(same(expression, expected)) << #expression << std::hexfloat << " of " << x << ", " << y << " = " << expression << ", not " \
                                          << expected

template <class Real, class Frexp, class Modf, class Remquo, class Ldexp>
void check_parts(Frexp frexp, Modf modf, Remquo remquo, Ldexp ldexp, int (*ilogb)(Real), Real (*logb)(Real), Real (*nextafter)(Real, Real),
                 Real (*round)(Real)) {
  devicelib::Samples samples(15);
  for (int i = 0; i < 100'000; ++i) {
    const Real x = any<Real>(samples), y = any<Real>(samples);
    const int n = static_cast<int>(samples.bits() % 4400) - 2200;
    int exponent = 0, expected_exponent = 0;
    const Real mantissa = std::frexp(x, &expected_exponent);
    EXACT(frexp(x, &exponent), mantissa);
    if (std::isfinite(x)) ASSERT_EQ(exponent, expected_exponent) << x;
    Real whole = 0, expected_whole = 0;
    const Real part = std::modf(x, &expected_whole);
    EXACT(modf(x, &whole), part);
    EXACT(whole, expected_whole);
    int quotient = 0, expected_quotient = 0;
    const Real rest = std::remquo(x, y, &expected_quotient);
    EXACT(remquo(x, y, &quotient), rest);
    if (!std::isnan(rest)) ASSERT_EQ(quotient & 7, expected_quotient & 7) << x << " " << y;
    EXACT(ldexp(x, n), std::ldexp(x, n));
    EXACT(logb(x), std::logb(x));
    ASSERT_EQ(ilogb(x), x == 0 || std::isnan(x) ? INT32_MIN : std::isinf(x) ? INT32_MAX : std::ilogb(x)) << x;
    EXACT(nextafter(x, y), std::nextafter(x, y));
    EXACT(round(x), std::round(x));
  }
}

TEST(Math, Parts) {
  check_parts<float>(__nv_frexpf, __nv_modff, __nv_remquof, __nv_ldexpf, __nv_ilogbf, __nv_logbf, __nv_nextafterf, __nv_roundf);
  check_parts<double>(__nv_frexp, __nv_modf, __nv_remquo, __nv_ldexp, __nv_ilogb, __nv_logb, __nv_nextafter, __nv_round);
}

TEST(Math, FrsqrtIsCorrectlyRounded) {
  // Two binades are all that there is to the mantissa; every 16th float of them here.
  for (uint32_t bits = 0x3f800000; bits < 0x40800000; bits += 16 - bits % 3) {
    const float x = std::bit_cast<float>(bits);
    ASSERT_EQ(__nv_frsqrt_rn(x), static_cast<float>(1 / std::sqrt(static_cast<long double>(x)))) << x;
  }
}

TEST(Math, NeverBeyondOne) {
  devicelib::Samples samples(17);
  for (int i = 0; i < 300'000; ++i) {
    // Near multiples of a quarter turn, where sine and cosine are near 1, and near 0.
    const double at = static_cast<double>(samples.bits() % 2000) * M_PI_2 + between<double>(samples, -1e-3, 1e-3);
    const auto x = static_cast<float>(at);
    ASSERT_LE(std::fabs(__nv_sinf(x)), 1) << x;
    ASSERT_LE(std::fabs(__nv_cosf(x)), 1) << x;
    ASSERT_LE(std::fabs(__nv_sin(at)), 1) << at;
    ASSERT_LE(std::fabs(__nv_cos(at)), 1) << at;
    ASSERT_LE(std::fabs(__nv_tanhf(x)), 1) << x;
    ASSERT_LE(std::fabs(__nv_erff(x)), 1) << x;
  }
  EXPECT_EQ(__nv_cosf(1e-6f), 1);
}

// --- scalar and vector forms agree bit for bit ----------------------------------------------------------------------------------
template <class Real, int lanes>
using Vector = Real __attribute__((vector_size(lanes * sizeof(Real))));

#define CALL(width, isa)                                                                                                               \
  template <class Real, int lanes>                                                                                                     \
  __attribute__((target(isa), noinline)) void call##width(void* function, int arguments, const Real* x, const Real* y, Real* result) { \
    using V = Vector<Real, lanes>;                                                                                                     \
    V a, b;                                                                                                                            \
    std::memcpy(&a, x, sizeof(V));                                                                                                     \
    std::memcpy(&b, y, sizeof(V));                                                                                                     \
    const V r = arguments == 1 ? reinterpret_cast<V (*)(V)>(function)(a) : reinterpret_cast<V (*)(V, V)>(function)(a, b);              \
    std::memcpy(result, &r, sizeof(V));                                                                                                \
  }
CALL(128, "sse2")
CALL(256, "avx2")
CALL(512, "avx512f")

template <class Real>
void call_variant(const MathVariant& variant, int arguments, const Real* x, const Real* y, Real* result) {
  constexpr int in128 = 16 / sizeof(Real);
  if (variant.lanes == in128) return call128<Real, in128>(variant.address, arguments, x, y, result);
  if (variant.lanes == 2 * in128) return call256<Real, 2 * in128>(variant.address, arguments, x, y, result);
  ASSERT_EQ(variant.lanes, 4u * in128);
  call512<Real, 4 * in128>(variant.address, arguments, x, y, result);
}

template <class Real>
void check_variants(const MathFunction& function) {
  const int arguments = static_cast<int>(function.type.size()) - 1;
  devicelib::Samples samples(16);
  for (int i = 0; i < 4000; ++i) {
    Real x[16], y[16], expected[16], got[16];
    for (int k = 0; k < 16; ++k) {
      x[k] = k % 2 ? any<Real>(samples) : between<Real>(samples, -30, 30);
      y[k] = k % 4 < 2 ? any<Real>(samples) : between<Real>(samples, -3, 3);
      expected[k] = arguments == 1 ? reinterpret_cast<Real (*)(Real)>(function.address)(x[k])
                                   : reinterpret_cast<Real (*)(Real, Real)>(function.address)(x[k], y[k]);
    }
    for (const MathVariant& variant : function.variants) {
      for (uint32_t first = 0; first < 16; first += variant.lanes)
        call_variant<Real>(variant, arguments, x + first, y + first, got + first);
      for (int k = 0; k < 16; ++k) {
        ASSERT_TRUE(same(got[k], expected[k])) << function.name << " with " << variant.lanes << " lanes of " << std::hexfloat << x[k]
                                               << ", " << y[k] << " gives " << got[k] << ", scalar " << expected[k];
      }
    }
  }
}

TEST(Math, ScalarAndVectorAgree) {
  int variants = 0;
  for (const MathFunction& function : math_functions()) {
    if (function.variants.empty()) continue;
    variants += static_cast<int>(function.variants.size());
    function.type[0] == 'f' ? check_variants<float>(function) : check_variants<double>(function);
  }
  EXPECT_GE(variants, 26);  // one of each function at least
}

// --- the page ---------------------------------------------------------------------------------------------------------------
void write_page() {
  std::ofstream out(page_path);
  std::map<std::string, std::string> bounds;
  std::ifstream list(ANYWARP_SOURCE_DIR "/devicelib/math.list");
  for (std::string line; std::getline(list, line);) {
    if (!line.empty() && line[0] != '#') bounds[line.substr(5, line.find(' ') - 5)] = line.substr(line.rfind(' ') + 1);
  }
  out << "# Accuracy of the math functions\n\n<!-- Generated: math_test --page docs/math.md -->\n\n"
         "The largest distance from the exact value (MPFR) that was found in "
      << samples_per_function
      << " samples of each function's domain, in units in the last place\n"
         "(0.5 is correctly rounded), beside the maximum error that the CUDA C++ Programming Guide documents, which is counted from the "
         "correctly\n"
         "rounded result. Both engines give the same bits. *inline*: compiled into the kernel; *vector*: a vector function, for so many\n"
         "lanes; *scalar*: called for one lane after the other.\n\n"
         "| function | CUDA's bound | found | at | how |\n|---|---|---|---|---|\n";
  for (const auto& [name, measured] : page) {
    const auto bound = bounds.find(name);
    const MathFunction* math = find_math_function("__aw_" + name);
    std::string how = "inline";
    if (math) {
      how = math->variants.empty() ? "scalar" : "vector";
      for (const MathVariant& variant : math->variants)
        how += (&variant == math->variants.data() ? " " : ", ") + std::to_string(variant.lanes);
    }
    char found[100];
    std::snprintf(found, sizeof found, "%.3f | %.9g%s%.9g", measured.worst, measured.x, measured.y != 0 ? ", " : "", measured.y);
    std::string text = found;
    if (measured.y == 0) text = text.substr(0, text.size() - 1);
    if (measured.absolute > 0 && measured.worst == 0) {
      std::snprintf(found, sizeof found, "absolute %.2g |", measured.absolute);
      text = found;
    }
    out << "| `" << name << "` | " << (bound == bounds.end() ? "" : bound->second) << " | " << text << " | " << how << " |\n";
  }
}

}  // namespace
}  // namespace anywarp::compile

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--samples")) anywarp::compile::samples_per_function = std::atoi(argv[i + 1]);
    if (!std::strcmp(argv[i], "--page")) anywarp::compile::page_path = argv[i + 1];
  }
  const int failed = RUN_ALL_TESTS();
  if (!anywarp::compile::page_path.empty()) anywarp::compile::write_page();
  return failed;
}
