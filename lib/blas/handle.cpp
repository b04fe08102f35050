// Handles, their settings, and copies of vectors and matrices.
//
// The math mode is kept for the caller alone: fp32 is always computed in fp32, which every mode allows. A workspace is accepted and
// not used.
#include "handle.h"

namespace blas = anywarp::blas;

namespace {

/// The host's and the device's side are both ordinary memory of CUDA: one copy serves both directions.
cublasStatus_t copy(int rows, int columns, int size, const void* from, int from_ld, void* to, int to_ld, bool wait, cudaStream_t stream) {
  if (rows < 0 || columns < 0 || size <= 0 || from_ld <= 0 || to_ld <= 0) return CUBLAS_STATUS_INVALID_VALUE;
  if (rows > from_ld || rows > to_ld) return CUBLAS_STATUS_INVALID_VALUE;
  if (rows == 0 || columns == 0) return CUBLAS_STATUS_SUCCESS;
  const size_t bytes = static_cast<size_t>(size);
  const size_t from_pitch = bytes * static_cast<size_t>(from_ld), to_pitch = bytes * static_cast<size_t>(to_ld);
  const size_t width = bytes * static_cast<size_t>(rows), height = static_cast<size_t>(columns);
  const cudaError_t error = wait ? cudaMemcpy2D(to, to_pitch, from, from_pitch, width, height, cudaMemcpyDefault)
                                 : cudaMemcpy2DAsync(to, to_pitch, from, from_pitch, width, height, cudaMemcpyDefault, stream);
  return error == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_MAPPING_ERROR;
}

}  // namespace

extern "C" {

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  if (!handle) return CUBLAS_STATUS_INVALID_VALUE;
  *handle = nullptr;
  if (cudaFree(nullptr) != cudaSuccess) return CUBLAS_STATUS_NOT_INITIALIZED;
  blas::set_up_threads();
  *handle = new (std::nothrow) cublasContext;
  return *handle ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_ALLOC_FAILED;
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
  if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
  delete handle;  // queued requests have all that they need
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetVersion_v2(cublasHandle_t handle, int* version) {
  if (!version) return CUBLAS_STATUS_INVALID_VALUE;
  *version = CUBLAS_VERSION;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetProperty(libraryPropertyType type, int* value) { return blas::property(type, value); }
size_t cublasGetCudartVersion(void) { return CUDART_VERSION; }
const char* cublasGetStatusName(cublasStatus_t status) { return blas::status_name(status); }
const char* cublasGetStatusString(cublasStatus_t status) { return blas::status_string(status); }

cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, size_t size) {
  if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
  return !workspace && size > 0 ? CUBLAS_STATUS_INVALID_VALUE : CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
  if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
  handle->stream = stream;
  return CUBLAS_STATUS_SUCCESS;
}

// A getter and a setter of one field. `valid` tells which values the setter takes.
#define AW_GETTER(NAME, TYPE, FIELD)                        \
  cublasStatus_t NAME(cublasHandle_t handle, TYPE* value) { \
    if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;      \
    if (!value) return CUBLAS_STATUS_INVALID_VALUE;         \
    *value = handle->FIELD;                                 \
    return CUBLAS_STATUS_SUCCESS;                           \
  }
#define AW_SETTER(NAME, TYPE, FIELD, VALID)                \
  cublasStatus_t NAME(cublasHandle_t handle, TYPE value) { \
    if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;     \
    if (!(VALID)) return CUBLAS_STATUS_INVALID_VALUE;      \
    handle->FIELD = value;                                 \
    return CUBLAS_STATUS_SUCCESS;                          \
  }
AW_GETTER(cublasGetStream_v2, cudaStream_t, stream)
AW_GETTER(cublasGetPointerMode_v2, cublasPointerMode_t, pointer_mode)
AW_GETTER(cublasGetAtomicsMode, cublasAtomicsMode_t, atomics_mode)
AW_GETTER(cublasGetMathMode, cublasMath_t, math_mode)
AW_SETTER(cublasSetPointerMode_v2, cublasPointerMode_t, pointer_mode,
          value == CUBLAS_POINTER_MODE_HOST || value == CUBLAS_POINTER_MODE_DEVICE)
AW_SETTER(cublasSetAtomicsMode, cublasAtomicsMode_t, atomics_mode, value == CUBLAS_ATOMICS_NOT_ALLOWED || value == CUBLAS_ATOMICS_ALLOWED)
AW_SETTER(cublasSetMathMode, cublasMath_t, math_mode, (static_cast<unsigned>(value) & ~16U) <= 4 || (value & ~16U) == 8)

cublasStatus_t cublasSetVector(int n, int size, const void* x, int incx, void* y, int incy) {
  return copy(1, n, size, x, incx, y, incy, true, nullptr);
}
cublasStatus_t cublasGetVector(int n, int size, const void* x, int incx, void* y, int incy) {
  return copy(1, n, size, x, incx, y, incy, true, nullptr);
}
cublasStatus_t cublasSetMatrix(int rows, int columns, int size, const void* a, int lda, void* b, int ldb) {
  return copy(rows, columns, size, a, lda, b, ldb, true, nullptr);
}
cublasStatus_t cublasGetMatrix(int rows, int columns, int size, const void* a, int lda, void* b, int ldb) {
  return copy(rows, columns, size, a, lda, b, ldb, true, nullptr);
}
cublasStatus_t cublasSetVectorAsync(int n, int size, const void* x, int incx, void* y, int incy, cudaStream_t stream) {
  return copy(1, n, size, x, incx, y, incy, false, stream);
}
cublasStatus_t cublasGetVectorAsync(int n, int size, const void* x, int incx, void* y, int incy, cudaStream_t stream) {
  return copy(1, n, size, x, incx, y, incy, false, stream);
}
cublasStatus_t cublasSetMatrixAsync(int rows, int columns, int size, const void* a, int lda, void* b, int ldb, cudaStream_t stream) {
  return copy(rows, columns, size, a, lda, b, ldb, false, stream);
}
cublasStatus_t cublasGetMatrixAsync(int rows, int columns, int size, const void* a, int lda, void* b, int ldb, cudaStream_t stream) {
  return copy(rows, columns, size, a, lda, b, ldb, false, stream);
}

}  // extern "C"
