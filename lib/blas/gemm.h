// The matrix product behind every gemm of both libraries.
#pragma once

#include <cstdint>

#include "queue.h"

namespace anywarp::blas {

struct Matrix {
  void* data = nullptr;          // of the first batch
  void* const* array = nullptr;  // an address a batch, in device memory, instead of data
  cudaDataType type = CUDA_R_32F;
  int ld = 0;
  int64_t stride = 0;  // elements from batch to batch
};

enum class Activation { None, Relu, Gelu };

/// D = activation(alpha * op(A) * op(B) + beta * C + bias), column-major.
struct Gemm {
  cublasOperation_t op_a = CUBLAS_OP_N, op_b = CUBLAS_OP_N;
  int m = 0, n = 0, k = 0, batches = 1;
  Matrix a, b, c, d;
  cublasComputeType_t compute = CUBLAS_COMPUTE_32F;
  cudaDataType scalar_type = CUDA_R_32F;
  const void* alpha = nullptr;
  const void* beta = nullptr;
  bool scalars_on_device = false;
  Activation activation = Activation::None;
  const void* bias = nullptr;  // one for each row of D
  cudaDataType bias_type = CUDA_R_32F;
  int64_t bias_stride = 0;
};

/// The type of alpha and beta; false when the computation is not one of ours.
bool scalar_type_of(cublasComputeType_t compute, cudaDataType* type);

/// What cuBLAS returns for these arguments, the scalars aside.
cublasStatus_t check(const Gemm& gemm);

/// Checks and queues.
cublasStatus_t enqueue_gemm(cudaStream_t stream, const Gemm& gemm);

}  // namespace anywarp::blas
