// Calls that do to many ranges what another call does to one. The ranges of a batch may be done in any order, and so they may be done
// in the order in which they are given; all are checked before the first is done.
#include "driver/allocations.h"
#include "driver/context.h"
#include "driver/copy.h"
#include "driver/entry_points.h"
#include "driver/process.h"
#include "driver/stream.h"

#include <string>

namespace anywarp::driver::api {
namespace {

Result<> check_batch(const void* addresses, const size_t* sizes, size_t count, CUstream hStream) {
  if (count == 0) return invalid_value("The batch has no ranges.");
  AW_TRY(need(addresses, "dptrs"));
  AW_TRY(need(sizes, "sizes"));
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  if (stream == &stream->context().legacy_stream()) return invalid_value("A batch cannot be given to the legacy default stream.");
  return {};
}

// Each element of the list of attributes holds from its index on; the first one from the first range on.
Result<> check_indices(const size_t* indices, size_t number, size_t count, const char* what) {
  if (number == 0 || number > count)
    return invalid_value("There are " + std::to_string(number) + " " + what + " for " + std::to_string(count) + " ranges.");
  AW_TRY(need(indices, "the list of indices"));
  if (indices[0] != 0) return invalid_value(std::string("The first of the ") + what + " must hold from range 0 on.");
  for (size_t i = 1; i < number; ++i)
    if (indices[i] <= indices[i - 1] || indices[i] >= count)
      return invalid_value(std::string("The ranges from which the ") + what + " hold must ascend and exist.");
  return {};
}

Result<> check_managed_ranges(const CUdeviceptr* addresses, const size_t* sizes, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const auto found = process()->allocations().find(addresses[i]);
    if (sizes[i] == 0 || !found || found->kind != MemoryKind::Managed || !found->holds(addresses[i], sizes[i]))
      return invalid_value("Range " + std::to_string(i) + " of the batch is not managed memory.");
  }
  return {};
}

}  // namespace

Result<> cuMemcpyBatchAsync(CUdeviceptr* dsts, CUdeviceptr* srcs, size_t* sizes, size_t count, CUmemcpyAttributes* attrs, size_t* attrsIdxs,
                            size_t numAttrs, size_t* failIdx, CUstream hStream) {
  if (failIdx) *failIdx = SIZE_MAX;  // no range in particular
  AW_TRY(check_batch(dsts, sizes, count, hStream));
  AW_TRY(need(srcs, "srcs"));
  AW_TRY(need(attrs, "attrs"));
  AW_TRY(check_indices(attrsIdxs, numAttrs, count, "attributes"));
  for (size_t i = 0; i < numAttrs; ++i)
    if (attrs[i].srcAccessOrder < CU_MEMCPY_SRC_ACCESS_ORDER_STREAM || attrs[i].srcAccessOrder > CU_MEMCPY_SRC_ACCESS_ORDER_ANY)
      return invalid_value("There is no order of access " + std::to_string(int(attrs[i].srcAccessOrder)) + ".");
  for (size_t i = 0; i < count; ++i) {
    if (failIdx) *failIdx = i;
    if (sizes[i] == 0) return invalid_value("Range " + std::to_string(i) + " of the batch has 0 bytes.");
    AW_TRY(need(reinterpret_cast<const void*>(dsts[i]), "dsts[i]"));
    AW_TRY(need(reinterpret_cast<const void*>(srcs[i]), "srcs[i]"));
  }
  for (size_t i = 0; i < count; ++i) {
    if (failIdx) *failIdx = i;
    AW_TRY(api::cuMemcpyAsync(dsts[i], srcs[i], sizes[i], hStream));
  }
  // A source that is read during the call may change when the call has returned.
  for (size_t i = 0; i < numAttrs; ++i)
    if (attrs[i].srcAccessOrder == CU_MEMCPY_SRC_ACCESS_ORDER_DURING_API_CALL) return api::cuStreamSynchronize(hStream);
  return {};
}

Result<> cuMemcpyBatchAsync_v2(CUdeviceptr* dsts, CUdeviceptr* srcs, size_t* sizes, size_t count, CUmemcpyAttributes* attrs,
                               size_t* attrsIdxs, size_t numAttrs, CUstream hStream) {
  return api::cuMemcpyBatchAsync(dsts, srcs, sizes, count, attrs, attrsIdxs, numAttrs, nullptr, hStream);
}

Result<> cuMemPrefetchBatchAsync(CUdeviceptr* dptrs, size_t* sizes, size_t count, CUmemLocation* prefetchLocs, size_t* prefetchLocIdxs,
                                 size_t numPrefetchLocs, unsigned long long flags, CUstream hStream) {
  if (flags != 0) return invalid_value("There are no flags, yet " + std::to_string(flags) + " was given.");
  AW_TRY(check_batch(dptrs, sizes, count, hStream));
  AW_TRY(need(prefetchLocs, "prefetchLocs"));
  AW_TRY(check_indices(prefetchLocIdxs, numPrefetchLocs, count, "locations"));
  AW_TRY(check_managed_ranges(dptrs, sizes, count));
  for (size_t i = 0, location = 0; i < count; ++i) {
    while (location + 1 < numPrefetchLocs && prefetchLocIdxs[location + 1] <= i) ++location;
    AW_TRY(api::cuMemPrefetchAsync_v2(dptrs[i], sizes[i], prefetchLocs[location], 0, hStream));
  }
  return {};
}

// What is discarded may have any content afterwards, the old one as well.
Result<> cuMemDiscardBatchAsync(CUdeviceptr* dptrs, size_t* sizes, size_t count, unsigned long long flags, CUstream hStream) {
  if (flags != 0) return invalid_value("There are no flags, yet " + std::to_string(flags) + " was given.");
  AW_TRY(check_batch(dptrs, sizes, count, hStream));
  return check_managed_ranges(dptrs, sizes, count);
}

Result<> cuMemDiscardAndPrefetchBatchAsync(CUdeviceptr* dptrs, size_t* sizes, size_t count, CUmemLocation* prefetchLocs,
                                           size_t* prefetchLocIdxs, size_t numPrefetchLocs, unsigned long long flags, CUstream hStream) {
  return api::cuMemPrefetchBatchAsync(dptrs, sizes, count, prefetchLocs, prefetchLocIdxs, numPrefetchLocs, flags, hStream);
}

}  // namespace anywarp::driver::api
