// Physical memory is a file in memory, a reservation a range of addresses that nobody may touch, and a mapping the file seen
// through a part of the range:
//
//   cuMemAddressReserve   mmap(PROT_NONE)            cuMemCreate       memfd_create, ftruncate
//   cuMemMap              mmap(MAP_FIXED, PROT_NONE) cuMemSetAccess    mprotect
//   cuMemUnmap            mmap(MAP_FIXED) of nothing, so that the range stays reserved
//
// All devices share one address space, so a range is as accessible as the device that may do most with it. Mapped ranges that
// touch each other are one allocation for the rest of the driver: programs grow a buffer by mapping behind its end.
#include "driver/virtual_memory.h"

#include "driver/allocations.h"
#include "driver/device.h"
#include "driver/entry_points.h"
#include "driver/process.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

namespace anywarp::driver {
namespace {

constexpr size_t kGranularity = VirtualMemory::kGranularity;

void* at(uintptr_t address) { return reinterpret_cast<void*>(address); }

Result<> check_units(const char* what, size_t value) {
  if (value % kGranularity == 0) return {};
  return invalid_value(std::string(what) + ", " + std::to_string(value) + ", is no multiple of the granularity of " +
                       std::to_string(kGranularity) + " bytes.");
}

Error no_handle() { return invalid_value("The handle is not one of physical memory."); }

}  // namespace

struct VirtualMemory::Physical {
  Physical(int opened, size_t size, const CUmemAllocationProp& described, std::atomic<size_t>* counter)
      : file(opened), bytes(size), properties(described), counted(counter) {
    if (counted) counted->fetch_add(bytes, std::memory_order_relaxed);
  }
  ~Physical() {
    if (counted) counted->fetch_sub(bytes, std::memory_order_relaxed);
    close(file);
  }
  Physical(const Physical&) = delete;
  Physical& operator=(const Physical&) = delete;

  const int file;
  const size_t bytes;
  const CUmemAllocationProp properties;
  std::atomic<size_t>* const counted;  // null: another process has made it
};

int VirtualMemory::Mapping::protection() const {
  unsigned most = 0;
  for (auto& [device, flags] : access) most = std::max(most, unsigned(flags));
  return most == CU_MEM_ACCESS_FLAGS_PROT_NONE ? PROT_NONE : most == CU_MEM_ACCESS_FLAGS_PROT_READ ? PROT_READ : PROT_READ | PROT_WRITE;
}

Result<CUdeviceptr> VirtualMemory::reserve(size_t bytes, size_t alignment, CUdeviceptr wanted) {
  if (bytes == 0) return invalid_value("A reservation of 0 bytes was asked for.");
  AW_TRY(check_units("The size", bytes));
  if (alignment != 0 && !std::has_single_bit(alignment))
    return invalid_value("The alignment, " + std::to_string(alignment) + ", is no power of two.");
  alignment = std::max(alignment, kGranularity);
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* made = MAP_FAILED;
  if (wanted != 0 && wanted % alignment == 0) made = mmap(at(wanted), bytes, PROT_NONE, kFlags | MAP_FIXED_NOREPLACE, -1, 0);
  uintptr_t base = reinterpret_cast<uintptr_t>(made);
  if (made == MAP_FAILED) {
    if (bytes > SIZE_MAX - alignment) return invalid_value("The size is above any address space.");
    made = mmap(nullptr, bytes + alignment, PROT_NONE, kFlags, -1, 0);
    if (made == MAP_FAILED)
      return Error{CUDA_ERROR_OUT_OF_MEMORY, "No " + std::to_string(bytes) + " bytes of addresses are free in a row.", ""};
    const uintptr_t begin = reinterpret_cast<uintptr_t>(made);
    base = (begin + alignment - 1) / alignment * alignment;
    if (base != begin) munmap(made, base - begin);
    if (base != begin + alignment) munmap(at(base + bytes), begin + alignment - base);
  }
  std::lock_guard lock(mutex_);
  reservations_[base] = bytes;
  return CUdeviceptr(base);
}

Result<> VirtualMemory::free(CUdeviceptr base, size_t bytes) {
  std::lock_guard lock(mutex_);
  const auto found = reservations_.find(base);
  if (found == reservations_.end() || found->second != bytes)
    return invalid_value("The range is not one that cuMemAddressReserve has returned, in its full size.");
  const auto first = mappings_.lower_bound(base);
  if (first != mappings_.end() && first->first < base + bytes) return invalid_value("Memory is still mapped in the range.");
  munmap(at(base), bytes);
  reservations_.erase(found);
  return {};
}

CUmemGenericAllocationHandle VirtualMemory::add(std::shared_ptr<Physical> memory) {
  handles_[++last_handle_] = {std::move(memory), 1};
  return last_handle_;
}

Result<CUmemGenericAllocationHandle> VirtualMemory::create(size_t bytes, const CUmemAllocationProp& properties) {
  if (bytes == 0) return invalid_value("Physical memory of 0 bytes was asked for.");
  AW_TRY(check_units("The size", bytes));
  size_t free = 0, total = 0;
  process()->backend().memory(free, total);
  if (bytes > free || created() > free - bytes)
    return Error{CUDA_ERROR_OUT_OF_MEMORY,
                 std::to_string(bytes) + " bytes were asked for; " + std::to_string(free - std::min(free, created())) + " are free.", ""};
  const int file = memfd_create("anywarp", MFD_CLOEXEC);
  if (file < 0 || ftruncate(file, off_t(bytes)) != 0) {
    if (file >= 0) close(file);
    return Error{CUDA_ERROR_OUT_OF_MEMORY, "The system does not give " + std::to_string(bytes) + " bytes that can be mapped.", ""};
  }
  auto made = std::make_shared<Physical>(file, bytes, properties, &created_);
  std::lock_guard lock(mutex_);
  return add(std::move(made));
}

Result<> VirtualMemory::release(CUmemGenericAllocationHandle handle) {
  std::lock_guard lock(mutex_);
  const auto found = handles_.find(handle);
  if (found == handles_.end()) return no_handle();
  if (--found->second.references == 0) handles_.erase(found);  // mappings keep the memory
  return {};
}

Result<CUmemGenericAllocationHandle> VirtualMemory::retain(CUdeviceptr address) {
  std::lock_guard lock(mutex_);
  auto mapping = mappings_.upper_bound(address);
  if (mapping == mappings_.begin() || address - (--mapping)->first >= mapping->second.bytes)
    return invalid_value("No memory is mapped at the address.");
  const auto found = handles_.find(mapping->second.handle);
  if (found == handles_.end()) return mapping->second.handle = add(mapping->second.memory);
  ++found->second.references;
  return found->first;
}

Result<CUmemAllocationProp> VirtualMemory::properties(CUmemGenericAllocationHandle handle) {
  std::lock_guard lock(mutex_);
  const auto found = handles_.find(handle);
  if (found == handles_.end()) return no_handle();
  return found->second.memory->properties;
}

Result<int> VirtualMemory::export_file(CUmemGenericAllocationHandle handle) {
  std::lock_guard lock(mutex_);
  const auto found = handles_.find(handle);
  if (found == handles_.end()) return no_handle();
  const Physical& memory = *found->second.memory;
  if ((memory.properties.requestedHandleTypes & CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR) == 0)
    return invalid_value("The memory was not made to be exported as a file descriptor.");
  const int copy = fcntl(memory.file, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return Error{CUDA_ERROR_OUT_OF_MEMORY, "The process has no file descriptor left.", ""};
  return copy;
}

Result<CUmemGenericAllocationHandle> VirtualMemory::import_file(int file) {
  const int copy = fcntl(file, F_DUPFD_CLOEXEC, 3);
  struct stat about = {};
  if (copy < 0 || fstat(copy, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size <= 0 || size_t(about.st_size) % kGranularity != 0) {
    if (copy >= 0) close(copy);
    return invalid_value("The file descriptor " + std::to_string(file) + " is not one of exported memory.");
  }
  CUmemAllocationProp properties = {};
  properties.type = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
  properties.location = {CU_MEM_LOCATION_TYPE_DEVICE, 0};
  auto made = std::make_shared<Physical>(copy, size_t(about.st_size), properties, nullptr);
  std::lock_guard lock(mutex_);
  return add(std::move(made));
}

std::map<uintptr_t, size_t>::iterator VirtualMemory::reservation_of(uintptr_t address, size_t bytes) {
  auto found = reservations_.upper_bound(address);
  if (found == reservations_.begin()) return reservations_.end();
  --found;
  const size_t from = address - found->first;
  return from <= found->second && bytes <= found->second - from ? found : reservations_.end();
}

Result<> VirtualMemory::map(CUdeviceptr address, size_t bytes, size_t offset, CUmemGenericAllocationHandle handle) {
  if (bytes == 0) return invalid_value("A mapping of 0 bytes was asked for.");
  AW_TRY(check_units("The address", address));
  AW_TRY(check_units("The size", bytes));
  AW_TRY(check_units("The offset", offset));
  std::lock_guard lock(mutex_);
  const auto found = handles_.find(handle);
  if (found == handles_.end()) return no_handle();
  Physical& memory = *found->second.memory;
  if (bytes > memory.bytes || offset > memory.bytes - bytes)
    return invalid_value("The " + std::to_string(bytes) + " bytes from " + std::to_string(offset) + " on go beyond the memory's end at " +
                         std::to_string(memory.bytes) + ".");
  if (reservation_of(address, bytes) == reservations_.end()) return invalid_value("The range is not within one that is reserved.");
  const auto after = mappings_.lower_bound(address);
  if ((after != mappings_.end() && after->first - address < bytes) ||
      (after != mappings_.begin() && address - std::prev(after)->first < std::prev(after)->second.bytes))
    return invalid_value("Memory is mapped in a part of the range already.");
  if (mmap(at(address), bytes, PROT_NONE, MAP_SHARED | MAP_FIXED, memory.file, off_t(offset)) == MAP_FAILED)
    return Error{CUDA_ERROR_OUT_OF_MEMORY, "The system does not map the memory.", ""};
  mappings_[address] = {bytes, handle, found->second.memory, {}};
  return {};
}

Result<std::pair<VirtualMemory::Mappings::iterator, VirtualMemory::Mappings::iterator>> VirtualMemory::exactly(uintptr_t address,
                                                                                                               size_t bytes) {
  const auto first = mappings_.find(address);
  auto behind = first;
  size_t covered = 0;
  while (behind != mappings_.end() && behind->first == address + covered && covered < bytes) covered += (behind++)->second.bytes;
  if (bytes == 0 || covered != bytes) return invalid_value("The range does not consist of whole mappings.");
  return std::pair(first, behind);
}

Result<> VirtualMemory::unmap(CUdeviceptr address, size_t bytes) {
  std::lock_guard lock(mutex_);
  AW_ASSIGN(auto range, exactly(address, bytes));
  const auto reservation = reservation_of(address, bytes);
  mappings_.erase(range.first, range.second);
  announce(reservation->first, reservation->second);
  if (mmap(at(address), bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
    return Error{CUDA_ERROR_OUT_OF_MEMORY, "The system does not unmap the memory.", ""};
  return {};
}

Result<> VirtualMemory::set_access(CUdeviceptr address, size_t bytes, CUdevice device, CUmemAccess_flags flags) {
  std::lock_guard lock(mutex_);
  AW_ASSIGN(auto range, exactly(address, bytes));
  for (auto mapping = range.first; mapping != range.second; ++mapping) {
    mapping->second.access[device] = flags;
    if (mprotect(at(mapping->first), mapping->second.bytes, mapping->second.protection()) != 0)
      return Error{CUDA_ERROR_OUT_OF_MEMORY, "The system does not change the access to the memory.", ""};
  }
  const auto reservation = reservation_of(address, bytes);
  announce(reservation->first, reservation->second);
  return {};
}

Result<CUmemAccess_flags> VirtualMemory::access(CUdeviceptr address, CUdevice device) {
  std::lock_guard lock(mutex_);
  auto mapping = mappings_.upper_bound(address);
  if (mapping == mappings_.begin() || address - (--mapping)->first >= mapping->second.bytes)
    return invalid_value("No memory is mapped at the address.");
  const auto found = mapping->second.access.find(device);
  return found == mapping->second.access.end() ? CU_MEM_ACCESS_FLAGS_PROT_NONE : found->second;
}

void VirtualMemory::announce(uintptr_t base, size_t bytes) {
  std::vector<Allocation> ranges;
  for (auto mapping = mappings_.lower_bound(base); mapping != mappings_.end() && mapping->first - base < bytes; ++mapping) {
    if (mapping->second.protection() == PROT_NONE) continue;
    if (!ranges.empty() && ranges.back().base + ranges.back().bytes == mapping->first) {
      ranges.back().bytes += mapping->second.bytes;
      continue;
    }
    Allocation allocation;
    allocation.base = mapping->first;
    allocation.bytes = mapping->second.bytes;
    allocation.kind = MemoryKind::Mapped;
    allocation.device = mapping->second.memory->properties.location.id;
    ranges.push_back(allocation);
  }
  process()->allocations().replace(base, bytes, std::move(ranges));
}

namespace api {
namespace {

Result<> check(const CUmemAllocationProp& properties) {
  if (properties.type != CU_MEM_ALLOCATION_TYPE_PINNED) return invalid_value("Physical memory must be of the type 'pinned'.");
  if (properties.location.type != CU_MEM_LOCATION_TYPE_DEVICE)
    return Error{CUDA_ERROR_NOT_SUPPORTED, "Physical memory of the host is not supported.", ""};
  AW_TRY(device_of(properties.location.id));
  if ((properties.requestedHandleTypes & ~unsigned(CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR)) != 0)
    return Error{CUDA_ERROR_NOT_SUPPORTED, "Memory can be exported as a file descriptor only.", ""};
  return {};
}

Result<> no_flags(unsigned long long flags) {
  if (flags == 0) return {};
  return invalid_value("There are no flags, yet " + std::to_string(flags) + " was given.");
}

Result<> check_type(CUmemAllocationHandleType type) {
  if (type == CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR) return {};
  return Error{CUDA_ERROR_NOT_SUPPORTED, "Memory can be exported as a file descriptor only.", ""};
}

}  // namespace

Result<> cuMemAddressReserve(CUdeviceptr* ptr, size_t size, size_t alignment, CUdeviceptr addr, unsigned long long flags) {
  AW_TRY(need(ptr, "ptr"));
  AW_TRY(no_flags(flags));
  AW_ASSIGN(*ptr, process()->virtual_memory().reserve(size, alignment, addr));
  return {};
}

Result<> cuMemAddressFree(CUdeviceptr ptr, size_t size) { return process()->virtual_memory().free(ptr, size); }

Result<> cuMemCreate(CUmemGenericAllocationHandle* handle, size_t size, const CUmemAllocationProp* prop, unsigned long long flags) {
  AW_TRY(need(handle, "handle"));
  AW_TRY(need(prop, "prop"));
  AW_TRY(no_flags(flags));
  AW_TRY(check(*prop));
  CUmemAllocationProp properties = *prop;
  properties.allocFlags.compressionType = CU_MEM_ALLOCATION_COMP_NONE;  // which a device may always choose
  AW_ASSIGN(*handle, process()->virtual_memory().create(size, properties));
  return {};
}

Result<> cuMemRelease(CUmemGenericAllocationHandle handle) { return process()->virtual_memory().release(handle); }

Result<> cuMemMap(CUdeviceptr ptr, size_t size, size_t offset, CUmemGenericAllocationHandle handle, unsigned long long flags) {
  AW_TRY(no_flags(flags));
  return process()->virtual_memory().map(ptr, size, offset, handle);
}

Result<> cuMemUnmap(CUdeviceptr ptr, size_t size) { return process()->virtual_memory().unmap(ptr, size); }

Result<> cuMemSetAccess(CUdeviceptr ptr, size_t size, const CUmemAccessDesc* desc, size_t count) {
  AW_TRY(need(desc, "desc"));
  for (size_t i = 0; i < count; ++i) {
    if (desc[i].location.type != CU_MEM_LOCATION_TYPE_DEVICE)
      return Error{CUDA_ERROR_NOT_SUPPORTED, "Access to mapped memory is given to devices only.", ""};
    AW_TRY(device_of(desc[i].location.id));
    if (desc[i].flags != CU_MEM_ACCESS_FLAGS_PROT_NONE && desc[i].flags != CU_MEM_ACCESS_FLAGS_PROT_READ &&
        desc[i].flags != CU_MEM_ACCESS_FLAGS_PROT_READWRITE)
      return invalid_value("There is no access of the kind " + std::to_string(int(desc[i].flags)) + ".");
  }
  for (size_t i = 0; i < count; ++i) AW_TRY(process()->virtual_memory().set_access(ptr, size, desc[i].location.id, desc[i].flags));
  return {};
}

Result<> cuMemGetAccess(unsigned long long* flags, const CUmemLocation* location, CUdeviceptr ptr) {
  AW_TRY(need(flags, "flags"));
  AW_TRY(need(location, "location"));
  if (location->type != CU_MEM_LOCATION_TYPE_DEVICE) return invalid_value("Access to mapped memory is given to devices only.");
  AW_TRY(device_of(location->id));
  AW_ASSIGN(*flags, process()->virtual_memory().access(ptr, location->id));
  return {};
}

Result<> cuMemExportToShareableHandle(void* shareableHandle, CUmemGenericAllocationHandle handle, CUmemAllocationHandleType handleType,
                                      unsigned long long flags) {
  AW_TRY(need(shareableHandle, "shareableHandle"));
  AW_TRY(no_flags(flags));
  AW_TRY(check_type(handleType));
  AW_ASSIGN(*static_cast<int*>(shareableHandle), process()->virtual_memory().export_file(handle));
  return {};
}

Result<> cuMemImportFromShareableHandle(CUmemGenericAllocationHandle* handle, void* osHandle, CUmemAllocationHandleType shHandleType) {
  AW_TRY(need(handle, "handle"));
  AW_TRY(check_type(shHandleType));
  AW_ASSIGN(*handle, process()->virtual_memory().import_file(int(reinterpret_cast<intptr_t>(osHandle))));
  return {};
}

Result<> cuMemGetAllocationGranularity(size_t* granularity, const CUmemAllocationProp* prop, CUmemAllocationGranularity_flags option) {
  AW_TRY(need(granularity, "granularity"));
  AW_TRY(need(prop, "prop"));
  AW_TRY(check(*prop));
  if (option != CU_MEM_ALLOC_GRANULARITY_MINIMUM && option != CU_MEM_ALLOC_GRANULARITY_RECOMMENDED)
    return invalid_value("There is no granularity of the kind " + std::to_string(int(option)) + ".");
  *granularity = kGranularity;
  return {};
}

Result<> cuMemGetAllocationPropertiesFromHandle(CUmemAllocationProp* prop, CUmemGenericAllocationHandle handle) {
  AW_TRY(need(prop, "prop"));
  AW_ASSIGN(*prop, process()->virtual_memory().properties(handle));
  return {};
}

Result<> cuMemRetainAllocationHandle(CUmemGenericAllocationHandle* handle, void* addr) {
  AW_TRY(need(handle, "handle"));
  AW_ASSIGN(*handle, process()->virtual_memory().retain(reinterpret_cast<CUdeviceptr>(addr)));
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
