// Distributions over the generators: uniform on (0, 1], normal, log-normal and Poisson.
#ifndef ANYWARP_CURAND_DISTRIBUTIONS_H
#define ANYWARP_CURAND_DISTRIBUTIONS_H

#if !defined(__CUDACC_RTC__)
#include <math.h>
#endif

#include "crt/curand_generators.h"

// --- Uniform: the middle of the interval of numbers that round to the draw ------------------------------------------------------

AW_RANDOM_INLINE float _curand_uniform(unsigned int x) { return x * 0x1p-32f + 0x1p-33f; }
AW_RANDOM_INLINE float _curand_uniform(unsigned long long x) { return (unsigned int)(x >> 32) * 0x1p-32f + 0x1p-33f; }
AW_RANDOM_INLINE double _curand_uniform_double(unsigned int x) { return x * 0x1p-32 + 0x1p-32; }
AW_RANDOM_INLINE double _curand_uniform_double(unsigned long long x) { return (double)(x >> 11) * 0x1p-53 + 0x1p-54; }
AW_RANDOM_INLINE double _curand_uniform_double_hq(unsigned int x, unsigned int y) {
  return ((unsigned long long)x ^ ((unsigned long long)y << 21)) * 0x1p-53 + 0x1p-54;
}

#define AW_UNIFORM(state_type) \
  AW_RANDOM_INLINE float curand_uniform(state_type* state) { return _curand_uniform(curand(state)); }
AW_UNIFORM(curandStateXORWOW_t)
AW_UNIFORM(curandStatePhilox4_32_10_t)
AW_UNIFORM(curandStateSobol32_t)
AW_UNIFORM(curandStateScrambledSobol32_t)
AW_UNIFORM(curandStateSobol64_t)
AW_UNIFORM(curandStateScrambledSobol64_t)
#undef AW_UNIFORM
#define AW_UNIFORM(state_type) \
  AW_RANDOM_INLINE double curand_uniform_double(state_type* state) { return _curand_uniform_double(curand(state)); }
AW_UNIFORM(curandStatePhilox4_32_10_t)
AW_UNIFORM(curandStateSobol32_t)
AW_UNIFORM(curandStateScrambledSobol32_t)
AW_UNIFORM(curandStateSobol64_t)
AW_UNIFORM(curandStateScrambledSobol64_t)
#undef AW_UNIFORM
#define AW_UNIFORM(state_type)                                         \
  AW_RANDOM_INLINE double curand_uniform_double(state_type* state) {   \
    unsigned x = curand(state), y = curand(state);                     \
    return _curand_uniform_double_hq(x, y);                            \
  }
AW_UNIFORM(curandStateXORWOW_t)
#undef AW_UNIFORM
AW_RANDOM_INLINE double curand_uniform_double(curandStateMRG32k3a_t* state) {
  return __aw_mrg_next(state) * 2.3283065498378288e-10;
}
AW_RANDOM_INLINE float curand_uniform(curandStateMRG32k3a_t* state) { return (float)curand_uniform_double(state); }

AW_RANDOM_INLINE float4 curand_uniform4(curandStatePhilox4_32_10_t* state) {
  uint4 x = curand4(state);
  float4 result;
  result.x = _curand_uniform(x.x);
  result.y = _curand_uniform(x.y);
  result.z = _curand_uniform(x.z);
  result.w = _curand_uniform(x.w);
  return result;
}
AW_RANDOM_INLINE double2 curand_uniform2_double(curandStatePhilox4_32_10_t* state) {
  uint4 x = curand4(state);
  double2 result;
  result.x = _curand_uniform_double_hq(x.x, x.y);
  result.y = _curand_uniform_double_hq(x.z, x.w);
  return result;
}
AW_RANDOM_INLINE double4 curand_uniform4_double(curandStatePhilox4_32_10_t* state) {
  double2 a = curand_uniform2_double(state), b = curand_uniform2_double(state);
  double4 result;
  result.x = a.x;
  result.y = a.y;
  result.z = b.x;
  result.w = b.y;
  return result;
}

// --- Normal: Box and Muller's pairs for the pseudorandom generators, the inverse of the distribution for the others -------------

AW_RANDOM_INLINE float2 _curand_box_muller(unsigned int x, unsigned int y) {
  float u = x * 0x1p-32f + 0x1p-33f, angle = y * (0x1p-32f * 6.2831855f) + 0x1p-33f * 6.2831855f;
  float radius = sqrtf(-2.0f * logf(u));
  float2 result;
  result.x = radius * sinf(angle);
  result.y = radius * cosf(angle);
  return result;
}
AW_RANDOM_INLINE double2 _curand_box_muller_double(unsigned int x0, unsigned int x1, unsigned int y0, unsigned int y1) {
  double u = ((unsigned long long)x0 ^ ((unsigned long long)x1 << 21)) * 0x1p-53 + 0x1p-54;
  double turns = ((unsigned long long)y0 ^ ((unsigned long long)y1 << 21)) * 0x1p-52 + 0x1p-53;
  double radius = sqrt(-2.0 * log(u));
  double2 result;
  result.x = radius * sin(turns * 3.14159265358979323846);
  result.y = radius * cos(turns * 3.14159265358979323846);
  return result;
}

#define AW_PAIR(state_type)                                                                 \
  AW_RANDOM_INLINE float2 curand_normal2(state_type* state) {                               \
    unsigned x = curand(state), y = curand(state);                                          \
    return _curand_box_muller(x, y);                                                        \
  }                                                                                         \
  AW_RANDOM_INLINE double2 curand_normal2_double(state_type* state) {                       \
    unsigned x0 = curand(state), x1 = curand(state), y0 = curand(state), y1 = curand(state); \
    return _curand_box_muller_double(x0, x1, y0, y1);                                       \
  }
AW_PAIR(curandStateXORWOW_t)
AW_PAIR(curandStatePhilox4_32_10_t)
#undef AW_PAIR
AW_RANDOM_INLINE float2 curand_normal2(curandStateMRG32k3a_t* state) {
  float u = curand_uniform(state), angle = curand_uniform(state) * 6.2831855f;
  float radius = sqrtf(-2.0f * logf(u));
  float2 result;
  result.x = radius * sinf(angle);
  result.y = radius * cosf(angle);
  return result;
}
AW_RANDOM_INLINE double2 curand_normal2_double(curandStateMRG32k3a_t* state) {
  double u = curand_uniform_double(state), turns = 2.0 * curand_uniform_double(state);
  double radius = sqrt(-2.0 * log(u));
  double2 result;
  result.x = radius * sin(turns * 3.14159265358979323846);
  result.y = radius * cos(turns * 3.14159265358979323846);
  return result;
}

AW_RANDOM_INLINE float2 __aw_log_normal2(float2 pair, float mean, float stddev) {
  pair.x = expf(mean + stddev * pair.x);
  pair.y = expf(mean + stddev * pair.y);
  return pair;
}
AW_RANDOM_INLINE double2 __aw_log_normal2(double2 pair, double mean, double stddev) {
  pair.x = exp(mean + stddev * pair.x);
  pair.y = exp(mean + stddev * pair.y);
  return pair;
}

// The second number of a pair waits for the next call of the same distribution.
#define AW_ONE(state_type, type, name, parameters, kind, flag, extra, pair)                  \
  AW_RANDOM_INLINE type name parameters {                                                            \
    if (state->flag == kind) {                                                                       \
      state->flag = 0;                                                                               \
      return state->extra;                                                                           \
    }                                                                                                \
    type##2 two = pair;                                                                              \
    state->extra = two.y;                                                                            \
    state->flag = kind;                                                                              \
    return two.x;                                                                                    \
  }
#define AW_NORMAL(state_type)                                                                                                    \
  AW_ONE(state_type, float, curand_normal, (state_type * state), 1, boxmuller_flag, boxmuller_extra, curand_normal2(state))     \
  AW_ONE(state_type, double, curand_normal_double, (state_type * state), 1, boxmuller_flag_double, boxmuller_extra_double,      \
         curand_normal2_double(state))                                                                                           \
  AW_ONE(state_type, float, curand_log_normal, (state_type * state, float mean, float stddev), 2, boxmuller_flag,                 \
         boxmuller_extra, __aw_log_normal2(curand_normal2(state), mean, stddev))                                          \
  AW_ONE(state_type, double, curand_log_normal_double, (state_type * state, double mean, double stddev), 2,                       \
         boxmuller_flag_double, boxmuller_extra_double, __aw_log_normal2(curand_normal2_double(state), mean, stddev))      \
  AW_RANDOM_INLINE float2 curand_log_normal2(state_type* state, float mean, float stddev) {                                      \
    return __aw_log_normal2(curand_normal2(state), mean, stddev);                                                           \
  }                                                                                                                              \
  AW_RANDOM_INLINE double2 curand_log_normal2_double(state_type* state, double mean, double stddev) {                            \
    return __aw_log_normal2(curand_normal2_double(state), mean, stddev);                                                    \
  }
AW_NORMAL(curandStateXORWOW_t)
AW_NORMAL(curandStatePhilox4_32_10_t)
AW_NORMAL(curandStateMRG32k3a_t)
#undef AW_NORMAL
#undef AW_ONE

AW_RANDOM_INLINE float4 curand_normal4(curandStatePhilox4_32_10_t* state) {
  uint4 x = curand4(state);
  float2 a = _curand_box_muller(x.x, x.y), b = _curand_box_muller(x.z, x.w);
  float4 result;
  result.x = a.x;
  result.y = a.y;
  result.z = b.x;
  result.w = b.y;
  return result;
}

#define AW_NORMAL(state_type)                                                                                            \
  AW_RANDOM_INLINE float curand_normal(state_type* state) { return normcdfinvf(curand_uniform(state)); }                 \
  AW_RANDOM_INLINE double curand_normal_double(state_type* state) { return normcdfinv(curand_uniform_double(state)); }    \
  AW_RANDOM_INLINE float curand_log_normal(state_type* state, float mean, float stddev) {                                \
    return expf(mean + stddev * curand_normal(state));                                                                   \
  }                                                                                                                      \
  AW_RANDOM_INLINE double curand_log_normal_double(state_type* state, double mean, double stddev) {                      \
    return exp(mean + stddev * curand_normal_double(state));                                                             \
  }
#if defined(__CUDA__)
AW_NORMAL(curandStateSobol32_t)
AW_NORMAL(curandStateScrambledSobol32_t)
AW_NORMAL(curandStateSobol64_t)
AW_NORMAL(curandStateScrambledSobol64_t)
#endif
#undef AW_NORMAL

AW_RANDOM_INLINE double4 curand_normal4_double(curandStatePhilox4_32_10_t* state) {
  double2 a = curand_normal2_double(state), b = curand_normal2_double(state);
  double4 result;
  result.x = a.x;
  result.y = a.y;
  result.z = b.x;
  result.w = b.y;
  return result;
}
AW_RANDOM_INLINE float4 curand_log_normal4(curandStatePhilox4_32_10_t* state, float mean, float stddev) {
  float4 four = curand_normal4(state);
  four.x = expf(mean + stddev * four.x);
  four.y = expf(mean + stddev * four.y);
  four.z = expf(mean + stddev * four.z);
  four.w = expf(mean + stddev * four.w);
  return four;
}

// --- Poisson --------------------------------------------------------------------------------------------------------------------
// Small means by Knuth's products, medium ones by Hörmann's transformed rejection (PTRS, 1993), large ones by the normal
// distribution. The numbers follow the distribution; they are not those that cuRAND draws for means of 64 and more.

template <class State>
AW_RANDOM unsigned int __aw_poisson(State* state, double lambda) {
  if (lambda < 64.0) {
    unsigned count = 0;
    float product = expf((float)lambda);
    do {
      ++count;
      product *= curand_uniform(state);
    } while (product > 1.0f);
    return count - 1;
  }
  if (lambda > 4000.0) return (unsigned)(sqrt(lambda) * curand_normal_double(state) + lambda + 0.5);
  double root = sqrt(lambda), b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b, inverse = 1.1239 + 1.1328 / (b - 3.4);
  double accepted = 0.9277 - 3.6224 / (b - 2.0);
  for (;;) {
    double u = curand_uniform_double(state) - 0.5, v = curand_uniform_double(state);
    double us = 0.5 - fabs(u), k = floor((2.0 * a / us + b) * u + lambda + 0.43);
    if (us >= 0.07 && v <= accepted) return (unsigned)k;
    if (k < 0.0 || (us < 0.013 && v > us)) continue;
    if (log(v) + log(inverse) - log(a / (us * us) + b) <= -lambda + k * log(lambda) - lgamma(k + 1.0)) return (unsigned)k;
  }
}
AW_RANDOM_INLINE unsigned int curand_poisson(curandStateXORWOW_t* state, double lambda) { return __aw_poisson(state, lambda); }
AW_RANDOM_INLINE unsigned int curand_poisson(curandStatePhilox4_32_10_t* state, double lambda) { return __aw_poisson(state, lambda); }
AW_RANDOM_INLINE unsigned int curand_poisson(curandStateMRG32k3a_t* state, double lambda) { return __aw_poisson(state, lambda); }
AW_RANDOM_INLINE uint4 curand_poisson4(curandStatePhilox4_32_10_t* state, double lambda) {
  uint4 result;
  result.x = __aw_poisson(state, lambda);
  result.y = __aw_poisson(state, lambda);
  result.z = __aw_poisson(state, lambda);
  result.w = __aw_poisson(state, lambda);
  return result;
}

#endif
