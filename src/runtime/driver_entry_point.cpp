// The driver's entry points by name, for programs that are not linked against the driver.

#include "entry_points.h"
#include "runtime/enter.h"

namespace anywarp::runtime::api {

cudaError_t cudaGetDriverEntryPointByVersion(const char* symbol, void** funcPtr, unsigned int cudaVersion, unsigned long long flags,
                                             enum cudaDriverEntryPointQueryResult* driverStatus, bool per_thread) {
  if (!symbol || !funcPtr) return cudaErrorInvalidValue;
  if (flags > cudaEnablePerThreadDefaultStream) return cudaErrorInvalidValue;
  *funcPtr = nullptr;
  // What the caller was compiled for decides, unless it says what it wants.
  if (flags == cudaEnableDefault && per_thread) flags = cudaEnablePerThreadDefaultStream;
  CUdriverProcAddressQueryResult status = CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
  const CUresult result = driver().cuGetProcAddress_v2(symbol, funcPtr, static_cast<int>(cudaVersion), flags, &status);
  const bool no_such = result == CUDA_ERROR_NOT_FOUND || (result == CUDA_SUCCESS && status != CU_GET_PROC_ADDRESS_SUCCESS);
  if (driverStatus) *driverStatus = static_cast<cudaDriverEntryPointQueryResult>(status);
  if (no_such) return driverStatus ? cudaSuccess : cudaErrorSymbolNotFound;
  return to_error(result);
}

cudaError_t cudaGetDriverEntryPoint(const char* symbol, void** funcPtr, unsigned long long flags,
                                    enum cudaDriverEntryPointQueryResult* driverStatus, bool per_thread) {
  return cudaGetDriverEntryPointByVersion(symbol, funcPtr, CUDART_VERSION, flags, driverStatus, per_thread);
}

cudaError_t cudaGetExportTable(const void** ppExportTable, const cudaUUID_t* pExportTableId) {
  if (!ppExportTable || !pExportTableId) return cudaErrorInvalidValue;
  return to_error(driver().cuGetExportTable(ppExportTable, pExportTableId));
}

}  // namespace anywarp::runtime::api
