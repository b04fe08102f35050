// The mathematical functions are known in every CUDA source without an include.
#if !defined(__CUDACC_RTC__)
#include <math.h>
#endif
