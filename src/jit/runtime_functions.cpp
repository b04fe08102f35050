#include "jit/runtime_functions.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include <strings.h>

// libgcc's and compiler-rt's names. They are no part of any header.
extern "C" {
__int128 __divti3(__int128, __int128);
__int128 __modti3(__int128, __int128);
unsigned __int128 __udivti3(unsigned __int128, unsigned __int128);
unsigned __int128 __umodti3(unsigned __int128, unsigned __int128);
__int128 __multi3(__int128, __int128);
__int128 __fixsfti(float);
__int128 __fixdfti(double);
unsigned __int128 __fixunssfti(float);
unsigned __int128 __fixunsdfti(double);
float __floattisf(__int128);
double __floattidf(__int128);
float __floatuntisf(unsigned __int128);
double __floatuntidf(unsigned __int128);
#if defined(__x86_64__)  // AArch64 has instructions for them, and LLVM does not call
float __extendhfsf2(_Float16);
_Float16 __truncsfhf2(float);
_Float16 __truncdfhf2(double);
#endif
}

namespace anywarp::jit {
namespace {

// Nearest-even to bfloat16, which libgcc 12 does not have.
__bf16 to_bfloat(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  bits = std::isnan(value) ? bits | 0x400000u : bits + 0x7fffu + ((bits >> 16) & 1);
  return std::bit_cast<__bf16>(static_cast<uint16_t>(bits >> 16));
}

/// Through float, rounded to odd, so that rounding twice gives what rounding once would.
__bf16 double_to_bfloat(double value) {
  float near = static_cast<float>(value);
  const double back = near;
  if (std::isfinite(value) && back != value) {
    uint32_t bits = std::bit_cast<uint32_t>(near);
    if (std::fabs(back) > std::fabs(value)) --bits;
    near = std::bit_cast<float>(bits | 1);
  }
  return to_bfloat(near);
}

}  // namespace

#define AW_FUNCTION(name) {#name, reinterpret_cast<void*>(name)}
#define AW_REAL(name)                                                             \
  {#name, reinterpret_cast<void*>(static_cast<double (*)(double)>(std::name))}, { \
    #name "f", reinterpret_cast<void*>(static_cast<float (*)(float)>(std::name))  \
  }
#define AW_REAL2(name)                                                                    \
  {#name, reinterpret_cast<void*>(static_cast<double (*)(double, double)>(std::name))}, { \
    #name "f", reinterpret_cast<void*>(static_cast<float (*)(float, float)>(std::name))   \
  }

Symbols runtime_functions() {
  return {
      {"memcpy", reinterpret_cast<void*>(std::memcpy)},
      {"memmove", reinterpret_cast<void*>(std::memmove)},
      {"memset", reinterpret_cast<void*>(std::memset)},
      {"bzero", reinterpret_cast<void*>(bzero)},  // NOLINT(bugprone-unsafe-functions): LLVM calls it
      {"memcmp", reinterpret_cast<void*>(std::memcmp)},
      AW_FUNCTION(__divti3),
      AW_FUNCTION(__modti3),
      AW_FUNCTION(__udivti3),
      AW_FUNCTION(__umodti3),
      AW_FUNCTION(__multi3),
      AW_FUNCTION(__fixsfti),
      AW_FUNCTION(__fixdfti),
      AW_FUNCTION(__fixunssfti),
      AW_FUNCTION(__fixunsdfti),
      AW_FUNCTION(__floattisf),
      AW_FUNCTION(__floattidf),
      AW_FUNCTION(__floatuntisf),
      AW_FUNCTION(__floatuntidf),
#if defined(__x86_64__)
      AW_FUNCTION(__extendhfsf2),
      AW_FUNCTION(__truncsfhf2),
      AW_FUNCTION(__truncdfhf2),
#endif
      {"__truncsfbf2", reinterpret_cast<void*>(to_bfloat)},
      {"__truncdfbf2", reinterpret_cast<void*>(double_to_bfloat)},
      AW_REAL(sin),
      AW_REAL(cos),
      AW_REAL(tan),
      AW_REAL(asin),
      AW_REAL(acos),
      AW_REAL(atan),
      AW_REAL(sinh),
      AW_REAL(cosh),
      AW_REAL(tanh),
      AW_REAL(asinh),
      AW_REAL(acosh),
      AW_REAL(atanh),
      AW_REAL(exp),
      AW_REAL(exp2),
      AW_REAL(expm1),
      AW_REAL(log),
      AW_REAL(log2),
      AW_REAL(log10),
      AW_REAL(log1p),
      AW_REAL(sqrt),
      AW_REAL(cbrt),
      AW_REAL(erf),
      AW_REAL(erfc),
      AW_REAL(tgamma),
      AW_REAL(lgamma),
      AW_REAL(floor),
      AW_REAL(ceil),
      AW_REAL(trunc),
      AW_REAL(rint),
      AW_REAL(nearbyint),
      AW_REAL(round),
      AW_REAL(logb),
      AW_REAL(fabs),
      AW_REAL2(pow),
      AW_REAL2(fmod),
      AW_REAL2(remainder),
      AW_REAL2(atan2),
      AW_REAL2(hypot),
      AW_REAL2(fmin),
      AW_REAL2(fmax),
      AW_REAL2(copysign),
      AW_REAL2(nextafter),
      AW_REAL2(fdim),
      AW_FUNCTION(::roundeven),
      AW_FUNCTION(::roundevenf),
      {"exp10", reinterpret_cast<void*>(static_cast<double (*)(double)>([](double x) { return std::pow(10.0, x); }))},
      {"exp10f", reinterpret_cast<void*>(static_cast<float (*)(float)>([](float x) { return static_cast<float>(std::pow(10.0, x)); }))},
      {"fma", reinterpret_cast<void*>(static_cast<double (*)(double, double, double)>(std::fma))},
      {"fmaf", reinterpret_cast<void*>(static_cast<float (*)(float, float, float)>(std::fma))},
      {"ldexp", reinterpret_cast<void*>(static_cast<double (*)(double, int)>(std::ldexp))},
      {"ldexpf", reinterpret_cast<void*>(static_cast<float (*)(float, int)>(std::ldexp))},
      {"frexp", reinterpret_cast<void*>(static_cast<double (*)(double, int*)>(std::frexp))},
      {"frexpf", reinterpret_cast<void*>(static_cast<float (*)(float, int*)>(std::frexp))},
      {"modf", reinterpret_cast<void*>(static_cast<double (*)(double, double*)>(std::modf))},
      {"modff", reinterpret_cast<void*>(static_cast<float (*)(float, float*)>(std::modf))},
  };
}

}  // namespace anywarp::jit
