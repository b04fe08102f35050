// Memory is handed out at the call, which is earlier than the stream asks for it, and comes back when the stream reaches
// the free, or as soon as the call is made if the stream is idle. What came back is kept up to the release threshold,
// by size, for the next allocation of that size.
#include "driver/mempool.h"

#include "driver/capture.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/graph_memory.h"
#include "driver/process.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace anywarp::driver {
namespace {

size_t round_up(size_t bytes) { return (bytes + 511) / 512 * 512; }
size_t round_to_pages(size_t bytes) { return (bytes + 65535) / 65536 * 65536; }

}  // namespace

MemoryPool::MemoryPool(Device& device, size_t most_bytes, std::shared_ptr<SharedFile> file, bool is_imported)
    : device_(device),
      handle_(static_cast<CUmemoryPool>(process()->handles().add(kKind, this))),
      most_bytes_(most_bytes),
      file_(std::move(file)),
      is_imported_(is_imported) {}

MemoryPool::~MemoryPool() {
  trim(0);
  process()->handles().remove(handle_);
}

// Memory that the pool has not got yet. Each piece of a shared pool has pages of its own.
Result<void*> MemoryPool::fresh(size_t bytes) {
  if (!file_) return process()->backend().allocate(bytes);
  size_t free = 0, total = 0;
  process()->backend().memory(free, total);
  if (bytes > free)
    return Error{CUDA_ERROR_OUT_OF_MEMORY, std::to_string(bytes) + " bytes were asked for; " + std::to_string(free) + " are free.", ""};
  AW_TRY(file_->grow(file_bytes_ + round_to_pages(bytes)));
  AW_ASSIGN(void* view, file_->map(file_bytes_, bytes));
  offsets_[reinterpret_cast<uintptr_t>(view)] = file_bytes_;
  file_bytes_ += round_to_pages(bytes);
  return view;
}

void MemoryPool::discard(void* memory, size_t bytes) {
  if (!file_) return process()->backend().release(memory);
  SharedFile::unmap(memory, bytes);
  const auto found = offsets_.find(reinterpret_cast<uintptr_t>(memory));
  if (!is_imported_) file_->discard(found->second, round_to_pages(bytes));
  offsets_.erase(found);
}

Result<uint64_t> MemoryPool::offset_of(uintptr_t base) const {
  std::lock_guard lock(mutex_);
  const auto found = offsets_.find(base);
  if (found == offsets_.end()) return invalid_value("The pointer is not the start of an allocation of a pool that processes share.");
  return found->second;
}

Result<void*> MemoryPool::show(uint64_t offset, size_t bytes) {
  std::lock_guard lock(mutex_);
  AW_ASSIGN(void* view, file_->map(offset, round_up(bytes)));
  offsets_[reinterpret_cast<uintptr_t>(view)] = offset;
  used_ += round_up(bytes);
  reserved_ += round_up(bytes);
  used_high_ = std::max(used_high_, used_);
  reserved_high_ = std::max(reserved_high_, reserved_);
  return view;
}

Result<void*> MemoryPool::take(size_t bytes) {
  if (is_imported_) return invalid_value("The pool belongs to another process, which alone can allocate from it.");
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
    Result<void*> made = fresh(rounded);
    if (!made && !unused_.empty()) {
      trim_locked(0);
      made = fresh(rounded);
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
    discard(largest->second, largest->first);
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

CUdeviceptr add(void* memory, size_t bytes, MemoryPool& pool, Context& context) {
  Allocation allocation;
  allocation.base = reinterpret_cast<uintptr_t>(memory);
  allocation.bytes = bytes;
  allocation.kind = MemoryKind::Pool;
  allocation.context = &context;
  allocation.device = pool.device().ordinal();
  allocation.pool = &pool;
  process()->allocations().add(allocation);
  return allocation.base;
}

class GraphFreeTask final : public Task {
 public:
  explicit GraphFreeTask(std::shared_ptr<GraphRange> range) : range_(std::move(range)) {}
  Result<> run() override {
    range_->memory().end_use(range_);
    return {};
  }
  void skip(const Error&) override { (void)run(); }

 private:
  const std::shared_ptr<GraphRange> range_;
};

Result<> allocate(CUdeviceptr* dptr, size_t bytes, MemoryPool& pool, CUstream hStream) {
  AW_TRY(need(dptr, "dptr"));
  if (bytes == 0) return invalid_value("An allocation of 0 bytes was asked for.");
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  if (stream->capturing()) return capture_allocation(*stream, pool, bytes, dptr);
  AW_ASSIGN(void* memory, pool.take(bytes));
  *dptr = add(memory, bytes, pool, stream->context());
  return {};
}

// What cuMemPoolExportPointer tells of an allocation.
struct PointerData {
  uint64_t mark, inode, offset, bytes;
};
constexpr uint64_t kPointerMark = 0x504d454d5241574e;
static_assert(sizeof(PointerData) <= sizeof(CUmemPoolPtrExportData));

Result<> check_handle_type(CUmemAllocationHandleType type) {
  if (type == CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR) return {};
  return Error{CUDA_ERROR_NOT_SUPPORTED, "Memory pools can be shared by a file descriptor only.", ""};
}

Result<MemoryPool*> shared_pool_of(CUmemoryPool handle) {
  AW_ASSIGN(MemoryPool * pool, pool_of(handle));
  if (!pool->is_shared()) return invalid_value("The memory pool was not created with a type of handle to share it by.");
  return pool;
}

// Managed memory may prefer a device, the host, or nothing; its pool has to belong to some device.
Result<Device*> device_near(const CUmemLocation& location) {
  return device_of(location.type == CU_MEM_LOCATION_TYPE_DEVICE ? location.id : 0);
}

// The pool of managed memory that nobody has made.
Result<MemoryPool*> default_managed_pool(const CUmemLocation* location) {
  AW_TRY(need(location, "location"));
  AW_ASSIGN(Device * device, device_near(*location));
  static auto* mutex = new std::mutex;
  static auto* pools = new std::unordered_map<Device*, MemoryPool*>;
  std::lock_guard guard(*mutex);
  MemoryPool*& pool = (*pools)[device];
  if (!pool) {
    pool = new MemoryPool(*device);
    pool->make_managed();
  }
  return pool;
}

// The device whose pool of pinned memory is meant.
Result<Device*> device_of_pool(const CUmemLocation* location, CUmemAllocationType type) {
  AW_TRY(need(location, "location"));
  if (location->type != CU_MEM_LOCATION_TYPE_DEVICE || type != CU_MEM_ALLOCATION_TYPE_PINNED)
    return Error{CUDA_ERROR_NOT_SUPPORTED, "There are memory pools of pinned memory on devices only.", ""};
  return device_of(location->id);
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
  const auto found = process()->allocations().find(dptr);
  if (stream->capturing()) return capture_free(*stream, dptr);
  if (found && found->base == dptr && found->kind == MemoryKind::Graph) {
    AW_ASSIGN(std::shared_ptr<GraphRange> range, take_graph_memory(dptr, found->device));
    AW_TRY(stream->context().put(*stream, std::make_unique<GraphFreeTask>(std::move(range)), Manner::Cheap));
    return {};
  }
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
  const bool managed = poolProps->allocType == CU_MEM_ALLOCATION_TYPE_MANAGED;
  if (!managed && poolProps->allocType != CU_MEM_ALLOCATION_TYPE_PINNED)
    return invalid_value("The memory of a pool must be of the type 'pinned' or 'managed'.");
  if (managed && poolProps->handleTypes != CU_MEM_HANDLE_TYPE_NONE) return invalid_value("Managed memory is not shared between processes.");
  if (!managed && poolProps->location.type != CU_MEM_LOCATION_TYPE_DEVICE)
    return Error{CUDA_ERROR_NOT_SUPPORTED, "Memory pools on the host are not supported.", ""};
  AW_ASSIGN(Device * device, device_near(poolProps->location));
  std::shared_ptr<SharedFile> file;
  if (poolProps->handleTypes != CU_MEM_HANDLE_TYPE_NONE) {
    AW_TRY(check_handle_type(poolProps->handleTypes));
    AW_ASSIGN(file, SharedFile::create());
  }
  auto* made = new MemoryPool(*device, poolProps->maxSize, std::move(file), false);
  if (managed) made->make_managed();
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

Result<> cuMemGetDefaultMemPool(CUmemoryPool* pool_out, CUmemLocation* location, CUmemAllocationType type) {
  AW_TRY(need(pool_out, "pool_out"));
  if (type == CU_MEM_ALLOCATION_TYPE_MANAGED) {
    AW_ASSIGN(MemoryPool * managed, default_managed_pool(location));
    *pool_out = managed->handle();
    return {};
  }
  AW_ASSIGN(Device * device, device_of_pool(location, type));
  *pool_out = device->default_pool().handle();
  return {};
}

Result<> cuMemGetMemPool(CUmemoryPool* pool, CUmemLocation* location, CUmemAllocationType type) {
  if (type == CU_MEM_ALLOCATION_TYPE_MANAGED) return api::cuMemGetDefaultMemPool(pool, location, type);
  AW_TRY(need(pool, "pool"));
  AW_ASSIGN(Device * device, device_of_pool(location, type));
  *pool = device->current_pool().handle();
  return {};
}

Result<> cuMemSetMemPool(CUmemLocation* location, CUmemAllocationType type, CUmemoryPool pool) {
  AW_ASSIGN(Device * device, device_of_pool(location, type));
  return api::cuDeviceSetMemPool(device->ordinal(), pool);
}

Result<> cuMemPoolExportToShareableHandle(void* handle_out, CUmemoryPool pool, CUmemAllocationHandleType handleType,
                                          unsigned long long flags) {
  AW_TRY(need(handle_out, "handle_out"));
  if (flags != 0) return invalid_value("There are no flags, yet " + std::to_string(flags) + " was given.");
  AW_TRY(check_handle_type(handleType));
  AW_ASSIGN(MemoryPool * shared, shared_pool_of(pool));
  AW_ASSIGN(*static_cast<int*>(handle_out), shared->file()->duplicate());
  return {};
}

Result<> cuMemPoolImportFromShareableHandle(CUmemoryPool* pool_out, void* handle, CUmemAllocationHandleType handleType,
                                            unsigned long long flags) {
  AW_TRY(need(pool_out, "pool_out"));
  if (flags != 0) return invalid_value("There are no flags, yet " + std::to_string(flags) + " was given.");
  AW_TRY(check_handle_type(handleType));
  AW_ASSIGN(std::shared_ptr<SharedFile> file, SharedFile::take(int(reinterpret_cast<intptr_t>(handle))));
  Context* context = current_or_null();
  Device& device = context ? context->device() : *process()->devices().front();
  *pool_out = (new MemoryPool(device, 0, std::move(file), true))->handle();
  return {};
}

Result<> cuMemPoolExportPointer(CUmemPoolPtrExportData* shareData_out, CUdeviceptr ptr) {
  AW_TRY(need(shareData_out, "shareData_out"));
  const auto found = process()->allocations().find(ptr);
  if (!found || found->base != ptr || !found->pool || !found->pool->is_shared())
    return invalid_value("The pointer is not the start of an allocation of a pool that processes share.");
  AW_ASSIGN(const uint64_t offset, found->pool->offset_of(found->base));
  const PointerData data{kPointerMark, found->pool->file()->inode(), offset, found->bytes};
  memset(shareData_out, 0, sizeof *shareData_out);
  memcpy(shareData_out, &data, sizeof data);
  return {};
}

Result<> cuMemPoolImportPointer(CUdeviceptr* ptr_out, CUmemoryPool pool, CUmemPoolPtrExportData* shareData) {
  AW_TRY(need(ptr_out, "ptr_out"));
  AW_TRY(need(shareData, "shareData"));
  AW_ASSIGN(MemoryPool * shared, shared_pool_of(pool));
  Context* current = current_or_null();  // none is needed: the pool knows its device
  Context& context = current ? *current : shared->device().primary();
  PointerData data;
  memcpy(&data, shareData, sizeof data);
  if (data.mark != kPointerMark || data.inode != shared->file()->inode())
    return invalid_value("The data is not that of a pointer of this pool.");
  AW_ASSIGN(void* view, shared->show(data.offset, data.bytes));
  *ptr_out = add(view, data.bytes, *shared, context);
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
