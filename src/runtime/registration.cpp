// What compiled host code calls, before main() and around every launch. See registry.cpp.

#include "entry_points.h"
#include "runtime/enter.h"
#include "runtime/registry.h"
#include "runtime/thread_state.h"

namespace anywarp::runtime::api {
namespace {

Module* module_of(void** handle) { return reinterpret_cast<Module*>(handle); }

}  // namespace

void** __cudaRegisterFatBinary(void* fatCubin) { return reinterpret_cast<void**>(add_module(fatCubin)); }

// Host code may look at managed variables before it calls anything, so those are made at once.
void __cudaRegisterFatBinaryEnd(void** fatCubinHandle) { record(prepare_managed_in_place(module_of(fatCubinHandle))); }

void __anywarpRegisterManagedSection(void* begin, void* end) { add_managed_section(begin, end); }

void __cudaUnregisterFatBinary(void** fatCubinHandle) { remove_module(module_of(fatCubinHandle)); }

void __cudaRegisterFunction(void** fatCubinHandle, const char* hostFun, char* deviceFun, const char* deviceName, int thread_limit,
                            uint3* tid, uint3* bid, dim3* bDim, dim3* gDim, int* wSize) {
  add_function(module_of(fatCubinHandle), hostFun, deviceName);
}

void __cudaRegisterVar(void** fatCubinHandle, char* hostVar, char* deviceAddress, const char* deviceName, int ext, size_t size,
                       int constant, int global) {
  add_variable(module_of(fatCubinHandle), hostVar, deviceName, size, Variable::Kind::Device);
}

void __cudaRegisterManagedVar(void** fatCubinHandle, void** hostVarPtrAddress, char* deviceAddress, const char* deviceName, int ext,
                              size_t size, int constant, int global) {
  add_variable(module_of(fatCubinHandle), hostVarPtrAddress, deviceName, size, Variable::Kind::Managed);
}

// Texture and surface references are cells of 8 bytes that include/crt/texture_references.h writes what is bound into.
void __cudaRegisterTexture(void** fatCubinHandle, const void* hostVar, const void** deviceAddress, const char* deviceName, int dim,
                           int norm, int ext) {
  add_variable(module_of(fatCubinHandle), const_cast<void*>(hostVar), deviceName, 8, Variable::Kind::Device);
}

void __cudaRegisterSurface(void** fatCubinHandle, const void* hostVar, const void** deviceAddress, const char* deviceName, int dim,
                           int ext) {
  add_variable(module_of(fatCubinHandle), const_cast<void*>(hostVar), deviceName, 8, Variable::Kind::Device);
}

char __cudaInitModule(void** fatCubinHandle) { return record(prepare_managed(module_of(fatCubinHandle))) == cudaSuccess; }

unsigned int __cudaPushCallConfiguration(dim3 gridDim, dim3 blockDim, size_t sharedMem, struct CUstream_st* stream) {
  ThreadState& thread = thread_state();
  if (thread.nested == ThreadState::kMostNested) return record(cudaErrorLaunchFailure);
  thread.configurations[thread.nested++] = {{gridDim.x, gridDim.y, gridDim.z}, {blockDim.x, blockDim.y, blockDim.z}, sharedMem, stream};
  return 0;
}

cudaError_t __cudaPopCallConfiguration(dim3* gridDim, dim3* blockDim, size_t* sharedMem, void* stream) {
  ThreadState& thread = thread_state();
  if (thread.nested == 0) return record(cudaErrorMissingConfiguration);
  const CallConfiguration& top = thread.configurations[--thread.nested];
  *gridDim = dim3(top.grid[0], top.grid[1], top.grid[2]);
  *blockDim = dim3(top.block[0], top.block[1], top.block[2]);
  *sharedMem = top.shared_bytes;
  *static_cast<cudaStream_t*>(stream) = top.stream;
  return cudaSuccess;
}

cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* hostFun) { return api::cudaGetKernel(kernel, hostFun); }

cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 gridDim, dim3 blockDim, void** args, size_t sharedMem, cudaStream_t stream) {
  return api::cudaLaunchKernel(kernel, gridDim, blockDim, args, sharedMem, stream);
}

}  // namespace anywarp::runtime::api
