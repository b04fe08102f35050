// The CUDA driver API, version 13.0.
#ifndef __cuda_cuda_h__
#define __cuda_cuda_h__  // the name that sources test for

#include <stdlib.h>

// clang reads the first textual definition to decide which toolkit it works with; sources see the second.
#if 0
#define CUDA_VERSION 12080
#endif
#define CUDA_VERSION 13000

#if defined(CUDA_FORCE_API_VERSION)
#error "CUDA_FORCE_API_VERSION is not supported; sources get the newest version of each entry point"
#endif

#include "cuda_driver_types.h"

#ifdef __cplusplus
extern "C" {
#endif

#include "cuda_driver_functions.h"

#ifdef __cplusplus
}
#endif

#endif
