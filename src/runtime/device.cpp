// Devices: how many there are, what they are like, and which one a thread works on.

#include <stdio.h>
#include <string.h>

#include <initializer_list>

#include "entry_points.h"
#include "runtime/enter.h"
#include "runtime/thread_state.h"

namespace anywarp::runtime::api {
namespace {

/// Reads attributes and remembers the first failure.
class Attributes {
 public:
  explicit Attributes(CUdevice device) : device_(device) {}

  int operator()(CUdevice_attribute which) {
    int value = 0;
    const CUresult result = driver().cuDeviceGetAttribute(&value, which, device_);
    if (result != CUDA_SUCCESS && result_ == CUDA_SUCCESS) result_ = result;
    return value;
  }

  /// Of one that an older driver may not know: 0 then.
  int optional(CUdevice_attribute which) {
    int value = 0;
    return driver().cuDeviceGetAttribute(&value, which, device_) == CUDA_SUCCESS ? value : 0;
  }

  CUresult result() const { return result_; }

 private:
  CUdevice device_;
  CUresult result_ = CUDA_SUCCESS;
};

#define OF(name) of(CU_DEVICE_ATTRIBUTE_##name)
#define OPTIONAL(name) of.optional(CU_DEVICE_ATTRIBUTE_##name)

void read_limits(cudaDeviceProp& prop, Attributes& of) {
  prop.sharedMemPerBlock = OF(MAX_SHARED_MEMORY_PER_BLOCK);
  prop.sharedMemPerBlockOptin = OF(MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
  prop.sharedMemPerMultiprocessor = OF(MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
  prop.reservedSharedMemPerBlock = OF(RESERVED_SHARED_MEMORY_PER_BLOCK);
  prop.regsPerBlock = OF(MAX_REGISTERS_PER_BLOCK);
  prop.regsPerMultiprocessor = OF(MAX_REGISTERS_PER_MULTIPROCESSOR);
  prop.warpSize = OF(WARP_SIZE);
  prop.memPitch = OF(MAX_PITCH);
  prop.maxThreadsPerBlock = OF(MAX_THREADS_PER_BLOCK);
  prop.maxThreadsDim[0] = OF(MAX_BLOCK_DIM_X);
  prop.maxThreadsDim[1] = OF(MAX_BLOCK_DIM_Y);
  prop.maxThreadsDim[2] = OF(MAX_BLOCK_DIM_Z);
  prop.maxGridSize[0] = OF(MAX_GRID_DIM_X);
  prop.maxGridSize[1] = OF(MAX_GRID_DIM_Y);
  prop.maxGridSize[2] = OF(MAX_GRID_DIM_Z);
  prop.totalConstMem = OF(TOTAL_CONSTANT_MEMORY);
  prop.multiProcessorCount = OF(MULTIPROCESSOR_COUNT);
  prop.maxThreadsPerMultiProcessor = OF(MAX_THREADS_PER_MULTIPROCESSOR);
  prop.maxBlocksPerMultiProcessor = OF(MAX_BLOCKS_PER_MULTIPROCESSOR);
  prop.l2CacheSize = OF(L2_CACHE_SIZE);
  prop.persistingL2CacheMaxSize = OF(MAX_PERSISTING_L2_CACHE_SIZE);
  prop.accessPolicyMaxWindowSize = OF(MAX_ACCESS_POLICY_WINDOW_SIZE);
  prop.memoryBusWidth = OF(GLOBAL_MEMORY_BUS_WIDTH);
}

void read_textures(cudaDeviceProp& prop, Attributes& of) {
  prop.textureAlignment = OF(TEXTURE_ALIGNMENT);
  prop.texturePitchAlignment = OF(TEXTURE_PITCH_ALIGNMENT);
  prop.surfaceAlignment = OF(SURFACE_ALIGNMENT);
  prop.maxTexture1D = OF(MAXIMUM_TEXTURE1D_WIDTH);
  prop.maxTexture1DMipmap = OF(MAXIMUM_TEXTURE1D_MIPMAPPED_WIDTH);
  prop.maxTexture2D[0] = OF(MAXIMUM_TEXTURE2D_WIDTH);
  prop.maxTexture2D[1] = OF(MAXIMUM_TEXTURE2D_HEIGHT);
  prop.maxTexture2DMipmap[0] = OF(MAXIMUM_TEXTURE2D_MIPMAPPED_WIDTH);
  prop.maxTexture2DMipmap[1] = OF(MAXIMUM_TEXTURE2D_MIPMAPPED_HEIGHT);
  prop.maxTexture2DLinear[0] = OF(MAXIMUM_TEXTURE2D_LINEAR_WIDTH);
  prop.maxTexture2DLinear[1] = OF(MAXIMUM_TEXTURE2D_LINEAR_HEIGHT);
  prop.maxTexture2DLinear[2] = OF(MAXIMUM_TEXTURE2D_LINEAR_PITCH);
  prop.maxTexture2DGather[0] = OF(MAXIMUM_TEXTURE2D_GATHER_WIDTH);
  prop.maxTexture2DGather[1] = OF(MAXIMUM_TEXTURE2D_GATHER_HEIGHT);
  prop.maxTexture3D[0] = OF(MAXIMUM_TEXTURE3D_WIDTH);
  prop.maxTexture3D[1] = OF(MAXIMUM_TEXTURE3D_HEIGHT);
  prop.maxTexture3D[2] = OF(MAXIMUM_TEXTURE3D_DEPTH);
  prop.maxTexture3DAlt[0] = OF(MAXIMUM_TEXTURE3D_WIDTH_ALTERNATE);
  prop.maxTexture3DAlt[1] = OF(MAXIMUM_TEXTURE3D_HEIGHT_ALTERNATE);
  prop.maxTexture3DAlt[2] = OF(MAXIMUM_TEXTURE3D_DEPTH_ALTERNATE);
  prop.maxTextureCubemap = OF(MAXIMUM_TEXTURECUBEMAP_WIDTH);
  prop.maxTexture1DLayered[0] = OF(MAXIMUM_TEXTURE1D_LAYERED_WIDTH);
  prop.maxTexture1DLayered[1] = OF(MAXIMUM_TEXTURE1D_LAYERED_LAYERS);
  prop.maxTexture2DLayered[0] = OF(MAXIMUM_TEXTURE2D_LAYERED_WIDTH);
  prop.maxTexture2DLayered[1] = OF(MAXIMUM_TEXTURE2D_LAYERED_HEIGHT);
  prop.maxTexture2DLayered[2] = OF(MAXIMUM_TEXTURE2D_LAYERED_LAYERS);
  prop.maxTextureCubemapLayered[0] = OF(MAXIMUM_TEXTURECUBEMAP_LAYERED_WIDTH);
  prop.maxTextureCubemapLayered[1] = OF(MAXIMUM_TEXTURECUBEMAP_LAYERED_LAYERS);
  prop.maxSurface1D = OF(MAXIMUM_SURFACE1D_WIDTH);
  prop.maxSurface2D[0] = OF(MAXIMUM_SURFACE2D_WIDTH);
  prop.maxSurface2D[1] = OF(MAXIMUM_SURFACE2D_HEIGHT);
  prop.maxSurface3D[0] = OF(MAXIMUM_SURFACE3D_WIDTH);
  prop.maxSurface3D[1] = OF(MAXIMUM_SURFACE3D_HEIGHT);
  prop.maxSurface3D[2] = OF(MAXIMUM_SURFACE3D_DEPTH);
  prop.maxSurface1DLayered[0] = OF(MAXIMUM_SURFACE1D_LAYERED_WIDTH);
  prop.maxSurface1DLayered[1] = OF(MAXIMUM_SURFACE1D_LAYERED_LAYERS);
  prop.maxSurface2DLayered[0] = OF(MAXIMUM_SURFACE2D_LAYERED_WIDTH);
  prop.maxSurface2DLayered[1] = OF(MAXIMUM_SURFACE2D_LAYERED_HEIGHT);
  prop.maxSurface2DLayered[2] = OF(MAXIMUM_SURFACE2D_LAYERED_LAYERS);
  prop.maxSurfaceCubemap = OF(MAXIMUM_SURFACECUBEMAP_WIDTH);
  prop.maxSurfaceCubemapLayered[0] = OF(MAXIMUM_SURFACECUBEMAP_LAYERED_WIDTH);
  prop.maxSurfaceCubemapLayered[1] = OF(MAXIMUM_SURFACECUBEMAP_LAYERED_LAYERS);
}

void read_abilities(cudaDeviceProp& prop, Attributes& of) {
  prop.major = OF(COMPUTE_CAPABILITY_MAJOR);
  prop.minor = OF(COMPUTE_CAPABILITY_MINOR);
  prop.integrated = OF(INTEGRATED);
  prop.canMapHostMemory = OF(CAN_MAP_HOST_MEMORY);
  prop.concurrentKernels = OF(CONCURRENT_KERNELS);
  prop.ECCEnabled = OF(ECC_ENABLED);
  prop.pciBusID = OF(PCI_BUS_ID);
  prop.pciDeviceID = OF(PCI_DEVICE_ID);
  prop.pciDomainID = OF(PCI_DOMAIN_ID);
  prop.tccDriver = OF(TCC_DRIVER);
  prop.asyncEngineCount = OF(ASYNC_ENGINE_COUNT);
  prop.unifiedAddressing = OF(UNIFIED_ADDRESSING);
  prop.streamPrioritiesSupported = OF(STREAM_PRIORITIES_SUPPORTED);
  prop.globalL1CacheSupported = OF(GLOBAL_L1_CACHE_SUPPORTED);
  prop.localL1CacheSupported = OF(LOCAL_L1_CACHE_SUPPORTED);
  prop.managedMemory = OF(MANAGED_MEMORY);
  prop.isMultiGpuBoard = OF(MULTI_GPU_BOARD);
  prop.multiGpuBoardGroupID = OF(MULTI_GPU_BOARD_GROUP_ID);
  prop.hostNativeAtomicSupported = OF(HOST_NATIVE_ATOMIC_SUPPORTED);
  prop.pageableMemoryAccess = OF(PAGEABLE_MEMORY_ACCESS);
  prop.concurrentManagedAccess = OF(CONCURRENT_MANAGED_ACCESS);
  prop.computePreemptionSupported = OF(COMPUTE_PREEMPTION_SUPPORTED);
  prop.canUseHostPointerForRegisteredMem = OF(CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM);
  prop.cooperativeLaunch = OF(COOPERATIVE_LAUNCH);
  prop.pageableMemoryAccessUsesHostPageTables = OF(PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES);
  prop.directManagedMemAccessFromHost = OF(DIRECT_MANAGED_MEM_ACCESS_FROM_HOST);
  prop.hostRegisterSupported = OF(HOST_REGISTER_SUPPORTED);
  prop.sparseCudaArraySupported = OF(SPARSE_CUDA_ARRAY_SUPPORTED);
  prop.hostRegisterReadOnlySupported = OF(READ_ONLY_HOST_REGISTER_SUPPORTED);
  prop.timelineSemaphoreInteropSupported = OF(TIMELINE_SEMAPHORE_INTEROP_SUPPORTED);
  prop.memoryPoolsSupported = OF(MEMORY_POOLS_SUPPORTED);
  prop.gpuDirectRDMASupported = OF(GPU_DIRECT_RDMA_SUPPORTED);
  prop.gpuDirectRDMAFlushWritesOptions = OF(GPU_DIRECT_RDMA_FLUSH_WRITES_OPTIONS);
  prop.gpuDirectRDMAWritesOrdering = OF(GPU_DIRECT_RDMA_WRITES_ORDERING);
  prop.memoryPoolSupportedHandleTypes = OF(MEMPOOL_SUPPORTED_HANDLE_TYPES);
  prop.deferredMappingCudaArraySupported = OF(DEFERRED_MAPPING_CUDA_ARRAY_SUPPORTED);
  prop.ipcEventSupported = OF(IPC_EVENT_SUPPORTED);
  prop.clusterLaunch = OF(CLUSTER_LAUNCH);
  prop.unifiedFunctionPointers = OF(UNIFIED_FUNCTION_POINTERS);
  prop.deviceNumaConfig = OPTIONAL(NUMA_CONFIG);
  prop.deviceNumaId = OPTIONAL(NUMA_ID);
  prop.mpsEnabled = OPTIONAL(MPS_ENABLED);
  prop.hostNumaId = OPTIONAL(HOST_NUMA_ID);
  prop.gpuPciDeviceID = OPTIONAL(GPU_PCI_DEVICE_ID);
  prop.gpuPciSubsystemID = OPTIONAL(GPU_PCI_SUBSYSTEM_ID);
  prop.hostNumaMultinodeIpcSupported = OPTIONAL(HOST_NUMA_MULTINODE_IPC_SUPPORTED);
  // CUDA 13 has these as attributes alone. Older sources read them here; they stand in what 13 reserves.
  prop.clockRate = OF(CLOCK_RATE);
  prop.deviceOverlap = OF(GPU_OVERLAP);
  prop.kernelExecTimeoutEnabled = OF(KERNEL_EXEC_TIMEOUT);
  prop.computeMode = OF(COMPUTE_MODE);
  prop.maxTexture1DLinear = OF(MAXIMUM_TEXTURE1D_LINEAR_WIDTH);
  prop.memoryClockRate = OF(MEMORY_CLOCK_RATE);
  prop.singleToDoublePrecisionPerfRatio = OF(SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO);
  prop.cooperativeMultiDeviceLaunch = OPTIONAL(COOPERATIVE_MULTI_DEVICE_LAUNCH);
}

#undef OF
#undef OPTIONAL

/// The bits of a device's flags that may be set; mapping host memory is always on.
constexpr unsigned kKnownFlags = cudaDeviceMask & ~0x60u;

cudaError_t set_flags(int device, unsigned flags) {
  if (flags & ~kKnownFlags) return cudaErrorInvalidValue;
  const unsigned schedule = flags & cudaDeviceScheduleMask;
  if (schedule & (schedule - 1)) return cudaErrorInvalidValue;
  CUdevice handle;
  if (const CUresult result = driver().cuDeviceGet(&handle, device)) return to_error(result);
  return to_error(driver().cuDevicePrimaryCtxSetFlags_v2(handle, flags));
}

}  // namespace

cudaError_t cudaGetDeviceCount(int* count) {
  if (!count) return record(cudaErrorInvalidValue);
  *count = 0;  // without a driver as well
  cudaError_t error = load_driver();
  if (error == cudaSuccess) error = to_error(driver().cuDeviceGetCount(count));
  if (error == cudaSuccess && *count == 0) error = cudaErrorNoDevice;
  return record(error);
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp* prop, int device) {
  if (!prop) return cudaErrorInvalidValue;
  CUdevice handle;
  if (const CUresult result = driver().cuDeviceGet(&handle, device)) return to_error(result);
  memset(prop, 0, sizeof *prop);
  CUuuid uuid;
  CUresult result = driver().cuDeviceGetName(prop->name, sizeof prop->name, handle);
  if (result == CUDA_SUCCESS) result = driver().cuDeviceGetUuid_v2(&uuid, handle);
  if (result == CUDA_SUCCESS) result = driver().cuDeviceTotalMem_v2(&prop->totalGlobalMem, handle);
  if (result != CUDA_SUCCESS) return to_error(result);
  memcpy(&prop->uuid, &uuid, sizeof uuid);
  Attributes of(handle);
  read_limits(*prop, of);
  read_textures(*prop, of);
  read_abilities(*prop, of);
  return to_error(of.result());
}

cudaError_t cudaDeviceGetAttribute(int* value, enum cudaDeviceAttr attr, int device) {
  if (!value) return cudaErrorInvalidValue;
  CUdevice handle;
  if (const CUresult result = driver().cuDeviceGet(&handle, device)) return to_error(result);
  return to_error(driver().cuDeviceGetAttribute(value, static_cast<CUdevice_attribute>(attr), handle));
}

cudaError_t cudaChooseDevice(int* device, const struct cudaDeviceProp* prop) {
  if (!device || !prop) return cudaErrorInvalidValue;
  int count = 0;
  if (const CUresult result = driver().cuDeviceGetCount(&count)) return to_error(result);
  // The first device that has all that is asked for, otherwise the first.
  *device = 0;
  for (int candidate = 0; candidate < count; ++candidate) {
    cudaDeviceProp found;
    if (const cudaError_t error = api::cudaGetDeviceProperties(&found, candidate)) return error;
    const bool newer = found.major > prop->major || (found.major == prop->major && found.minor >= prop->minor);
    if (newer && found.totalGlobalMem >= prop->totalGlobalMem && found.multiProcessorCount >= prop->multiProcessorCount) {
      *device = candidate;
      break;
    }
  }
  return cudaSuccess;
}

cudaError_t cudaInitDevice(int device, unsigned int deviceFlags, unsigned int flags) {
  if (flags & ~static_cast<unsigned>(cudaInitDeviceFlagsAreValid)) return cudaErrorInvalidValue;
  if (flags & cudaInitDeviceFlagsAreValid) {
    if (const cudaError_t error = set_flags(device, deviceFlags)) return error;
  }
  CUcontext context = nullptr;
  return primary_context(device, context);
}

cudaError_t cudaSetDevice(int device) { return use_device(device); }

cudaError_t cudaGetDevice(int* device) { return device ? current_device(*device) : cudaErrorInvalidValue; }

cudaError_t cudaSetValidDevices(int* device_arr, int len) {
  if (len < 0 || (len > 0 && !device_arr)) return cudaErrorInvalidValue;
  int count = 0;
  if (const CUresult result = driver().cuDeviceGetCount(&count)) return to_error(result);
  for (int i = 0; i < len; ++i) {
    if (device_arr[i] < 0 || device_arr[i] >= count) return cudaErrorInvalidDevice;
  }
  // The first one that works is what a thread gets that chooses none.
  thread_state().device = len > 0 ? device_arr[0] : 0;
  return cudaSuccess;
}

cudaError_t cudaSetDeviceFlags(unsigned int flags) {
  int device = 0;
  if (const cudaError_t error = current_device(device)) return error;
  return set_flags(device, flags);
}

cudaError_t cudaGetDeviceFlags(unsigned int* flags) {
  if (!flags) return cudaErrorInvalidValue;
  CUcontext context = nullptr;
  CUresult result = CUDA_SUCCESS;
  if (driver().cuCtxGetCurrent(&context) == CUDA_SUCCESS && context) {
    result = driver().cuCtxGetFlags(flags);
  } else {
    CUdevice handle;
    int active = 0;
    result = driver().cuDeviceGet(&handle, thread_state().device);
    if (result == CUDA_SUCCESS) result = driver().cuDevicePrimaryCtxGetState(handle, flags, &active);
  }
  if (result == CUDA_SUCCESS) *flags |= cudaDeviceMapHost;
  return to_error(result);
}

cudaError_t cudaDeviceReset() {
  int device = 0;
  if (const cudaError_t error = current_device(device)) return error;
  const cudaError_t error = reset_device(device);
  if (error == cudaSuccess) thread_state().last_error = cudaSuccess;
  return error;
}

cudaError_t cudaDeviceGetByPCIBusId(int* device, const char* pciBusId) {
  if (!device || !pciBusId) return cudaErrorInvalidValue;
  CUdevice handle;
  const CUresult result = driver().cuDeviceGetByPCIBusId(&handle, pciBusId);
  if (result == CUDA_SUCCESS) *device = handle;
  return to_error(result);
}

cudaError_t cudaDeviceGetTexture1DLinearMaxWidth(size_t* maxWidthInElements, const struct cudaChannelFormatDesc* fmtDesc, int device) {
  if (!maxWidthInElements || !fmtDesc) return cudaErrorInvalidValue;
  int bytes = 0, width = 0;
  for (const int bits : {fmtDesc->x, fmtDesc->y, fmtDesc->z, fmtDesc->w}) bytes += bits / 8;
  if (bytes <= 0) return cudaErrorInvalidChannelDescriptor;
  if (const cudaError_t error = api::cudaDeviceGetAttribute(&width, cudaDevAttrMaxTexture1DLinearWidth, device)) return error;
  *maxWidthInElements = static_cast<size_t>(width);
  return cudaSuccess;
}

}  // namespace anywarp::runtime::api
