// Handles that processes send each other. What a handle stands for lies in a file in memory, and the handle says in which one of
// which process:
//
//   memory   the file and the offset of an allocation (Backend::share); opening maps the same pages
//   event    a page with two numbers: how many recordings were submitted, and the last one that a stream has reached. Waiting
//            for the event waits for the number that was submitted last; a stream does so in a task of its own.
#include "driver/ipc.h"

#include "driver/allocations.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/event.h"
#include "driver/process.h"
#include "driver/stream_memory.h"

#include <unistd.h>

#include <cstring>
#include <new>

namespace anywarp::driver {
namespace {

constexpr uint32_t kMemoryMark = 0x4d495741, kEventMark = 0x45495741;

struct MemoryHandle {
  uint32_t mark;
  CUdevice device;
  FilePlace place;
  uint64_t offset, bytes;
};
static_assert(sizeof(MemoryHandle) <= CU_IPC_HANDLE_SIZE);

struct EventHandle {
  uint32_t mark;
  FilePlace place;
};
static_assert(sizeof(EventHandle) <= CU_IPC_HANDLE_SIZE);

template <class Content, class Handle>
void write(Handle* to, const Content& content) {
  memset(to, 0, sizeof *to);
  memcpy(to, &content, sizeof content);
}

template <class Content, class Handle>
Content read(const Handle& from) {
  Content content;
  memcpy(&content, &from, sizeof content);
  return content;
}

}  // namespace

// ---- events

Result<std::shared_ptr<SharedEvent>> SharedEvent::create() {
  AW_ASSIGN(std::shared_ptr<SharedFile> file, SharedFile::create());
  AW_TRY(file->grow(sizeof(State)));
  AW_ASSIGN(void* view, file->map(0, sizeof(State)));
  return std::shared_ptr<SharedEvent>(new SharedEvent(std::move(file), new (view) State{}));
}

Result<std::shared_ptr<SharedEvent>> SharedEvent::open(const FilePlace& place) {
  AW_ASSIGN(std::shared_ptr<SharedFile> file, SharedFile::open(place));
  AW_ASSIGN(void* view, file->map(0, sizeof(State)));
  return std::shared_ptr<SharedEvent>(new SharedEvent(std::move(file), static_cast<State*>(view)));
}

SharedEvent::~SharedEvent() { SharedFile::unmap(state_, sizeof(State)); }

// Streams of several processes may reach their recordings in any order.
void SharedEvent::reach(uint64_t recording) {
  uint64_t before = state_->completed.load(std::memory_order_relaxed);
  while (before < recording && !state_->completed.compare_exchange_weak(before, recording, std::memory_order_acq_rel)) {}
}

void SharedEvent::wait(uint64_t recording) const {
  Backoff backoff;
  while (!reached(recording) && !process()->exiting()) backoff.pause();
}

// ---- memory

Result<CUdeviceptr> ImportedMemory::open(Context& context, const FilePlace& place, uint64_t offset, size_t bytes) {
  std::lock_guard lock(mutex_);
  for (auto& [address, one] : opened_)
    if (one.context == &context && one.file->inode() == place.inode && one.offset == offset && one.bytes == bytes) {
      ++one.references;
      return address;
    }
  AW_ASSIGN(std::shared_ptr<SharedFile> file, SharedFile::open(place));
  AW_ASSIGN(void* view, file->map(offset, bytes));
  Allocation allocation;
  allocation.base = reinterpret_cast<uintptr_t>(view);
  allocation.bytes = bytes;
  allocation.kind = MemoryKind::Imported;
  allocation.context = &context;
  allocation.device = context.device().ordinal();
  process()->allocations().add(allocation);
  opened_[allocation.base] = {std::move(file), &context, offset, bytes, 1};
  return CUdeviceptr(allocation.base);
}

Result<> ImportedMemory::close(CUdeviceptr address) {
  {
    std::lock_guard lock(mutex_);
    const auto found = opened_.find(address);
    if (found == opened_.end()) return invalid_value("The pointer is not one that cuIpcOpenMemHandle has returned.");
    if (--found->second.references != 0) return {};
  }
  const auto gone = process()->allocations().find(address);
  if (gone && gone->context) AW_TRY(gone->context->synchronize());
  if (const auto removed = process()->allocations().remove(address, {MemoryKind::Imported})) release(*removed);
  return {};
}

void ImportedMemory::forget(CUdeviceptr address) {
  std::lock_guard lock(mutex_);
  const auto found = opened_.find(address);
  if (found == opened_.end()) return;
  SharedFile::unmap(reinterpret_cast<void*>(address), found->second.bytes);
  opened_.erase(found);
}

namespace api {

Result<> cuIpcGetMemHandle(CUipcMemHandle* pHandle, CUdeviceptr dptr) {
  AW_TRY(need(pHandle, "pHandle"));
  AW_TRY(current_context());
  const auto found = process()->allocations().find(dptr);
  if (!found || found->kind != MemoryKind::Device)
    return invalid_value("The pointer is not in memory of cuMemAlloc, which is what a handle can be made for.");
  // A large allocation moves into a file now, and nobody may use it meanwhile.
  if (found->context) AW_TRY(found->context->synchronize());
  AW_ASSIGN(const backend::Backend::SharedMemory shared, process()->backend().share(reinterpret_cast<void*>(found->base)));
  AW_ASSIGN(const FilePlace place, place_of(shared.file));
  write(pHandle, MemoryHandle{kMemoryMark, found->device, place, shared.offset, found->bytes});
  return {};
}

Result<> cuIpcOpenMemHandle_v2(CUdeviceptr* pdptr, CUipcMemHandle handle, unsigned int Flags) {
  AW_TRY(need(pdptr, "pdptr"));
  if ((Flags & ~unsigned(CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS)) != 0)
    return invalid_value("The flags " + std::to_string(Flags) + " are not flags of opening memory.");
  AW_ASSIGN(Context * context, current_context());
  const auto content = read<MemoryHandle>(handle);
  if (content.mark != kMemoryMark) return invalid_value("The handle is not one of memory.");
  if (content.place.process == uint32_t(getpid()))
    return Error{CUDA_ERROR_INVALID_CONTEXT, "The process that has made the handle cannot open it as well.", ""};
  AW_ASSIGN(*pdptr, process()->imported_memory().open(*context, content.place, content.offset, content.bytes));
  return {};
}

Result<> cuIpcCloseMemHandle(CUdeviceptr dptr) {
  AW_TRY(current_context());
  return process()->imported_memory().close(dptr);
}

Result<> cuIpcGetEventHandle(CUipcEventHandle* pHandle, CUevent event) {
  AW_TRY(need(pHandle, "pHandle"));
  AW_ASSIGN(Event * of, event_of(event));
  if (!of->shared()) return Error{CUDA_ERROR_INVALID_HANDLE, "The event was not created with CU_EVENT_INTERPROCESS.", ""};
  write(pHandle, EventHandle{kEventMark, of->shared()->place()});
  return {};
}

Result<> cuIpcOpenEventHandle(CUevent* phEvent, CUipcEventHandle handle) {
  AW_TRY(need(phEvent, "phEvent"));
  AW_ASSIGN(Context * context, current_context());
  const auto content = read<EventHandle>(handle);
  if (content.mark != kEventMark) return invalid_value("The handle is not one of an event.");
  AW_ASSIGN(std::shared_ptr<SharedEvent> shared, SharedEvent::open(content.place));
  AW_ASSIGN(Event * event,
            context->own(std::make_unique<Event>(*context, CU_EVENT_INTERPROCESS | CU_EVENT_DISABLE_TIMING, std::move(shared))));
  *phEvent = static_cast<CUevent>(event->handle());
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
