// A table is an array of words: its size in bytes, unless noted, then functions. Programs that were linked with NVIDIA's
// static runtime cannot start without these; what Anywarp's own toolkit builds asks for none of them. What each function is for
// was found by running such programs; functions that no known program calls answer CUDA_ERROR_NOT_SUPPORTED.
#include "driver/export_tables.h"

#include "base/log.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/process.h"

#include <array>
#include <atomic>
#include <cstring>

namespace anywarp::driver {
namespace {

template <class Function>
TableFunction slot(Function* function) {
  return reinterpret_cast<TableFunction>(function);
}

template <size_t slots>
struct Table {
  std::array<TableFunction, slots> entries;
};

std::atomic<bool> nvidia_runtime_asked{false};

CUresult not_offered() {
  log_once(LogLevel::Warning, "export-table", "The program calls a private function of NVIDIA's driver, which is not supported.");
  return CUDA_ERROR_NOT_SUPPORTED;
}

// A table of `slots` words whose functions are not offered, but for those that the caller fills in.
template <size_t slots>
std::array<TableFunction, slots> sized_table() {
  std::array<TableFunction, slots> table;
  table.fill(slot(&not_offered));
  table[0] = reinterpret_cast<TableFunction>(slots * sizeof(TableFunction));
  return table;
}

// ---- runtime interface

// The handle of a device's primary context, which may not be active yet.
CUresult primary_context(CUcontext* context, CUdevice device) {
  if (!process() || !context) return CUDA_ERROR_INVALID_VALUE;
  const auto found = device_of(device);
  if (!found) return found.error().code;
  *context = (*found)->primary().handle();
  return CUDA_SUCCESS;
}

// ---- hooks of tools: for each callback a word that says whether a tool wants it. None does.

alignas(64) uint32_t callback_enabled[1024];
alignas(64) uint32_t other_callback_enabled[1024];

CUresult callbacks(void** enabled, size_t* bytes) {
  if (enabled) *enabled = callback_enabled;
  if (bytes) *bytes = sizeof callback_enabled;
  return CUDA_SUCCESS;
}

CUresult other_callbacks(void** enabled, size_t* bytes) {
  if (enabled) *enabled = other_callback_enabled;
  if (bytes) *bytes = sizeof other_callback_enabled;
  return CUDA_SUCCESS;
}

// ---- values that the runtime keeps with a context

Context* context_or_current(CUcontext handle) {
  if (!process()) return nullptr;
  return handle ? find<Context>(handle) : current_or_null();
}

CUresult storage_put(CUcontext handle, void* key, void* value, ContextStorage::Destroy destroy) {
  Context* context = context_or_current(handle);
  if (!context) return CUDA_ERROR_INVALID_CONTEXT;
  context->storage().put(key, value, destroy);
  return CUDA_SUCCESS;
}

CUresult storage_delete(CUcontext handle, void* key) {
  Context* context = context_or_current(handle);
  if (!context) return CUDA_ERROR_INVALID_CONTEXT;
  return context->storage().remove(key) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult storage_get(void** value, CUcontext handle, void* key) {
  Context* context = context_or_current(handle);
  if (!context) return CUDA_ERROR_INVALID_CONTEXT;
  return value && context->storage().get(key, value) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

// ---- the rest

CUresult context_checks(CUcontext, uint32_t* result, void**) {
  if (result) *result = 0;
  return CUDA_SUCCESS;
}

CUresult succeed() { return CUDA_SUCCESS; }

struct Known {
  unsigned char id[16];
  const TableFunction* table;
};

const std::array<TableFunction, 10>& runtime_interface() {
  static const auto table = [] {
    auto made = sized_table<10>();
    made[2] = slot(&primary_context);
    return made;
  }();
  return table;
}

const std::array<TableFunction, 8>& tools_callbacks() {
  static const auto table = [] {
    auto made = sized_table<8>();
    made[2] = slot(&callbacks);
    made[6] = slot(&other_callbacks);
    return made;
  }();
  return table;
}

const std::array<TableFunction, 4>& tools_thread_storage() {
  static const auto table = [] {
    auto made = sized_table<4>();
    made[2] = slot(&succeed);
    return made;
  }();
  return table;
}

// This one has no size.
const std::array<TableFunction, 4>& context_storage() {
  static const std::array<TableFunction, 4> table{slot(&storage_put), slot(&storage_delete), slot(&storage_get), nullptr};
  return table;
}

const std::array<TableFunction, 8>& context_check_functions() {
  static const auto table = [] {
    auto made = sized_table<8>();
    made[2] = slot(&context_checks);
    made[3] = slot(&succeed);
    return made;
  }();
  return table;
}

#ifdef ANYWARP_CUDART_HANDSHAKE
const std::array<TableFunction, 3>& check_functions() {
  static const auto table = [] {
    auto made = sized_table<3>();
    made[1] = slot(&answer_check);
    return made;
  }();
  return table;
}
#endif

const TableFunction* table_of(const CUuuid& id) {
  const Known known[] = {
      {{0x6b, 0xd5, 0xfb, 0x6c, 0x5b, 0xf4, 0xe7, 0x4a, 0x89, 0x87, 0xd9, 0x39, 0x12, 0xfd, 0x9d, 0xf9}, runtime_interface().data()},
      {{0xa0, 0x94, 0x79, 0x8c, 0x2e, 0x74, 0x2e, 0x74, 0x93, 0xf2, 0x08, 0x00, 0x20, 0x0c, 0x0a, 0x66}, tools_callbacks().data()},
      {{0x42, 0xd8, 0x5a, 0x81, 0x23, 0xf6, 0xcb, 0x47, 0x82, 0x98, 0xf6, 0xe7, 0x8a, 0x3a, 0xec, 0xdc}, tools_thread_storage().data()},
      {{0xc6, 0x93, 0x33, 0x6e, 0x11, 0x21, 0xdf, 0x11, 0xa8, 0xc3, 0x68, 0xf3, 0x55, 0xd8, 0x95, 0x93}, context_storage().data()},
      {{0x26, 0x3e, 0x88, 0x60, 0x7c, 0xd2, 0x61, 0x43, 0x92, 0xf6, 0xbb, 0xd5, 0x00, 0x6d, 0xfa, 0x7e}, context_check_functions().data()},
#ifdef ANYWARP_CUDART_HANDSHAKE
      {{0xd4, 0x08, 0x20, 0x55, 0xbd, 0xe6, 0x70, 0x4b, 0x8d, 0x34, 0xba, 0x12, 0x3c, 0x66, 0xe1, 0xf2}, check_functions().data()},
#endif
  };
  for (const Known& one : known)
    if (memcmp(one.id, id.bytes, 16) == 0) return one.table;
  return nullptr;
}

}  // namespace

bool nvidia_runtime_is_here() { return nvidia_runtime_asked.load(std::memory_order_relaxed); }

const TableFunction* runtime_interface_table() { return runtime_interface().data(); }

#ifdef ANYWARP_CUDART_HANDSHAKE
const TableFunction* check_table() { return check_functions().data(); }
#endif

namespace api {

Result<> cuGetExportTable(const void** ppExportTable, const CUuuid* pExportTableId) {
  AW_TRY(need(ppExportTable, "ppExportTable"));
  AW_TRY(need(pExportTableId, "pExportTableId"));
  *ppExportTable = table_of(*pExportTableId);
  if (*ppExportTable == runtime_interface().data()) nvidia_runtime_asked.store(true, std::memory_order_relaxed);
  if (!*ppExportTable) return Error{CUDA_ERROR_NOT_FOUND, "There is no export table of that id.", ""};
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
