// Errors: the last one of each thread, their names and their texts.

#include "entry_points.h"
#include "runtime/enter.h"
#include "runtime/thread_state.h"

namespace anywarp::runtime::api {

cudaError_t cudaGetLastError() {
  ThreadState& thread = thread_state();
  const cudaError_t error = thread.last_error;
  // What has destroyed the context is not forgotten by asking: every call will say it again.
  if (!is_sticky(error)) thread.last_error = cudaSuccess;
  return error;
}

cudaError_t cudaPeekAtLastError() { return thread_state().last_error; }

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
#define AW_ERROR(name) \
  case name: return #name;
#include "error_table.inc"
#undef AW_ERROR
  }
  return "unrecognized error code";
}

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
#define AW_ERROR(name, text) \
  case name: return text;
#include "runtime/error_texts.inc"
#undef AW_ERROR
  }
  return "unrecognized error code";
}

}  // namespace anywarp::runtime::api
