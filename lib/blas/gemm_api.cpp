// The gemm functions of cuBLAS: each fills in a Gemm.
#include "gemm.h"
#include "handle.h"

using anywarp::blas::Gemm;
using anywarp::blas::Matrix;

namespace {

Matrix matrix(const void* data, cudaDataType type, int ld, long long stride = 0) {
  return {const_cast<void*>(data), nullptr, type, ld, stride};
}

Matrix matrices(const void* array, cudaDataType type, int ld) { return {nullptr, static_cast<void* const*>(array), type, ld, 0}; }

Gemm shape(cublasOperation_t op_a, cublasOperation_t op_b, int m, int n, int k, const void* alpha, const void* beta,
           cublasComputeType_t compute, int batches = 1) {
  Gemm gemm;
  gemm.op_a = op_a;
  gemm.op_b = op_b;
  gemm.m = m;
  gemm.n = n;
  gemm.k = k;
  gemm.alpha = alpha;
  gemm.beta = beta;
  gemm.compute = compute;
  gemm.batches = batches;
  return gemm;
}

cublasStatus_t enqueue(cublasHandle_t handle, Gemm gemm, const Matrix& a, const Matrix& b, const Matrix& c) {
  if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (!anywarp::blas::scalar_type_of(gemm.compute, &gemm.scalar_type)) return CUBLAS_STATUS_NOT_SUPPORTED;
  gemm.a = a;
  gemm.b = b;
  gemm.c = c;
  gemm.d = c;
  gemm.scalars_on_device = handle->on_device();
  return enqueue_gemm(handle->stream, gemm);
}

}  // namespace

extern "C" {

// The functions of one type.
#define AW_GEMM(P, T, TYPE, COMPUTE)                                                                                                       \
  cublasStatus_t cublas##P##gemm_v2(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b, int m, int n, int k,            \
                                    const T* alpha, const T* a, int lda, const T* b, int ldb, const T* beta, T* c, int ldc) {              \
    return enqueue(handle, shape(op_a, op_b, m, n, k, alpha, beta, COMPUTE), matrix(a, TYPE, lda), matrix(b, TYPE, ldb),                   \
                   matrix(c, TYPE, ldc));                                                                                                  \
  }                                                                                                                                        \
  cublasStatus_t cublas##P##gemmBatched(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b, int m, int n, int k,        \
                                        const T* alpha, const T* const a[], int lda, const T* const b[], int ldb, const T* beta,           \
                                        T* const c[], int ldc, int batches) {                                                              \
    return enqueue(handle, shape(op_a, op_b, m, n, k, alpha, beta, COMPUTE, batches), matrices(a, TYPE, lda), matrices(b, TYPE, ldb),      \
                   matrices(c, TYPE, ldc));                                                                                                \
  }                                                                                                                                        \
  cublasStatus_t cublas##P##gemmStridedBatched(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b, int m, int n, int k, \
                                               const T* alpha, const T* a, int lda, long long stride_a, const T* b, int ldb,               \
                                               long long stride_b, const T* beta, T* c, int ldc, long long stride_c, int batches) {        \
    return enqueue(handle, shape(op_a, op_b, m, n, k, alpha, beta, COMPUTE, batches), matrix(a, TYPE, lda, stride_a),                      \
                   matrix(b, TYPE, ldb, stride_b), matrix(c, TYPE, ldc, stride_c));                                                        \
  }
AW_GEMM(S, float, CUDA_R_32F, CUBLAS_COMPUTE_32F)
AW_GEMM(D, double, CUDA_R_64F, CUBLAS_COMPUTE_64F)

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b, int m, int n, int k, const void* alpha,
                            const void* a, cudaDataType type_a, int lda, const void* b, cudaDataType type_b, int ldb, const void* beta,
                            void* c, cudaDataType type_c, int ldc, cublasComputeType_t compute, cublasGemmAlgo_t algorithm) {
  return enqueue(handle, shape(op_a, op_b, m, n, k, alpha, beta, compute), matrix(a, type_a, lda), matrix(b, type_b, ldb),
                 matrix(c, type_c, ldc));
}

cublasStatus_t cublasGemmBatchedEx(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b, int m, int n, int k,
                                   const void* alpha, const void* const a[], cudaDataType type_a, int lda, const void* const b[],
                                   cudaDataType type_b, int ldb, const void* beta, void* const c[], cudaDataType type_c, int ldc,
                                   int batches, cublasComputeType_t compute, cublasGemmAlgo_t algorithm) {
  return enqueue(handle, shape(op_a, op_b, m, n, k, alpha, beta, compute, batches), matrices(a, type_a, lda), matrices(b, type_b, ldb),
                 matrices(c, type_c, ldc));
}

cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b, int m, int n, int k,
                                          const void* alpha, const void* a, cudaDataType type_a, int lda, long long stride_a, const void* b,
                                          cudaDataType type_b, int ldb, long long stride_b, const void* beta, void* c, cudaDataType type_c,
                                          int ldc, long long stride_c, int batches, cublasComputeType_t compute,
                                          cublasGemmAlgo_t algorithm) {
  return enqueue(handle, shape(op_a, op_b, m, n, k, alpha, beta, compute, batches), matrix(a, type_a, lda, stride_a),
                 matrix(b, type_b, ldb, stride_b), matrix(c, type_c, ldc, stride_c));
}

}  // extern "C"
