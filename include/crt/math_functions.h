// The mathematical functions are known in every CUDA source without an include.
#include <math.h>
