// Variables of device code, which host code names by the variable of the same name on its own side.

#include "entry_points.h"
#include "runtime/enter.h"
#include "runtime/registry.h"

namespace anywarp::runtime::api {
namespace {

/// The address `offset` bytes into the variable, if `count` bytes from there on are inside it.
cudaError_t find_part(const void* symbol, size_t offset, size_t count, void** part) {
  CUdeviceptr address = 0;
  size_t size = 0;
  if (const cudaError_t error = find_variable(symbol, address, size)) return error;
  if (offset > size || count > size - offset) return cudaErrorInvalidValue;
  *part = reinterpret_cast<void*>(address + offset);
  return cudaSuccess;
}

bool may_write(cudaMemcpyKind kind) {
  return kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice || kind == cudaMemcpyDefault;
}

bool may_read(cudaMemcpyKind kind) {
  return kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice || kind == cudaMemcpyDefault;
}

}  // namespace

cudaError_t cudaMemcpyToSymbol(const void* symbol, const void* src, size_t count, size_t offset, enum cudaMemcpyKind kind,
                               bool per_thread) {
  void* part = nullptr;
  if (!may_write(kind)) return cudaErrorInvalidMemcpyDirection;
  if (const cudaError_t error = find_part(symbol, offset, count, &part)) return error;
  return api::cudaMemcpy(part, src, count, kind, per_thread);
}

cudaError_t cudaMemcpyToSymbolAsync(const void* symbol, const void* src, size_t count, size_t offset, enum cudaMemcpyKind kind,
                                    cudaStream_t stream) {
  void* part = nullptr;
  if (!may_write(kind)) return cudaErrorInvalidMemcpyDirection;
  if (const cudaError_t error = find_part(symbol, offset, count, &part)) return error;
  return api::cudaMemcpyAsync(part, src, count, kind, stream);
}

cudaError_t cudaMemcpyFromSymbol(void* dst, const void* symbol, size_t count, size_t offset, enum cudaMemcpyKind kind, bool per_thread) {
  void* part = nullptr;
  if (!may_read(kind)) return cudaErrorInvalidMemcpyDirection;
  if (const cudaError_t error = find_part(symbol, offset, count, &part)) return error;
  return api::cudaMemcpy(dst, part, count, kind, per_thread);
}

cudaError_t cudaMemcpyFromSymbolAsync(void* dst, const void* symbol, size_t count, size_t offset, enum cudaMemcpyKind kind,
                                      cudaStream_t stream) {
  void* part = nullptr;
  if (!may_read(kind)) return cudaErrorInvalidMemcpyDirection;
  if (const cudaError_t error = find_part(symbol, offset, count, &part)) return error;
  return api::cudaMemcpyAsync(dst, part, count, kind, stream);
}

cudaError_t cudaGetSymbolAddress(void** devPtr, const void* symbol) {
  return devPtr ? find_part(symbol, 0, 0, devPtr) : cudaErrorInvalidValue;
}

cudaError_t cudaGetSymbolSize(size_t* size, const void* symbol) {
  CUdeviceptr address = 0;
  return size ? find_variable(symbol, address, *size) : cudaErrorInvalidValue;
}

}  // namespace anywarp::runtime::api
