// Which device a thread works on. The runtime has no contexts of its own: it takes the one that is current to the thread, whoever
// made it, and otherwise makes the chosen device's primary context current.
#pragma once

#include "runtime/driver.h"

namespace anywarp::runtime {

/// Devices beyond this number are not looked at.
constexpr int kMostDevices = 64;

/// Requires: load_driver() succeeded. Ensures: a context is current to the thread.
cudaError_t ensure_context();

/// The primary context of a device, retained once and kept.
cudaError_t primary_context(int device, CUcontext& context);

/// Makes `device` the thread's device, and its primary context current.
cudaError_t use_device(int device);

/// The device of the current context, otherwise the one that the thread chose.
cudaError_t current_device(int& device);

/// Ends everything on the device; the next call starts anew.
cudaError_t reset_device(int device);

}  // namespace anywarp::runtime
