// Against double loops written down from the definitions.
#include <cublasLt.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <random>
#include <thread>
#include <vector>

namespace {

constexpr auto kOk = CUBLAS_STATUS_SUCCESS;
constexpr auto kInvalid = CUBLAS_STATUS_INVALID_VALUE;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

float number(float x) { return x; }
double number(double x) { return x; }
float number(__half x) { return __half2float(x); }
float number(__nv_bfloat16 x) { return __bfloat162float(x); }
void put(float x, float* to) { *to = x; }
void put(float x, double* to) { *to = static_cast<double>(x); }
void put(float x, __half* to) { *to = __float2half_rn(x); }
void put(float x, __nv_bfloat16* to) { *to = __float2bfloat16_rn(x); }

/// Managed memory, so that both sides can look.
template <class T>
struct Buffer {
  explicit Buffer(int n, int seed = -1) : count(n) {
    void* memory = nullptr;
    EXPECT_EQ(cudaMallocManaged(&memory, sizeof(T) * static_cast<size_t>(n), cudaMemAttachGlobal), cudaSuccess);
    data = static_cast<T*>(memory);
    std::minstd_rand random(static_cast<unsigned>(seed + 2));
    for (int i = 0; i < n; ++i) put(seed < 0 ? kNan : static_cast<float>(random() % 200) / 100 - 1, data + i);
  }
  ~Buffer() { cudaFree(data); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  std::vector<double> values() const {
    std::vector<double> out;
    for (int i = 0; i < count; ++i) out.push_back(static_cast<double>(number(data[i])));
    return out;
  }
  T* data = nullptr;
  int count;
};

struct Shape {
  cublasOperation_t a, b;
  int m, n, k, lda, ldb, ldc;
};

/// alpha * op(A) * op(B) + beta * C at one place.
double expected(const Shape& s, double alpha, const std::vector<double>& a, const std::vector<double>& b, double beta,
                const std::vector<double>& c, int i, int j, int a0 = 0, int b0 = 0, int c0 = 0) {
  double sum = 0;
  for (int p = 0; p < s.k; ++p) {
    const double x = a[static_cast<size_t>(a0 + (s.a == CUBLAS_OP_N ? p * s.lda + i : i * s.lda + p))];
    const double y = b[static_cast<size_t>(b0 + (s.b == CUBLAS_OP_N ? j * s.ldb + p : p * s.ldb + j))];
    sum += x * y;
  }
  return alpha * sum + (beta == 0 ? 0 : beta * c[static_cast<size_t>(c0 + j * s.ldc + i)]);
}

class Blas : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
    ASSERT_EQ(cublasCreate(&handle), kOk);
    ASSERT_EQ(cublasSetStream(handle, stream), kOk);
  }
  void TearDown() override {
    EXPECT_EQ(cublasDestroy(handle), kOk);
    EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
  }
  void wait() { ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess); }

  template <class T, class F>
  void every_transpose(F gemm, double tolerance) {
    for (const auto op_a : {CUBLAS_OP_N, CUBLAS_OP_T, CUBLAS_OP_C})
      for (const auto op_b : {CUBLAS_OP_N, CUBLAS_OP_T, CUBLAS_OP_C})
        for (const float beta : {0.0F, 0.5F}) {
          const Shape s{op_a, op_b, 7, 5, 9, 12, 11, 8};
          Buffer<T> a(12 * 12, 1), b(11 * 11, 2), c(8 * 5, beta == 0 ? -1 : 3);
          const std::vector<double> before = c.values();
          ASSERT_EQ(gemm(s, 1.5F, a.data, b.data, beta, c.data), kOk);
          wait();
          const std::vector<double> got = c.values();
          for (int j = 0; j < s.n; ++j)
            for (int i = 0; i < s.m; ++i)
              EXPECT_NEAR(got[static_cast<size_t>(j * s.ldc + i)],
                          expected(s, 1.5, a.values(), b.values(), static_cast<double>(beta), before, i, j), tolerance);
        }
  }

  cublasHandle_t handle = nullptr;
  cudaStream_t stream = nullptr;
};

TEST_F(Blas, GemmOfEveryTranspose) {
  every_transpose<float>(
      [&](const Shape& s, float alpha, float* a, float* b, float beta, float* c) {
        return cublasSgemm(handle, s.a, s.b, s.m, s.n, s.k, &alpha, a, s.lda, b, s.ldb, &beta, c, s.ldc);
      },
      1e-5);
  every_transpose<double>(
      [&](const Shape& s, float alpha, double* a, double* b, float beta, double* c) {
        const double wide_alpha = static_cast<double>(alpha), wide_beta = static_cast<double>(beta);
        return cublasDgemm(handle, s.a, s.b, s.m, s.n, s.k, &wide_alpha, a, s.lda, b, s.ldb, &wide_beta, c, s.ldc);
      },
      1e-13);
}

TEST_F(Blas, GemmOfHalfPrecision) {
  every_transpose<__half>(
      [&](const Shape& s, float alpha, __half* a, __half* b, float beta, __half* c) {
        return cublasGemmEx(handle, s.a, s.b, s.m, s.n, s.k, &alpha, a, CUDA_R_16F, s.lda, b, CUDA_R_16F, s.ldb, &beta, c, CUDA_R_16F,
                            s.ldc, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
      },
      4e-3);
  every_transpose<__half>(
      [&](const Shape& s, float alpha, __half* a, __half* b, float beta, __half* c) {
        const __half half_alpha = __float2half_rn(alpha), half_beta = __float2half_rn(beta);
        return cublasGemmEx(handle, s.a, s.b, s.m, s.n, s.k, &half_alpha, a, CUDA_R_16F, s.lda, b, CUDA_R_16F, s.ldb, &half_beta, c,
                            CUDA_R_16F, s.ldc, CUBLAS_COMPUTE_16F, CUBLAS_GEMM_DEFAULT);
      },
      4e-3);
  every_transpose<__nv_bfloat16>(
      [&](const Shape& s, float alpha, __nv_bfloat16* a, __nv_bfloat16* b, float beta, __nv_bfloat16* c) {
        return cublasGemmEx(handle, s.a, s.b, s.m, s.n, s.k, &alpha, a, CUDA_R_16BF, s.lda, b, CUDA_R_16BF, s.ldb, &beta, c, CUDA_R_16BF,
                            s.ldc, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
      },
      3e-2);
}

TEST_F(Blas, BatchesByStrideAndByAddress) {
  const Shape s{CUBLAS_OP_N, CUBLAS_OP_T, 3, 4, 5, 3, 4, 3};
  constexpr int kBatches = 3;
  Buffer<float> a(15 * kBatches, 1), b(20 * kBatches, 2), c(12 * kBatches), d(12 * kBatches);
  const float alpha = 2, beta = 0;
  ASSERT_EQ(cublasSgemmStridedBatched(handle, s.a, s.b, s.m, s.n, s.k, &alpha, a.data, s.lda, 15, b.data, s.ldb, 20, &beta, c.data, s.ldc,
                                      12, kBatches),
            kOk);
  void* memory = nullptr;
  ASSERT_EQ(cudaMallocManaged(&memory, sizeof(float*) * 3 * kBatches, cudaMemAttachGlobal), cudaSuccess);
  auto* const addresses = static_cast<float**>(memory);
  for (int i = 0; i < kBatches; ++i) {
    addresses[i] = a.data + 15 * i;
    addresses[kBatches + i] = b.data + 20 * i;
    addresses[2 * kBatches + i] = d.data + 12 * i;
  }
  ASSERT_EQ(cublasSgemmBatched(handle, s.a, s.b, s.m, s.n, s.k, &alpha, addresses, s.lda, addresses + kBatches, s.ldb, &beta,
                               addresses + 2 * kBatches, s.ldc, kBatches),
            kOk);
  wait();
  for (int batch = 0; batch < kBatches; ++batch)
    for (int j = 0; j < s.n; ++j)
      for (int i = 0; i < s.m; ++i) {
        const double want = expected(s, 2, a.values(), b.values(), 0, {}, i, j, 15 * batch, 20 * batch);
        EXPECT_NEAR(static_cast<double>(c.data[12 * batch + 3 * j + i]), want, 1e-5);
        EXPECT_NEAR(static_cast<double>(d.data[12 * batch + 3 * j + i]), want, 1e-5);
      }
  EXPECT_EQ(cudaFree(addresses), cudaSuccess);
}

TEST_F(Blas, Vectors) {
  Buffer<float> x(4, 1), y(4, 2);
  const float xs[] = {1, -5, 2, 3}, ys[] = {4, 1, 0, -1};
  ASSERT_EQ(cublasSetVector(4, 4, xs, 1, x.data, 1), kOk);
  ASSERT_EQ(cublasSetVector(4, 4, ys, 1, y.data, 1), kOk);
  float result = 0;
  EXPECT_EQ(cublasSdot(handle, 4, x.data, 1, y.data, 1, &result), kOk);
  EXPECT_EQ(result, -4);
  EXPECT_EQ(cublasSasum(handle, 4, x.data, 1, &result), kOk);
  EXPECT_EQ(result, 11);
  EXPECT_EQ(cublasSnrm2(handle, 2, x.data + 2, 1, &result), kOk);
  EXPECT_FLOAT_EQ(result, std::sqrt(13.0F));
  int place = 0;
  EXPECT_EQ(cublasIsamax(handle, 4, x.data, 1, &place), kOk);
  EXPECT_EQ(place, 2);
  EXPECT_EQ(cublasSdot(handle, 0, nullptr, 1, nullptr, 1, &result), kOk);
  EXPECT_EQ(result, 0);
  const float two = 2;
  EXPECT_EQ(cublasSaxpy(handle, 4, &two, x.data, 1, y.data, 1), kOk);
  EXPECT_EQ(cublasSscal(handle, 4, &two, x.data, 1), kOk);
  EXPECT_EQ(cublasSswap(handle, 4, x.data, 1, y.data, 1), kOk);
  wait();
  EXPECT_EQ(x.values(), (std::vector<double>{6, -9, 4, 5}));
  EXPECT_EQ(y.values(), (std::vector<double>{2, -10, 4, 6}));
  const float one = 1, zero = 0;
  Buffer<float> a(4, 5), out(2);
  const float as[] = {1, 2, 3, 4};
  ASSERT_EQ(cublasSetMatrix(2, 2, 4, as, 2, a.data, 2), kOk);
  EXPECT_EQ(cublasSgemv(handle, CUBLAS_OP_T, 2, 2, &one, a.data, 2, x.data, 1, &zero, out.data, 1), kOk);
  wait();
  EXPECT_EQ(out.values(), (std::vector<double>{6 - 18, 18 - 36}));
}

void hold(void* flag) {
  while (!static_cast<std::atomic<bool>*>(flag)->load()) std::this_thread::yield();
}

TEST_F(Blas, RunsInTheOrderOfItsStream) {
  Buffer<float> x(1, 1), y(1, 1), out(1), alpha(1, 1);
  *x.data = 0;
  *alpha.data = 1;
  const float three = 3;
  float scale = 10;
  std::atomic<bool> go{false};
  ASSERT_EQ(cudaLaunchHostFunc(stream, &hold, &go), cudaSuccess);
  ASSERT_EQ(cudaMemcpyAsync(x.data, &three, 4, cudaMemcpyDefault, stream), cudaSuccess);
  ASSERT_EQ(cublasSscal(handle, 1, &scale, x.data, 1), kOk);
  scale = 99;  // host scalars were read at the call
  ASSERT_EQ(cudaMemcpyAsync(out.data, x.data, 4, cudaMemcpyDefault, stream), cudaSuccess);
  ASSERT_EQ(cublasSetPointerMode(handle, CUBLAS_POINTER_MODE_DEVICE), kOk);
  ASSERT_EQ(cublasSscal(handle, 1, alpha.data, x.data, 1), kOk);
  ASSERT_EQ(cublasSdot(handle, 1, x.data, 1, x.data, 1, y.data), kOk);
  *alpha.data = 2;  // device scalars are read when the work runs
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
  go = true;
  wait();
  EXPECT_EQ(*out.data, 30);
  EXPECT_EQ(*x.data, 60);
  EXPECT_EQ(*y.data, 3600);
}

TEST_F(Blas, GraphsRunItAgain) {
  Buffer<float> x(1, 1);
  *x.data = 1;
  const float two = 2;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t runnable = nullptr;
  const cudaError_t begun = cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
  ASSERT_EQ(begun, cudaSuccess);
  ASSERT_EQ(cublasSscal(handle, 1, &two, x.data, 1), kOk);
  ASSERT_EQ(cudaStreamEndCapture(stream, &graph), cudaSuccess);
  ASSERT_EQ(cudaGraphInstantiate(&runnable, graph, 0), cudaSuccess);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(cudaGraphLaunch(runnable, stream), cudaSuccess);
  wait();
  EXPECT_EQ(*x.data, 8);
  EXPECT_EQ(cudaGraphExecDestroy(runnable), cudaSuccess);
  EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
}

TEST_F(Blas, WrongArguments) {
  Buffer<float> a(16, 1);
  const float one = 1;
  float* p = a.data;
  const auto gemm = [&](cublasHandle_t h, int m, int n, int k, int lda, int ldb, int ldc, const float* alpha) {
    return cublasSgemm(h, CUBLAS_OP_N, CUBLAS_OP_T, m, n, k, alpha, p, lda, p, ldb, &one, p, ldc);
  };
  EXPECT_EQ(gemm(nullptr, 2, 2, 2, 2, 2, 2, &one), CUBLAS_STATUS_NOT_INITIALIZED);
  EXPECT_EQ(gemm(handle, -1, 2, 2, 2, 2, 2, &one), kInvalid);
  EXPECT_EQ(gemm(handle, 2, -1, 2, 2, 2, 2, &one), kInvalid);
  EXPECT_EQ(gemm(handle, 2, 2, -1, 2, 2, 2, &one), kInvalid);
  EXPECT_EQ(gemm(handle, 2, 2, 2, 1, 2, 2, &one), kInvalid);
  EXPECT_EQ(gemm(handle, 2, 2, 2, 2, 1, 2, &one), kInvalid);
  EXPECT_EQ(gemm(handle, 2, 2, 2, 2, 2, 1, &one), kInvalid);
  EXPECT_EQ(gemm(handle, 2, 2, 2, 2, 2, 2, nullptr), kInvalid);
  EXPECT_EQ(gemm(handle, 0, 2, 2, 2, 2, 2, &one), kOk);
  EXPECT_EQ(cublasSgemv(handle, CUBLAS_OP_N, 2, 2, &one, p, 2, p, 0, &one, p, 1), kInvalid);
  EXPECT_EQ(cublasSgemmStridedBatched(handle, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, &one, p, 1, 1, p, 1, 1, &one, p, 1, 1, -1), kInvalid);
  EXPECT_EQ(cublasGemmEx(handle, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, &one, p, CUDA_R_8I, 1, p, CUDA_R_8I, 1, &one, p, CUDA_R_32I, 1,
                         CUBLAS_COMPUTE_32I, CUBLAS_GEMM_DEFAULT),
            CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(cublasCreate(nullptr), kInvalid);
  EXPECT_EQ(cublasDestroy(nullptr), CUBLAS_STATUS_NOT_INITIALIZED);
  EXPECT_EQ(cublasSetMathMode(handle, CUBLAS_TF32_TENSOR_OP_MATH), kOk);
  EXPECT_EQ(cublasSetPointerMode(handle, static_cast<cublasPointerMode_t>(5)), kInvalid);
  EXPECT_STREQ(cublasGetStatusName(kInvalid), "CUBLAS_STATUS_INVALID_VALUE");
}

class BlasLt : public Blas {
 protected:
  void SetUp() override {
    Blas::SetUp();
    ASSERT_EQ(cublasLtCreate(&lt), kOk);
    ASSERT_EQ(cublasLtMatmulDescCreate(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F), kOk);
    ASSERT_EQ(cublasLtMatrixLayoutCreate(&layout_a, CUDA_R_32F, 5, 3, 5), kOk);
    ASSERT_EQ(cublasLtMatrixLayoutCreate(&layout_b, CUDA_R_32F, 5, 4, 5), kOk);
    ASSERT_EQ(cublasLtMatrixLayoutCreate(&layout_d, CUDA_R_32F, 3, 4, 3), kOk);
    const cublasOperation_t transposed = CUBLAS_OP_T;
    ASSERT_EQ(cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof(transposed)), kOk);
  }
  void TearDown() override {
    for (auto* layout : {layout_a, layout_b, layout_d}) EXPECT_EQ(cublasLtMatrixLayoutDestroy(layout), kOk);
    EXPECT_EQ(cublasLtMatmulDescDestroy(operation), kOk);
    EXPECT_EQ(cublasLtDestroy(lt), kOk);
    Blas::TearDown();
  }
  cublasStatus_t set_epilogue(cublasLtEpilogue_t epilogue) {
    return cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof(epilogue));
  }
  cublasStatus_t multiply(float alpha, float beta) {
    return cublasLtMatmul(lt, operation, &alpha, a.data, layout_a, b.data, layout_b, &beta, c.data, layout_d, d.data, layout_d, nullptr,
                          nullptr, 0, stream);
  }

  cublasLtHandle_t lt = nullptr;
  cublasLtMatmulDesc_t operation = nullptr;
  cublasLtMatrixLayout_t layout_a = nullptr, layout_b = nullptr, layout_d = nullptr;
  Buffer<float> a{15, 1}, b{20, 2}, c{12, 3}, d{12}, bias{3, 4};
};

TEST_F(BlasLt, Epilogues) {
  ASSERT_EQ(cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias.data, sizeof(bias.data)), kOk);
  const Shape s{CUBLAS_OP_T, CUBLAS_OP_N, 3, 4, 5, 5, 5, 3};
  for (const auto epilogue : {CUBLASLT_EPILOGUE_DEFAULT, CUBLASLT_EPILOGUE_BIAS, CUBLASLT_EPILOGUE_RELU, CUBLASLT_EPILOGUE_RELU_BIAS,
                              CUBLASLT_EPILOGUE_GELU, CUBLASLT_EPILOGUE_GELU_BIAS}) {
    ASSERT_EQ(set_epilogue(epilogue), kOk);
    ASSERT_EQ(multiply(1.5F, 0.5F), kOk);
    wait();
    for (int j = 0; j < 4; ++j)
      for (int i = 0; i < 3; ++i) {
        double x = expected(s, 1.5, a.values(), b.values(), 0.5, c.values(), i, j);
        if (epilogue & CUBLASLT_EPILOGUE_BIAS) x += static_cast<double>(bias.data[i]);
        if (epilogue & CUBLASLT_EPILOGUE_RELU) x = std::fmax(x, 0.0);
        if (epilogue & CUBLASLT_EPILOGUE_GELU) x = 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
        EXPECT_NEAR(static_cast<double>(d.data[j * 3 + i]), x, 1e-5) << "epilogue " << epilogue;
      }
  }
}

TEST_F(BlasLt, HeuristicAndErrors) {
  cublasLtMatmulPreference_t preference = nullptr;
  ASSERT_EQ(cublasLtMatmulPreferenceCreate(&preference), kOk);
  const size_t workspace = 1 << 20;
  EXPECT_EQ(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace, sizeof(workspace)), kOk);
  cublasLtMatmulHeuristicResult_t results[2];
  int found = 7;
  const auto heuristic = [&] {
    return cublasLtMatmulAlgoGetHeuristic(lt, operation, layout_a, layout_b, layout_d, layout_d, preference, 2, results, &found);
  };
  EXPECT_EQ(heuristic(), kOk);
  EXPECT_EQ(found, 1);
  EXPECT_EQ(results[0].state, kOk);
  EXPECT_EQ(set_epilogue(CUBLASLT_EPILOGUE_BIAS), kOk);
  EXPECT_EQ(multiply(1, 0), kInvalid) << "no bias pointer";
  EXPECT_EQ(set_epilogue(CUBLASLT_EPILOGUE_DGELU), kOk);
  EXPECT_EQ(heuristic(), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(found, 0);
  EXPECT_EQ(multiply(1, 0), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(set_epilogue(CUBLASLT_EPILOGUE_DEFAULT), kOk);
  const uint64_t rows = 6;
  EXPECT_EQ(cublasLtMatrixLayoutSetAttribute(layout_b, CUBLASLT_MATRIX_LAYOUT_ROWS, &rows, 4), kInvalid) << "the size is 8";
  EXPECT_EQ(cublasLtMatrixLayoutSetAttribute(layout_b, CUBLASLT_MATRIX_LAYOUT_ROWS, &rows, 8), kOk);
  EXPECT_EQ(multiply(1, 0), kInvalid) << "5 columns by 6 rows";
  EXPECT_EQ(cublasLtMatmulPreferenceDestroy(preference), kOk);
}

}  // namespace
