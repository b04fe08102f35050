// The CUDA runtime API with its C++ overloads, and in CUDA sources the language's own types. Every CUDA source includes this file
// before its first line.
#ifndef ANYWARP_CUDA_RUNTIME_H
#define ANYWARP_CUDA_RUNTIME_H
// The name that NVIDIA's header is known by; sources ask for it.
#ifndef __CUDA_RUNTIME_H__
#define __CUDA_RUNTIME_H__
#endif

#if defined(__CUDACC_RTC__)

#include "crt/nvrtc_runtime.h"

#else

#include "host_config.h"

#include "builtin_types.h"
#include "channel_descriptor.h"
#include "crt/removed_functions.h"
#include "cuda_runtime_api.h"
#include "driver_functions.h"
#include "library_types.h"
#include "vector_functions.h"

#if defined(__CUDACC__)
// CUDA sources use printf, assert, clock and memcpy without including anything.
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crt/attributes.h"
#include "device_launch_parameters.h"
#endif

#if defined(__cplusplus)

#include <utility>

#define AW_API static __inline__ __host__ cudaError_t

// --- Launches -------------------------------------------------------------------------------------------------------------------

template <class T>
AW_API cudaLaunchKernel(T* kernel, dim3 grid, dim3 block, void** arguments, size_t shared = 0, cudaStream_t stream = 0) {
  return ::cudaLaunchKernel((const void*)kernel, grid, block, arguments, shared, stream);
}

template <class T>
AW_API cudaLaunchCooperativeKernel(T* kernel, dim3 grid, dim3 block, void** arguments, size_t shared = 0, cudaStream_t stream = 0) {
  return ::cudaLaunchCooperativeKernel((const void*)kernel, grid, block, arguments, shared, stream);
}

/// The arguments are converted to the kernel's parameter types.
template <class... Parameters, class... Arguments>
AW_API cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...), Arguments&&... arguments) {
  return [&](Parameters... converted) {
    void* pointers[] = {(void*)&converted..., nullptr};
    return ::cudaLaunchKernelExC(config, (const void*)kernel, pointers);
  }(std::forward<Arguments>(arguments)...);
}

template <class... Arguments>
AW_API cudaLaunchKernelEx(const cudaLaunchConfig_t* config, const cudaKernel_t kernel, Arguments&&... arguments) {
  void* pointers[] = {(void*)&arguments..., nullptr};
  return ::cudaLaunchKernelExC(config, (const void*)kernel, pointers);
}

// --- Functions ------------------------------------------------------------------------------------------------------------------

template <class T>
AW_API cudaFuncSetCacheConfig(T* kernel, enum cudaFuncCache config) {
  return ::cudaFuncSetCacheConfig((const void*)kernel, config);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
template <class T>
AW_API cudaFuncSetSharedMemConfig(T* kernel, enum cudaSharedMemConfig config) {
  return ::cudaFuncSetSharedMemConfig((const void*)kernel, config);
}
#pragma GCC diagnostic pop

template <class T>
AW_API cudaFuncGetAttributes(struct cudaFuncAttributes* attributes, T* kernel) {
  return ::cudaFuncGetAttributes(attributes, (const void*)kernel);
}

template <class T>
AW_API cudaFuncSetAttribute(T* kernel, enum cudaFuncAttribute attribute, int value) {
  return ::cudaFuncSetAttribute((const void*)kernel, attribute, value);
}

template <class T>
AW_API cudaFuncGetName(const char** name, T* kernel) {
  return ::cudaFuncGetName(name, (const void*)kernel);
}

template <class T>
AW_API cudaGetKernel(cudaKernel_t* handle, T* kernel) {
  return ::cudaGetKernel(handle, (const void*)kernel);
}

template <class T>
AW_API cudaLibraryGetGlobal(T** address, size_t* bytes, cudaLibrary_t library, const char* name) {
  return ::cudaLibraryGetGlobal((void**)address, bytes, library, name);
}

template <class T>
AW_API cudaLibraryGetManaged(T** address, size_t* bytes, cudaLibrary_t library, const char* name) {
  return ::cudaLibraryGetManaged((void**)address, bytes, library, name);
}

template <class T>
AW_API cudaLibraryGetUnifiedFunction(T** function, cudaLibrary_t library, const char* symbol) {
  return ::cudaLibraryGetUnifiedFunction((void**)function, library, symbol);
}

// --- Occupancy ------------------------------------------------------------------------------------------------------------------

template <class T>
AW_API cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, T kernel, int block_size, size_t shared) {
  return ::cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, (const void*)kernel, block_size, shared,
                                                                  cudaOccupancyDefault);
}

template <class T>
AW_API cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, T kernel, int block_size, size_t shared,
                                                              unsigned int flags) {
  return ::cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, (const void*)kernel, block_size, shared, flags);
}

template <class T>
AW_API cudaOccupancyAvailableDynamicSMemPerBlock(size_t* shared, T* kernel, int blocks, int block_size) {
  return ::cudaOccupancyAvailableDynamicSMemPerBlock(shared, (const void*)kernel, blocks, block_size);
}

template <class T>
AW_API cudaOccupancyMaxPotentialClusterSize(int* size, T* kernel, const cudaLaunchConfig_t* config) {
  return ::cudaOccupancyMaxPotentialClusterSize(size, (const void*)kernel, config);
}

template <class T>
AW_API cudaOccupancyMaxActiveClusters(int* clusters, T* kernel, const cudaLaunchConfig_t* config) {
  return ::cudaOccupancyMaxActiveClusters(clusters, (const void*)kernel, config);
}

/// Finds the largest block size among those with the most resident threads, and the grid that fills the device with such blocks.
template <class SharedOfBlockSize, class T>
AW_API cudaOccupancyMaxPotentialBlockSizeVariableSMemWithFlags(int* grid_size, int* block_size, T kernel, SharedOfBlockSize shared_of,
                                                               int block_size_limit = 0, unsigned int flags = 0) {
  if (!grid_size || !block_size || !kernel) return cudaErrorInvalidValue;
  int device, processors, threads, warp;
  struct cudaFuncAttributes attributes;
  cudaError_t status = ::cudaGetDevice(&device);
  if (status == cudaSuccess) status = ::cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
  if (status == cudaSuccess) status = ::cudaDeviceGetAttribute(&threads, cudaDevAttrMaxThreadsPerMultiProcessor, device);
  if (status == cudaSuccess) status = ::cudaDeviceGetAttribute(&warp, cudaDevAttrWarpSize, device);
  if (status == cudaSuccess) status = ::cudaFuncGetAttributes(&attributes, (const void*)kernel);
  if (status != cudaSuccess) return status;

  int limit = attributes.maxThreadsPerBlock;
  if (block_size_limit > 0 && block_size_limit < limit) limit = block_size_limit;
  int best_threads = 0, best_blocks = 0, best_size = 0;
  for (int rounded = (limit + warp - 1) / warp * warp; rounded > 0; rounded -= warp) {
    int size = rounded < limit ? rounded : limit;
    int blocks;
    status = ::cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(&blocks, (const void*)kernel, size, shared_of(size), flags);
    if (status != cudaSuccess) return status;
    if (blocks * size > best_threads) {
      best_threads = blocks * size;
      best_blocks = blocks;
      best_size = size;
    }
    if (best_threads == threads) break;
  }
  *grid_size = best_blocks * processors;
  *block_size = best_size;
  return cudaSuccess;
}

template <class SharedOfBlockSize, class T>
AW_API cudaOccupancyMaxPotentialBlockSizeVariableSMem(int* grid_size, int* block_size, T kernel, SharedOfBlockSize shared_of,
                                                      int block_size_limit = 0) {
  return cudaOccupancyMaxPotentialBlockSizeVariableSMemWithFlags(grid_size, block_size, kernel, shared_of, block_size_limit,
                                                                 cudaOccupancyDefault);
}

template <class T>
AW_API cudaOccupancyMaxPotentialBlockSizeWithFlags(int* grid_size, int* block_size, T kernel, size_t shared = 0,
                                                   int block_size_limit = 0, unsigned int flags = 0) {
  return cudaOccupancyMaxPotentialBlockSizeVariableSMemWithFlags(
      grid_size, block_size, kernel, [shared](int) { return shared; }, block_size_limit, flags);
}

template <class T>
AW_API cudaOccupancyMaxPotentialBlockSize(int* grid_size, int* block_size, T kernel, size_t shared = 0, int block_size_limit = 0) {
  return cudaOccupancyMaxPotentialBlockSizeWithFlags(grid_size, block_size, kernel, shared, block_size_limit, cudaOccupancyDefault);
}

// --- Memory ---------------------------------------------------------------------------------------------------------------------

template <class T>
AW_API cudaMalloc(T** address, size_t bytes) {
  return ::cudaMalloc((void**)(void*)address, bytes);
}

AW_API cudaMallocHost(void** address, size_t bytes, unsigned int flags) { return ::cudaHostAlloc(address, bytes, flags); }

template <class T>
AW_API cudaMallocHost(T** address, size_t bytes, unsigned int flags = 0) {
  return ::cudaHostAlloc((void**)(void*)address, bytes, flags);
}

template <class T>
AW_API cudaHostAlloc(T** address, size_t bytes, unsigned int flags) {
  return ::cudaHostAlloc((void**)(void*)address, bytes, flags);
}

template <class T>
AW_API cudaHostGetDevicePointer(T** device, void* host, unsigned int flags) {
  return ::cudaHostGetDevicePointer((void**)(void*)device, host, flags);
}

template <class T>
AW_API cudaMallocManaged(T** address, size_t bytes, unsigned int flags = cudaMemAttachGlobal) {
  return ::cudaMallocManaged((void**)(void*)address, bytes, flags);
}

template <class T>
AW_API cudaMallocPitch(T** address, size_t* pitch, size_t width, size_t height) {
  return ::cudaMallocPitch((void**)(void*)address, pitch, width, height);
}

template <class T>
AW_API cudaStreamAttachMemAsync(cudaStream_t stream, T* address, size_t bytes = 0, unsigned int flags = cudaMemAttachSingle) {
  return ::cudaStreamAttachMemAsync(stream, (void*)address, bytes, flags);
}

AW_API cudaMallocAsync(void** address, size_t bytes, cudaMemPool_t pool, cudaStream_t stream) {
  return ::cudaMallocFromPoolAsync(address, bytes, pool, stream);
}

template <class T>
AW_API cudaMallocAsync(T** address, size_t bytes, cudaMemPool_t pool, cudaStream_t stream) {
  return ::cudaMallocFromPoolAsync((void**)(void*)address, bytes, pool, stream);
}

template <class T>
AW_API cudaMallocAsync(T** address, size_t bytes, cudaStream_t stream) {
  return ::cudaMallocAsync((void**)(void*)address, bytes, stream);
}

template <class T>
AW_API cudaMallocFromPoolAsync(T** address, size_t bytes, cudaMemPool_t pool, cudaStream_t stream) {
  return ::cudaMallocFromPoolAsync((void**)(void*)address, bytes, pool, stream);
}

// --- Symbols: a device variable is named by itself ------------------------------------------------------------------------------

template <class T>
AW_API cudaGetSymbolAddress(void** address, const T& symbol) {
  return ::cudaGetSymbolAddress(address, (const void*)&symbol);
}

template <class T>
AW_API cudaGetSymbolSize(size_t* bytes, const T& symbol) {
  return ::cudaGetSymbolSize(bytes, (const void*)&symbol);
}

template <class T>
AW_API cudaMemcpyToSymbol(const T& symbol, const void* source, size_t bytes, size_t offset = 0,
                          enum cudaMemcpyKind kind = cudaMemcpyHostToDevice) {
  return ::cudaMemcpyToSymbol((const void*)&symbol, source, bytes, offset, kind);
}

template <class T>
AW_API cudaMemcpyToSymbolAsync(const T& symbol, const void* source, size_t bytes, size_t offset = 0,
                               enum cudaMemcpyKind kind = cudaMemcpyHostToDevice, cudaStream_t stream = 0) {
  return ::cudaMemcpyToSymbolAsync((const void*)&symbol, source, bytes, offset, kind, stream);
}

template <class T>
AW_API cudaMemcpyFromSymbol(void* destination, const T& symbol, size_t bytes, size_t offset = 0,
                            enum cudaMemcpyKind kind = cudaMemcpyDeviceToHost) {
  return ::cudaMemcpyFromSymbol(destination, (const void*)&symbol, bytes, offset, kind);
}

template <class T>
AW_API cudaMemcpyFromSymbolAsync(void* destination, const T& symbol, size_t bytes, size_t offset = 0,
                                 enum cudaMemcpyKind kind = cudaMemcpyDeviceToHost, cudaStream_t stream = 0) {
  return ::cudaMemcpyFromSymbolAsync(destination, (const void*)&symbol, bytes, offset, kind, stream);
}

// --- Events and graphs ----------------------------------------------------------------------------------------------------------

AW_API cudaEventCreate(cudaEvent_t* event, unsigned int flags) { return ::cudaEventCreateWithFlags(event, flags); }

/// The form of CUDA 11; node and log are no longer filled in.
AW_API cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, cudaGraphNode_t* /*error_node*/, char* /*log*/,
                            size_t /*log_bytes*/) {
  return ::cudaGraphInstantiate(exec, graph, 0);
}

/// The form of CUDA 11, which took the two results apart.
AW_API cudaGraphExecUpdate(cudaGraphExec_t exec, cudaGraph_t graph, cudaGraphNode_t* error_node,
                           enum cudaGraphExecUpdateResult* result) {
  cudaGraphExecUpdateResultInfo info;
  cudaError_t status = ::cudaGraphExecUpdate(exec, graph, &info);
  if (error_node) *error_node = info.errorNode;
  if (result) *result = info.result;
  return status;
}

template <class T>
AW_API cudaGraphAddMemcpyNodeToSymbol(cudaGraphNode_t* node, cudaGraph_t graph, const cudaGraphNode_t* dependencies, size_t count,
                                      const T& symbol, const void* source, size_t bytes, size_t offset, enum cudaMemcpyKind kind) {
  return ::cudaGraphAddMemcpyNodeToSymbol(node, graph, dependencies, count, (const void*)&symbol, source, bytes, offset, kind);
}

template <class T>
AW_API cudaGraphAddMemcpyNodeFromSymbol(cudaGraphNode_t* node, cudaGraph_t graph, const cudaGraphNode_t* dependencies, size_t count,
                                        void* destination, const T& symbol, size_t bytes, size_t offset, enum cudaMemcpyKind kind) {
  return ::cudaGraphAddMemcpyNodeFromSymbol(node, graph, dependencies, count, destination, (const void*)&symbol, bytes, offset,
                                            kind);
}

template <class T>
AW_API cudaGraphMemcpyNodeSetParamsToSymbol(cudaGraphNode_t node, const T& symbol, const void* source, size_t bytes, size_t offset,
                                            enum cudaMemcpyKind kind) {
  return ::cudaGraphMemcpyNodeSetParamsToSymbol(node, (const void*)&symbol, source, bytes, offset, kind);
}

template <class T>
AW_API cudaGraphMemcpyNodeSetParamsFromSymbol(cudaGraphNode_t node, void* destination, const T& symbol, size_t bytes, size_t offset,
                                              enum cudaMemcpyKind kind) {
  return ::cudaGraphMemcpyNodeSetParamsFromSymbol(node, destination, (const void*)&symbol, bytes, offset, kind);
}

template <class T>
AW_API cudaGraphExecMemcpyNodeSetParamsToSymbol(cudaGraphExec_t exec, cudaGraphNode_t node, const T& symbol, const void* source,
                                                size_t bytes, size_t offset, enum cudaMemcpyKind kind) {
  return ::cudaGraphExecMemcpyNodeSetParamsToSymbol(exec, node, (const void*)&symbol, source, bytes, offset, kind);
}

template <class T>
AW_API cudaGraphExecMemcpyNodeSetParamsFromSymbol(cudaGraphExec_t exec, cudaGraphNode_t node, void* destination, const T& symbol,
                                                  size_t bytes, size_t offset, enum cudaMemcpyKind kind) {
  return ::cudaGraphExecMemcpyNodeSetParamsFromSymbol(exec, node, destination, (const void*)&symbol, bytes, offset, kind);
}

template <class T>
AW_API cudaUserObjectCreate(cudaUserObject_t* object, T* wrapped, unsigned int references, unsigned int flags) {
  return ::cudaUserObjectCreate(
      object, wrapped, [](void* pointer) { delete static_cast<T*>(pointer); }, references, flags);
}

template <class T>
AW_API cudaUserObjectCreate(cudaUserObject_t* object, T* wrapped, unsigned int references, cudaUserObjectFlags flags) {
  return cudaUserObjectCreate(object, wrapped, references, (unsigned int)flags);
}

#undef AW_API

#include "crt/texture_references.h"

#endif  // __cplusplus

#endif  // __CUDACC_RTC__
#endif
