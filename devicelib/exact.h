// MPFR as the oracle: an operation in exact arithmetic, rounded once to a binary format with gradual underflow.
#pragma once

#include <mpfr.h>

#include <cstdint>

namespace anywarp::devicelib {

struct Format {
  int precision;    // bits, with the hidden one
  int least;        // exponent of the smallest denormal
  int beyond;       // exponent of the first power of two that is too large
};
inline constexpr Format kBinary64{53, -1074, 1024}, kBinary32{24, -149, 128}, kBinary16{11, -24, 16}, kBfloat16{8, -133, 128},
    kTf32{11, -136, 128};

class Exact {
 public:
  explicit Exact(int precision = 200) { mpfr_init2(value_, precision); }
  Exact(double x, int precision = 200) : Exact(precision) { mpfr_set_d(value_, x, MPFR_RNDN); }
  Exact(const Exact&) = delete;
  Exact& operator=(const Exact&) = delete;
  ~Exact() { mpfr_clear(value_); }
  mpfr_ptr get() { return value_; }

 private:
  mpfr_t value_;
};

/// operation(result, rounding) is one of MPFR's, which rounds once. The result as a double, which holds every format here.
template <class Operation>
double rounded(const Format& format, mpfr_rnd_t rounding, Operation operation) {
  const mpfr_exp_t emin = mpfr_get_emin(), emax = mpfr_get_emax();
  Exact result(format.precision);
  mpfr_set_emin(format.least + 1);
  mpfr_set_emax(format.beyond);
  int inexact = operation(result.get(), rounding);
  inexact = mpfr_check_range(result.get(), inexact, rounding);
  mpfr_subnormalize(result.get(), inexact, rounding);
  mpfr_set_emin(emin);
  mpfr_set_emax(emax);
  return mpfr_get_d(result.get(), MPFR_RNDN);
}

}  // namespace anywarp::devicelib
