#include "driver/enter.h"

#include "base/log.h"
#include "driver/process.h"
#include "driver/queue.h"

namespace anywarp::driver {

Result<> may_enter() {
  if (!process()) return Error{CUDA_ERROR_NOT_INITIALIZED, "cuInit was not called.", ""};
  if (is_forked_child())
    return Error{CUDA_ERROR_NOT_INITIALIZED, "The process was forked from one that had called cuInit; such a child cannot use CUDA.", ""};
  if (in_program_callback()) return Error{CUDA_ERROR_NOT_PERMITTED, "A function that a stream calls must not call CUDA.", ""};
  return {};
}

Error out_of_memory() { return {CUDA_ERROR_OUT_OF_MEMORY, "The process is out of memory.", ""}; }

CUresult leave(EntryPoint entry, const Result<>& result) {
  if (result) return CUDA_SUCCESS;
  const CUresult code = result.error().code;
  if (code == CUDA_ERROR_NOT_READY) return code;
  if (code == CUDA_ERROR_NOT_SUPPORTED || code == CUDA_ERROR_NO_BINARY_FOR_GPU)
    log_once(LogLevel::Warning, result.error().message, "%s: %s", name(entry), result.error().text().c_str());
  else
    log_info("%s: %s", name(entry), result.error().text().c_str());
  return code;
}

void observed_begin(observe::Call& call, EntryPoint entry) {
  call.function = name(entry);
  call.begin_ns = observe::now_ns();
  observe::call_began(call);
}

void observed_end(observe::Call& call, const Result<>& result) {
  call.end_ns = observe::now_ns();
  if (!result) {
    call.result = result.error().code;
    call.message = result.error().message;
  }
  const char* text = name_of(call.result);
  call.result_name = text ? text : "an unknown code";
  observe::call_ended(call);
}

CUresult unsupported(EntryPoint entry, const char* why) {
  log_once(LogLevel::Warning, name(entry), "%s is not supported.%s%s", name(entry), *why ? " " : "", why);
  return CUDA_ERROR_NOT_SUPPORTED;
}

}  // namespace anywarp::driver
