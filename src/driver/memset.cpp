// Memset is asynchronous to the host in every form, as in CUDA; only on pinned host memory the plain forms wait.
#include "driver/allocations.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/process.h"
#include "observe/observe.h"

#include <algorithm>
#include <cstring>

namespace anywarp::driver::api {
namespace {

constexpr size_t kSmall = 16 * 1024;

template <class Element>
class SetTask final : public Task {
 public:
  SetTask(CUdeviceptr to, size_t pitch, Element value, size_t width, size_t height)
      : to_(reinterpret_cast<char*>(to)), pitch_(pitch), value_(value), width_(width), height_(height) {}

  Result<> run() override {
    for (size_t row = 0; row < height_; ++row) {
      char* to = to_ + row * pitch_;
      if constexpr (sizeof(Element) == 1)
        memset(to, value_, width_);
      else
        std::fill_n(reinterpret_cast<Element*>(to), width_, value_);
    }
    if (observe::active()) observe::memory_changed({observe::Memory::What::Set, to_, nullptr, width_ * height_ * sizeof(Element)});
    return {};
  }

 private:
  char* const to_;
  const size_t pitch_;
  const Element value_;
  const size_t width_, height_;
};

template <class Element>
Result<> set(CUdeviceptr to, size_t pitch, Element value, size_t width, size_t height, CUstream hStream, bool async) {
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  if (width == 0 || height == 0) return {};
  constexpr size_t kMost = size_t(1) << 40;
  if (width > kMost || height > kMost || pitch > kMost || width * sizeof(Element) > kMost / height ||
      (height > 1 && pitch > kMost / height))
    return invalid_value("The range is larger than an address space.");
  const size_t row = width * sizeof(Element);
  if (to % sizeof(Element) != 0 || (height > 1 && pitch % sizeof(Element) != 0))
    return invalid_value("The address or the pitch is not a multiple of " + std::to_string(sizeof(Element)) + " bytes.");
  if (height > 1 && pitch < row)
    return invalid_value("The pitch of " + std::to_string(pitch) + " bytes is below the " + std::to_string(row) + " bytes of a row.");
  AW_TRY(check_device_range(to, (height - 1) * pitch + row, "dstDevice"));
  Manner manner = row * height <= kSmall ? Manner::Cheap : Manner::Queued;
  if (!async)
    if (const auto found = process()->allocations().find(to); found && found->on_host()) manner = Manner::Waited;
  AW_TRY(stream->context().put(*stream, std::make_unique<SetTask<Element>>(to, pitch, value, width, height), manner));
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

}  // namespace anywarp::driver::api
