// Memset is asynchronous to the host in every form, as in CUDA; only on pinned host memory the plain forms wait.
#include "driver/memset.h"

#include "driver/allocations.h"
#include "driver/capture.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/graph_work.h"
#include "driver/process.h"
#include "observe/observe.h"

#include <algorithm>
#include <cstring>

namespace anywarp::driver {
namespace {

template <class Element>
void fill_rows(const Fill& fill) {
  for (size_t row = 0; row < fill.height; ++row) {
    char* to = reinterpret_cast<char*>(fill.to) + row * fill.pitch;
    if constexpr (sizeof(Element) == 1)
      memset(to, int(fill.value), fill.width);
    else
      std::fill_n(reinterpret_cast<Element*>(to), fill.width, Element(fill.value));
  }
}

}  // namespace

Result<> check(const Fill& fill) {
  if (fill.element != 1 && fill.element != 2 && fill.element != 4)
    return invalid_value("The element size is " + std::to_string(fill.element) + " bytes; it must be 1, 2 or 4.");
  if (fill.width == 0 || fill.height == 0) return {};
  constexpr size_t kMost = size_t(1) << 40;
  if (fill.width > kMost || fill.height > kMost || (fill.height > 1 && fill.pitch > kMost) ||
      fill.width * fill.element > kMost / fill.height || (fill.height > 1 && fill.pitch > kMost / fill.height))
    return invalid_value("The range is larger than an address space.");
  const size_t row = fill.width * fill.element;
  if (fill.to % fill.element != 0 || (fill.height > 1 && fill.pitch % fill.element != 0))
    return invalid_value("The address or the pitch is not a multiple of " + std::to_string(fill.element) + " bytes.");
  if (fill.height > 1 && fill.pitch < row)
    return invalid_value("The pitch of " + std::to_string(fill.pitch) + " bytes is below the " + std::to_string(row) + " bytes of a row.");
  return check_device_range(fill.to, (fill.height - 1) * fill.pitch + row, "dstDevice");
}

void run(const Fill& fill) {
  switch (fill.element) {
    case 1: fill_rows<uint8_t>(fill); break;
    case 2: fill_rows<uint16_t>(fill); break;
    default: fill_rows<uint32_t>(fill); break;
  }
  if (observe::active()) observe::memory_changed({observe::Memory::What::Set, reinterpret_cast<void*>(fill.to), nullptr, fill.bytes()});
}

namespace api {
namespace {

constexpr size_t kSmall = 16 * 1024;

class FillTask final : public Task {
 public:
  explicit FillTask(const Fill& fill) : fill_(fill) {}
  Result<> run() override {
    driver::run(fill_);
    return {};
  }

 private:
  const Fill fill_;
};

template <class Element>
Result<> set(CUdeviceptr to, size_t pitch, Element value, size_t width, size_t height, CUstream hStream, bool async) {
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  if (!async) {
    AW_TRY(may_put(*stream));
    AW_TRY(unsafe_call());
  }
  if (width == 0 || height == 0) return {};
  const Fill fill{to, pitch, value, sizeof(Element), width, height};
  AW_TRY(check(fill));
  if (stream->capturing() && async) return capture(*stream, std::make_shared<FillWork>(fill, stream->context().handle()));
  Manner manner = fill.bytes() <= kSmall ? Manner::Cheap : Manner::Queued;
  if (!async)
    if (const auto found = process()->allocations().find(to); found && found->on_host()) manner = Manner::Waited;
  AW_TRY(stream->context().put(*stream, std::make_unique<FillTask>(fill), manner));
  return {};
}

}  // namespace

Result<> cuMemsetD8_v2(CUdeviceptr dstDevice, unsigned char uc, size_t N) { return set<uint8_t>(dstDevice, 0, uc, N, 1, nullptr, false); }
Result<> cuMemsetD16_v2(CUdeviceptr dstDevice, unsigned short us, size_t N) {
  return set<uint16_t>(dstDevice, 0, us, N, 1, nullptr, false);
}
Result<> cuMemsetD32_v2(CUdeviceptr dstDevice, unsigned int ui, size_t N) { return set<uint32_t>(dstDevice, 0, ui, N, 1, nullptr, false); }

Result<> cuMemsetD2D8_v2(CUdeviceptr dstDevice, size_t dstPitch, unsigned char uc, size_t Width, size_t Height) {
  return set<uint8_t>(dstDevice, dstPitch, uc, Width, Height, nullptr, false);
}
Result<> cuMemsetD2D16_v2(CUdeviceptr dstDevice, size_t dstPitch, unsigned short us, size_t Width, size_t Height) {
  return set<uint16_t>(dstDevice, dstPitch, us, Width, Height, nullptr, false);
}
Result<> cuMemsetD2D32_v2(CUdeviceptr dstDevice, size_t dstPitch, unsigned int ui, size_t Width, size_t Height) {
  return set<uint32_t>(dstDevice, dstPitch, ui, Width, Height, nullptr, false);
}

Result<> cuMemsetD8Async(CUdeviceptr dstDevice, unsigned char uc, size_t N, CUstream hStream) {
  return set<uint8_t>(dstDevice, 0, uc, N, 1, hStream, true);
}
Result<> cuMemsetD16Async(CUdeviceptr dstDevice, unsigned short us, size_t N, CUstream hStream) {
  return set<uint16_t>(dstDevice, 0, us, N, 1, hStream, true);
}
Result<> cuMemsetD32Async(CUdeviceptr dstDevice, unsigned int ui, size_t N, CUstream hStream) {
  return set<uint32_t>(dstDevice, 0, ui, N, 1, hStream, true);
}

Result<> cuMemsetD2D8Async(CUdeviceptr dstDevice, size_t dstPitch, unsigned char uc, size_t Width, size_t Height, CUstream hStream) {
  return set<uint8_t>(dstDevice, dstPitch, uc, Width, Height, hStream, true);
}
Result<> cuMemsetD2D16Async(CUdeviceptr dstDevice, size_t dstPitch, unsigned short us, size_t Width, size_t Height, CUstream hStream) {
  return set<uint16_t>(dstDevice, dstPitch, us, Width, Height, hStream, true);
}
Result<> cuMemsetD2D32Async(CUdeviceptr dstDevice, size_t dstPitch, unsigned int ui, size_t Width, size_t Height, CUstream hStream) {
  return set<uint32_t>(dstDevice, dstPitch, ui, Width, Height, hStream, true);
}

}  // namespace api
}  // namespace anywarp::driver
