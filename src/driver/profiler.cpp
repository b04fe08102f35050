#include "driver/context.h"
#include "driver/entry_points.h"

namespace anywarp::driver::api {

// Programs mark what a profiler is to look at. Without one there is nothing to start or stop, and CUDA says success then.
Result<> cuProfilerStart() {
  AW_TRY(current_context());
  return {};
}

Result<> cuProfilerStop() {
  AW_TRY(current_context());
  return {};
}

}  // namespace anywarp::driver::api
