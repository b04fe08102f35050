// Inverse error functions, the normal distribution, Bessel functions and what else CUDA has beyond C's library.
//
// long double has at least 11 bits more than double on every machine that we run on, so a formula of a few operations,
// rounded once at the end, meets CUDA's bounds with ease. Three things need more than that:
//
//   erfcx(x)      exp(x^2) * erfc(x): the square is split into two parts, for exp turns its absolute error into a relative one.
//   inverses      start from a rational approximation (P. Acklam's, 1e-9) and take two of Halley's steps, on the
//                 function that keeps its relative precision there: erf in the middle, erfc towards the ends.
//   J and Y       libm's values near a zero of theirs have a large relative error. There we expand in a Taylor series around the
//                 zero, which is known to twice the precision; Bessel's equation gives the coefficients.
#include "compile/math_own.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

namespace anywarp::compile {
namespace {

using Wide = long double;
constexpr Wide kInfinity = std::numeric_limits<Wide>::infinity(), kNan = std::numeric_limits<Wide>::quiet_NaN();
constexpr Wide kInverseRootPi = std::numbers::inv_sqrtpi_v<Wide>, kRoot2 = std::numbers::sqrt2_v<Wide>;

// --- error functions and the normal distribution --------------------------------------------------------------------

Wide scaled_erfc(double x) {
  if (x < -30) return kInfinity;
  if (x > 50) {
    // 1 / (x sqrt(pi)) * (1 - 1/(2x^2) + 1*3/(2x^2)^2 - ...)
    const Wide step = -1 / (2 * Wide{x} * x);
    Wide sum = 1, term = 1;
    for (int k = 1; k < 20; ++k) sum += term *= (2 * k - 1) * step;
    return kInverseRootPi / x * sum;
  }
  const double square = x * x, rest = std::fma(x, x, -square);
  return std::exp(Wide{square}) * (1 + Wide{rest}) * std::erfc(Wide{x});
}

Wide normal(double x) { return std::erfc(-Wide{x} / kRoot2) / 2; }

Wide polynomial(std::initializer_list<double> coefficients, Wide x) {
  Wide value = 0;
  for (double c : coefficients) value = value * x + c;
  return value;
}

/// The quantile of the normal distribution, to 1e-9. Requires: 0 < p < 1.
Wide rough_quantile(Wide p) {
  const auto tail = [](Wide probability) {
    const Wide q = std::sqrt(-2 * std::log(probability));
    return polynomial({-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00, -2.549732539343734e+00,
                       4.374664141464968e+00, 2.938163982698783e+00},
                      q) /
           polynomial({7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00, 1}, q);
  };
  if (p < 0.02425) return tail(p);
  if (p > 1 - 0.02425) return -tail(1 - p);
  const Wide q = p - Wide{0.5}, r = q * q;
  return q *
         polynomial({-3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02, 1.383577518672690e+02, -3.066479806614716e+01,
                     2.506628277459239e+00},
                    r) /
         polynomial(
             {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01, -1.328068155288572e+01, 1}, r);
}

/// erf(r) = x. Requires: |x| <= 1/2 or so.
Wide inverse_erf_middle(Wide x) {
  Wide r = std::fabs(x) < Wide{1e-10} ? x / (2 * kInverseRootPi) : rough_quantile((x + 1) / 2) / kRoot2;
  for (int i = 0; i < 2; ++i) {
    const Wide u = (std::erf(r) - x) / (2 * kInverseRootPi * std::exp(-r * r));
    r -= u / (1 + u * r);
  }
  return r;
}

/// erfc(r) = y. Requires: 0 < y < 1.
Wide inverse_erfc_tail(Wide y) {
  Wide r = -rough_quantile(y / 2) / kRoot2;
  for (int i = 0; i < 2; ++i) {
    const Wide u = (std::erfc(r) - y) / (-2 * kInverseRootPi * std::exp(-r * r));
    r -= u / (1 + u * r);
  }
  return r;
}

Wide inverse_erfc(Wide y) {
  if (!(y >= 0 && y <= 2)) return kNan;
  if (y == 0) return kInfinity;
  if (y == 2) return -kInfinity;
  if (y < Wide{0.5}) return inverse_erfc_tail(y);
  if (y > Wide{1.5}) return -inverse_erfc_tail(2 - y);
  return inverse_erf_middle(1 - y);
}

Wide inverse_erf(double x) {
  if (x == 0) return x;
  if (std::fabs(x) <= 0.5) return inverse_erf_middle(x);
  return x < 0 ? -inverse_erfc(1 + Wide{x}) : inverse_erfc(1 - Wide{x});
}

Wide inverse_erfc_of(double y) { return inverse_erfc(y); }
Wide quantile(double p) { return p == 0.5 ? 0 : -kRoot2 * inverse_erfc(2 * Wide{p}); }

// --- Bessel functions --------------------------------------------------------------------------------------------------

/// A zero as the sum of two numbers, and the derivative there.
struct Zero {
  Wide at, rest, slope;
};
constexpr Zero kZerosJ0[] = {
    {0x99e8a974b8d9fde1p-62L, 0xb18a09769c69b91p-123L, -0x84e6d9b2a8940359p-64L},  // J0(2.40483)
    {0xb0a47ad9617228bbp-61L, -0x7d5994fad748258fp-125L, 0xae3730504bc11651p-65L},  // J0(5.52008)
};
constexpr Zero kZerosJ1[] = {
    {0x3d4eaaeb5ede115p-56L, -0xaad4e8d92b1fb72bp-128L, -0x671b3d60b2fdfb69p-64L},  // J1(3.83171)
    {0xe07faf9da3927f27p-61L, -0x4db3a48704e4f3adp-127L, 0x4cd462ce1d3a29afp-64L},  // J1(7.01559)
};
constexpr Zero kZerosY0[] = {
    {0xe4c175c6a0bf51ebp-64L, -0xc5b1f9700fa2585fp-129L, 0x7090dc6112e2276fp-63L},  // Y0(0.893577)
    {0xfd4a9a6cc2b4de1p-58L, -0xd5cf008709b97f4bp-127L, -0x670d095a84a83069p-64L},  // Y0(3.95768)
    {0x38b03b89ce4205cdp-59L, 0x116b6d41526206b3p-123L, 0x99a665034bd2d4e5p-65L},  // Y0(7.08605)
};
constexpr Zero kZerosY1[] = {
    {0x8c9df6a6ff921721p-62L, 0xe1af2de6402fc2abp-127L, 0x85524221780a56b7p-64L},  // Y1(2.19714)
    {0x2b6ffc9d0f605cfp-55L, -0x6114f75c5d0447ddp-126L, -0x571f155bc3066647p-64L},  // Y1(5.42968)
};

/// A solution of Bessel's equation of order n at `zero` + h: z^2 (k+2)(k+1) a[k+2] + z (k+1)(2k+1) a[k+1] +
/// (k^2 + z^2 - n^2) a[k] + 2z a[k-1] + a[k-2] = 0.
Wide near_zero(const Zero& zero, int order, Wide h) {
  const Wide z = zero.at;
  Wide a[4] = {0, 0, 0, zero.slope};  // a[k-2] .. a[k+1] for k = 0
  Wide sum = zero.slope * h, power = h;
  for (int k = 0; k < 40; ++k) {
    const Wide next = -(z * (k + 1) * (2 * k + 1) * a[3] + (Wide(k) * k + z * z - order * order) * a[2] + 2 * z * a[1] + a[0]) /
                      (z * z * (k + 2) * (k + 1));
    a[0] = a[1], a[1] = a[2], a[2] = a[3], a[3] = next;
    power *= h;
    sum += next * power;
  }
  return sum;
}

template <size_t count>
Wide bessel(double x, int order, const Zero (&zeros)[count], Wide elsewhere) {
  for (const Zero& zero : zeros) {
    const Wide h = (x - zero.at) - zero.rest;
    if (std::fabs(h) < Wide{0.1}) return near_zero(zero, order, h);
  }
  return elsewhere;
}

Wide bessel_j0(double x) {
  x = std::fabs(x);
  return bessel(x, 0, kZerosJ0, ::j0l(x));
}
Wide bessel_j1(double x) {
  const Wide value = bessel(std::fabs(x), 1, kZerosJ1, ::j1l(std::fabs(x)));
  return std::signbit(x) ? -value : value;
}
// libm's functions tell their errors by errno; CUDA's give NaN below zero and -infinity at it.
Wide bessel_y0(double x) { return x < 0 ? kNan : x == 0 ? -kInfinity : bessel(x, 0, kZerosY0, ::y0l(x)); }
Wide bessel_y1(double x) { return x < 0 ? kNan : x == 0 ? -kInfinity : bessel(x, 1, kZerosY1, ::y1l(x)); }
Wide bessel_jn(int n, double x) { return n < 0 ? kNan : n == 0 ? bessel_j0(x) : n == 1 ? bessel_j1(x) : ::jnl(n, x); }
Wide bessel_yn(int n, double x) {
  if (n < 0 || x < 0) return kNan;
  return x == 0 ? -kInfinity : n == 0 ? bessel_y0(x) : n == 1 ? bessel_y1(x) : ::ynl(n, x);
}

/// I of order 0 or 1, for x >= 0: the power series has no negative terms; beyond 40 the asymptotic one is as good.
Wide modified_bessel(int order, Wide x) {
  Wide sum = 1, term = 1;
  if (x <= 40) {
    const Wide quarter = x * x / 4;
    for (int k = 1; k < 200 && term > sum * Wide{1e-22}; ++k) sum += term *= quarter / (Wide(k) * (k + order));
    return order ? x / 2 * sum : sum;
  }
  for (int k = 1; k < 40; ++k) sum += term *= ((2 * k - 1) * (2 * k - 1) - 4 * order * order) / (8 * x * k);
  return std::exp(x) / std::sqrt(2 * std::numbers::pi_v<Wide> * x) * sum;
}
Wide bessel_i0(double x) { return std::isinf(x) ? kInfinity : modified_bessel(0, std::fabs(Wide{x})); }
Wide bessel_i1(double x) {
  const Wide value = std::isinf(x) ? kInfinity : modified_bessel(1, std::fabs(Wide{x}));
  return std::signbit(x) ? -value : value;
}

// --- the rest -------------------------------------------------------------------------------------------------------------

// Arguments so large that the kernel's own reduction by pi has too few digits. What the kernel got comes along (devicelib/trigonometric.c).
template <class Real>
Real sine_of_large(Real x, Real) {
  return static_cast<Real>(std::sin(Wide{x}));
}
template <class Real>
Real cosine_of_large(Real x, Real) {
  return static_cast<Real>(std::cos(Wide{x}));
}

Wide inverse_cbrt(double x) { return 1 / std::cbrt(Wide{x}); }

template <class Real>
Real modulo(Real x, Real y) {
  return std::fmod(x, y);
}
template <class Real>
Real nearest_remainder(Real x, Real y) {
  const Real rest = std::remainder(x, y);
  return rest == 0 ? std::copysign(Real{0}, x) : rest;
}
/// The lowest bits of the quotient that remainder() leaves, with its sign.
template <class Real>
Real quotient(Real x, Real y) {
  int bits = 0;
  const Real rest = std::remquo(x, y, &bits);
  return std::isnan(rest) ? Real{0} : static_cast<Real>(bits);
}

template <auto function, class Real>
Real rounded(Real x) {
  return std::isnan(x) ? x : static_cast<Real>(function(static_cast<double>(x)));
}
template <auto function, class Real>
Real rounded_of_order(int n, Real x) {
  return std::isnan(x) ? x : static_cast<Real>(function(n, static_cast<double>(x)));
}

template <class Result, class... Arguments>
void* address(Result (*function)(Arguments...)) {
  return reinterpret_cast<void*>(function);
}

}  // namespace

std::span<const OwnFunction> own_functions() {
#define AW_ROUNDED(name, function) \
  {"__aw_" name "f", "ff", address(rounded<function, float>)}, {"__aw_" name, "dd", address(rounded<function, double>)}
#define AW_OF_ORDER(name, function) \
  {"__aw_" name "f", "fif", address(rounded_of_order<function, float>)}, {"__aw_" name, "did", address(rounded_of_order<function, double>)}
#define AW_PLAIN(name, function) \
  {"__aw_" name "f", "fff", address(function<float>)}, { "__aw_" name, "ddd", address(function<double>) }
  static const OwnFunction kFunctions[] = {
      AW_PLAIN("cos_large", cosine_of_large),
      AW_ROUNDED("cyl_bessel_i0", bessel_i0),
      AW_ROUNDED("cyl_bessel_i1", bessel_i1),
      AW_ROUNDED("erfcinv", inverse_erfc_of),
      AW_ROUNDED("erfcx", scaled_erfc),
      AW_ROUNDED("erfinv", inverse_erf),
      AW_PLAIN("fmod", modulo),
      AW_ROUNDED("j0", bessel_j0),
      AW_ROUNDED("j1", bessel_j1),
      AW_OF_ORDER("jn", bessel_jn),
      AW_ROUNDED("normcdf", normal),
      AW_ROUNDED("normcdfinv", quantile),
      AW_ROUNDED("rcbrt", inverse_cbrt),
      AW_PLAIN("remainder", nearest_remainder),
      AW_PLAIN("remquo_quotient", quotient),
      AW_PLAIN("sin_large", sine_of_large),
      AW_ROUNDED("y0", bessel_y0),
      AW_ROUNDED("y1", bessel_y1),
      AW_OF_ORDER("yn", bessel_yn),
  };
  return kFunctions;
}

}  // namespace anywarp::compile
