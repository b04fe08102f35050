// Copies, and what they promise the host:
//
//   cuMemcpyHtoD and its like    returns when the copy is done; cuMemcpyDtoD does not wait, as in CUDA
//   ...Async, pinned memory      returns at once
//   ...Async, pageable source    returns when the source may be changed: small ones are staged, large ones are waited for
//   ...Async, pageable target    returns when the copy is done
//
// Small copies on an idle stream are made on the calling thread, which is faster than handing them over.
#include "driver/copy.h"

#include "driver/allocations.h"
#include "driver/array.h"
#include "driver/capture.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/graph_work.h"
#include "driver/process.h"
#include "observe/observe.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace anywarp::driver {

void copy(const Box& box) {
  if (box.bytes() == 0) return;
  const bool rows_join = box.height == 1 || (box.to_pitch == box.width && box.from_pitch == box.width);
  const bool layers_join = box.depth == 1 || (box.to_slice == box.width * box.height && box.from_slice == box.to_slice);
  if (rows_join && layers_join) {
    memmove(box.to, box.from, box.bytes());
    return;
  }
  for (size_t layer = 0; layer < box.depth; ++layer) {
    char* to = box.to + layer * box.to_slice;
    const char* from = box.from + layer * box.from_slice;
    if (rows_join) {
      memmove(to, from, box.width * box.height);
      continue;
    }
    for (size_t row = 0; row < box.height; ++row) memmove(to + row * box.to_pitch, from + row * box.from_pitch, box.width);
  }
}

void run(const Box& box) {
  copy(box);
  if (observe::active()) observe::memory_changed({observe::Memory::What::Copy, box.to, box.from, box.bytes()});
}

bool is_mapped(const void* address, size_t bytes) {
  constexpr size_t kPages = 4096;
  static const size_t page = size_t(sysconf(_SC_PAGESIZE));
  unsigned char resident[kPages];
  uintptr_t at = reinterpret_cast<uintptr_t>(address) & ~(page - 1);
  const uintptr_t end = reinterpret_cast<uintptr_t>(address) + bytes;
  if (end < at) return false;
  while (at < end) {
    const size_t length = std::min<size_t>(end - at, page * kPages);
    if (mincore(reinterpret_cast<void*>(at), length, resident) != 0) return false;
    at += page * kPages;
  }
  return true;
}

namespace {

constexpr size_t kStaged = 64 * 1024, kSmall = 16 * 1024;

class CopyTask final : public Task {
 public:
  explicit CopyTask(const Box& box) : box_(box) {}

  /// Takes a copy of the source, for the host may change it.
  void stage() {
    staged_.resize(box_.bytes());
    Box box = box_;
    box.to = staged_.data();
    box.to_pitch = box.width;
    box.to_slice = box.width * box.height;
    copy(box);
    box_.from = staged_.data();
    box_.from_pitch = box.to_pitch;
    box_.from_slice = box.to_slice;
  }

  Result<> run() override {
    driver::run(box_);
    return {};
  }

 private:
  Box box_;
  std::vector<char> staged_;
};

// One end of a copy.
struct Place {
  char* at = nullptr;
  size_t pitch = 0, slice = 0;
  bool pageable = false;  // memory that the driver does not know
  bool on_host = false;
  CUarray array = nullptr;
  size_t x = 0, y = 0, z = 0;  // in the array
};

struct Extent {
  size_t width, height, depth;
};

enum class Side : uint8_t { Host, Device, Unified };

// The place of plain memory, `reach` bytes of which are touched.
Result<Place> place_of(CUdeviceptr address, size_t reach, Side side, const char* name) {
  Place place;
  place.at = reinterpret_cast<char*>(address);
  if (side == Side::Device) {
    AW_TRY(check_device_range(address, reach, name));
    return place;
  }
  if (const auto found = process()->allocations().find(address)) {
    // Registered and pinned memory may be a part of what the host copies.
    place.on_host = found->on_host();
    if (found->holds(address, reach)) return place;
    if (!found->on_host()) AW_TRY(check_device_range(address, reach, name));
  }
  if (address == 0 || !is_mapped(place.at, reach)) {
    char text[128];
    snprintf(text, sizeof text, "The %zu bytes at '%s', 0x%llx, are not memory of this process.", reach, name, address);
    return invalid_value(text);
  }
  place.pageable = true;
  place.on_host = true;
  return place;
}

Box box_of(const Place& to, const Place& from, const Extent& extent) {
  return {to.at, from.at, extent.width, extent.height, extent.depth, to.pitch, to.slice, from.pitch, from.slice};
}

// A copy that was asked for in whatever way, as the one struct that has room for all of them.
CUDA_MEMCPY3D described(const Place& to, const Place& from, const Extent& extent) {
  CUDA_MEMCPY3D copy;
  memset(&copy, 0, sizeof copy);
  if (from.array) {
    copy.srcMemoryType = CU_MEMORYTYPE_ARRAY;
    copy.srcArray = from.array;
    copy.srcXInBytes = from.x;
    copy.srcY = from.y;
    copy.srcZ = from.z;
  } else {
    copy.srcMemoryType = from.on_host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
    if (from.on_host)
      copy.srcHost = from.at;
    else
      copy.srcDevice = reinterpret_cast<CUdeviceptr>(from.at);
    copy.srcPitch = from.pitch;
    copy.srcHeight = from.pitch != 0 ? from.slice / from.pitch : 0;
  }
  if (to.array) {
    copy.dstMemoryType = CU_MEMORYTYPE_ARRAY;
    copy.dstArray = to.array;
    copy.dstXInBytes = to.x;
    copy.dstY = to.y;
    copy.dstZ = to.z;
  } else {
    copy.dstMemoryType = to.on_host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
    if (to.on_host)
      copy.dstHost = to.at;
    else
      copy.dstDevice = reinterpret_cast<CUdeviceptr>(to.at);
    copy.dstPitch = to.pitch;
    copy.dstHeight = to.pitch != 0 ? to.slice / to.pitch : 0;
  }
  copy.WidthInBytes = extent.width;
  copy.Height = extent.height;
  copy.Depth = extent.depth;
  return copy;
}

Result<> perform(const Place& to, const Place& from, const Extent& extent, Stream& stream, bool async) {
  const Box box = box_of(to, from, extent);
  if (!async) {
    AW_TRY(may_put(stream));
    AW_TRY(unsafe_call());
  }
  if (box.bytes() == 0) return {};
  if (stream.capturing() && async)
    return capture(stream, std::make_shared<CopyWork>(CheckedCopy{box, described(to, from, extent)}, stream.context().handle()));
  auto task = std::make_unique<CopyTask>(box);
  Manner manner = box.bytes() <= kSmall ? Manner::Cheap : Manner::Queued;
  if (!async) {
    if (to.on_host || from.on_host) manner = Manner::Waited;
  } else if (to.pageable) {
    manner = Manner::Waited;
  } else if (from.pageable) {
    if (box.bytes() > kStaged)
      manner = Manner::Waited;
    else if (!stream.queue()->idle())
      task->stage();
    else
      manner = Manner::Waited;
  }
  AW_TRY(stream.context().put(stream, std::move(task), manner));
  if (manner == Manner::Waited) process()->backend().flush_output();
  return {};
}

Result<> linear(CUdeviceptr dst, Side to_side, CUdeviceptr src, Side from_side, size_t bytes, CUstream hStream, bool async) {
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  if (bytes == 0) return {};
  AW_ASSIGN(Place to, place_of(dst, bytes, to_side, "dst"));
  AW_ASSIGN(Place from, place_of(src, bytes, from_side, "src"));
  return perform(to, from, {bytes, 1, 1}, *stream, async);
}

CUdeviceptr address_of(const void* pointer) { return reinterpret_cast<CUdeviceptr>(pointer); }

// One end of a 2D or 3D copy, as the structs of the API describe it.
struct End {
  CUmemorytype type;
  const void* host;
  CUdeviceptr device;
  CUarray array;
  size_t x, y, z, pitch, height;
};

Result<Place> place_of(const End& end, const Extent& extent, const char* name) {
  if (end.type == CU_MEMORYTYPE_ARRAY) {
    Array* array = find<Array>(end.array);
    if (!array) return invalid_handle("array");
    if (end.x + extent.width > array->row_bytes() || end.y + extent.height > array->rows() || end.z + extent.depth > array->layers())
      return invalid_value("The copy goes beyond the " + std::to_string(array->row_bytes()) + " bytes, " + std::to_string(array->rows()) +
                           " rows and " + std::to_string(array->layers()) + " layers of the array at '" + name + "'.");
    Place place;
    place.pitch = array->row_bytes();
    place.slice = place.pitch * array->rows();
    place.at = array->memory() + end.z * place.slice + end.y * place.pitch + end.x;
    place.array = end.array;
    place.x = end.x;
    place.y = end.y;
    place.z = end.z;
    return place;
  }
  const bool one_row = extent.height == 1 && extent.depth == 1 && end.y == 0 && end.z == 0;
  const size_t pitch = end.pitch != 0 || !one_row ? end.pitch : end.x + extent.width;
  if (pitch < end.x + extent.width)
    return invalid_value("The pitch of " + std::to_string(pitch) + " bytes at '" + name + "' is below the " +
                         std::to_string(end.x + extent.width) + " bytes of a row.");
  if (pitch > 0x7fffffff && !one_row)
    return invalid_value("The pitch of " + std::to_string(pitch) + " bytes is above the limit of 2147483647.");
  const size_t rows = end.height != 0 ? end.height : end.y + extent.height;
  if (extent.depth > 1 && rows < end.y + extent.height)
    return invalid_value("The height of " + std::to_string(rows) + " rows at '" + name + "' is below the rows that are copied.");
  const size_t skipped = end.z * rows * pitch + end.y * pitch + end.x;
  const size_t reach = (extent.depth - 1) * rows * pitch + (extent.height - 1) * pitch + extent.width;
  Side side;
  CUdeviceptr address;
  switch (end.type) {
    case CU_MEMORYTYPE_HOST:
      side = Side::Host;
      address = address_of(end.host);
      break;
    case CU_MEMORYTYPE_DEVICE:
      side = Side::Device;
      address = end.device;
      break;
    case CU_MEMORYTYPE_UNIFIED:
      side = Side::Unified;
      address = end.device;
      break;
    default: return invalid_value("There is no memory type " + std::to_string(int(end.type)) + ".");
  }
  if (address == 0) return invalid_value(std::string("The address at '") + name + "' is null.");
  AW_ASSIGN(Place place, place_of(address + skipped, reach, side, name));
  place.pitch = pitch;
  place.slice = rows * pitch;
  return place;
}

struct Ends {
  Place to, from;
};

// Requires: the extent is not empty.
Result<Ends> ends_of(const End& dst, const End& src, const Extent& extent) {
  // Extents beyond an address space would overflow below.
  constexpr size_t kMost = size_t(1) << 40;
  for (const size_t number : {extent.width, extent.height, extent.depth, dst.x, dst.y, dst.z, dst.height, src.x, src.y, src.z, src.height})
    if (number > kMost) return invalid_value("An extent or offset of " + std::to_string(number) + " is above every limit.");
  if (extent.width > kMost / extent.height || extent.width * extent.height > kMost / extent.depth)
    return invalid_value("The copy is larger than an address space.");
  Ends ends;
  AW_ASSIGN(ends.to, place_of(dst, extent, "dst"));
  AW_ASSIGN(ends.from, place_of(src, extent, "src"));
  return ends;
}

Result<> box(const End& dst, const End& src, const Extent& extent, CUstream hStream, bool async) {
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  if (extent.width == 0 || extent.height == 0 || extent.depth == 0) return {};
  AW_ASSIGN(const Ends ends, ends_of(dst, src, extent));
  return perform(ends.to, ends.from, extent, *stream, async);
}

template <class Copy>
End target_of(const Copy& c) {
  return {c.dstMemoryType, c.dstHost, c.dstDevice, c.dstArray, c.dstXInBytes, c.dstY, c.dstZ, c.dstPitch, c.dstHeight};
}

template <class Copy>
End source_of(const Copy& c) {
  return {c.srcMemoryType, c.srcHost, c.srcDevice, c.srcArray, c.srcXInBytes, c.srcY, c.srcZ, c.srcPitch, c.srcHeight};
}

Result<> copy_2d(const CUDA_MEMCPY2D* c, CUstream hStream, bool async) {
  AW_TRY(need(c, "pCopy"));
  return box({c->dstMemoryType, c->dstHost, c->dstDevice, c->dstArray, c->dstXInBytes, c->dstY, 0, c->dstPitch, 0},
             {c->srcMemoryType, c->srcHost, c->srcDevice, c->srcArray, c->srcXInBytes, c->srcY, 0, c->srcPitch, 0},
             {c->WidthInBytes, c->Height, 1}, hStream, async);
}

template <class Copy>
Result<> copy_3d(const Copy* c, CUstream hStream, bool async) {
  AW_TRY(need(c, "pCopy"));
  if (c->srcLOD != 0 || c->dstLOD != 0) return invalid_value("The level of detail must be 0.");
  return box(target_of(*c), source_of(*c), {c->WidthInBytes, c->Height, c->Depth}, hStream, async);
}

// The bytes of an array from an offset on.
Result<Place> place_in(CUarray handle, size_t offset, size_t bytes) {
  Array* array = find<Array>(handle);
  if (!array) return invalid_handle("array");
  if (offset > array->bytes() || bytes > array->bytes() - offset)
    return invalid_value("The copy of " + std::to_string(bytes) + " bytes at the offset " + std::to_string(offset) + " goes beyond the " +
                         std::to_string(array->bytes()) + " bytes of the array.");
  Place place;
  place.at = array->memory() + offset;
  place.array = handle;
  place.x = offset % array->row_bytes();
  place.y = offset / array->row_bytes() % array->rows();
  place.z = offset / array->row_bytes() / array->rows();
  return place;
}

Result<> to_array(CUarray array, size_t offset, CUdeviceptr src, Side side, size_t bytes, CUstream hStream, bool async) {
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  AW_ASSIGN(Place to, place_in(array, offset, bytes));
  if (bytes == 0) return {};
  AW_ASSIGN(Place from, place_of(src, bytes, side, "src"));
  return perform(to, from, {bytes, 1, 1}, *stream, async);
}

Result<> from_array(CUdeviceptr dst, Side side, CUarray array, size_t offset, size_t bytes, CUstream hStream, bool async) {
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  AW_ASSIGN(Place from, place_in(array, offset, bytes));
  if (bytes == 0) return {};
  AW_ASSIGN(Place to, place_of(dst, bytes, side, "dst"));
  return perform(to, from, {bytes, 1, 1}, *stream, async);
}

// One end of a copy that was checked earlier.
bool is_still_there(CUmemorytype type, CUarray array, const char* at, size_t reach) {
  if (type == CU_MEMORYTYPE_ARRAY) return find<Array>(array) != nullptr;
  const auto found = process()->allocations().find(at);
  if (found && found->holds(reinterpret_cast<uintptr_t>(at), reach)) return true;
  return type != CU_MEMORYTYPE_DEVICE && is_mapped(at, reach);
}

}  // namespace

Result<CheckedCopy> check(const CUDA_MEMCPY3D& copy) {
  if (copy.srcLOD != 0 || copy.dstLOD != 0) return invalid_value("The level of detail must be 0.");
  const Extent extent{copy.WidthInBytes, copy.Height, copy.Depth};
  if (extent.width == 0 || extent.height == 0 || extent.depth == 0)
    return invalid_value("A node that copies nothing was asked for: an extent is 0.");
  AW_ASSIGN(const Ends ends, ends_of(target_of(copy), source_of(copy), extent));
  return CheckedCopy{box_of(ends.to, ends.from, extent), copy};
}

Result<> check_still_there(const CheckedCopy& copy) {
  const auto reach = [&](size_t pitch, size_t slice) {
    return (copy.box.depth - 1) * slice + (copy.box.height - 1) * pitch + copy.box.width;
  };
  if (is_still_there(copy.described.dstMemoryType, copy.described.dstArray, copy.box.to, reach(copy.box.to_pitch, copy.box.to_slice)) &&
      is_still_there(copy.described.srcMemoryType, copy.described.srcArray, copy.box.from, reach(copy.box.from_pitch, copy.box.from_slice)))
    return {};
  return Error{CUDA_ERROR_ILLEGAL_ADDRESS, "The memory that a node of a graph copies from or to was freed since the node was made.", ""};
}

namespace api {

Result<> cuMemcpy(CUdeviceptr dst, CUdeviceptr src, size_t ByteCount) {
  return linear(dst, Side::Unified, src, Side::Unified, ByteCount, nullptr, false);
}

Result<> cuMemcpyAsync(CUdeviceptr dst, CUdeviceptr src, size_t ByteCount, CUstream hStream) {
  return linear(dst, Side::Unified, src, Side::Unified, ByteCount, hStream, true);
}

Result<> cuMemcpyPeer(CUdeviceptr dstDevice, CUcontext dstContext, CUdeviceptr srcDevice, CUcontext srcContext, size_t ByteCount) {
  AW_TRY(context_of(dstContext));
  AW_TRY(context_of(srcContext));
  return linear(dstDevice, Side::Device, srcDevice, Side::Device, ByteCount, nullptr, false);
}

Result<> cuMemcpyPeerAsync(CUdeviceptr dstDevice, CUcontext dstContext, CUdeviceptr srcDevice, CUcontext srcContext, size_t ByteCount,
                           CUstream hStream) {
  AW_TRY(context_of(dstContext));
  AW_TRY(context_of(srcContext));
  return linear(dstDevice, Side::Device, srcDevice, Side::Device, ByteCount, hStream, true);
}

Result<> cuMemcpyHtoD_v2(CUdeviceptr dstDevice, const void* srcHost, size_t ByteCount) {
  return linear(dstDevice, Side::Device, address_of(srcHost), Side::Host, ByteCount, nullptr, false);
}

Result<> cuMemcpyDtoH_v2(void* dstHost, CUdeviceptr srcDevice, size_t ByteCount) {
  return linear(address_of(dstHost), Side::Host, srcDevice, Side::Device, ByteCount, nullptr, false);
}

Result<> cuMemcpyDtoD_v2(CUdeviceptr dstDevice, CUdeviceptr srcDevice, size_t ByteCount) {
  return linear(dstDevice, Side::Device, srcDevice, Side::Device, ByteCount, nullptr, false);
}

Result<> cuMemcpyHtoDAsync_v2(CUdeviceptr dstDevice, const void* srcHost, size_t ByteCount, CUstream hStream) {
  return linear(dstDevice, Side::Device, address_of(srcHost), Side::Host, ByteCount, hStream, true);
}

Result<> cuMemcpyDtoHAsync_v2(void* dstHost, CUdeviceptr srcDevice, size_t ByteCount, CUstream hStream) {
  return linear(address_of(dstHost), Side::Host, srcDevice, Side::Device, ByteCount, hStream, true);
}

Result<> cuMemcpyDtoDAsync_v2(CUdeviceptr dstDevice, CUdeviceptr srcDevice, size_t ByteCount, CUstream hStream) {
  return linear(dstDevice, Side::Device, srcDevice, Side::Device, ByteCount, hStream, true);
}

Result<> cuMemcpyDtoA_v2(CUarray dstArray, size_t dstOffset, CUdeviceptr srcDevice, size_t ByteCount) {
  return to_array(dstArray, dstOffset, srcDevice, Side::Device, ByteCount, nullptr, false);
}

Result<> cuMemcpyAtoD_v2(CUdeviceptr dstDevice, CUarray srcArray, size_t srcOffset, size_t ByteCount) {
  return from_array(dstDevice, Side::Device, srcArray, srcOffset, ByteCount, nullptr, false);
}

Result<> cuMemcpyHtoA_v2(CUarray dstArray, size_t dstOffset, const void* srcHost, size_t ByteCount) {
  return to_array(dstArray, dstOffset, address_of(srcHost), Side::Host, ByteCount, nullptr, false);
}

Result<> cuMemcpyAtoH_v2(void* dstHost, CUarray srcArray, size_t srcOffset, size_t ByteCount) {
  return from_array(address_of(dstHost), Side::Host, srcArray, srcOffset, ByteCount, nullptr, false);
}

Result<> cuMemcpyHtoAAsync_v2(CUarray dstArray, size_t dstOffset, const void* srcHost, size_t ByteCount, CUstream hStream) {
  return to_array(dstArray, dstOffset, address_of(srcHost), Side::Host, ByteCount, hStream, true);
}

Result<> cuMemcpyAtoHAsync_v2(void* dstHost, CUarray srcArray, size_t srcOffset, size_t ByteCount, CUstream hStream) {
  return from_array(address_of(dstHost), Side::Host, srcArray, srcOffset, ByteCount, hStream, true);
}

Result<> cuMemcpyAtoA_v2(CUarray dstArray, size_t dstOffset, CUarray srcArray, size_t srcOffset, size_t ByteCount) {
  AW_ASSIGN(Stream * stream, stream_of(nullptr));
  AW_ASSIGN(Place to, place_in(dstArray, dstOffset, ByteCount));
  AW_ASSIGN(Place from, place_in(srcArray, srcOffset, ByteCount));
  return perform(to, from, {ByteCount, 1, 1}, *stream, false);
}

Result<> cuMemcpy2D_v2(const CUDA_MEMCPY2D* pCopy) { return copy_2d(pCopy, nullptr, false); }
Result<> cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D* pCopy, CUstream hStream) { return copy_2d(pCopy, hStream, true); }
Result<> cuMemcpy3D_v2(const CUDA_MEMCPY3D* pCopy) { return copy_3d(pCopy, nullptr, false); }
Result<> cuMemcpy3DAsync_v2(const CUDA_MEMCPY3D* pCopy, CUstream hStream) { return copy_3d(pCopy, hStream, true); }

Result<> cuMemcpy3DPeer(const CUDA_MEMCPY3D_PEER* pCopy) { return copy_3d(pCopy, nullptr, false); }

Result<> cuMemcpy3DPeerAsync(const CUDA_MEMCPY3D_PEER* pCopy, CUstream hStream) { return copy_3d(pCopy, hStream, true); }

}  // namespace api
}  // namespace anywarp::driver
