// Exact values of the math functions, from MPFR, and how far a result is from them. For tests.
#pragma once

#include "devicelib/exact.h"

#include <cmath>
#include <functional>
#include <numbers>

namespace anywarp::compile {

using devicelib::Exact;
using devicelib::Format;
using devicelib::kBinary32;
using devicelib::kBinary64;

/// Sets the result from x, y and n, to the precision that the result has.
using Oracle = std::function<void(mpfr_ptr result, mpfr_ptr x, mpfr_ptr y, int n)>;

struct Deviation {
  bool is_special = false, is_right = false;  // zero, infinity, NaN: right or wrong
  double exact = 0, ulp = 0, absolute = 0;
};

/// An infinite result of a finite value counts as the first power of two that the format lacks.
inline Deviation deviation_of(const Oracle& oracle, const Format& format, double got, double x, double y, int n) {
  Exact exact(format.precision + 64), first(x, 53), second(y, 53), difference(64);
  mpfr_clear_flags();
  oracle(exact.get(), first.get(), second.get(), n);
  Deviation deviation{.exact = mpfr_get_d(exact.get(), MPFR_RNDN)};
  deviation.is_special = !mpfr_regular_p(exact.get()) || std::isnan(got);
  if (deviation.is_special) {
    deviation.is_right =
        mpfr_nan_p(exact.get()) ? std::isnan(got) : got == deviation.exact && std::signbit(got) == (mpfr_signbit(exact.get()) != 0);
    return deviation;
  }
  Exact beyond(2.0, 53), value(got, 53);
  mpfr_set_ui_2exp(beyond.get(), 1, format.beyond, MPFR_RNDN);
  if (std::isinf(got)) mpfr_setsign(value.get(), beyond.get(), got < 0, MPFR_RNDN);
  if (mpfr_cmpabs(exact.get(), beyond.get()) > 0) mpfr_setsign(exact.get(), beyond.get(), mpfr_signbit(exact.get()), MPFR_RNDN);
  mpfr_sub(difference.get(), value.get(), exact.get(), MPFR_RNDN);
  mpfr_abs(difference.get(), difference.get(), MPFR_RNDN);
  deviation.absolute = mpfr_get_d(difference.get(), MPFR_RNDN);
  const long exponent = std::min<long>(mpfr_get_exp(exact.get()), format.beyond);
  mpfr_mul_2si(difference.get(), difference.get(), -std::max<long>(exponent - format.precision, format.least), MPFR_RNDN);
  deviation.ulp = mpfr_get_d(difference.get(), MPFR_RNDN);
  return deviation;
}

template <class Function>
Oracle mpfr1(Function* function) {
  return [function](mpfr_ptr r, mpfr_ptr x, mpfr_ptr, int) { function(r, x, MPFR_RNDN); };
}
template <class Function>
Oracle mpfr2(Function* function) {
  return [function](mpfr_ptr r, mpfr_ptr x, mpfr_ptr y, int) { function(r, x, y, MPFR_RNDN); };
}

inline Oracle scaled_erfc() {
  return [](mpfr_ptr r, mpfr_ptr x, mpfr_ptr, int) {
    if (mpfr_cmp_d(x, -200) < 0) return mpfr_set_inf(r, 1);
    if (mpfr_cmp_d(x, 1000) > 0) {
      // 1 / (x sqrt(pi)) * (1 - 1/(2x^2) + 1*3/(2x^2)^2 - ...)
      const int precision = static_cast<int>(mpfr_get_prec(r)) + 20;
      Exact inverse(precision), term(1.0, precision), sum(1.0, precision);
      mpfr_sqr(inverse.get(), x, MPFR_RNDN);
      mpfr_mul_si(inverse.get(), inverse.get(), -2, MPFR_RNDN);
      for (unsigned long k = 1; k < 12; ++k) {
        mpfr_mul_ui(term.get(), term.get(), 2 * k - 1, MPFR_RNDN);
        mpfr_div(term.get(), term.get(), inverse.get(), MPFR_RNDN);
        mpfr_add(sum.get(), sum.get(), term.get(), MPFR_RNDN);
      }
      mpfr_const_pi(term.get(), MPFR_RNDN);
      mpfr_sqrt(term.get(), term.get(), MPFR_RNDN);
      mpfr_mul(term.get(), term.get(), x, MPFR_RNDN);
      mpfr_div(r, sum.get(), term.get(), MPFR_RNDN);
      return;
    }
    Exact square(static_cast<int>(mpfr_get_prec(r)) + 128), tail(static_cast<int>(mpfr_get_prec(r)) + 128);
    mpfr_sqr(square.get(), x, MPFR_RNDN);
    mpfr_exp(square.get(), square.get(), MPFR_RNDN);
    mpfr_erfc(tail.get(), x, MPFR_RNDN);
    mpfr_mul(r, square.get(), tail.get(), MPFR_RNDN);
  };
}

inline void divide_by_root2(mpfr_ptr r) {
  Exact root(static_cast<int>(mpfr_get_prec(r)) + 10);
  mpfr_sqrt_ui(root.get(), 2, MPFR_RNDN);
  mpfr_div(r, r, root.get(), MPFR_RNDN);
}

inline Oracle normal() {
  return [](mpfr_ptr r, mpfr_ptr x, mpfr_ptr, int) {
    Exact at(static_cast<int>(mpfr_get_prec(r)) + 64);
    mpfr_neg(at.get(), x, MPFR_RNDN);
    divide_by_root2(at.get());
    mpfr_erfc(r, at.get(), MPFR_RNDN);
    mpfr_div_2ui(r, r, 1, MPFR_RNDN);
  };
}

/// Solves erfc(r) = y (erf(r) = 1 - y for y near 1, where `middle` is that difference): bisection, then Newton's steps.
inline void solve_erfc(mpfr_ptr r, mpfr_ptr y, mpfr_ptr middle) {
  if (mpfr_nan_p(y) || mpfr_cmp_ui(y, 2) > 0 || mpfr_sgn(y) < 0) return mpfr_set_nan(r);
  if (mpfr_zero_p(y)) return mpfr_set_inf(r, 1);
  if (mpfr_cmp_ui(y, 2) == 0) return mpfr_set_inf(r, -1);
  if (mpfr_zero_p(middle)) {
    mpfr_set(r, middle, MPFR_RNDN);
    return;
  }
  const bool is_middle = mpfr_cmp_d(y, 0.5) > 0 && mpfr_cmp_d(y, 1.5) < 0;
  const long double target = mpfr_get_ld(is_middle ? middle : y, MPFR_RNDN);
  long double low = -30, high = 30;
  for (int i = 0; i < 100; ++i) {
    const long double half = (low + high) / 2;
    ((is_middle ? std::erf(half) < target : std::erfc(half) > target) ? low : high) = half;
  }
  const int precision = static_cast<int>(mpfr_get_prec(r)) + 64;
  Exact at(precision), value(precision), slope(precision);
  if (is_middle && std::fabs(target) < 1e-5L) low = target * std::sqrt(std::numbers::pi_v<long double>) / 2;
  mpfr_set_ld(at.get(), low, MPFR_RNDN);
  for (int i = 0; i < 4; ++i) {
    (is_middle ? mpfr_erf : mpfr_erfc)(value.get(), at.get(), MPFR_RNDN);
    mpfr_sub(value.get(), value.get(), is_middle ? middle : y, MPFR_RNDN);
    mpfr_sqr(slope.get(), at.get(), MPFR_RNDN);
    mpfr_exp(slope.get(), slope.get(), MPFR_RNDN);  // 1 / e^(-r^2)
    mpfr_mul(value.get(), value.get(), slope.get(), MPFR_RNDN);
    mpfr_const_pi(slope.get(), MPFR_RNDN);
    mpfr_sqrt(slope.get(), slope.get(), MPFR_RNDN);
    mpfr_mul(value.get(), value.get(), slope.get(), MPFR_RNDN);
    mpfr_div_2ui(value.get(), value.get(), 1, MPFR_RNDN);
    (is_middle ? mpfr_sub : mpfr_add)(at.get(), at.get(), value.get(), MPFR_RNDN);
  }
  mpfr_set(r, at.get(), MPFR_RNDN);
}

inline Oracle inverse_erfc() {
  return [](mpfr_ptr r, mpfr_ptr y, mpfr_ptr, int) {
    Exact middle(1200);
    mpfr_ui_sub(middle.get(), 1, y, MPFR_RNDN);
    solve_erfc(r, y, middle.get());
  };
}
inline Oracle inverse_erf() {
  return [](mpfr_ptr r, mpfr_ptr x, mpfr_ptr, int) {
    Exact y(1200);
    mpfr_ui_sub(y.get(), 1, x, MPFR_RNDN);
    solve_erfc(r, y.get(), x);
  };
}
inline Oracle quantile() {
  return [](mpfr_ptr r, mpfr_ptr p, mpfr_ptr, int) {
    Exact y(60), middle(1200), root(static_cast<int>(mpfr_get_prec(r)) + 10);
    mpfr_mul_2ui(y.get(), p, 1, MPFR_RNDN);
    mpfr_ui_sub(middle.get(), 1, y.get(), MPFR_RNDN);
    solve_erfc(r, y.get(), middle.get());
    mpfr_sqrt_ui(root.get(), 2, MPFR_RNDN);
    mpfr_mul(r, r, root.get(), MPFR_RNDN);
    // The quantile of 1/2 is 0; the sign of zero is not stated.
    if (!mpfr_zero_p(r)) mpfr_neg(r, r, MPFR_RNDN);
  };
}

inline Oracle inverse_cbrt() {
  return [](mpfr_ptr r, mpfr_ptr x, mpfr_ptr, int) {
    Exact root(static_cast<int>(mpfr_get_prec(r)) + 10);
    mpfr_cbrt(root.get(), x, MPFR_RNDN);
    mpfr_ui_div(r, 1, root.get(), MPFR_RNDN);
  };
}

/// The power series.
inline Oracle bessel_i(int order) {
  return [order](mpfr_ptr r, mpfr_ptr x, mpfr_ptr, int) {
    if (mpfr_nan_p(x)) return mpfr_set_nan(r);
    if (mpfr_cmp_d(x, 730) > 0 || mpfr_cmp_d(x, -730) < 0) return mpfr_set_inf(r, order == 1 && mpfr_sgn(x) < 0 ? -1 : 1);
    const int precision = static_cast<int>(mpfr_get_prec(r)) + 32;
    Exact quarter(precision), term(1.0, precision), sum(1.0, precision);
    mpfr_sqr(quarter.get(), x, MPFR_RNDN);
    mpfr_div_2ui(quarter.get(), quarter.get(), 2, MPFR_RNDN);
    for (unsigned long k = 1; k < 3000; ++k) {
      mpfr_mul(term.get(), term.get(), quarter.get(), MPFR_RNDN);
      mpfr_div_ui(term.get(), term.get(), k * (k + static_cast<unsigned long>(order)), MPFR_RNDN);
      mpfr_add(sum.get(), sum.get(), term.get(), MPFR_RNDN);
      if (mpfr_zero_p(term.get()) || mpfr_get_exp(term.get()) < mpfr_get_exp(sum.get()) - precision) break;
    }
    if (order == 1) {
      mpfr_mul(sum.get(), sum.get(), x, MPFR_RNDN);
      mpfr_div_2ui(sum.get(), sum.get(), 1, MPFR_RNDN);
    }
    mpfr_set(r, sum.get(), MPFR_RNDN);
  };
}

/// CUDA keeps the sign of zero: 1/sqrt(-0) is -infinity.
inline Oracle inverse_root() {
  return [](mpfr_ptr r, mpfr_ptr x, mpfr_ptr, int) {
    mpfr_rec_sqrt(r, x, MPFR_RNDN);
    if (mpfr_zero_p(x)) mpfr_set_inf(r, mpfr_signbit(x) ? -1 : 1);
  };
}
inline Oracle inverse_hypot() {
  return [](mpfr_ptr r, mpfr_ptr x, mpfr_ptr y, int) {
    Exact root(static_cast<int>(mpfr_get_prec(r)) + 10);
    mpfr_hypot(root.get(), x, y, MPFR_RNDN);
    mpfr_ui_div(r, 1, root.get(), MPFR_RNDN);
  };
}

inline Oracle lgamma_oracle() {
  return [](mpfr_ptr r, mpfr_ptr x, mpfr_ptr, int) {
    int sign = 0;
    mpfr_lgamma(r, &sign, x, MPFR_RNDN);
  };
}
inline Oracle bessel_of_order(int (*function)(mpfr_ptr, long, mpfr_srcptr, mpfr_rnd_t)) {
  return [function](mpfr_ptr r, mpfr_ptr x, mpfr_ptr, int n) { function(r, n, x, MPFR_RNDN); };
}

}  // namespace anywarp::compile
