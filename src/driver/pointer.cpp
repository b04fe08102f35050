#include "driver/allocations.h"
#include "driver/capture.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/mempool.h"
#include "driver/process.h"

#include <cstring>

namespace anywarp::driver::api {
namespace {

template <class T>
Result<> tell(void* data, T value) {
  memcpy(data, &value, sizeof value);
  return {};
}

bool is_managed(const Allocation& of) { return of.kind == MemoryKind::Managed || (of.pool && of.pool->is_managed()); }

Result<> attribute(void* data, CUpointer_attribute which, CUdeviceptr pointer, const Allocation& of) {
  switch (which) {
    case CU_POINTER_ATTRIBUTE_CONTEXT: return tell(data, of.context ? of.context->handle() : CUcontext(nullptr));
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE: return tell<unsigned>(data, of.on_host() ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE);
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER: return tell<CUdeviceptr>(data, pointer);
    case CU_POINTER_ATTRIBUTE_HOST_POINTER:
      if (!of.on_host() && !is_managed(of)) return invalid_value("The pointer is one of device memory, which the host has no pointer to.");
      return tell<void*>(data, reinterpret_cast<void*>(pointer));
    case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS: return tell<unsigned>(data, of.sync_memops);
    case CU_POINTER_ATTRIBUTE_BUFFER_ID: return tell<unsigned long long>(data, of.id);
    case CU_POINTER_ATTRIBUTE_IS_MANAGED: return tell<unsigned>(data, is_managed(of));
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL: return tell<int>(data, of.device);
    case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE: return tell<unsigned>(data, of.kind == MemoryKind::Device);
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR: return tell<CUdeviceptr>(data, of.base);
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE: return tell<size_t>(data, of.bytes);
    case CU_POINTER_ATTRIBUTE_MAPPED: return tell<unsigned>(data, 1);
    case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
      return tell<unsigned long long>(data, of.pool && of.pool->is_shared() ? CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR : 0);
    case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE: return tell<unsigned>(data, 0);
    case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
      return tell<unsigned>(data, (of.flags & CU_MEMHOSTREGISTER_READ_ONLY) != 0 && of.kind == MemoryKind::Registered
                                      ? CU_POINTER_ATTRIBUTE_ACCESS_FLAG_READ
                                      : CU_POINTER_ATTRIBUTE_ACCESS_FLAG_READWRITE);
    case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE: return tell(data, of.pool ? of.pool->handle() : CUmemoryPool(nullptr));
    case CU_POINTER_ATTRIBUTE_MAPPING_SIZE: return tell<size_t>(data, of.bytes);
    case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR: return tell<CUdeviceptr>(data, of.base);
    case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID: return tell<unsigned long long>(data, of.id);
    case CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE: return tell<unsigned>(data, 0);
    case CU_POINTER_ATTRIBUTE_P2P_TOKENS:
      return Error{CUDA_ERROR_NOT_SUPPORTED, "Tokens for access from other devices on the bus are not supported.", ""};
    default: return invalid_value("A pointer has no attribute " + std::to_string(int(which)) + ".");
  }
}

// What cuPointerGetAttributes says of memory that the driver does not know: zeroes, and no error.
Result<> attribute_of_unknown(void* data, CUpointer_attribute which) {
  switch (which) {
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
    case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
    case CU_POINTER_ATTRIBUTE_IS_MANAGED:
    case CU_POINTER_ATTRIBUTE_MAPPED:
    case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
    case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
    case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
    case CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE: return tell<unsigned>(data, 0);
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL: return tell<int>(data, CU_DEVICE_INVALID);
    case CU_POINTER_ATTRIBUTE_P2P_TOKENS: return tell(data, CUDA_POINTER_ATTRIBUTE_P2P_TOKENS{});
    case CU_POINTER_ATTRIBUTE_CONTEXT:
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
    case CU_POINTER_ATTRIBUTE_HOST_POINTER:
    case CU_POINTER_ATTRIBUTE_BUFFER_ID:
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
    case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
    case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
    case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
    case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
    case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID: return tell<uint64_t>(data, 0);
    default: return invalid_value("A pointer has no attribute " + std::to_string(int(which)) + ".");
  }
}

// Memory that cuMemAdvise and cuMemPrefetchAsync take: managed memory, and the host's own, which the device reaches too.
Result<> check_managed(CUdeviceptr address, size_t count) {
  if (count == 0 || address == 0) return invalid_value("The range is empty.");
  const auto found = process()->allocations().find(address);
  if (!found) return {};
  if (!is_managed(*found) && !found->on_host()) return invalid_value("The range is not managed memory.");
  if (!found->holds(address, count)) return invalid_value("The range goes beyond the end of the allocation.");
  return {};
}

Result<> check_location(const CUmemLocation& location) {
  switch (location.type) {
    case CU_MEM_LOCATION_TYPE_DEVICE: {
      AW_TRY(device_of(location.id));
      return {};
    }
    case CU_MEM_LOCATION_TYPE_HOST:
    case CU_MEM_LOCATION_TYPE_HOST_NUMA:
    case CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT: return {};
    default: return invalid_value("There is no location of type " + std::to_string(int(location.type)) + ".");
  }
}

CUmemLocation location_of(CUdevice device) {
  return device == CU_DEVICE_CPU ? CUmemLocation{CU_MEM_LOCATION_TYPE_HOST, 0} : CUmemLocation{CU_MEM_LOCATION_TYPE_DEVICE, device};
}

int device_or_cpu(const CUmemLocation& location) {
  switch (location.type) {
    case CU_MEM_LOCATION_TYPE_DEVICE: return location.id;
    case CU_MEM_LOCATION_TYPE_HOST:
    case CU_MEM_LOCATION_TYPE_HOST_NUMA:
    case CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT: return CU_DEVICE_CPU;
    default: return CU_DEVICE_INVALID;
  }
}

}  // namespace

Result<> cuMemGetAddressRange_v2(CUdeviceptr* pbase, size_t* psize, CUdeviceptr dptr) {
  AW_TRY(current_context());
  const auto found = process()->allocations().find(dptr);
  if (!found) return Error{CUDA_ERROR_NOT_FOUND, "The pointer is in no allocation.", ""};
  if (pbase) *pbase = found->base;
  if (psize) *psize = found->bytes;
  return {};
}

Result<> cuPointerGetAttribute(void* data, CUpointer_attribute attribute, CUdeviceptr ptr) {
  AW_TRY(need(data, "data"));
  const auto found = process()->allocations().find(ptr);
  if (!found) return invalid_value("The pointer is not in memory that the driver knows.");
  return api::attribute(data, attribute, ptr, *found);
}

Result<> cuPointerGetAttributes(unsigned int numAttributes, CUpointer_attribute* attributes, void** data, CUdeviceptr ptr) {
  AW_TRY(need(attributes, "attributes"));
  AW_TRY(need(data, "data"));
  const auto found = process()->allocations().find(ptr);
  for (unsigned i = 0; i < numAttributes; ++i) {
    AW_TRY(need(data[i], "data[i]"));
    // What does not apply to this memory is told as zero here.
    if (!found || !attribute(data[i], attributes[i], ptr, *found)) AW_TRY(attribute_of_unknown(data[i], attributes[i]));
  }
  return {};
}

Result<> cuPointerSetAttribute(const void* value, CUpointer_attribute attribute, CUdeviceptr ptr) {
  AW_TRY(need(value, "value"));
  if (attribute != CU_POINTER_ATTRIBUTE_SYNC_MEMOPS)
    return invalid_value("The attribute " + std::to_string(int(attribute)) + " of a pointer cannot be set.");
  unsigned on = 0;
  memcpy(&on, value, sizeof on);
  if (!process()->allocations().update(ptr, [&](Allocation& allocation) { allocation.sync_memops = on != 0; }))
    return invalid_value("The pointer is not in memory that the driver knows.");
  return {};
}

Result<> cuMemPrefetchAsync(CUdeviceptr devPtr, size_t count, CUdevice dstDevice, CUstream hStream) {
  return api::cuMemPrefetchAsync_v2(devPtr, count, location_of(dstDevice), 0, hStream);
}

// Memory is where both sides reach it already.
Result<> cuMemPrefetchAsync_v2(CUdeviceptr devPtr, size_t count, CUmemLocation location, unsigned int flags, CUstream hStream) {
  if (flags != 0) return invalid_value("cuMemPrefetchAsync takes no flags, yet " + std::to_string(flags) + " was given.");
  AW_ASSIGN(const Stream* stream, stream_of(hStream));
  AW_TRY(may_put(*stream));
  AW_TRY(check_location(location));
  AW_TRY(check_managed(devPtr, count));
  process()->allocations().update(devPtr, [&](Allocation& allocation) { allocation.prefetched = location; });
  return {};
}

Result<> cuMemAdvise(CUdeviceptr devPtr, size_t count, CUmem_advise advice, CUdevice device) {
  return api::cuMemAdvise_v2(devPtr, count, advice, location_of(device));
}

Result<> cuMemAdvise_v2(CUdeviceptr devPtr, size_t count, CUmem_advise advice, CUmemLocation location) {
  AW_TRY(current_context());
  AW_TRY(check_managed(devPtr, count));
  if (advice < CU_MEM_ADVISE_SET_READ_MOSTLY || advice > CU_MEM_ADVISE_UNSET_ACCESSED_BY)
    return invalid_value("There is no advice " + std::to_string(int(advice)) + ".");
  const bool located = advice == CU_MEM_ADVISE_SET_PREFERRED_LOCATION || advice == CU_MEM_ADVISE_SET_ACCESSED_BY ||
                       advice == CU_MEM_ADVISE_UNSET_ACCESSED_BY;
  if (located) AW_TRY(check_location(location));
  process()->allocations().update(devPtr, [&](Allocation& allocation) {
    const bool on_device = location.type == CU_MEM_LOCATION_TYPE_DEVICE;
    const uint64_t bit = on_device ? uint64_t(1) << (unsigned(location.id) & 63) : 0;
    switch (advice) {
      case CU_MEM_ADVISE_SET_READ_MOSTLY: allocation.read_mostly = true; break;
      case CU_MEM_ADVISE_UNSET_READ_MOSTLY: allocation.read_mostly = false; break;
      case CU_MEM_ADVISE_SET_PREFERRED_LOCATION: allocation.preferred = location; break;
      case CU_MEM_ADVISE_UNSET_PREFERRED_LOCATION: allocation.preferred = {CU_MEM_LOCATION_TYPE_INVALID, 0}; break;
      case CU_MEM_ADVISE_SET_ACCESSED_BY:
        allocation.accessed_by |= bit;
        allocation.accessed_by_host |= !on_device;
        break;
      case CU_MEM_ADVISE_UNSET_ACCESSED_BY:
        allocation.accessed_by &= ~bit;
        allocation.accessed_by_host &= on_device;
        break;
    }
  });
  return {};
}

Result<> cuMemRangeGetAttribute(void* data, size_t dataSize, CUmem_range_attribute attribute, CUdeviceptr devPtr, size_t count) {
  AW_TRY(need(data, "data"));
  AW_TRY(current_context());
  const auto found = process()->allocations().find(devPtr);
  if (!found || !is_managed(*found) || !found->holds(devPtr, count)) return invalid_value("The range is not managed memory.");
  if (dataSize < 4 || dataSize % 4 != 0) return invalid_value("The attribute's buffer has " + std::to_string(dataSize) + " bytes.");
  switch (attribute) {
    case CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY: return tell<int>(data, found->read_mostly);
    case CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION: return tell<int>(data, device_or_cpu(found->preferred));
    case CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION: return tell<int>(data, device_or_cpu(found->prefetched));
    case CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_TYPE: return tell<int>(data, found->preferred.type);
    case CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_ID: return tell<int>(data, found->preferred.id);
    case CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION_TYPE: return tell<int>(data, found->prefetched.type);
    case CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION_ID: return tell<int>(data, found->prefetched.id);
    case CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY: {
      auto* list = static_cast<int*>(data);
      size_t at = 0;
      const size_t room = dataSize / 4;
      for (int i = 0; i < 64; ++i)
        if ((found->accessed_by >> i & 1) != 0 && at < room) list[at++] = i;
      if (found->accessed_by_host && at < room) list[at++] = CU_DEVICE_CPU;
      while (at < room) list[at++] = CU_DEVICE_INVALID;
      return {};
    }
    default: return invalid_value("A range has no attribute " + std::to_string(int(attribute)) + ".");
  }
}

Result<> cuMemRangeGetAttributes(void** data, size_t* dataSizes, CUmem_range_attribute* attributes, size_t numAttributes,
                                 CUdeviceptr devPtr, size_t count) {
  AW_TRY(need(data, "data"));
  AW_TRY(need(dataSizes, "dataSizes"));
  AW_TRY(need(attributes, "attributes"));
  for (size_t i = 0; i < numAttributes; ++i) AW_TRY(api::cuMemRangeGetAttribute(data[i], dataSizes[i], attributes[i], devPtr, count));
  return {};
}

}  // namespace anywarp::driver::api
