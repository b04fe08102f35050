// Complex numbers of the CUDA libraries: pairs of floats (cuComplex) and of doubles, x real, y imaginary.
#ifndef ANYWARP_CUCOMPLEX_H
#define ANYWARP_CUCOMPLEX_H

#if !defined(__CUDACC_RTC__)
#include <math.h>
#endif

#include "vector_types.h"

#if defined(__CUDACC__)
#define AW_COMPLEX static __inline__ __attribute__((host, device, unused))
#else
#define AW_COMPLEX static inline
#endif

#if defined(__cplusplus)
extern "C" {
#endif

typedef float2 cuFloatComplex;
typedef cuFloatComplex cuComplex;
typedef double2 cuDoubleComplex;

AW_COMPLEX cuFloatComplex make_cuFloatComplex(float real, float imaginary) {
  cuFloatComplex result;
  result.x = real;
  result.y = imaginary;
  return result;
}
AW_COMPLEX float cuCrealf(cuFloatComplex a) { return a.x; }
AW_COMPLEX float cuCimagf(cuFloatComplex a) { return a.y; }
AW_COMPLEX cuFloatComplex cuConjf(cuFloatComplex a) { return make_cuFloatComplex(a.x, -a.y); }
AW_COMPLEX cuFloatComplex cuCaddf(cuFloatComplex a, cuFloatComplex b) { return make_cuFloatComplex(a.x + b.x, a.y + b.y); }
AW_COMPLEX cuFloatComplex cuCsubf(cuFloatComplex a, cuFloatComplex b) { return make_cuFloatComplex(a.x - b.x, a.y - b.y); }
AW_COMPLEX cuFloatComplex cuCmulf(cuFloatComplex a, cuFloatComplex b) {
  return make_cuFloatComplex(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}
/// Divides both numbers by the size of b first, so that no square overflows.
AW_COMPLEX cuFloatComplex cuCdivf(cuFloatComplex a, cuFloatComplex b) {
  float scale = 1.0f / (fabsf(b.x) + fabsf(b.y));
  float ax = a.x * scale, ay = a.y * scale, bx = b.x * scale, by = b.y * scale;
  float inverse = 1.0f / (bx * bx + by * by);
  return make_cuFloatComplex((ax * bx + ay * by) * inverse, (ay * bx - ax * by) * inverse);
}
AW_COMPLEX float cuCabsf(cuFloatComplex a) { return hypotf(a.x, a.y); }
AW_COMPLEX cuFloatComplex cuCfmaf(cuFloatComplex a, cuFloatComplex b, cuFloatComplex c) {
  return make_cuFloatComplex(a.x * b.x - a.y * b.y + c.x, a.x * b.y + a.y * b.x + c.y);
}

AW_COMPLEX cuDoubleComplex make_cuDoubleComplex(double real, double imaginary) {
  cuDoubleComplex result;
  result.x = real;
  result.y = imaginary;
  return result;
}
AW_COMPLEX double cuCreal(cuDoubleComplex a) { return a.x; }
AW_COMPLEX double cuCimag(cuDoubleComplex a) { return a.y; }
AW_COMPLEX cuDoubleComplex cuConj(cuDoubleComplex a) { return make_cuDoubleComplex(a.x, -a.y); }
AW_COMPLEX cuDoubleComplex cuCadd(cuDoubleComplex a, cuDoubleComplex b) { return make_cuDoubleComplex(a.x + b.x, a.y + b.y); }
AW_COMPLEX cuDoubleComplex cuCsub(cuDoubleComplex a, cuDoubleComplex b) { return make_cuDoubleComplex(a.x - b.x, a.y - b.y); }
AW_COMPLEX cuDoubleComplex cuCmul(cuDoubleComplex a, cuDoubleComplex b) {
  return make_cuDoubleComplex(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}
/// Divides both numbers by the size of b first, so that no square overflows.
AW_COMPLEX cuDoubleComplex cuCdiv(cuDoubleComplex a, cuDoubleComplex b) {
  double scale = 1.0 / (fabs(b.x) + fabs(b.y));
  double ax = a.x * scale, ay = a.y * scale, bx = b.x * scale, by = b.y * scale;
  double inverse = 1.0 / (bx * bx + by * by);
  return make_cuDoubleComplex((ax * bx + ay * by) * inverse, (ay * bx - ax * by) * inverse);
}
AW_COMPLEX double cuCabs(cuDoubleComplex a) { return hypot(a.x, a.y); }
AW_COMPLEX cuDoubleComplex cuCfma(cuDoubleComplex a, cuDoubleComplex b, cuDoubleComplex c) {
  return make_cuDoubleComplex(a.x * b.x - a.y * b.y + c.x, a.x * b.y + a.y * b.x + c.y);
}

AW_COMPLEX cuComplex make_cuComplex(float real, float imaginary) { return make_cuFloatComplex(real, imaginary); }
AW_COMPLEX cuDoubleComplex cuComplexFloatToDouble(cuFloatComplex a) { return make_cuDoubleComplex(a.x, a.y); }
AW_COMPLEX cuFloatComplex cuComplexDoubleToFloat(cuDoubleComplex a) { return make_cuFloatComplex((float)a.x, (float)a.y); }

#if defined(__cplusplus)
}
#endif

#undef AW_COMPLEX
#endif
