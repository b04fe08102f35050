// cuGetProcAddress: a name, and the version of CUDA whose meaning of that name the caller was compiled for.
#include "driver/enter.h"
#include "driver/entry_points.h"
#include "driver/process.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace anywarp::driver::api {
namespace {

struct Entry {
  std::string_view name;
  int version, twin_version;
  void* symbol;
  void* twin;  // the one for per-thread default streams, or null
};

// By name, then by version.
const Entry kEntries[] = {
#include "driver/proc_table.inc"
};

}  // namespace

Result<> cuGetProcAddress_v2(const char* symbol, void** pfn, int cudaVersion, cuuint64_t flags,
                             CUdriverProcAddressQueryResult* symbolStatus) {
  AW_TRY(need(symbol, "symbol"));
  AW_TRY(need(pfn, "pfn"));
  *pfn = nullptr;
  constexpr cuuint64_t kKnown = CU_GET_PROC_ADDRESS_LEGACY_STREAM | CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM;
  if ((flags & ~kKnown) != 0 || flags == kKnown)
    return invalid_value("The flags " + std::to_string(flags) + " are not flags of cuGetProcAddress.");
  const std::string_view wanted = symbol;
  const auto* first = std::lower_bound(std::begin(kEntries), std::end(kEntries), wanted,
                                       [](const Entry& entry, std::string_view name) { return entry.name < name; });
  const Entry* best = nullptr;
  bool known = false;
  for (const Entry* entry = first; entry != std::end(kEntries) && entry->name == wanted; ++entry) {
    known = true;
    if (entry->version <= cudaVersion) best = entry;
  }
  if (best) {
    // Code that was compiled before there were per-thread streams has no twin to ask for.
    const bool per_thread = (flags & CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM) != 0 && best->twin && cudaVersion >= best->twin_version;
    *pfn = per_thread ? best->twin : best->symbol;
    if (symbolStatus) *symbolStatus = CU_GET_PROC_ADDRESS_SUCCESS;
    return {};
  }
  if (symbolStatus) {
    // The caller that takes the status learns from it, and not from an error.
    *symbolStatus = known ? CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
    return {};
  }
  return Error{CUDA_ERROR_NOT_FOUND,
               "There is no entry point '" + std::string(wanted) + "' of CUDA version " + std::to_string(cudaVersion) + ".", ""};
}

Result<> cuGetProcAddress(const char* symbol, void** pfn, int cudaVersion, cuuint64_t flags) {
  return api::cuGetProcAddress_v2(symbol, pfn, cudaVersion, flags, nullptr);
}

}  // namespace anywarp::driver::api
