// The driver as the runtime sees it: the public entry points of libcuda.so.1, found when they are first needed.
#pragma once

#define __CUDA_API_VERSION_INTERNAL  // every symbol under its own name, the per-thread twins among them
#include <cuda.h>
#include <cudaProfiler.h>
#include <cuda_runtime_api.h>

namespace anywarp::runtime {

struct Driver {
#define AW_DRIVER(symbol) decltype(&::symbol) symbol;
#include "driver_table.inc"
#undef AW_DRIVER
};

extern constinit Driver driver_table;

/// Finds and initialises the driver, once. Whatever fails is said on stderr, and is the result of every later call as well:
/// cudaErrorInsufficientDriver when there is none or it is too old, otherwise what cuInit said.
cudaError_t load_driver();

/// The version of the driver that is installed, without initialising it; 0 if there is none.
int driver_version();

/// Ensures nothing: call load_driver() before. An entry point that the driver lacks returns CUDA_ERROR_NOT_SUPPORTED.
inline const Driver& driver() { return driver_table; }

/// Makes a variable of a library stand for memory of the host's, before the library is used. Only Anywarp's driver can do that:
/// CUDA_ERROR_NOT_SUPPORTED otherwise.
CUresult driver_place_variable(CUlibrary library, const char* name, void* address);

/// The runtime's errors have the numbers of the driver's, but for those that it does not know.
inline cudaError_t to_error(CUresult result) {
  if (result == CUDA_ERROR_CONTEXT_ALREADY_CURRENT || result == CUDA_ERROR_KEY_ROTATION) return cudaErrorUnknown;
  return static_cast<cudaError_t>(result);
}

}  // namespace anywarp::runtime
