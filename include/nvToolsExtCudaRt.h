// The place of this header before NVTX 3.
#include "nvtx3/nvToolsExtCudaRt.h"
