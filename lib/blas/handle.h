// What a cublasHandle_t points to.
#pragma once

#include "queue.h"

struct cublasContext {
  cudaStream_t stream = nullptr;
  cublasPointerMode_t pointer_mode = CUBLAS_POINTER_MODE_HOST;
  cublasMath_t math_mode = CUBLAS_DEFAULT_MATH;
  cublasAtomicsMode_t atomics_mode = CUBLAS_ATOMICS_NOT_ALLOWED;

  bool on_device() const { return pointer_mode == CUBLAS_POINTER_MODE_DEVICE; }
};
