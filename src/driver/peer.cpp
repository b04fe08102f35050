// All devices are one machine's processor with one address space, so each can reach the memory of every other.
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/process.h"

namespace anywarp::driver::api {

Result<> cuDeviceCanAccessPeer(int* canAccessPeer, CUdevice dev, CUdevice peerDev) {
  AW_TRY(need(canAccessPeer, "canAccessPeer"));
  AW_TRY(device_of(dev));
  AW_TRY(device_of(peerDev));
  *canAccessPeer = dev != peerDev;
  return {};
}

Result<> cuCtxEnablePeerAccess(CUcontext peerContext, unsigned int Flags) {
  if (Flags != 0) return invalid_value("cuCtxEnablePeerAccess takes no flags, yet " + std::to_string(Flags) + " was given.");
  AW_ASSIGN(Context * context, current_context());
  Context* peer = find<Context>(peerContext);
  if (!peer) return Error{CUDA_ERROR_INVALID_CONTEXT, "The handle is not one of a live context.", ""};
  if (&peer->device() == &context->device()) return Error{CUDA_ERROR_INVALID_DEVICE, "Both contexts are on the same device.", ""};
  std::lock_guard lock(context->peers_mutex);
  if (!context->peers.insert(peer).second)
    return Error{CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED, "Access to that context is enabled already.", ""};
  return {};
}

Result<> cuCtxDisablePeerAccess(CUcontext peerContext) {
  AW_ASSIGN(Context * context, current_context());
  Context* peer = find<Context>(peerContext);
  if (!peer) return Error{CUDA_ERROR_INVALID_CONTEXT, "The handle is not one of a live context.", ""};
  std::lock_guard lock(context->peers_mutex);
  if (context->peers.erase(peer) == 0) return Error{CUDA_ERROR_PEER_ACCESS_NOT_ENABLED, "Access to that context is not enabled.", ""};
  return {};
}

Result<> cuDeviceGetP2PAttribute(int* value, CUdevice_P2PAttribute attrib, CUdevice srcDevice, CUdevice dstDevice) {
  AW_TRY(need(value, "value"));
  AW_TRY(device_of(srcDevice));
  AW_TRY(device_of(dstDevice));
  if (srcDevice == dstDevice) return Error{CUDA_ERROR_INVALID_DEVICE, "Both devices are the same.", ""};
  switch (attrib) {
    case CU_DEVICE_P2P_ATTRIBUTE_PERFORMANCE_RANK: *value = 0; return {};
    case CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED:
    case CU_DEVICE_P2P_ATTRIBUTE_NATIVE_ATOMIC_SUPPORTED:
    case CU_DEVICE_P2P_ATTRIBUTE_CUDA_ARRAY_ACCESS_SUPPORTED: *value = 1; return {};
    case CU_DEVICE_P2P_ATTRIBUTE_ONLY_PARTIAL_NATIVE_ATOMIC_SUPPORTED: *value = 0; return {};
    default: return invalid_value("There is no attribute " + std::to_string(int(attrib)) + " of two devices.");
  }
}

Result<> cuDeviceGetP2PAtomicCapabilities(unsigned int* capabilities, const CUatomicOperation* operations, unsigned int count,
                                          CUdevice srcDevice, CUdevice dstDevice) {
  AW_TRY(device_of(dstDevice));
  if (srcDevice == dstDevice) return Error{CUDA_ERROR_INVALID_DEVICE, "Both devices are the same.", ""};
  return api::cuDeviceGetHostAtomicCapabilities(capabilities, operations, count, srcDevice);
}

}  // namespace anywarp::driver::api
