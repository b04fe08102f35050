#pragma once

#include <cmath>

#ifndef __CUDACC__
#define __host__
#define __device__
#endif

constexpr int n = 1 << 22;

/// The cumulative normal distribution, by Hull's polynomial.
__host__ __device__ inline float normal(float d) {
  float k = 1 / (1 + 0.2316419f * fabsf(d));
  float poly = k * (0.31938153f + k * (-0.356563782f + k * (1.781477937f + k * (-1.821255978f + k * 1.330274429f))));
  float tail = 0.39894228040f * expf(-0.5f * d * d) * poly;
  return d > 0 ? 1 - tail : tail;
}

/// A call's price.
__host__ __device__ inline float price(float spot, float strike, float years) {
  constexpr float rate = 0.02f, volatility = 0.3f;
  float root = sqrtf(years), d1 = (logf(spot / strike) + (rate + 0.5f * volatility * volatility) * years) / (volatility * root);
  return spot * normal(d1) - strike * expf(-rate * years) * normal(d1 - volatility * root);
}
