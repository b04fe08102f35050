// Allocation. Host and device share one address space, so pinned, managed and device memory differ in where they are
// counted and in what cuPointerGetAttribute says, not in who can reach them.
#include "driver/allocations.h"
#include "driver/capture.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/graph_memory.h"
#include "driver/process.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

namespace anywarp::driver::api {
namespace {

Result<> allocate(CUdeviceptr* dptr, size_t bytes, MemoryKind kind, Context& context) {
  AW_TRY(unsafe_call());
  if (bytes == 0) return invalid_value("An allocation of 0 bytes was asked for.");
  AW_ASSIGN(void* memory, process()->backend().allocate(bytes));
  Allocation allocation;
  allocation.base = reinterpret_cast<uintptr_t>(memory);
  allocation.bytes = bytes;
  allocation.kind = kind;
  allocation.context = &context;
  allocation.device = context.device().ordinal();
  process()->allocations().add(allocation);
  *dptr = allocation.base;
  return {};
}

Result<> allocate_host(void** pp, size_t bytes, unsigned flags) {
  AW_TRY(need(pp, "pp"));
  constexpr unsigned kKnown = CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP | CU_MEMHOSTALLOC_WRITECOMBINED;
  if ((flags & ~kKnown) != 0) return invalid_value("The flags " + std::to_string(flags) + " are not flags of pinned memory.");
  if (bytes == 0) return invalid_value("An allocation of 0 bytes was asked for.");
  AW_ASSIGN(Context * context, current_context());
  AW_TRY(unsafe_call());
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return Error{CUDA_ERROR_OUT_OF_MEMORY, "The system does not give " + std::to_string(bytes) + " bytes of pinned memory.", ""};
  Allocation allocation;
  allocation.base = reinterpret_cast<uintptr_t>(memory);
  allocation.bytes = bytes;
  allocation.kind = MemoryKind::Host;
  allocation.context = context;
  allocation.device = context->device().ordinal();
  allocation.flags = flags | CU_MEMHOSTALLOC_DEVICEMAP;
  process()->allocations().add(allocation);
  *pp = memory;
  return {};
}

// Work in flight may still use what is freed, so freeing waits for it, as it does on a GPU.
Result<> finish_users(const Allocation& allocation) { return allocation.context ? allocation.context->synchronize() : Result<>(); }

}  // namespace

Result<> cuMemGetInfo_v2(size_t* free, size_t* total) {
  AW_TRY(current_context());
  size_t free_bytes = 0, total_bytes = 0;
  process()->backend().memory(free_bytes, total_bytes);
  if (free) *free = free_bytes - std::min(free_bytes, process()->virtual_memory().created());
  if (total) *total = total_bytes;
  return {};
}

Result<> cuMemAlloc_v2(CUdeviceptr* dptr, size_t bytesize) {
  AW_TRY(need(dptr, "dptr"));
  AW_ASSIGN(Context * context, current_context());
  return allocate(dptr, bytesize, MemoryKind::Device, *context);
}

Result<> cuMemAllocPitch_v2(CUdeviceptr* dptr, size_t* pPitch, size_t WidthInBytes, size_t Height, unsigned int ElementSizeBytes) {
  AW_TRY(need(dptr, "dptr"));
  AW_TRY(need(pPitch, "pPitch"));
  if (ElementSizeBytes != 4 && ElementSizeBytes != 8 && ElementSizeBytes != 16)
    return invalid_value("The element size is " + std::to_string(ElementSizeBytes) + " bytes; it must be 4, 8 or 16.");
  AW_ASSIGN(Context * context, current_context());
  const size_t unit = size_t(context->device().attribute(CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT));
  const size_t most = size_t(context->device().attribute(CU_DEVICE_ATTRIBUTE_MAX_PITCH));
  if (WidthInBytes == 0 || Height == 0) return invalid_value("An allocation of 0 bytes was asked for.");
  if (WidthInBytes > most)
    return invalid_value("A row of " + std::to_string(WidthInBytes) + " bytes is above the limit of " + std::to_string(most) + ".");
  const size_t pitch = (WidthInBytes + unit - 1) / unit * unit;
  if (Height > SIZE_MAX / pitch) return Error{CUDA_ERROR_OUT_OF_MEMORY, std::to_string(Height) + " rows do not fit an address space.", ""};
  AW_TRY(allocate(dptr, pitch * Height, MemoryKind::Device, *context));
  *pPitch = pitch;
  return {};
}

Result<> cuMemAllocManaged(CUdeviceptr* dptr, size_t bytesize, unsigned int flags) {
  AW_TRY(need(dptr, "dptr"));
  if (flags != CU_MEM_ATTACH_GLOBAL && flags != CU_MEM_ATTACH_HOST)
    return invalid_value("The flags " + std::to_string(flags) + " are neither CU_MEM_ATTACH_GLOBAL nor CU_MEM_ATTACH_HOST.");
  AW_ASSIGN(Context * context, current_context());
  return allocate(dptr, bytesize, MemoryKind::Managed, *context);
}

Result<> cuMemFree_v2(CUdeviceptr dptr) {
  if (dptr == 0) return {};
  AW_TRY(unsafe_call());
  const auto found = process()->allocations().find(dptr);
  if (!found || found->base != dptr || found->on_host() || found->kind == MemoryKind::Variable || found->kind == MemoryKind::Imported)
    return invalid_value("The pointer is not the start of an allocation that cuMemFree frees.");
  AW_TRY(finish_users(*found));
  if (found->kind == MemoryKind::Graph) return free_graph_memory(dptr, found->device);
  const auto gone = process()->allocations().remove(dptr, {MemoryKind::Device, MemoryKind::Managed, MemoryKind::Pool});
  if (!gone) return invalid_value("Another thread has freed the pointer.");
  release(*gone);
  return {};
}

Result<> cuMemAllocHost_v2(void** pp, size_t bytesize) { return allocate_host(pp, bytesize, 0); }

Result<> cuMemHostAlloc(void** pp, size_t bytesize, unsigned int Flags) { return allocate_host(pp, bytesize, Flags); }

Result<> cuMemFreeHost(void* p) {
  if (!p) return {};
  AW_TRY(unsafe_call());
  const auto base = reinterpret_cast<CUdeviceptr>(p);
  const auto found = process()->allocations().find(base);
  if (!found || found->base != base || found->kind != MemoryKind::Host)
    return invalid_value("The pointer is not the start of pinned memory that the driver has allocated.");
  AW_TRY(finish_users(*found));
  const auto gone = process()->allocations().remove(base, {MemoryKind::Host});
  if (!gone) return invalid_value("Another thread has freed the pointer.");
  release(*gone);
  return {};
}

Result<> cuMemHostGetDevicePointer_v2(CUdeviceptr* pdptr, void* p, unsigned int Flags) {
  AW_TRY(need(pdptr, "pdptr"));
  if (Flags != 0) return invalid_value("cuMemHostGetDevicePointer takes no flags, yet " + std::to_string(Flags) + " was given.");
  AW_TRY(current_context());
  const auto found = process()->allocations().find(p);
  if (!found || !(found->on_host() || found->kind == MemoryKind::Managed)) return invalid_value("The pointer is not in pinned memory.");
  *pdptr = reinterpret_cast<CUdeviceptr>(p);
  return {};
}

Result<> cuMemHostGetFlags(unsigned int* pFlags, void* p) {
  AW_TRY(need(pFlags, "pFlags"));
  AW_TRY(current_context());
  const auto found = process()->allocations().find(p);
  if (!found || found->kind != MemoryKind::Host) return invalid_value("The pointer is not in pinned memory that the driver has allocated.");
  *pFlags = found->flags;
  return {};
}

Result<> cuMemHostRegister_v2(void* p, size_t bytesize, unsigned int Flags) {
  AW_TRY(need(p, "p"));
  constexpr unsigned kKnown =
      CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP | CU_MEMHOSTREGISTER_IOMEMORY | CU_MEMHOSTREGISTER_READ_ONLY;
  if ((Flags & ~kKnown) != 0) return invalid_value("The flags " + std::to_string(Flags) + " are not flags of registered memory.");
  const auto base = reinterpret_cast<CUdeviceptr>(p);
  if (bytesize == 0 || bytesize > ~uint64_t{0} - base) return invalid_value("The range has " + std::to_string(bytesize) + " bytes.");
  AW_ASSIGN(Context * context, current_context());
  if (process()->allocations().overlaps(base, bytesize))
    return Error{CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED, "A part of the range is registered already.", ""};
  Allocation allocation;
  allocation.base = base;
  allocation.bytes = bytesize;
  allocation.kind = MemoryKind::Registered;
  allocation.context = context;
  allocation.device = context->device().ordinal();
  allocation.flags = Flags;
  process()->allocations().add(allocation);
  return {};
}

Result<> cuMemHostUnregister(void* p) {
  AW_TRY(need(p, "p"));
  const auto base = reinterpret_cast<CUdeviceptr>(p);
  const auto found = process()->allocations().find(base);
  if (found && found->base != base && found->kind == MemoryKind::Registered)
    return invalid_value("The pointer lies within a registered range, but is not its start.");
  if (!found || found->base != base || found->kind != MemoryKind::Registered)
    return Error{CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, "The pointer is not the start of a registered range.", ""};
  AW_TRY(finish_users(*found));
  process()->allocations().remove(base, {MemoryKind::Registered});
  return {};
}

}  // namespace anywarp::driver::api
