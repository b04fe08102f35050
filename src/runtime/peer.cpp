#include "entry_points.h"
#include "runtime/enter.h"

namespace anywarp::runtime::api {

cudaError_t cudaDeviceEnablePeerAccess(int peerDevice, unsigned int flags) {
  CUcontext peer = nullptr;
  if (flags != cudaPeerAccessDefault) return cudaErrorInvalidValue;
  if (const cudaError_t error = primary_context(peerDevice, peer)) return error;
  return to_error(driver().cuCtxEnablePeerAccess(peer, flags));
}

cudaError_t cudaDeviceDisablePeerAccess(int peerDevice) {
  CUcontext peer = nullptr;
  if (const cudaError_t error = primary_context(peerDevice, peer)) return error;
  return to_error(driver().cuCtxDisablePeerAccess(peer));
}

}  // namespace anywarp::runtime::api
