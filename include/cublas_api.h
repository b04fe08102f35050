// A part of cublas_v2.h.
#include "cublas_v2.h"
