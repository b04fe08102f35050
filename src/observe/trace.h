// ANYWARP_TRACE=api: every call as a line, "cuMemAlloc_v2(dptr=0x7ffc10, bytesize=4096) = CUDA_SUCCESS, 2.1 us".
#pragma once

#include "observe/observe.h"

#include <string>

namespace anywarp::observe {

/// The line of a finished call, without a line break.
std::string trace_line(const Call& call);

/// A listener that writes those lines to stderr. It lives as long as the process.
Listener* make_trace();

}  // namespace anywarp::observe
