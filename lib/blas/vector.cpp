// Vectors, and the product of a matrix and a vector.
//
// As in cuBLAS, n <= 0 is no error for a vector: nothing happens, and results are 0. Increments may be negative where BLAS defines it.
#include <cblas.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "handle.h"

namespace blas = anywarp::blas;
using blas::Scalar;

namespace {

template <class T, class F>
cublasStatus_t with_result(cublasHandle_t handle, T* result, F compute) {
  if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (!result) return CUBLAS_STATUS_INVALID_VALUE;
  const cublasStatus_t status = blas::enqueue(handle->stream, [result, compute] { *result = compute(); });
  return status != CUBLAS_STATUS_SUCCESS || handle->on_device() ? status : blas::synchronize(handle->stream);
}

template <class F>
cublasStatus_t without_result(cublasHandle_t handle, int n, F work) {
  if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
  return n <= 0 ? CUBLAS_STATUS_SUCCESS : blas::enqueue(handle->stream, work);
}

template <class T, class F>
cublasStatus_t with_alpha(cublasHandle_t handle, int n, const T* alpha, F work) {
  if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (n <= 0) return CUBLAS_STATUS_SUCCESS;
  if (!alpha) return CUBLAS_STATUS_INVALID_VALUE;
  return blas::enqueue(handle->stream, [work, scalar = Scalar<T>(alpha, handle->on_device())] { work(scalar.read()); });
}

template <class T, class F>
cublasStatus_t gemv(cublasHandle_t handle, cublasOperation_t op, int m, int n, const T* alpha, const T* a, int lda, const T* x, int incx,
                    const T* beta, T* y, int incy, F multiply) {
  if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (op != CUBLAS_OP_N && op != CUBLAS_OP_T && op != CUBLAS_OP_C) return CUBLAS_STATUS_INVALID_VALUE;
  if (m < 0 || n < 0 || lda < std::max(1, m) || incx == 0 || incy == 0) return CUBLAS_STATUS_INVALID_VALUE;
  if (m == 0 || n == 0) return CUBLAS_STATUS_SUCCESS;
  if (!alpha || !beta) return CUBLAS_STATUS_INVALID_VALUE;
  const Scalar<T> first(alpha, handle->on_device()), second(beta, handle->on_device());
  return blas::enqueue(handle->stream, [=] {
    const T scale = second.read();
    if (scale == 0) {  // y may hold NaNs, which no factor of 0 makes disappear
      const int count = op == CUBLAS_OP_N ? m : n;
      for (int64_t i = 0; i < count; ++i) y[i * std::abs(int64_t{incy})] = 0;
    }
    multiply(CblasColMajor, op == CUBLAS_OP_N ? CblasNoTrans : CblasTrans, m, n, first.read(), a, lda, x, incx, scale == 0 ? T(1) : scale,
             y, incy);
  });
}

}  // namespace

extern "C" {

// The functions of one type: P is cuBLAS's letter, p is that of BLAS.
#define AW_VECTOR(P, p, T)                                                                                                            \
  cublasStatus_t cublas##P##dot_v2(cublasHandle_t handle, int n, const T* x, int incx, const T* y, int incy, T* result) {             \
    return with_result(handle, result, [=] { return n <= 0 ? T(0) : cblas_##p##dot(n, x, incx, y, incy); });                          \
  }                                                                                                                                   \
  cublasStatus_t cublas##P##nrm2_v2(cublasHandle_t handle, int n, const T* x, int incx, T* result) {                                  \
    return with_result(handle, result, [=] { return n <= 0 || incx <= 0 ? T(0) : cblas_##p##nrm2(n, x, incx); });                     \
  }                                                                                                                                   \
  cublasStatus_t cublas##P##asum_v2(cublasHandle_t handle, int n, const T* x, int incx, T* result) {                                  \
    return with_result(handle, result, [=] { return n <= 0 || incx <= 0 ? T(0) : cblas_##p##asum(n, x, incx); });                     \
  }                                                                                                                                   \
  cublasStatus_t cublasI##p##amax_v2(cublasHandle_t handle, int n, const T* x, int incx, int* result) {                               \
    return with_result(handle, result, [=] { return n <= 0 || incx <= 0 ? 0 : static_cast<int>(cblas_i##p##amax(n, x, incx)) + 1; }); \
  }                                                                                                                                   \
  cublasStatus_t cublas##P##axpy_v2(cublasHandle_t handle, int n, const T* alpha, const T* x, int incx, T* y, int incy) {             \
    return with_alpha(handle, n, alpha, [=](T factor) { cblas_##p##axpy(n, factor, x, incx, y, incy); });                             \
  }                                                                                                                                   \
  cublasStatus_t cublas##P##scal_v2(cublasHandle_t handle, int n, const T* alpha, T* x, int incx) {                                   \
    return with_alpha(handle, incx <= 0 ? 0 : n, alpha, [=](T factor) { cblas_##p##scal(n, factor, x, incx); });                      \
  }                                                                                                                                   \
  cublasStatus_t cublas##P##copy_v2(cublasHandle_t handle, int n, const T* x, int incx, T* y, int incy) {                             \
    return without_result(handle, n, [=] { cblas_##p##copy(n, x, incx, y, incy); });                                                  \
  }                                                                                                                                   \
  cublasStatus_t cublas##P##swap_v2(cublasHandle_t handle, int n, T* x, int incx, T* y, int incy) {                                   \
    return without_result(handle, n, [=] { cblas_##p##swap(n, x, incx, y, incy); });                                                  \
  }                                                                                                                                   \
  cublasStatus_t cublas##P##gemv_v2(cublasHandle_t handle, cublasOperation_t op, int m, int n, const T* alpha, const T* a, int lda,   \
                                    const T* x, int incx, const T* beta, T* y, int incy) {                                            \
    return gemv(handle, op, m, n, alpha, a, lda, x, incx, beta, y, incy, cblas_##p##gemv);                                            \
  }
AW_VECTOR(S, s, float)
AW_VECTOR(D, d, double)

}  // extern "C"
