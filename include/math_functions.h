// The mathematical functions are known in every CUDA source without an include.
#ifndef ANYWARP_MATH_FUNCTIONS_H
#define ANYWARP_MATH_FUNCTIONS_H
#if !defined(__CUDACC_RTC__)
#include <math.h>
#include <stdlib.h>
#endif
#endif
