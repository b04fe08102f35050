// Primary contexts. A device's context is made when a thread first needs it and is kept until the process ends or the device is
// reset. A reset takes the context away from every thread that has it current, whoever retained it, and its handle comes back with
// the next retain; so a thread that finds a context current has to ask whether that is one of those, but only after a reset.

#include "runtime/context.h"

#include <pthread.h>

#include "runtime/thread_state.h"

namespace anywarp::runtime {
namespace {

// One lock for all devices: it is taken when a thread meets a device for the first time, not on every call.
pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
CUcontext handles[kMostDevices];
bool retained[kMostDevices];
int resets;  // devices that were reset and not retained since

cudaError_t retain_locked(int device) {
  CUdevice handle;
  CUresult result = driver().cuDeviceGet(&handle, device);
  const bool again = handles[device];
  if (result == CUDA_SUCCESS) result = driver().cuDevicePrimaryCtxRetain(&handles[device], handle);
  if (result != CUDA_SUCCESS) return to_error(result);
  retained[device] = true;
  if (again) __atomic_fetch_sub(&resets, 1, __ATOMIC_RELEASE);
  return cudaSuccess;
}

/// Retains the device again whose primary context this is, if it was reset.
cudaError_t revive(CUcontext context) {
  cudaError_t error = cudaSuccess;
  pthread_mutex_lock(&lock);
  for (int device = 0; device < kMostDevices; ++device) {
    if (handles[device] == context && !retained[device]) error = retain_locked(device);
  }
  pthread_mutex_unlock(&lock);
  return error;
}

}  // namespace

ThreadState& thread_state() {
  static thread_local ThreadState state;
  return state;
}

cudaError_t primary_context(int device, CUcontext& context) {
  if (device < 0 || device >= kMostDevices) return cudaErrorInvalidDevice;
  pthread_mutex_lock(&lock);
  const cudaError_t error = retained[device] ? cudaSuccess : retain_locked(device);
  context = handles[device];
  pthread_mutex_unlock(&lock);
  return error;
}

cudaError_t use_device(int device) {
  CUcontext context = nullptr;
  if (const cudaError_t error = primary_context(device, context)) return error;
  thread_state().device = device;
  return to_error(driver().cuCtxSetCurrent(context));
}

cudaError_t ensure_context() {
  CUcontext context = nullptr;
  if (driver().cuCtxGetCurrent(&context) == CUDA_SUCCESS && context) {
    return __builtin_expect(__atomic_load_n(&resets, __ATOMIC_ACQUIRE) > 0, 0) ? revive(context) : cudaSuccess;
  }
  return use_device(thread_state().device);
}

cudaError_t current_device(int& device) {
  CUcontext context = nullptr;
  CUdevice handle;
  if (driver().cuCtxGetCurrent(&context) == CUDA_SUCCESS && context && driver().cuCtxGetDevice(&handle) == CUDA_SUCCESS) {
    device = handle;  // the driver's handles are its ordinals
  } else {
    device = thread_state().device;
  }
  return cudaSuccess;
}

cudaError_t reset_device(int device) {
  CUdevice handle;
  if (const CUresult result = driver().cuDeviceGet(&handle, device)) return to_error(result);
  pthread_mutex_lock(&lock);
  const CUresult result = driver().cuDevicePrimaryCtxReset_v2(handle);
  if (retained[device]) {
    retained[device] = false;
    __atomic_fetch_add(&resets, 1, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&lock);
  thread_state().device = device;
  driver().cuCtxSetCurrent(nullptr);
  return to_error(result);
}

}  // namespace anywarp::runtime
