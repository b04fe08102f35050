// Launch configurations in the driver's form.
#pragma once

#include "runtime/driver.h"

namespace anywarp::runtime {

/// The attributes have the same layout in both APIs and are passed as they are.
CUlaunchConfig launch_config(const cudaLaunchConfig_t& config);

}  // namespace anywarp::runtime
