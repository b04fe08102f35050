// What this header declares is known in every CUDA source without an include.
#include "cuda_runtime_api.h"
