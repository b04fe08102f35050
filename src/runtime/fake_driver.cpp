#include "runtime/fake_driver.h"

#define __CUDA_API_VERSION_INTERNAL
#include <cuda.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <map>
#include <set>

#define FAKE extern "C" __attribute__((visibility("default"))) CUresult

namespace anywarp::runtime::fake {
namespace {

std::map<std::string, int>& failures() {
  static std::map<std::string, int> map;
  return map;
}

/// Notes the call and says how it ends.
CUresult note(const char* name, const char* format, ...) __attribute__((format(printf, 2, 3)));
CUresult note(const char* name, const char* format, ...) {
  char text[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  calls().push_back(std::string(name) + "(" + text + ")");
  const auto found = failures().find(name);
  return found == failures().end() ? CUDA_SUCCESS : static_cast<CUresult>(found->second);
}

thread_local CUcontext current;
int primaries[2];
constexpr CUdeviceptr kSomewhere = 0x1000;

CUcontext primary(CUdevice device) { return reinterpret_cast<CUcontext>(&primaries[device]); }

const char* type_name(CUmemorytype type) {
  static constexpr const char* kNames[] = {"?", "host", "device", "array", "unified"};
  return kNames[type];
}

std::string side(CUmemorytype type, const void* host, CUdeviceptr device, CUarray array) {
  char text[64];
  const auto address = type == CU_MEMORYTYPE_HOST    ? reinterpret_cast<uintptr_t>(host)
                       : type == CU_MEMORYTYPE_ARRAY ? reinterpret_cast<uintptr_t>(array)
                                                     : static_cast<uintptr_t>(device);
  snprintf(text, sizeof text, "%s %lx", type_name(type), address);
  return text;
}

std::string text_of(const CUDA_MEMCPY2D& copy) {
  char text[300];
  snprintf(text, sizeof text, "%s + %zu,%zu pitch %zu -> %s + %zu,%zu pitch %zu: %zux%zu",
           side(copy.srcMemoryType, copy.srcHost, copy.srcDevice, copy.srcArray).c_str(), copy.srcXInBytes, copy.srcY, copy.srcPitch,
           side(copy.dstMemoryType, copy.dstHost, copy.dstDevice, copy.dstArray).c_str(), copy.dstXInBytes, copy.dstY, copy.dstPitch,
           copy.WidthInBytes, copy.Height);
  return text;
}

template <class Copy>
std::string text_of_box(const Copy& copy) {
  char text[300];
  snprintf(text, sizeof text, "%s + %zu,%zu,%zu pitch %zu,%zu -> %s + %zu,%zu,%zu pitch %zu,%zu: %zux%zux%zu",
           side(copy.srcMemoryType, copy.srcHost, copy.srcDevice, copy.srcArray).c_str(), copy.srcXInBytes, copy.srcY, copy.srcZ,
           copy.srcPitch, copy.srcHeight, side(copy.dstMemoryType, copy.dstHost, copy.dstDevice, copy.dstArray).c_str(), copy.dstXInBytes,
           copy.dstY, copy.dstZ, copy.dstPitch, copy.dstHeight, copy.WidthInBytes, copy.Height, copy.Depth);
  return text;
}

/// One address for each name, at which the name is.
const char* handle_of(const char* name) {
  static std::set<std::string> names;
  return names.insert(name).first->c_str();
}

unsigned long number(const void* handle) { return reinterpret_cast<unsigned long>(handle); }

}  // namespace

std::vector<std::string>& calls() {
  static std::vector<std::string> list;
  return list;
}

void clear() {
  calls().clear();
  failures().clear();
}

void fail(const std::string& name, int result) {
  failures()[name] = result;
  if (result == 0) failures().erase(name);
}

}  // namespace anywarp::runtime::fake

using namespace anywarp::runtime::fake;

FAKE cuInit(unsigned) { return CUDA_SUCCESS; }
FAKE cuDriverGetVersion(int* version) {
  *version = 13000;
  return CUDA_SUCCESS;
}
FAKE cuDeviceGetCount(int* count) {
  *count = 2;
  return CUDA_SUCCESS;
}
FAKE cuDeviceGet(CUdevice* device, int ordinal) {
  if (ordinal < 0 || ordinal > 1) return CUDA_ERROR_INVALID_DEVICE;
  *device = ordinal;
  return CUDA_SUCCESS;
}
FAKE cuDeviceGetName(char* name, int length, CUdevice device) {
  snprintf(name, static_cast<size_t>(length), "fake %d", device);
  return CUDA_SUCCESS;
}
FAKE cuDeviceGetUuid_v2(CUuuid* uuid, CUdevice device) {
  memset(uuid, 0x40 + device, sizeof *uuid);
  return CUDA_SUCCESS;
}
FAKE cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
  *bytes = size_t{1} << 33;
  return CUDA_SUCCESS;
}
FAKE cuDeviceGetAttribute(int* value, CUdevice_attribute which, CUdevice device) {
  if (which <= 0 || which > 200) return CUDA_ERROR_INVALID_VALUE;
  *value = 1000 + which;
  return CUDA_SUCCESS;
}
FAKE cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  *context = primary(device);
  return note("cuDevicePrimaryCtxRetain", "%d", device);
}
FAKE cuDevicePrimaryCtxReset_v2(CUdevice device) { return note("cuDevicePrimaryCtxReset_v2", "%d", device); }
FAKE cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned flags) {
  return note("cuDevicePrimaryCtxSetFlags_v2", "%d, %u", device, flags);
}
FAKE cuDevicePrimaryCtxGetState(CUdevice, unsigned* flags, int* active) {
  *flags = CU_CTX_SCHED_YIELD;
  *active = 0;
  return CUDA_SUCCESS;
}
FAKE cuCtxGetCurrent(CUcontext* context) {
  *context = current;
  return CUDA_SUCCESS;
}
FAKE cuCtxSetCurrent(CUcontext context) {
  current = context;
  return CUDA_SUCCESS;
}
FAKE cuCtxGetDevice(CUdevice* device) {
  *device = current == primary(1) ? 1 : 0;
  return current ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}
FAKE cuCtxSynchronize() { return note("cuCtxSynchronize", "%s", ""); }
FAKE cuCtxEnablePeerAccess(CUcontext peer, unsigned flags) {
  return note("cuCtxEnablePeerAccess", "%d, %u", peer == primary(1) ? 1 : 0, flags);
}

FAKE cuMemAlloc_v2(CUdeviceptr* address, size_t size) {
  *address = kSomewhere;
  return note("cuMemAlloc_v2", "%zu", size);
}
FAKE cuMemFree_v2(CUdeviceptr address) { return note("cuMemFree_v2", "%llx", address); }
FAKE cuMemHostAlloc(void** pointer, size_t size, unsigned flags) {
  *pointer = reinterpret_cast<void*>(kSomewhere);
  return note("cuMemHostAlloc", "%zu, %u", size, flags);
}
FAKE cuMemFreeHost(void* pointer) { return note("cuMemFreeHost", "%lx", number(pointer)); }
FAKE cuMemAllocManaged(CUdeviceptr* address, size_t size, unsigned flags) {
  *address = kSomewhere;
  return note("cuMemAllocManaged", "%zu, %u", size, flags);
}
FAKE cuMemAllocPitch_v2(CUdeviceptr* address, size_t* pitch, size_t width, size_t height, unsigned element) {
  *address = kSomewhere;
  *pitch = (width + 511) / 512 * 512;
  return note("cuMemAllocPitch_v2", "%zu, %zu, %u", width, height, element);
}
FAKE cuMemAllocAsync(CUdeviceptr* address, size_t size, CUstream stream) {
  *address = kSomewhere;
  return note("cuMemAllocAsync", "%zu, %lx", size, number(stream));
}
FAKE cuMemFreeAsync(CUdeviceptr address, CUstream stream) { return note("cuMemFreeAsync", "%llx, %lx", address, number(stream)); }
FAKE cuMemFreeAsync_ptsz(CUdeviceptr address, CUstream stream) { return note("cuMemFreeAsync_ptsz", "%llx, %lx", address, number(stream)); }
FAKE cuPointerGetAttributes(unsigned count, CUpointer_attribute* which, void** values, CUdeviceptr address) {
  for (unsigned i = 0; i < count; ++i) {
    const bool device = address == kSomewhere;
    switch (which[i]) {
      case CU_POINTER_ATTRIBUTE_MEMORY_TYPE: *static_cast<unsigned*>(values[i]) = device ? CU_MEMORYTYPE_DEVICE : 0; break;
      case CU_POINTER_ATTRIBUTE_IS_MANAGED: *static_cast<unsigned*>(values[i]) = 0; break;
      case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL: *static_cast<int*>(values[i]) = device ? 1 : -2; break;
      case CU_POINTER_ATTRIBUTE_DEVICE_POINTER: *static_cast<CUdeviceptr*>(values[i]) = device ? address : 0; break;
      case CU_POINTER_ATTRIBUTE_HOST_POINTER: *static_cast<void**>(values[i]) = nullptr; break;
      default: return CUDA_ERROR_INVALID_VALUE;
    }
  }
  return CUDA_SUCCESS;
}

FAKE cuMemcpy(CUdeviceptr dst, CUdeviceptr src, size_t count) { return note("cuMemcpy", "%llx, %llx, %zu", dst, src, count); }
FAKE cuMemcpy_ptds(CUdeviceptr dst, CUdeviceptr src, size_t count) { return note("cuMemcpy_ptds", "%llx, %llx, %zu", dst, src, count); }
FAKE cuMemcpyHtoD_v2(CUdeviceptr dst, const void* src, size_t count) {
  return note("cuMemcpyHtoD_v2", "%llx, %lx, %zu", dst, number(src), count);
}
FAKE cuMemcpyHtoD_v2_ptds(CUdeviceptr dst, const void* src, size_t count) {
  return note("cuMemcpyHtoD_v2_ptds", "%llx, %lx, %zu", dst, number(src), count);
}
FAKE cuMemcpyDtoH_v2(void* dst, CUdeviceptr src, size_t count) {
  return note("cuMemcpyDtoH_v2", "%lx, %llx, %zu", number(dst), src, count);
}
FAKE cuMemcpyDtoD_v2(CUdeviceptr dst, CUdeviceptr src, size_t count) { return note("cuMemcpyDtoD_v2", "%llx, %llx, %zu", dst, src, count); }
FAKE cuMemcpyHtoDAsync_v2(CUdeviceptr dst, const void* src, size_t count, CUstream stream) {
  return note("cuMemcpyHtoDAsync_v2", "%llx, %lx, %zu, %lx", dst, number(src), count, number(stream));
}
FAKE cuMemcpyPeer(CUdeviceptr dst, CUcontext to, CUdeviceptr src, CUcontext from, size_t count) {
  return note("cuMemcpyPeer", "%llx on %d, %llx on %d, %zu", dst, to == primary(1), src, from == primary(1), count);
}
FAKE cuMemcpy2DUnaligned_v2(const CUDA_MEMCPY2D* copy) { return note("cuMemcpy2DUnaligned_v2", "%s", text_of(*copy).c_str()); }
FAKE cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D* copy, CUstream stream) {
  return note("cuMemcpy2DAsync_v2", "%s, %lx", text_of(*copy).c_str(), number(stream));
}
FAKE cuMemcpy3D_v2(const CUDA_MEMCPY3D* copy) { return note("cuMemcpy3D_v2", "%s", text_of_box(*copy).c_str()); }
FAKE cuMemcpy3DPeer(const CUDA_MEMCPY3D_PEER* copy) {
  return note("cuMemcpy3DPeer", "%d to %d: %s", copy->srcContext == primary(1), copy->dstContext == primary(1), text_of_box(*copy).c_str());
}
FAKE cuMemsetD8_v2(CUdeviceptr dst, unsigned char value, size_t count) { return note("cuMemsetD8_v2", "%llx, %u, %zu", dst, value, count); }
FAKE cuMemsetD8Async(CUdeviceptr dst, unsigned char value, size_t count, CUstream stream) {
  return note("cuMemsetD8Async", "%llx, %u, %zu, %lx", dst, value, count, number(stream));
}
FAKE cuMemsetD2D8_v2(CUdeviceptr dst, size_t pitch, unsigned char value, size_t width, size_t height) {
  return note("cuMemsetD2D8_v2", "%llx, %zu, %u, %zux%zu", dst, pitch, value, width, height);
}

FAKE cuArray3DCreate_v2(CUarray* array, const CUDA_ARRAY3D_DESCRIPTOR* d) {
  *array = reinterpret_cast<CUarray>(0xA0);
  return note("cuArray3DCreate_v2", "%zux%zux%zu, %x, %u, %u", d->Width, d->Height, d->Depth, d->Format, d->NumChannels, d->Flags);
}
FAKE cuArray3DGetDescriptor_v2(CUDA_ARRAY3D_DESCRIPTOR* d, CUarray array) {
  if (array != reinterpret_cast<CUarray>(0xA0)) return CUDA_ERROR_INVALID_HANDLE;
  *d = {.Width = 10, .Height = 6, .Depth = 0, .Format = CU_AD_FORMAT_FLOAT, .NumChannels = 2, .Flags = 0};
  return CUDA_SUCCESS;
}
FAKE cuTexObjectCreate(CUtexObject* object, const CUDA_RESOURCE_DESC* resource, const CUDA_TEXTURE_DESC* texture,
                       const CUDA_RESOURCE_VIEW_DESC* view) {
  *object = 0x7E;
  return note("cuTexObjectCreate", "type %d, flags %u, filter %d, view %d", resource->resType, texture->flags, texture->filterMode,
              view != nullptr);
}

FAKE cuStreamCreate(CUstream* stream, unsigned flags) {
  *stream = reinterpret_cast<CUstream>(0x57);
  return note("cuStreamCreate", "%u", flags);
}
FAKE cuStreamQuery(CUstream stream) { return note("cuStreamQuery", "%lx", number(stream)); }
FAKE cuStreamQuery_ptsz(CUstream stream) { return note("cuStreamQuery_ptsz", "%lx", number(stream)); }
FAKE cuStreamAddCallback(CUstream stream, CUstreamCallback callback, void* data, unsigned flags) {
  const CUresult result = note("cuStreamAddCallback", "%lx, %u", number(stream), flags);
  if (result == CUDA_SUCCESS) callback(stream, CUDA_ERROR_LAUNCH_FAILED, data);
  return result;
}
FAKE cuEventQuery(CUevent event) { return note("cuEventQuery", "%lx", number(event)); }

// A fat binary is a text here: the name of the library, whose first letter is the library's handle.
FAKE cuLibraryLoadData(CUlibrary* library, const void* code, CUjit_option*, void**, unsigned, CUlibraryOption* options, void** values,
                       unsigned count) {
  *library = reinterpret_cast<CUlibrary>(static_cast<uintptr_t>(*static_cast<const char*>(code)));
  const bool preserved = count == 1 && options[0] == CU_LIBRARY_BINARY_IS_PRESERVED && values[0];
  return note("cuLibraryLoadData", "%s, preserved %d", static_cast<const char*>(code), preserved);
}
FAKE cuLibraryUnload(CUlibrary library) { return note("cuLibraryUnload", "%lx", number(library)); }
FAKE cuLibraryGetKernel(CUkernel* kernel, CUlibrary library, const char* name) {
  if (strcmp(name, "missing") == 0) return CUDA_ERROR_NOT_FOUND;
  *kernel = reinterpret_cast<CUkernel>(const_cast<char*>(handle_of(name)));
  return note("cuLibraryGetKernel", "%lx, %s", number(library), name);
}
FAKE cuLibraryGetGlobal(CUdeviceptr* address, size_t* size, CUlibrary library, const char* name) {
  if (strcmp(name, "missing") == 0) return CUDA_ERROR_NOT_FOUND;
  *address = kSomewhere;
  *size = 64;
  return note("cuLibraryGetGlobal", "%lx, %s", number(library), name);
}
FAKE cuLibraryGetManaged(CUdeviceptr* address, size_t* size, CUlibrary library, const char* name) {
  *address = 2 * kSomewhere;
  *size = 4;
  return note("cuLibraryGetManaged", "%lx, %s", number(library), name);
}
FAKE anywarp_library_place_variable(CUlibrary library, const char* name, void*) {
  return note("anywarp_library_place_variable", "%lx, %s", number(library), name);
}
FAKE cuKernelGetAttribute(int* value, CUfunction_attribute which, CUkernel kernel, CUdevice device) {
  *value = 100 + which;
  return CUDA_SUCCESS;
}
FAKE cuLaunchKernel(CUfunction function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
                    CUstream stream, void** parameters, void** extra) {
  return note("cuLaunchKernel", "%s, %ux%ux%u, %ux%ux%u, %u, %lx", reinterpret_cast<const char*>(function), gx, gy, gz, bx, by, bz, shared,
              number(stream));
}
FAKE cuLaunchKernelEx(const CUlaunchConfig* config, CUfunction function, void** parameters, void** extra) {
  return note("cuLaunchKernelEx", "%s, %ux%ux%u, %ux%ux%u, %u, %lx, %u attributes", reinterpret_cast<const char*>(function),
              config->gridDimX, config->gridDimY, config->gridDimZ, config->blockDimX, config->blockDimY, config->blockDimZ,
              config->sharedMemBytes, number(config->hStream), config->numAttrs);
}
// A graph has one node: what was added last.
namespace {
CUDA_KERNEL_NODE_PARAMS last_kernel;
CUDA_MEMCPY3D last_copy;

template <class Params>
std::string text_of_kernel(const Params& p) {
  char text[200];
  snprintf(text, sizeof text, "%s %s on %d, %ux%ux%u, %ux%ux%u, %u", p.func ? "function" : "kernel", reinterpret_cast<const char*>(p.kern),
           p.ctx == primary(1), p.gridDimX, p.gridDimY, p.gridDimZ, p.blockDimX, p.blockDimY, p.blockDimZ, p.sharedMemBytes);
  return text;
}
}  // namespace
FAKE cuGraphAddKernelNode_v2(CUgraphNode*, CUgraph, const CUgraphNode*, size_t, const CUDA_KERNEL_NODE_PARAMS* params) {
  last_kernel = *params;
  return note("cuGraphAddKernelNode_v2", "%s", text_of_kernel(*params).c_str());
}
FAKE cuGraphKernelNodeGetParams_v2(CUgraphNode, CUDA_KERNEL_NODE_PARAMS* params) {
  *params = last_kernel;
  return CUDA_SUCCESS;
}
FAKE cuGraphAddNode_v2(CUgraphNode*, CUgraph, const CUgraphNode*, const CUgraphEdgeData*, size_t, CUgraphNodeParams* params) {
  return note("cuGraphAddNode_v2", "%s", text_of_kernel(params->kernel).c_str());
}
FAKE cuGraphAddMemcpyNode(CUgraphNode*, CUgraph, const CUgraphNode*, size_t, const CUDA_MEMCPY3D* copy, CUcontext) {
  last_copy = *copy;
  return note("cuGraphAddMemcpyNode", "%s", text_of_box(*copy).c_str());
}
FAKE cuGraphMemcpyNodeGetParams(CUgraphNode, CUDA_MEMCPY3D* copy) {
  *copy = last_copy;
  return CUDA_SUCCESS;
}
FAKE cuGetErrorString(CUresult, const char** text) {
  *text = "fake";
  return CUDA_SUCCESS;
}
FAKE cuGetProcAddress_v2(const char* symbol, void** function, int version, cuuint64_t flags, CUdriverProcAddressQueryResult* status) {
  const bool known = strcmp(symbol, "cuMemAlloc") == 0;
  *function = known ? reinterpret_cast<void*>(&cuMemAlloc_v2) : nullptr;
  if (status) *status = known ? CU_GET_PROC_ADDRESS_SUCCESS : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
  const CUresult result = note("cuGetProcAddress_v2", "%s, %d, %llu", symbol, version, static_cast<unsigned long long>(flags));
  return known ? result : CUDA_ERROR_NOT_FOUND;
}
