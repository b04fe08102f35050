#include "entry_points.h"
#include "runtime/enter.h"

namespace anywarp::runtime::api {

cudaError_t cudaEventCreate(cudaEvent_t* event) { return to_error(driver().cuEventCreate(event, CU_EVENT_DEFAULT)); }

}  // namespace anywarp::runtime::api
