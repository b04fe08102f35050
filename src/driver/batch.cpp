// Calls that do to many ranges what another call does to one. The ranges of a batch may be done in any order, and so they may be done
// in the order in which they are given; all are checked before the first is done.
#include "driver/allocations.h"
#include "driver/array.h"
#include "driver/context.h"
#include "driver/copy.h"
#include "driver/entry_points.h"
#include "driver/process.h"
#include "driver/stream.h"

#include <algorithm>
#include <string>
#include <vector>

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

namespace {

/// One side of a copy, in a CUDA_MEMCPY3D_PEER: memory as rows and layers of `element` bytes, or a place in an array.
struct Side {
  CUmemorytype type;
  CUdeviceptr pointer;
  CUarray array;
  size_t x_bytes, y, z, pitch, height;
};

Result<size_t> element_bytes(const CUmemcpy3DOperand& operand) {
  if (operand.type != CU_MEMCPY_OPERAND_TYPE_ARRAY) return size_t{1};
  Array* array = find<Array>(operand.op.array.array);
  if (!array) return Error{CUDA_ERROR_INVALID_HANDLE, "The handle is not that of an array.", ""};
  return array->row_bytes() / array->descriptor().Width;
}

Result<Side> side_of(const CUmemcpy3DOperand& operand, const CUextent3D& extent, size_t element) {
  switch (operand.type) {
    case CU_MEMCPY_OPERAND_TYPE_POINTER: {
      const auto& is = operand.op.ptr;
      AW_TRY(need(reinterpret_cast<const void*>(is.ptr), "ptr"));
      const size_t row = is.rowLength != 0 ? is.rowLength : extent.width, height = is.layerHeight != 0 ? is.layerHeight : extent.height;
      if (row < extent.width || height < extent.height) return invalid_value("Rows or layers in memory are smaller than what is copied.");
      return Side{CU_MEMORYTYPE_UNIFIED, is.ptr, nullptr, 0, 0, 0, row * element, height};
    }
    case CU_MEMCPY_OPERAND_TYPE_ARRAY: {
      const auto& is = operand.op.array;
      return Side{CU_MEMORYTYPE_ARRAY, 0, is.array, is.offset.x * element, is.offset.y, is.offset.z, 0, 0};
    }
    default: return invalid_value("There is no operand of the type " + std::to_string(int(operand.type)) + ".");
  }
}

/// Rows are counted in the elements of the array that takes part; between two pieces of memory these are bytes.
Result<CUDA_MEMCPY3D> copy_of(const CUDA_MEMCPY3D_BATCH_OP& operation) {
  if (operation.flags & ~unsigned(CU_MEMCPY_FLAG_PREFER_OVERLAP_WITH_COMPUTE))
    return invalid_value("The flags " + std::to_string(operation.flags) + " are not flags of a copy.");
  if (operation.srcAccessOrder < CU_MEMCPY_SRC_ACCESS_ORDER_STREAM || operation.srcAccessOrder > CU_MEMCPY_SRC_ACCESS_ORDER_ANY)
    return invalid_value("There is no order of access " + std::to_string(int(operation.srcAccessOrder)) + ".");
  AW_ASSIGN(const size_t of_source, element_bytes(operation.src));
  AW_ASSIGN(const size_t of_destination, element_bytes(operation.dst));
  const size_t element = std::max(of_source, of_destination);
  AW_ASSIGN(const Side src, side_of(operation.src, operation.extent, element));
  AW_ASSIGN(const Side dst, side_of(operation.dst, operation.extent, element));
  CUDA_MEMCPY3D copy{};
  copy.srcXInBytes = src.x_bytes, copy.srcY = src.y, copy.srcZ = src.z;
  copy.srcMemoryType = src.type, copy.srcDevice = src.pointer, copy.srcArray = src.array;
  copy.srcPitch = src.pitch, copy.srcHeight = src.height;
  copy.dstXInBytes = dst.x_bytes, copy.dstY = dst.y, copy.dstZ = dst.z;
  copy.dstMemoryType = dst.type, copy.dstDevice = dst.pointer, copy.dstArray = dst.array;
  copy.dstPitch = dst.pitch, copy.dstHeight = dst.height;
  copy.WidthInBytes = operation.extent.width * element, copy.Height = operation.extent.height, copy.Depth = operation.extent.depth;
  return copy;
}

}  // namespace

Result<> cuMemcpy3DBatchAsync(size_t numOps, CUDA_MEMCPY3D_BATCH_OP* opList, size_t* failIdx, unsigned long long flags, CUstream hStream) {
  if (failIdx) *failIdx = SIZE_MAX;
  if (flags != 0) return invalid_value("There are no flags, yet " + std::to_string(flags) + " was given.");
  AW_TRY(need(opList, "opList"));
  if (numOps == 0) return invalid_value("The batch has no copies.");
  AW_ASSIGN(Stream * stream, stream_of(hStream));
  if (stream == &stream->context().legacy_stream()) return invalid_value("A batch cannot be given to the legacy default stream.");
  std::vector<CUDA_MEMCPY3D> copies;
  bool reads_now = false;
  for (size_t i = 0; i < numOps; ++i) {
    if (failIdx) *failIdx = i;
    AW_ASSIGN(const CUDA_MEMCPY3D copy, copy_of(opList[i]));
    copies.push_back(copy);
    reads_now |= opList[i].srcAccessOrder == CU_MEMCPY_SRC_ACCESS_ORDER_DURING_API_CALL;
  }
  for (size_t i = 0; i < numOps; ++i) {
    if (failIdx) *failIdx = i;
    AW_TRY(api::cuMemcpy3DAsync_v2(&copies[i], hStream));
  }
  if (reads_now) return api::cuStreamSynchronize(hStream);
  return {};
}

Result<> cuMemcpy3DBatchAsync_v2(size_t numOps, CUDA_MEMCPY3D_BATCH_OP* opList, unsigned long long flags, CUstream hStream) {
  return api::cuMemcpy3DBatchAsync(numOps, opList, nullptr, flags, hStream);
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
