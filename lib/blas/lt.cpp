// cublasLt: the objects that describe a product, and the product itself.
//
// There is one algorithm, with number 0 and no workspace. Matrices are column-major; scales, auxiliary outputs and the epilogues of
// backward passes are refused with CUBLAS_STATUS_NOT_SUPPORTED, be it by the attribute, the heuristic or the product.
#include <cublasLt.h>

#include <climits>
#include <cstring>
#include <tuple>

#include "gemm.h"

namespace blas = anywarp::blas;
using blas::Activation;
using blas::Gemm;
using blas::Matrix;

namespace {

struct Handle {};

struct Layout {
  uint32_t type = CUDA_R_32F;
  int32_t order = CUBLASLT_ORDER_COL;
  uint64_t rows = 0, columns = 0;
  int64_t ld = 0;
  int32_t batches = 1;
  int64_t stride = 0;
};

struct Description {
  int32_t compute = CUBLAS_COMPUTE_32F, scalar_type = CUDA_R_32F, pointer_mode = CUBLASLT_POINTER_MODE_HOST;
  int32_t op_a = CUBLAS_OP_N, op_b = CUBLAS_OP_N, op_c = CUBLAS_OP_N;
  int32_t fill_mode = CUBLAS_FILL_MODE_FULL;
  uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  const void* bias = nullptr;
  int64_t bias_stride = 0;
  int32_t bias_type = -1;  // that of D
  int32_t processors = 0;
  int8_t fast_accumulation = 0;
};

struct Preference {
  uint32_t search_mode = CUBLASLT_SEARCH_BEST_FIT, reductions = CUBLASLT_REDUCTION_SCHEME_MASK;
  uint64_t workspace = 0;
  uint32_t alignment_a = 256, alignment_b = 256, alignment_c = 256, alignment_d = 256;
  float waves = 0;
  uint64_t implementations = ~uint64_t{0};
};

/// Where an object keeps an attribute; no place: it has none such.
struct Field {
  void* data = nullptr;
  size_t size = 0;
};

template <class T>
Field field(T& member) {
  return {&member, sizeof(member)};
}

Field field_of(Layout& x, cublasLtMatrixLayoutAttribute_t attribute) {
  switch (attribute) {
    case CUBLASLT_MATRIX_LAYOUT_TYPE: return field(x.type);
    case CUBLASLT_MATRIX_LAYOUT_ORDER: return field(x.order);
    case CUBLASLT_MATRIX_LAYOUT_ROWS: return field(x.rows);
    case CUBLASLT_MATRIX_LAYOUT_COLS: return field(x.columns);
    case CUBLASLT_MATRIX_LAYOUT_LD: return field(x.ld);
    case CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT: return field(x.batches);
    case CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET: return field(x.stride);
    default: return {};
  }
}

Field field_of(Description& x, cublasLtMatmulDescAttributes_t attribute) {
  switch (attribute) {
    case CUBLASLT_MATMUL_DESC_COMPUTE_TYPE: return field(x.compute);
    case CUBLASLT_MATMUL_DESC_SCALE_TYPE: return field(x.scalar_type);
    case CUBLASLT_MATMUL_DESC_POINTER_MODE: return field(x.pointer_mode);
    case CUBLASLT_MATMUL_DESC_TRANSA: return field(x.op_a);
    case CUBLASLT_MATMUL_DESC_TRANSB: return field(x.op_b);
    case CUBLASLT_MATMUL_DESC_TRANSC: return field(x.op_c);
    case CUBLASLT_MATMUL_DESC_FILL_MODE: return field(x.fill_mode);
    case CUBLASLT_MATMUL_DESC_EPILOGUE: return field(x.epilogue);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER: return field(x.bias);
    case CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE: return field(x.bias_stride);
    case CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE: return field(x.bias_type);
    case CUBLASLT_MATMUL_DESC_SM_COUNT_TARGET: return field(x.processors);
    case CUBLASLT_MATMUL_DESC_FAST_ACCUM: return field(x.fast_accumulation);
    default: return {};
  }
}

Field field_of(Preference& x, cublasLtMatmulPreferenceAttributes_t attribute) {
  switch (attribute) {
    case CUBLASLT_MATMUL_PREF_SEARCH_MODE: return field(x.search_mode);
    case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES: return field(x.workspace);
    case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK: return field(x.reductions);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES: return field(x.alignment_a);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES: return field(x.alignment_b);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES: return field(x.alignment_c);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES: return field(x.alignment_d);
    case CUBLASLT_MATMUL_PREF_MAX_WAVES_COUNT: return field(x.waves);
    case CUBLASLT_MATMUL_PREF_IMPL_MASK: return field(x.implementations);
    default: return {};
  }
}

cublasStatus_t set(const Field& field, const void* value, size_t size) {
  if (!field.data) return CUBLAS_STATUS_NOT_SUPPORTED;
  if (!value || size != field.size) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(field.data, value, size);
  return CUBLAS_STATUS_SUCCESS;
}

/// With size 0 the caller asks for the size.
cublasStatus_t get(const Field& field, void* value, size_t size, size_t* written) {
  if (!field.data) return CUBLAS_STATUS_NOT_SUPPORTED;
  if (size == 0 ? !written : !value || size != field.size) return CUBLAS_STATUS_INVALID_VALUE;
  if (size > 0) std::memcpy(value, field.data, size);
  if (written) *written = field.size;
  return CUBLAS_STATUS_SUCCESS;
}

template <class T, class Public>
cublasStatus_t create(Public* object, const T& value) {
  if (!object) return CUBLAS_STATUS_INVALID_VALUE;
  *object = reinterpret_cast<Public>(new (std::nothrow) T(value));
  return *object ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_ALLOC_FAILED;
}

template <class T, class Public>
cublasStatus_t destroy(Public object) {
  delete reinterpret_cast<T*>(object);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t matrix_of(const Layout& layout, const void* data, Matrix* matrix) {
  if (layout.order != CUBLASLT_ORDER_COL || layout.rows > INT_MAX || layout.columns > INT_MAX || layout.ld > INT_MAX)
    return CUBLAS_STATUS_NOT_SUPPORTED;
  if (layout.ld < 0) return CUBLAS_STATUS_INVALID_VALUE;
  *matrix = {const_cast<void*>(data), nullptr, static_cast<cudaDataType>(layout.type), static_cast<int>(layout.ld), layout.stride};
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t set_epilogue(const Description& description, cudaDataType type_d, Gemm* gemm) {
  const uint32_t epilogue = description.epilogue, bias = CUBLASLT_EPILOGUE_BIAS;
  switch (epilogue == CUBLASLT_EPILOGUE_DEFAULT ? 0 : epilogue & ~bias) {
    case 0: break;
    case CUBLASLT_EPILOGUE_RELU: gemm->activation = Activation::Relu; break;
    case CUBLASLT_EPILOGUE_GELU: gemm->activation = Activation::Gelu; break;
    default: return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  if (!(epilogue & bias)) return CUBLAS_STATUS_SUCCESS;
  gemm->bias = description.bias;
  gemm->bias_type = description.bias_type < 0 ? type_d : static_cast<cudaDataType>(description.bias_type);
  gemm->bias_stride = description.bias_stride;
  return gemm->bias_type == type_d || gemm->bias_type == CUDA_R_32F ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

struct Operands {
  const void* a = nullptr;
  const void* b = nullptr;
  const void* c = nullptr;
  void* d = nullptr;
};

cublasStatus_t describe(cublasLtMatmulDesc_t operation, cublasLtMatrixLayout_t layout_a, cublasLtMatrixLayout_t layout_b,
                        cublasLtMatrixLayout_t layout_c, cublasLtMatrixLayout_t layout_d, const Operands& data, Gemm* gemm) {
  if (!operation || !layout_a || !layout_b || !layout_c || !layout_d) return CUBLAS_STATUS_INVALID_VALUE;
  const auto& x = *reinterpret_cast<const Description*>(operation);
  const auto& a = *reinterpret_cast<const Layout*>(layout_a);
  const auto& b = *reinterpret_cast<const Layout*>(layout_b);
  const auto& c = *reinterpret_cast<const Layout*>(layout_c);
  const auto& d = *reinterpret_cast<const Layout*>(layout_d);
  const bool flat_a = x.op_a == CUBLAS_OP_N, flat_b = x.op_b == CUBLAS_OP_N;
  if (x.op_c != CUBLAS_OP_N || x.fill_mode != CUBLAS_FILL_MODE_FULL) return CUBLAS_STATUS_NOT_SUPPORTED;
  if (x.pointer_mode != CUBLASLT_POINTER_MODE_HOST && x.pointer_mode != CUBLASLT_POINTER_MODE_DEVICE) return CUBLAS_STATUS_NOT_SUPPORTED;
  const uint64_t k = flat_a ? a.columns : a.rows;
  if ((flat_a ? a.rows : a.columns) != d.rows || (flat_b ? b.columns : b.rows) != d.columns || (flat_b ? b.rows : b.columns) != k ||
      c.rows != d.rows || c.columns != d.columns || a.batches != d.batches || b.batches != d.batches || c.batches != d.batches)
    return CUBLAS_STATUS_INVALID_VALUE;
  for (const auto& [layout, address, matrix] :
       {std::tuple(&a, data.a, &gemm->a), std::tuple(&b, data.b, &gemm->b), std::tuple(&c, data.c, &gemm->c),
        std::tuple(&d, static_cast<const void*>(data.d), &gemm->d)})
    if (const cublasStatus_t status = matrix_of(*layout, address, matrix); status != CUBLAS_STATUS_SUCCESS) return status;
  gemm->op_a = static_cast<cublasOperation_t>(x.op_a);
  gemm->op_b = static_cast<cublasOperation_t>(x.op_b);
  gemm->m = static_cast<int>(d.rows);
  gemm->n = static_cast<int>(d.columns);
  gemm->k = static_cast<int>(k);
  gemm->batches = d.batches;
  gemm->compute = static_cast<cublasComputeType_t>(x.compute);
  gemm->scalar_type = static_cast<cudaDataType>(x.scalar_type);
  gemm->scalars_on_device = x.pointer_mode == CUBLASLT_POINTER_MODE_DEVICE;
  if (const cublasStatus_t status = set_epilogue(x, gemm->d.type, gemm); status != CUBLAS_STATUS_SUCCESS) return status;
  return check(*gemm);
}

void give_algorithm(cublasLtMatmulHeuristicResult_t* result) {
  *result = {};
  result->state = CUBLAS_STATUS_SUCCESS;
  result->wavesCount = 1;
}

}  // namespace

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  if (!handle) return CUBLAS_STATUS_INVALID_VALUE;
  *handle = nullptr;
  if (cudaFree(nullptr) != cudaSuccess) return CUBLAS_STATUS_NOT_INITIALIZED;
  blas::set_up_threads();
  return create(handle, Handle{});
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) { return handle ? destroy<Handle>(handle) : CUBLAS_STATUS_NOT_INITIALIZED; }

const char* cublasLtGetStatusName(cublasStatus_t status) { return blas::status_name(status); }
const char* cublasLtGetStatusString(cublasStatus_t status) { return blas::status_string(status); }
size_t cublasLtGetVersion(void) { return CUBLAS_VERSION; }
size_t cublasLtGetCudartVersion(void) { return CUDART_VERSION; }
cublasStatus_t cublasLtGetProperty(libraryPropertyType type, int* value) { return blas::property(type, value); }

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type, uint64_t rows, uint64_t columns, int64_t ld) {
  return create(layout, Layout{.type = static_cast<uint32_t>(type), .rows = rows, .columns = columns, .ld = ld});
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* description, cublasComputeType_t compute, cudaDataType_t scalar_type) {
  return create(description, Description{.compute = compute, .scalar_type = scalar_type});
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) { return create(preference, Preference{}); }

// Of every object: destroy it, set an attribute, get one.
#define AW_OBJECT(NAME, HANDLE, OWN, ATTRIBUTE)                                                                      \
  cublasStatus_t NAME##Destroy(HANDLE object) { return destroy<OWN>(object); }                                       \
  cublasStatus_t NAME##SetAttribute(HANDLE object, ATTRIBUTE attribute, const void* value, size_t size) {            \
    if (!object) return CUBLAS_STATUS_INVALID_VALUE;                                                                 \
    return set(field_of(*reinterpret_cast<OWN*>(object), attribute), value, size);                                   \
  }                                                                                                                  \
  cublasStatus_t NAME##GetAttribute(HANDLE object, ATTRIBUTE attribute, void* value, size_t size, size_t* written) { \
    if (!object) return CUBLAS_STATUS_INVALID_VALUE;                                                                 \
    return get(field_of(*reinterpret_cast<OWN*>(object), attribute), value, size, written);                          \
  }
AW_OBJECT(cublasLtMatrixLayout, cublasLtMatrixLayout_t, Layout, cublasLtMatrixLayoutAttribute_t)
AW_OBJECT(cublasLtMatmulDesc, cublasLtMatmulDesc_t, Description, cublasLtMatmulDescAttributes_t)
AW_OBJECT(cublasLtMatmulPreference, cublasLtMatmulPreference_t, Preference, cublasLtMatmulPreferenceAttributes_t)

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation, cublasLtMatrixLayout_t layout_a,
                                              cublasLtMatrixLayout_t layout_b, cublasLtMatrixLayout_t layout_c,
                                              cublasLtMatrixLayout_t layout_d, cublasLtMatmulPreference_t preference, int wanted,
                                              cublasLtMatmulHeuristicResult_t results[], int* found) {
  if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (!preference || wanted <= 0 || !results || !found) return CUBLAS_STATUS_INVALID_VALUE;
  *found = 0;
  Gemm gemm;
  if (const cublasStatus_t status = describe(operation, layout_a, layout_b, layout_c, layout_d, {}, &gemm); status != CUBLAS_STATUS_SUCCESS)
    return status;
  give_algorithm(&results[0]);
  *found = 1;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation, const void* alpha, const void* a,
                              cublasLtMatrixLayout_t layout_a, const void* b, cublasLtMatrixLayout_t layout_b, const void* beta,
                              const void* c, cublasLtMatrixLayout_t layout_c, void* d, cublasLtMatrixLayout_t layout_d,
                              const cublasLtMatmulAlgo_t* algorithm, void* workspace, size_t workspace_size, cudaStream_t stream) {
  if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
  Gemm gemm;
  gemm.alpha = alpha;
  gemm.beta = beta;
  if (const cublasStatus_t status = describe(operation, layout_a, layout_b, layout_c, layout_d, {a, b, c, d}, &gemm);
      status != CUBLAS_STATUS_SUCCESS)
    return status;
  const bool wants_bias = reinterpret_cast<const Description*>(operation)->epilogue & CUBLASLT_EPILOGUE_BIAS;
  if (!d || (wants_bias && !gemm.bias)) return CUBLAS_STATUS_INVALID_VALUE;
  return enqueue_gemm(stream, gemm);
}

}  // extern "C"
