// Matrix products: fp64 and fp32 by OpenBLAS in place; fp16 and bf16 widened to fp32, multiplied there and rounded once at the end,
// which is at least as exact as what a GPU does. The epilogue of cublasLtMatmul works on the fp32 or fp64 result before that rounding.
//
// beta == 0 means that C is not read: it may hold NaNs. Then OpenBLAS clears C before it adds, as the reference does.
#include "gemm.h"

#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <type_traits>

namespace anywarp::blas {
namespace {

bool valid(cublasOperation_t op) { return op == CUBLAS_OP_N || op == CUBLAS_OP_T || op == CUBLAS_OP_C; }

bool is_half(cudaDataType type) { return type == CUDA_R_16F || type == CUDA_R_16BF; }

size_t bytes_of(cudaDataType type) { return type == CUDA_R_64F ? 8 : type == CUDA_R_32F ? 4 : 2; }

CBLAS_TRANSPOSE transpose(cublasOperation_t op) { return op == CUBLAS_OP_N ? CblasNoTrans : CblasTrans; }

void multiply(const Gemm& g, float alpha, const float* a, int lda, const float* b, int ldb, float beta, float* c, int ldc) {
  cblas_sgemm(CblasColMajor, transpose(g.op_a), transpose(g.op_b), g.m, g.n, g.k, alpha, a, lda, b, ldb, beta, c, ldc);
}
void multiply(const Gemm& g, double alpha, const double* a, int lda, const double* b, int ldb, double beta, double* c, int ldc) {
  cblas_dgemm(CblasColMajor, transpose(g.op_a), transpose(g.op_b), g.m, g.n, g.k, alpha, a, lda, b, ldb, beta, c, ldc);
}

template <class T>
T load(const void* data, cudaDataType type, int64_t i) {
  switch (type) {
    case CUDA_R_64F: return static_cast<T>(static_cast<const double*>(data)[i]);
    case CUDA_R_16F: return static_cast<T>(__half2float(static_cast<const __half*>(data)[i]));
    case CUDA_R_16BF: return static_cast<T>(__bfloat162float(static_cast<const __nv_bfloat16*>(data)[i]));
    default: return static_cast<T>(static_cast<const float*>(data)[i]);
  }
}

template <class T>
void store(void* data, cudaDataType type, int64_t i, T value) {
  switch (type) {
    case CUDA_R_64F: static_cast<double*>(data)[i] = value; break;
    case CUDA_R_16F: static_cast<__half*>(data)[i] = __float2half_rn(static_cast<float>(value)); break;
    case CUDA_R_16BF: static_cast<__nv_bfloat16*>(data)[i] = __float2bfloat16_rn(static_cast<float>(value)); break;
    default: static_cast<float*>(data)[i] = static_cast<float>(value); break;
  }
}

template <class T>
void widen(const void* from, cudaDataType type, int ld, int rows, int columns, T* to, int to_ld) {
  for (int64_t j = 0; j < columns; ++j)
    for (int64_t i = 0; i < rows; ++i) to[j * to_ld + i] = load<T>(from, type, j * ld + i);
}

void* batch(const Matrix& x, int i) {
  return x.array ? x.array[i] : static_cast<char*>(x.data) + static_cast<int64_t>(bytes_of(x.type)) * x.stride * i;
}

template <class T>
T activate(Activation activation, T x) {
  if (activation == Activation::Relu) return x > 0 || std::isnan(x) ? x : T(0);
  if (activation == Activation::Gelu) {  // the approximation by tanh, which is cublasLt's
    const T root = T(0.797884560802865355879892119868763737);
    return T(0.5) * x * (T(1) + std::tanh(root * (x + T(0.044715) * x * x * x)));
  }
  return x;
}

template <class T>
class GemmRequest final : public Request {
 public:
  explicit GemmRequest(const Gemm& gemm) : gemm_(gemm) {
    if (!gemm.scalars_on_device) {
      alpha_ = load<T>(gemm.alpha, gemm.scalar_type, 0);
      beta_ = load<T>(gemm.beta, gemm.scalar_type, 0);
    }
  }

  /// What is not already in the type that is computed with is converted here; false when there is no memory.
  bool allocate() {
    const Gemm& g = gemm_;
    const auto reserve = [](bool needed, int64_t rows, int64_t columns, std::unique_ptr<T[]>& into) {
      if (needed) into.reset(new (std::nothrow) T[static_cast<size_t>(std::max<int64_t>(1, rows * columns))]);
      return !needed || into;
    };
    return reserve(is_half(g.a.type), g.m, g.k, wide_a_) && reserve(is_half(g.b.type), g.k, g.n, wide_b_) &&
           reserve(is_half(g.d.type), g.m, g.n, wide_d_);
  }

  void run() override {
    const T alpha = gemm_.scalars_on_device ? load<T>(gemm_.alpha, gemm_.scalar_type, 0) : alpha_;
    const T beta = gemm_.scalars_on_device ? load<T>(gemm_.beta, gemm_.scalar_type, 0) : beta_;
    for (int i = 0; i < gemm_.batches; ++i) run_batch(i, alpha, beta);
  }

 private:
  const T* operand(const Matrix& x, int i, cublasOperation_t op, int rows, int columns, T* wide, int* ld) const {
    *ld = x.ld;
    if (!wide) return static_cast<const T*>(batch(x, i));
    if (op != CUBLAS_OP_N) std::swap(rows, columns);
    *ld = std::max(1, rows);
    widen(batch(x, i), x.type, x.ld, rows, columns, wide, *ld);
    return wide;
  }

  void run_batch(int i, T alpha, T beta) {
    const Gemm& g = gemm_;
    void* const out = batch(g.d, i);
    T* const d = wide_d_ ? wide_d_.get() : static_cast<T*>(out);
    const int ldd = wide_d_ ? g.m : g.d.ld;
    if (beta != 0 && batch(g.c, i) != d) widen(batch(g.c, i), g.c.type, g.c.ld, g.m, g.n, d, ldd);
    int lda = 0, ldb = 0;
    const T* const a = alpha != 0 ? operand(g.a, i, g.op_a, g.m, g.k, wide_a_.get(), &lda) : nullptr;
    const T* const b = alpha != 0 ? operand(g.b, i, g.op_b, g.k, g.n, wide_b_.get(), &ldb) : nullptr;
    if (a && b && g.k > 0) {
      multiply(g, alpha, a, lda, b, ldb, beta, d, ldd);
    } else {
      for (int64_t column = 0; column < g.n; ++column)
        for (int64_t row = 0; row < g.m; ++row) d[column * ldd + row] = beta == 0 ? T(0) : beta * d[column * ldd + row];
    }
    finish(i, d, ldd, out);
  }

  /// The epilogue, and the rounding.
  void finish(int i, T* d, int ldd, void* out) const {
    const Gemm& g = gemm_;
    if (!wide_d_ && !g.bias && g.activation == Activation::None) return;
    for (int64_t column = 0; column < g.n; ++column)
      for (int64_t row = 0; row < g.m; ++row) {
        T x = d[column * ldd + row];
        if (g.bias) x += load<T>(g.bias, g.bias_type, g.bias_stride * i + row);
        store(out, g.d.type, column * g.d.ld + row, activate(g.activation, x));
      }
  }

  Gemm gemm_;
  T alpha_ = 0, beta_ = 0;
  std::unique_ptr<T[]> wide_a_, wide_b_, wide_d_;
};

template <class T>
cublasStatus_t submit_gemm(cudaStream_t stream, const Gemm& gemm) {
  auto* request = new (std::nothrow) GemmRequest<T>(gemm);
  if (request && !request->allocate()) {
    delete request;
    request = nullptr;
  }
  return submit(stream, request);
}

bool supported(const Gemm& g) {
  if (g.a.type != g.b.type || g.c.type != g.d.type) return false;
  switch (g.compute) {
    case CUBLAS_COMPUTE_64F:
    case CUBLAS_COMPUTE_64F_PEDANTIC: return g.a.type == CUDA_R_64F && g.c.type == CUDA_R_64F && g.scalar_type == CUDA_R_64F;
    case CUBLAS_COMPUTE_16F:
    case CUBLAS_COMPUTE_16F_PEDANTIC: return g.a.type == CUDA_R_16F && g.c.type == CUDA_R_16F && g.scalar_type == CUDA_R_16F;
    default: break;
  }
  cudaDataType scalar = CUDA_R_32F;
  if (!scalar_type_of(g.compute, &scalar) || g.scalar_type != CUDA_R_32F) return false;
  if (g.a.type == CUDA_R_32F) return g.c.type == CUDA_R_32F;
  return is_half(g.a.type) && (g.c.type == g.a.type || g.c.type == CUDA_R_32F);
}

}  // namespace

bool scalar_type_of(cublasComputeType_t compute, cudaDataType* type) {
  switch (compute) {
    case CUBLAS_COMPUTE_16F:
    case CUBLAS_COMPUTE_16F_PEDANTIC: *type = CUDA_R_16F; return true;
    case CUBLAS_COMPUTE_32F:
    case CUBLAS_COMPUTE_32F_PEDANTIC:
    case CUBLAS_COMPUTE_32F_FAST_16F:
    case CUBLAS_COMPUTE_32F_FAST_16BF:
    case CUBLAS_COMPUTE_32F_FAST_TF32:
    case CUBLAS_COMPUTE_32F_EMULATED_16BFX9: *type = CUDA_R_32F; return true;
    case CUBLAS_COMPUTE_64F:
    case CUBLAS_COMPUTE_64F_PEDANTIC: *type = CUDA_R_64F; return true;
    default: return false;
  }
}

cublasStatus_t check(const Gemm& g) {
  if (!valid(g.op_a) || !valid(g.op_b) || g.m < 0 || g.n < 0 || g.k < 0 || g.batches < 0) return CUBLAS_STATUS_INVALID_VALUE;
  const int rows_a = g.op_a == CUBLAS_OP_N ? g.m : g.k, rows_b = g.op_b == CUBLAS_OP_N ? g.k : g.n;
  if (g.a.ld < std::max(1, rows_a) || g.b.ld < std::max(1, rows_b)) return CUBLAS_STATUS_INVALID_VALUE;
  if (g.c.ld < std::max(1, g.m) || g.d.ld < std::max(1, g.m)) return CUBLAS_STATUS_INVALID_VALUE;
  return supported(g) ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t enqueue_gemm(cudaStream_t stream, const Gemm& gemm) {
  if (const cublasStatus_t status = check(gemm); status != CUBLAS_STATUS_SUCCESS) return status;
  if (gemm.m == 0 || gemm.n == 0 || gemm.batches == 0) return CUBLAS_STATUS_SUCCESS;
  if (!gemm.alpha || !gemm.beta) return CUBLAS_STATUS_INVALID_VALUE;
  return gemm.a.type == CUDA_R_64F ? submit_gemm<double>(stream, gemm) : submit_gemm<float>(stream, gemm);
}

}  // namespace anywarp::blas
