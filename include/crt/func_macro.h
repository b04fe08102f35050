// Names of this header belong to compilers of another design; sources that include it find the runtime.
#include "cuda_runtime_api.h"
