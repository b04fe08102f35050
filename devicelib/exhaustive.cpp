// Every float through the inline functions of one argument, against double's functions of C's library: the largest error of each
// in ulp. It takes minutes a function, so it is a program to run by hand:  devicelib_exhaustive [--step N] [NAME...]
// With a step only each N-th float is looked at.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

extern "C" {
float __aw_expf(float), __aw_exp2f(float), __aw_exp10f(float), __aw_expm1f(float), __aw_sinhf(float), __aw_coshf(float), __aw_tanhf(float);
float __aw_logf(float), __aw_log2f(float), __aw_log10f(float), __aw_log1pf(float), __aw_asinhf(float), __aw_acoshf(float);
float __aw_sinf(float), __aw_cosf(float), __aw_sinpif(float), __aw_cospif(float);
float __aw_sin_largef(float x, float) { return static_cast<float>(std::sin(static_cast<double>(x))); }
float __aw_cos_largef(float x, float) { return static_cast<float>(std::cos(static_cast<double>(x))); }
double __aw_sin_large(double x, double) { return std::sin(x); }
double __aw_cos_large(double x, double) { return std::cos(x); }
double __aw_pow_core(double x, double y) { return std::pow(x, y); }
float __aw_erff(float);
double exp10(double);
}

namespace {

double sinpi(double x) {
  const double r = std::remainder(x, 2);
  return std::fabs(r) > 0.5 ? std::sin(M_PI * (std::copysign(1, r) - r)) : std::sin(M_PI * r);
}
double cospi(double x) { return sinpi(0.5 - std::fabs(std::remainder(x, 2))); }

struct Function {
  const char* name;
  float (*single)(float);
  double (*exact)(double);
  double bound;  // CUDA's, from the correctly rounded result
};
const Function kFunctions[] = {
    {"expf", __aw_expf, std::exp, 2},       {"exp2f", __aw_exp2f, std::exp2, 2},    {"exp10f", __aw_exp10f, exp10, 2},
    {"expm1f", __aw_expm1f, std::expm1, 1}, {"sinhf", __aw_sinhf, std::sinh, 3},    {"coshf", __aw_coshf, std::cosh, 2},
    {"tanhf", __aw_tanhf, std::tanh, 2},    {"logf", __aw_logf, std::log, 1},       {"log2f", __aw_log2f, std::log2, 1},
    {"log10f", __aw_log10f, std::log10, 2}, {"log1pf", __aw_log1pf, std::log1p, 1}, {"asinhf", __aw_asinhf, std::asinh, 3},
    {"acoshf", __aw_acoshf, std::acosh, 4}, {"sinf", __aw_sinf, std::sin, 2},       {"cosf", __aw_cosf, std::cos, 2},
    {"sinpif", __aw_sinpif, sinpi, 1},      {"erff", __aw_erff, std::erf, 2},       {"cospif", __aw_cospif, cospi, 1},
};

struct Worst {
  double ulp = 0;
  float x = 0;
  uint64_t wrong = 0;  // NaN or infinity where there is none, or the other way round
};

Worst scan(const Function& function, uint64_t from, uint64_t to, uint64_t step) {
  Worst worst;
  for (uint64_t bits = from; bits < to; bits += step) {
    const float x = std::bit_cast<float>(static_cast<uint32_t>(bits));
    const float got = function.single(x);
    const double exact = function.exact(x);
    if (std::isnan(exact) || std::isnan(got)) {
      worst.wrong += std::isnan(exact) != std::isnan(got);
      continue;
    }
    const float near = static_cast<float>(exact);
    if (got == near) continue;
    if (std::isinf(got) && std::isinf(exact)) {
      worst.wrong += got != exact;
      continue;
    }
    // An infinity counts as the number after the last.
    const double value = std::isinf(got) ? std::copysign(0x1p128, got) : got;
    const double limited = std::fabs(exact) > 0x1p128 ? std::copysign(0x1p128, exact) : exact;
    const int exponent = std::max(limited == 0 ? -149 : std::ilogb(limited), -126);
    const double ulp = std::ldexp(std::fabs(value - limited), 23 - std::min(exponent, 127));
    if (ulp > worst.ulp) worst.ulp = ulp, worst.x = x;
  }
  return worst;
}

}  // namespace

int main(int argc, char** argv) {
  bool holds = true;
  uint64_t step = 1;
  if (argc > 2 && !std::strcmp(argv[1], "--step")) {
    step = std::max(1, std::atoi(argv[2]));
    argc -= 2;
    argv += 2;
  }
  for (const Function& function : kFunctions) {
    bool wanted = argc == 1;
    for (int i = 1; i < argc; ++i) wanted |= !std::strcmp(argv[i], function.name);
    if (!wanted) continue;
    const unsigned parts = std::max(1u, std::thread::hardware_concurrency());
    std::vector<Worst> found(parts);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < parts; ++i)
      threads.emplace_back([&, i] { found[i] = scan(function, (uint64_t{i} << 32) / parts, (uint64_t{i + 1} << 32) / parts, step); });
    for (std::thread& thread : threads) thread.join();
    Worst worst;
    for (const Worst& part : found) {
      worst.wrong += part.wrong;
      if (part.ulp > worst.ulp) worst.ulp = part.ulp, worst.x = part.x;
    }
    const bool good = worst.ulp <= function.bound + 0.5 && worst.wrong == 0;
    holds &= good;
    std::printf("%-8s %.3f ulp at %a (%.9g), %llu wrong special values%s\n", function.name, worst.ulp, worst.x, worst.x,
                static_cast<unsigned long long>(worst.wrong), good ? "" : "   BEYOND ITS BOUND");
    std::fflush(stdout);
  }
  return !holds;
}
