// Memory is handed out at the call, which is earlier than the stream asks for it, and comes back when the stream reaches
// the free, or as soon as the call is made if the stream is idle. What came back is kept up to the release threshold,
// by size, for the next allocation of that size.
#include "driver/mempool.h"

#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/process.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace anywarp::driver {
namespace {

size_t round_up(size_t bytes) { return (bytes + 511) / 512 * 512; }

}  // namespace

MemoryPool::MemoryPool(Device& device, size_t most_bytes)
    : device_(device), handle_(static_cast<CUmemoryPool>(process()->handles().add(kKind, this))), most_bytes_(most_bytes) {}

MemoryPool::~MemoryPool() {
  trim(0);
  process()->handles().remove(handle_);
}

Result<void*> MemoryPool::take(size_t bytes) {
  const size_t rounded = round_up(bytes);
  std::lock_guard lock(mutex_);
  void* taken = nullptr;
  const auto fits = unused_.find(rounded);
  if (fits != unused_.end()) {
    taken = fits->second;
    unused_.erase(fits);
  } else {
    if (most_bytes_ != 0 && reserved_ + rounded > most_bytes_) trim_locked(most_bytes_ > rounded ? most_bytes_ - rounded : 0);
    if (most_bytes_ != 0 && reserved_ + rounded > most_bytes_)
      return Error{CUDA_ERROR_OUT_OF_MEMORY,
                   "The pool may hold " + std::to_string(most_bytes_) + " bytes; " + std::to_string(reserved_) + " are in use.", ""};
    Result<void*> made = process()->backend().allocate(rounded);
    if (!made && !unused_.empty()) {
      trim_locked(0);
      made = process()->backend().allocate(rounded);
    }
    if (!made) return made.take_error();
    taken = *made;
    reserved_ += rounded;
    reserved_high_ = std::max(reserved_high_, reserved_);
  }
  used_ += rounded;
  used_high_ = std::max(used_high_, used_);
  return taken;
}

void MemoryPool::put_back(uintptr_t base, size_t bytes) {
  bool last = false;
  {
    std::lock_guard lock(mutex_);
    used_ -= round_up(bytes);
    unused_.emplace(round_up(bytes), reinterpret_cast<void*>(base));
    trim_locked(threshold_);
    last = destroyed_ && used_ == 0;
  }
  if (last) delete this;
}

void MemoryPool::trim(size_t keep) {
  std::lock_guard lock(mutex_);
  trim_locked(keep);
}

void MemoryPool::trim_locked(size_t keep) {
  while (reserved_ > keep && !unused_.empty()) {
    const auto largest = std::prev(unused_.end());
    process()->backend().release(largest->second);
    reserved_ -= largest->first;
    unused_.erase(largest);
  }
}

void MemoryPool::set_access(CUdevice device, CUmemAccess_flags flags) {
  std::lock_guard lock(mutex_);
  access_[device] = flags;
}

CUmemAccess_flags MemoryPool::access(CUdevice device) const {
  if (device == device_.ordinal()) return CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
  std::lock_guard lock(mutex_);
  const auto found = access_.find(device);
  return found == access_.end() ? CU_MEM_ACCESS_FLAGS_PROT_NONE : found->second;
}

void MemoryPool::destroy() {
  process()->handles().remove(std::exchange(handle_, nullptr));
  bool last = false;
  {
    std::lock_guard lock(mutex_);
    destroyed_ = true;
    threshold_ = 0;
    last = used_ == 0;
  }
  if (last) delete this;
}

Result<> MemoryPool::set_attribute(CUmemPool_attribute which, const void* value) {
  std::lock_guard lock(mutex_);
  switch (which) {
    case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES:
      memcpy(&reuse_[which - CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES], value, sizeof(int));
      return {};
    case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
      memcpy(&threshold_, value, sizeof threshold_);
      trim_locked(threshold_);
      return {};
    case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
    case CU_MEMPOOL_ATTR_USED_MEM_HIGH: {
      uint64_t zero;
      memcpy(&zero, value, sizeof zero);
      if (zero != 0) return invalid_value("A high watermark can only be set to 0.");
      (which == CU_MEMPOOL_ATTR_USED_MEM_HIGH ? used_high_ : reserved_high_) = which == CU_MEMPOOL_ATTR_USED_MEM_HIGH ? used_ : reserved_;
      return {};
    }
    default: return invalid_value("The attribute " + std::to_string(int(which)) + " of a memory pool cannot be set.");
  }
}

Result<> MemoryPool::attribute(CUmemPool_attribute which, void* value) const {
  std::lock_guard lock(mutex_);
  const auto tell = [&](uint64_t number) {
    memcpy(value, &number, sizeof number);
    return Result<>();
  };
  switch (which) {
    case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES:
      memcpy(value, &reuse_[which - CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES], sizeof(int));
      return {};
    case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD: return tell(threshold_);
    case CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT: return tell(reserved_);
    case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH: return tell(reserved_high_);
    case CU_MEMPOOL_ATTR_USED_MEM_CURRENT: return tell(used_);
    case CU_MEMPOOL_ATTR_USED_MEM_HIGH: return tell(used_high_);
    default: return invalid_value("A memory pool has no attribute " + std::to_string(int(which)) + ".");
  }
}

namespace api {
namespace {

Result<MemoryPool*> pool_of(CUmemoryPool handle) {
  MemoryPool* pool = find<MemoryPool>(handle);
  if (!pool) return invalid_value("The handle is not one of a live memory pool.");
  return pool;
}

class FreeTask final : public Task {
 public:
  explicit FreeTask(const Allocation& allocation) : allocation_(allocation) {}
  Result<> run() override {
    release(allocation_);
    return {};
  }
  void skip(const Error&) override { (void)run(); }

 private:
  const Allocation allocation_;
};

Result<> allocate(CUdeviceptr* dptr, size_t bytes, MemoryPool& pool, CUstream hStream) {
  AW_TRY(need(dptr, "dptr"));
  if (bytes == 0) return invalid_value("An allocation of 0 bytes was asked for.");
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  AW_ASSIGN(void* memory, pool.take(bytes));
  Allocation allocation;
  allocation.base = reinterpret_cast<uintptr_t>(memory);
  allocation.bytes = bytes;
  allocation.kind = MemoryKind::Pool;
  allocation.context = &stream->context();
  allocation.device = pool.device().ordinal();
  allocation.pool = &pool;
  process()->allocations().add(allocation);
  *dptr = allocation.base;
  return {};
}

}  // namespace

Result<> cuDeviceGetDefaultMemPool(CUmemoryPool* pool_out, CUdevice dev) {
  AW_TRY(need(pool_out, "pool_out"));
  AW_ASSIGN(Device * device, device_of(dev));
  *pool_out = device->default_pool().handle();
  return {};
}

Result<> cuDeviceGetMemPool(CUmemoryPool* pool, CUdevice dev) {
  AW_TRY(need(pool, "pool"));
  AW_ASSIGN(Device * device, device_of(dev));
  *pool = device->current_pool().handle();
  return {};
}

Result<> cuDeviceSetMemPool(CUdevice dev, CUmemoryPool pool) {
  AW_ASSIGN(Device * device, device_of(dev));
  AW_ASSIGN(MemoryPool * chosen, pool_of(pool));
  if (&chosen->device() != device) return invalid_value("The memory pool belongs to another device.");
  device->set_current_pool(*chosen);
  return {};
}

Result<> cuMemAllocAsync(CUdeviceptr* dptr, size_t bytesize, CUstream hStream) {
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  return allocate(dptr, bytesize, stream->context().device().current_pool(), hStream);
}

Result<> cuMemAllocFromPoolAsync(CUdeviceptr* dptr, size_t bytesize, CUmemoryPool pool, CUstream hStream) {
  AW_ASSIGN(MemoryPool * from, pool_of(pool));
  return allocate(dptr, bytesize, *from, hStream);
}

Result<> cuMemFreeAsync(CUdeviceptr dptr, CUstream hStream) {
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  const auto gone = process()->allocations().remove(dptr, {MemoryKind::Pool, MemoryKind::Device, MemoryKind::Managed});
  if (!gone) return invalid_value("The pointer is not the start of an allocation.");
  AW_TRY(stream->context().put(*stream, std::make_unique<FreeTask>(*gone), Manner::Cheap));
  return {};
}

Result<> cuMemPoolTrimTo(CUmemoryPool pool, size_t minBytesToKeep) {
  AW_ASSIGN(MemoryPool * chosen, pool_of(pool));
  chosen->trim(minBytesToKeep);
  return {};
}

Result<> cuMemPoolSetAttribute(CUmemoryPool pool, CUmemPool_attribute attr, void* value) {
  AW_TRY(need(value, "value"));
  AW_ASSIGN(MemoryPool * chosen, pool_of(pool));
  return chosen->set_attribute(attr, value);
}

Result<> cuMemPoolGetAttribute(CUmemoryPool pool, CUmemPool_attribute attr, void* value) {
  AW_TRY(need(value, "value"));
  AW_ASSIGN(MemoryPool * chosen, pool_of(pool));
  return chosen->attribute(attr, value);
}

Result<> cuMemPoolSetAccess(CUmemoryPool pool, const CUmemAccessDesc* map, size_t count) {
  AW_ASSIGN(MemoryPool * chosen, pool_of(pool));
  if (count != 0) AW_TRY(need(map, "map"));
  for (size_t i = 0; i < count; ++i) {
    if (map[i].location.type != CU_MEM_LOCATION_TYPE_DEVICE) return invalid_value("Access to a pool is given to devices only.");
    AW_ASSIGN(Device * device, device_of(map[i].location.id));
    if (device == &chosen->device() && map[i].flags != CU_MEM_ACCESS_FLAGS_PROT_READWRITE)
      return invalid_value("A device cannot be denied its own pool.");
    chosen->set_access(device->ordinal(), map[i].flags);
  }
  return {};
}

Result<> cuMemPoolGetAccess(CUmemAccess_flags* flags, CUmemoryPool memPool, CUmemLocation* location) {
  AW_TRY(need(flags, "flags"));
  AW_TRY(need(location, "location"));
  AW_ASSIGN(MemoryPool * chosen, pool_of(memPool));
  if (location->type != CU_MEM_LOCATION_TYPE_DEVICE) return invalid_value("Access to a pool is given to devices only.");
  AW_ASSIGN(Device * device, device_of(location->id));
  *flags = chosen->access(device->ordinal());
  return {};
}

Result<> cuMemPoolCreate(CUmemoryPool* pool, const CUmemPoolProps* poolProps) {
  AW_TRY(need(pool, "pool"));
  AW_TRY(need(poolProps, "poolProps"));
  if (poolProps->allocType != CU_MEM_ALLOCATION_TYPE_PINNED) return invalid_value("The memory of a pool must be of the type 'pinned'.");
  if (poolProps->location.type != CU_MEM_LOCATION_TYPE_DEVICE)
    return Error{CUDA_ERROR_NOT_SUPPORTED, "Memory pools on the host are not supported.", ""};
  if (poolProps->handleTypes != CU_MEM_HANDLE_TYPE_NONE)
    return Error{CUDA_ERROR_NOT_SUPPORTED, "Memory pools that are shared between processes are not supported.", ""};
  AW_ASSIGN(Device * device, device_of(poolProps->location.id));
  auto* made = new MemoryPool(*device, poolProps->maxSize);
  *pool = made->handle();
  return {};
}

Result<> cuMemPoolDestroy(CUmemoryPool pool) {
  AW_ASSIGN(MemoryPool * chosen, pool_of(pool));
  if (chosen == &chosen->device().default_pool()) return invalid_value("The default pool of a device cannot be destroyed.");
  if (chosen == &chosen->device().current_pool()) chosen->device().set_current_pool(chosen->device().default_pool());
  chosen->destroy();
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
