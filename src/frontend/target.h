// LLVM's PTX back end.
#pragma once

namespace anywarp::frontend {

/// Makes the NVPTX target known to LLVM; any number of times, from any thread.
void initialise_target();

}  // namespace anywarp::frontend
