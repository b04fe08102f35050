// An allocation node has its address from the moment it is made, and so a range of addresses is reserved then; it costs nothing,
// since the system gives pages when they are touched. CUDA lets graphs that do not run at once share physical memory:
//
//   graph A: allocate 64 MB at X, use, free        64 MB of pages at X
//   graph B: allocate 64 MB at Y, use, free        the same 64 MB: X gives its pages up when Y begins to be used
//
// So pages of a range that is free are kept until some other range needs as much, until the graphs are gone, or until
// cuDeviceGraphMemTrim. They count as used and as reserved all that time: CUDA calls used what is associated with graphs.
#include "driver/graph_memory.h"

#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/graph.h"
#include "driver/process.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace anywarp::driver {

GraphRange::~GraphRange() { memory_.forget(*this); }

Result<std::shared_ptr<GraphRange>> GraphMemory::reserve(size_t bytes, Context& context) {
  static const size_t page = size_t(sysconf(_SC_PAGESIZE));
  size_t free_bytes = 0, total = 0;
  process()->backend().memory(free_bytes, total);
  void* memory = MAP_FAILED;
  const size_t mapped = (bytes + page - 1) / page * page;
  if (bytes <= total) memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return Error{CUDA_ERROR_OUT_OF_MEMORY,
                 "An allocation node of " + std::to_string(bytes) + " bytes was asked for; the device has " + std::to_string(total) + ".",
                 ""};
  auto range = std::make_shared<GraphRange>(*this, reinterpret_cast<CUdeviceptr>(memory), bytes, mapped);
  Allocation allocation;
  allocation.base = range->base;
  allocation.bytes = bytes;
  allocation.kind = MemoryKind::Graph;
  allocation.context = &context;
  allocation.device = context.device().ordinal();
  process()->allocations().add(allocation);
  std::lock_guard lock(mutex_);
  ranges_[range->base] = range;
  return range;
}

std::shared_ptr<GraphRange> GraphMemory::find(CUdeviceptr base) {
  std::lock_guard lock(mutex_);
  const auto found = ranges_.find(base);
  return found == ranges_.end() ? nullptr : found->second.lock();
}

void GraphMemory::begin_use(const std::shared_ptr<GraphRange>& range) {
  std::lock_guard lock(mutex_);
  if (range->uses_++ != 0) return;
  in_use_.emplace(range->base, range);
  if (range->has_pages_) {
    spare_.erase(range.get());
    return;
  }
  size_t wanted = range->mapped;
  while (wanted != 0 && !spare_.empty()) {
    GraphRange& other = **spare_.begin();
    wanted -= std::min(wanted, other.mapped);
    drop_pages(other);
  }
  range->has_pages_ = true;
  pages_ += range->mapped;
  used_high_ = std::max(used_high_, pages_);
  reserved_high_ = std::max(reserved_high_, pages_);
}

void GraphMemory::end_use(const std::shared_ptr<GraphRange>& range) {
  std::lock_guard lock(mutex_);
  if (range->uses_ == 0) return;
  --range->uses_;
  if (range->uses_ != 0) return;
  spare_.insert(range.get());
  in_use_.erase(range->base);
}

void GraphMemory::abandon(CUdeviceptr base) {
  std::shared_ptr<GraphRange> last;  // destroyed when the lock is gone
  std::lock_guard lock(mutex_);
  const auto found = in_use_.find(base);
  if (found == in_use_.end()) return;
  last = std::move(found->second);
  in_use_.erase(found);
  last->uses_ = 0;
  spare_.insert(last.get());
}

// Requires the lock.
void GraphMemory::drop_pages(GraphRange& range) {
  madvise(reinterpret_cast<void*>(range.base), range.mapped, MADV_DONTNEED);
  spare_.erase(&range);
  range.has_pages_ = false;
  pages_ -= range.mapped;
}

void GraphMemory::forget(GraphRange& range) {
  process()->allocations().remove(range.base, {MemoryKind::Graph});
  std::lock_guard lock(mutex_);
  spare_.erase(&range);
  if (range.has_pages_) pages_ -= range.mapped;
  ranges_.erase(range.base);
  munmap(reinterpret_cast<void*>(range.base), range.mapped);
}

void GraphMemory::trim() {
  std::lock_guard lock(mutex_);
  while (!spare_.empty()) drop_pages(**spare_.begin());
}

Result<> GraphMemory::attribute(CUgraphMem_attribute which, void* value) const {
  std::lock_guard lock(mutex_);
  const auto tell = [&](uint64_t number) {
    memcpy(value, &number, sizeof number);
    return Result<>();
  };
  switch (which) {
    case CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT: return tell(pages_);
    case CU_GRAPH_MEM_ATTR_USED_MEM_HIGH: return tell(used_high_);
    case CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT: return tell(pages_);
    case CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH: return tell(reserved_high_);
    default: return invalid_value("The memory of graphs has no attribute " + std::to_string(int(which)) + ".");
  }
}

Result<> GraphMemory::set_attribute(CUgraphMem_attribute which, const void* value) {
  uint64_t number = 0;
  memcpy(&number, value, sizeof number);
  if (which != CU_GRAPH_MEM_ATTR_USED_MEM_HIGH && which != CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH)
    return invalid_value("The attribute " + std::to_string(int(which)) + " of the memory of graphs cannot be set.");
  if (number != 0) return invalid_value("A high watermark can only be set to 0.");
  std::lock_guard lock(mutex_);
  if (which == CU_GRAPH_MEM_ATTR_USED_MEM_HIGH)
    used_high_ = pages_;
  else
    reserved_high_ = pages_;
  return {};
}

Result<std::shared_ptr<GraphRange>> take_graph_memory(CUdeviceptr base, CUdevice device) {
  AW_ASSIGN(Device * owner, device_of(device));
  std::shared_ptr<GraphRange> range = owner->graph_memory().find(base);
  const GraphLock lock;
  if (!range || !range->allocated) return invalid_value("The memory of the allocation node is not allocated.");
  range->allocated = false;
  return range;
}

Result<> free_graph_memory(CUdeviceptr base, CUdevice device) {
  AW_ASSIGN(const std::shared_ptr<GraphRange> range, take_graph_memory(base, device));
  range->memory().end_use(range);
  return {};
}

namespace api {

Result<> cuDeviceGraphMemTrim(CUdevice device) {
  AW_ASSIGN(Device * of, device_of(device));
  of->graph_memory().trim();
  return {};
}

Result<> cuDeviceGetGraphMemAttribute(CUdevice device, CUgraphMem_attribute attr, void* value) {
  AW_TRY(need(value, "value"));
  AW_ASSIGN(Device * of, device_of(device));
  return of->graph_memory().attribute(attr, value);
}

Result<> cuDeviceSetGraphMemAttribute(CUdevice device, CUgraphMem_attribute attr, void* value) {
  AW_TRY(need(value, "value"));
  AW_ASSIGN(Device * of, device_of(device));
  return of->graph_memory().set_attribute(attr, value);
}

}  // namespace api
}  // namespace anywarp::driver
