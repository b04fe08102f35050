// Nodes of graphs whose parameters the runtime describes in its own words: kernels by their host stubs, copies by pitched pointers and
// kinds, variables by their shadows. Everything else of graphs is the driver's as it is. Contexts, which the driver wants to know with
// some nodes, are the current one.

#include <string.h>

#include "entry_points.h"
#include "runtime/enter.h"
#include "runtime/memcpy.h"
#include "runtime/registry.h"

namespace anywarp::runtime::api {
namespace {

CUdeviceptr address(const void* pointer) { return reinterpret_cast<CUdeviceptr>(pointer); }

CUcontext current_context() {
  CUcontext context = nullptr;
  return driver().cuCtxGetCurrent(&context) == CUDA_SUCCESS ? context : nullptr;
}

// ---- Kernels

/// Takes cudaKernelNodeParams and cudaKernelNodeParamsV2, which have the same members.
template <class From>
cudaError_t to_driver(const From* from, CUDA_KERNEL_NODE_PARAMS& params) {
  if (!from) return cudaErrorInvalidValue;
  memset(&params, 0, sizeof params);
  if (const cudaError_t error = find_kernel(from->func, params.kern)) return error;
  params.gridDimX = from->gridDim.x;
  params.gridDimY = from->gridDim.y;
  params.gridDimZ = from->gridDim.z;
  params.blockDimX = from->blockDim.x;
  params.blockDimY = from->blockDim.y;
  params.blockDimZ = from->blockDim.z;
  params.sharedMemBytes = from->sharedMemBytes;
  params.kernelParams = from->kernelParams;
  params.extra = from->extra;
  params.ctx = current_context();
  return cudaSuccess;
}

// ---- Copies and memsets

/// A copy of bytes from one place to another, as a box.
cudaError_t linear(void* dst, const void* src, size_t count, cudaMemcpyKind kind, CUDA_MEMCPY3D& copy) {
  cudaMemcpy3DParms box;
  memset(&box, 0, sizeof box);
  box.srcPtr = {const_cast<void*>(src), count, count, 1};
  box.dstPtr = {dst, count, count, 1};
  box.extent = {count, 1, 1};
  box.kind = kind;
  return runtime::to_driver(box, copy);
}

cudaError_t find_part(const void* symbol, size_t offset, size_t count, void** part) {
  CUdeviceptr at = 0;
  size_t size = 0;
  if (const cudaError_t error = find_variable(symbol, at, size)) return error;
  if (offset > size || count > size - offset) return cudaErrorInvalidValue;
  *part = reinterpret_cast<void*>(at + offset);
  return cudaSuccess;
}

cudaError_t to_symbol(const void* symbol, const void* src, size_t count, size_t offset, cudaMemcpyKind kind, CUDA_MEMCPY3D& copy) {
  void* part = nullptr;
  if (kind != cudaMemcpyHostToDevice && kind != cudaMemcpyDeviceToDevice && kind != cudaMemcpyDefault)
    return cudaErrorInvalidMemcpyDirection;
  if (const cudaError_t error = find_part(symbol, offset, count, &part)) return error;
  return linear(part, src, count, kind, copy);
}

cudaError_t from_symbol(void* dst, const void* symbol, size_t count, size_t offset, cudaMemcpyKind kind, CUDA_MEMCPY3D& copy) {
  void* part = nullptr;
  if (kind != cudaMemcpyDeviceToHost && kind != cudaMemcpyDeviceToDevice && kind != cudaMemcpyDefault)
    return cudaErrorInvalidMemcpyDirection;
  if (const cudaError_t error = find_part(symbol, offset, count, &part)) return error;
  return linear(dst, part, count, kind, copy);
}

/// What becomes of a copy that was described: a new node, or new parameters of one.
cudaError_t add(cudaError_t described, const CUDA_MEMCPY3D& copy, cudaGraphNode_t* node, cudaGraph_t graph,
                const cudaGraphNode_t* dependencies, size_t count) {
  return described ? described : to_error(driver().cuGraphAddMemcpyNode(node, graph, dependencies, count, &copy, current_context()));
}

cudaError_t set(cudaError_t described, const CUDA_MEMCPY3D& copy, cudaGraphNode_t node) {
  return described ? described : to_error(driver().cuGraphMemcpyNodeSetParams(node, &copy));
}

cudaError_t set(cudaError_t described, const CUDA_MEMCPY3D& copy, cudaGraphExec_t exec, cudaGraphNode_t node) {
  return described ? described : to_error(driver().cuGraphExecMemcpyNodeSetParams(exec, node, &copy, current_context()));
}

cudaError_t described(const cudaMemcpy3DParms* box, CUDA_MEMCPY3D& copy) {
  return box ? runtime::to_driver(*box, copy) : cudaErrorInvalidValue;
}

template <class From>
cudaError_t to_driver(const From* from, CUDA_MEMSET_NODE_PARAMS& params) {
  if (!from) return cudaErrorInvalidValue;
  params = {address(from->dst), from->pitch, from->value, from->elementSize, from->width, from->height};
  return cudaSuccess;
}

// ---- The union of all

/// Of the types that have one layout here and there the bytes are taken over.
cudaError_t to_driver(const cudaGraphNodeParams* from, CUgraphNodeParams& params) {
  if (!from) return cudaErrorInvalidValue;
  static_assert(sizeof *from == sizeof params);
  memcpy(&params, from, sizeof params);
  switch (from->type) {
    case cudaGraphNodeTypeKernel: {
      CUDA_KERNEL_NODE_PARAMS kernel;
      if (const cudaError_t error = to_driver(&from->kernel, kernel)) return error;
      static_assert(sizeof kernel == sizeof params.kernel);
      memcpy(&params.kernel, &kernel, sizeof kernel);
      return cudaSuccess;
    }
    case cudaGraphNodeTypeMemcpy:
      memset(&params.memcpy, 0, sizeof params.memcpy);
      params.memcpy.copyCtx = current_context();
      return runtime::to_driver(from->memcpy.copyParams, params.memcpy.copyParams);
    case cudaGraphNodeTypeMemset: params.memset.ctx = current_context(); return cudaSuccess;
    case cudaGraphNodeTypeConditional: params.conditional.ctx = current_context(); return cudaSuccess;
    default: return cudaSuccess;
  }
}

}  // namespace

cudaError_t cudaGraphAddKernelNode(cudaGraphNode_t* pGraphNode, cudaGraph_t graph, const cudaGraphNode_t* pDependencies,
                                   size_t numDependencies, const struct cudaKernelNodeParams* pNodeParams) {
  CUDA_KERNEL_NODE_PARAMS params;
  if (const cudaError_t error = to_driver(pNodeParams, params)) return error;
  return to_error(driver().cuGraphAddKernelNode_v2(pGraphNode, graph, pDependencies, numDependencies, &params));
}

cudaError_t cudaGraphKernelNodeGetParams(cudaGraphNode_t node, struct cudaKernelNodeParams* pNodeParams) {
  CUDA_KERNEL_NODE_PARAMS params;
  if (!pNodeParams) return cudaErrorInvalidValue;
  if (const CUresult result = driver().cuGraphKernelNodeGetParams_v2(node, &params)) return to_error(result);
  pNodeParams->func = params.kern ? const_cast<void*>(stub_of(params.kern)) : static_cast<void*>(params.func);
  pNodeParams->gridDim = dim3(params.gridDimX, params.gridDimY, params.gridDimZ);
  pNodeParams->blockDim = dim3(params.blockDimX, params.blockDimY, params.blockDimZ);
  pNodeParams->sharedMemBytes = params.sharedMemBytes;
  pNodeParams->kernelParams = params.kernelParams;
  pNodeParams->extra = params.extra;
  return cudaSuccess;
}

cudaError_t cudaGraphKernelNodeSetParams(cudaGraphNode_t node, const struct cudaKernelNodeParams* pNodeParams) {
  CUDA_KERNEL_NODE_PARAMS params;
  if (const cudaError_t error = to_driver(pNodeParams, params)) return error;
  return to_error(driver().cuGraphKernelNodeSetParams_v2(node, &params));
}

cudaError_t cudaGraphExecKernelNodeSetParams(cudaGraphExec_t hGraphExec, cudaGraphNode_t node,
                                             const struct cudaKernelNodeParams* pNodeParams) {
  CUDA_KERNEL_NODE_PARAMS params;
  if (const cudaError_t error = to_driver(pNodeParams, params)) return error;
  return to_error(driver().cuGraphExecKernelNodeSetParams_v2(hGraphExec, node, &params));
}

cudaError_t cudaGraphAddMemcpyNode(cudaGraphNode_t* pGraphNode, cudaGraph_t graph, const cudaGraphNode_t* pDependencies,
                                   size_t numDependencies, const struct cudaMemcpy3DParms* pCopyParams) {
  CUDA_MEMCPY3D copy;
  return add(described(pCopyParams, copy), copy, pGraphNode, graph, pDependencies, numDependencies);
}

cudaError_t cudaGraphAddMemcpyNode1D(cudaGraphNode_t* pGraphNode, cudaGraph_t graph, const cudaGraphNode_t* pDependencies,
                                     size_t numDependencies, void* dst, const void* src, size_t count, enum cudaMemcpyKind kind) {
  CUDA_MEMCPY3D copy;
  return add(linear(dst, src, count, kind, copy), copy, pGraphNode, graph, pDependencies, numDependencies);
}

cudaError_t cudaGraphAddMemcpyNodeToSymbol(cudaGraphNode_t* pGraphNode, cudaGraph_t graph, const cudaGraphNode_t* pDependencies,
                                           size_t numDependencies, const void* symbol, const void* src, size_t count, size_t offset,
                                           enum cudaMemcpyKind kind) {
  CUDA_MEMCPY3D copy;
  return add(to_symbol(symbol, src, count, offset, kind, copy), copy, pGraphNode, graph, pDependencies, numDependencies);
}

cudaError_t cudaGraphAddMemcpyNodeFromSymbol(cudaGraphNode_t* pGraphNode, cudaGraph_t graph, const cudaGraphNode_t* pDependencies,
                                             size_t numDependencies, void* dst, const void* symbol, size_t count, size_t offset,
                                             enum cudaMemcpyKind kind) {
  CUDA_MEMCPY3D copy;
  return add(from_symbol(dst, symbol, count, offset, kind, copy), copy, pGraphNode, graph, pDependencies, numDependencies);
}

cudaError_t cudaGraphMemcpyNodeGetParams(cudaGraphNode_t node, struct cudaMemcpy3DParms* pNodeParams) {
  CUDA_MEMCPY3D copy;
  if (!pNodeParams) return cudaErrorInvalidValue;
  if (const CUresult result = driver().cuGraphMemcpyNodeGetParams(node, &copy)) return to_error(result);
  return to_runtime(copy, *pNodeParams);
}

cudaError_t cudaGraphMemcpyNodeSetParams(cudaGraphNode_t node, const struct cudaMemcpy3DParms* pNodeParams) {
  CUDA_MEMCPY3D copy;
  return set(described(pNodeParams, copy), copy, node);
}

cudaError_t cudaGraphMemcpyNodeSetParams1D(cudaGraphNode_t node, void* dst, const void* src, size_t count, enum cudaMemcpyKind kind) {
  CUDA_MEMCPY3D copy;
  return set(linear(dst, src, count, kind, copy), copy, node);
}

cudaError_t cudaGraphMemcpyNodeSetParamsToSymbol(cudaGraphNode_t node, const void* symbol, const void* src, size_t count, size_t offset,
                                                 enum cudaMemcpyKind kind) {
  CUDA_MEMCPY3D copy;
  return set(to_symbol(symbol, src, count, offset, kind, copy), copy, node);
}

cudaError_t cudaGraphMemcpyNodeSetParamsFromSymbol(cudaGraphNode_t node, void* dst, const void* symbol, size_t count, size_t offset,
                                                   enum cudaMemcpyKind kind) {
  CUDA_MEMCPY3D copy;
  return set(from_symbol(dst, symbol, count, offset, kind, copy), copy, node);
}

cudaError_t cudaGraphExecMemcpyNodeSetParams(cudaGraphExec_t hGraphExec, cudaGraphNode_t node,
                                             const struct cudaMemcpy3DParms* pNodeParams) {
  CUDA_MEMCPY3D copy;
  return set(described(pNodeParams, copy), copy, hGraphExec, node);
}

cudaError_t cudaGraphExecMemcpyNodeSetParams1D(cudaGraphExec_t hGraphExec, cudaGraphNode_t node, void* dst, const void* src, size_t count,
                                               enum cudaMemcpyKind kind) {
  CUDA_MEMCPY3D copy;
  return set(linear(dst, src, count, kind, copy), copy, hGraphExec, node);
}

cudaError_t cudaGraphExecMemcpyNodeSetParamsToSymbol(cudaGraphExec_t hGraphExec, cudaGraphNode_t node, const void* symbol, const void* src,
                                                     size_t count, size_t offset, enum cudaMemcpyKind kind) {
  CUDA_MEMCPY3D copy;
  return set(to_symbol(symbol, src, count, offset, kind, copy), copy, hGraphExec, node);
}

cudaError_t cudaGraphExecMemcpyNodeSetParamsFromSymbol(cudaGraphExec_t hGraphExec, cudaGraphNode_t node, void* dst, const void* symbol,
                                                       size_t count, size_t offset, enum cudaMemcpyKind kind) {
  CUDA_MEMCPY3D copy;
  return set(from_symbol(dst, symbol, count, offset, kind, copy), copy, hGraphExec, node);
}

cudaError_t cudaGraphAddMemsetNode(cudaGraphNode_t* pGraphNode, cudaGraph_t graph, const cudaGraphNode_t* pDependencies,
                                   size_t numDependencies, const struct cudaMemsetParams* pMemsetParams) {
  CUDA_MEMSET_NODE_PARAMS params;
  if (const cudaError_t error = to_driver(pMemsetParams, params)) return error;
  return to_error(driver().cuGraphAddMemsetNode(pGraphNode, graph, pDependencies, numDependencies, &params, current_context()));
}

cudaError_t cudaGraphMemsetNodeGetParams(cudaGraphNode_t node, struct cudaMemsetParams* pNodeParams) {
  CUDA_MEMSET_NODE_PARAMS params;
  if (!pNodeParams) return cudaErrorInvalidValue;
  if (const CUresult result = driver().cuGraphMemsetNodeGetParams(node, &params)) return to_error(result);
  *pNodeParams = {reinterpret_cast<void*>(params.dst), params.pitch, params.value, params.elementSize, params.width, params.height};
  return cudaSuccess;
}

cudaError_t cudaGraphMemsetNodeSetParams(cudaGraphNode_t node, const struct cudaMemsetParams* pNodeParams) {
  CUDA_MEMSET_NODE_PARAMS params;
  if (const cudaError_t error = to_driver(pNodeParams, params)) return error;
  return to_error(driver().cuGraphMemsetNodeSetParams(node, &params));
}

cudaError_t cudaGraphExecMemsetNodeSetParams(cudaGraphExec_t hGraphExec, cudaGraphNode_t node, const struct cudaMemsetParams* pNodeParams) {
  CUDA_MEMSET_NODE_PARAMS params;
  if (const cudaError_t error = to_driver(pNodeParams, params)) return error;
  return to_error(driver().cuGraphExecMemsetNodeSetParams(hGraphExec, node, &params, current_context()));
}

cudaError_t cudaGraphAddNode(cudaGraphNode_t* pGraphNode, cudaGraph_t graph, const cudaGraphNode_t* pDependencies,
                             const cudaGraphEdgeData* dependencyData, size_t numDependencies, struct cudaGraphNodeParams* nodeParams) {
  CUgraphNodeParams params;
  if (const cudaError_t error = to_driver(nodeParams, params)) return error;
  const auto* edges = reinterpret_cast<const CUgraphEdgeData*>(dependencyData);
  const CUresult result = driver().cuGraphAddNode_v2(pGraphNode, graph, pDependencies, edges, numDependencies, &params);
  if (result != CUDA_SUCCESS) return to_error(result);
  // What the driver writes into the parameters.
  if (nodeParams->type == cudaGraphNodeTypeMemAlloc) nodeParams->alloc.dptr = reinterpret_cast<void*>(params.alloc.dptr);
  if (nodeParams->type == cudaGraphNodeTypeConditional) nodeParams->conditional.phGraph_out = params.conditional.phGraph_out;
  return cudaSuccess;
}

cudaError_t cudaGraphNodeSetParams(cudaGraphNode_t node, struct cudaGraphNodeParams* nodeParams) {
  CUgraphNodeParams params;
  if (const cudaError_t error = to_driver(nodeParams, params)) return error;
  return to_error(driver().cuGraphNodeSetParams(node, &params));
}

cudaError_t cudaGraphExecNodeSetParams(cudaGraphExec_t graphExec, cudaGraphNode_t node, struct cudaGraphNodeParams* nodeParams) {
  CUgraphNodeParams params;
  if (const cudaError_t error = to_driver(nodeParams, params)) return error;
  return to_error(driver().cuGraphExecNodeSetParams(graphExec, node, &params));
}

cudaError_t cudaGraphConditionalHandleCreate(cudaGraphConditionalHandle* pHandle_out, cudaGraph_t graph, unsigned int defaultLaunchValue,
                                             unsigned int flags) {
  static_assert(sizeof *pHandle_out == sizeof(CUgraphConditionalHandle));
  return to_error(driver().cuGraphConditionalHandleCreate(reinterpret_cast<CUgraphConditionalHandle*>(pHandle_out), graph,
                                                          current_context(), defaultLaunchValue, flags));
}

}  // namespace anywarp::runtime::api
