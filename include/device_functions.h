// Device functions are known in every CUDA source without an include.
#ifndef ANYWARP_DEVICE_FUNCTIONS_H
#define ANYWARP_DEVICE_FUNCTIONS_H
#include "cuda_runtime_api.h"
#endif
