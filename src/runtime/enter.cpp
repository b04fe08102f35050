#include "runtime/enter.h"

#include <stdarg.h>
#include <stdio.h>

#include "runtime/thread_state.h"

namespace anywarp::runtime {

cudaError_t record(cudaError_t error) {
  if (error != cudaSuccess) thread_state().last_error = error;
  return error;
}

cudaError_t unsupported(EntryPoint entry) {
  static unsigned char said[static_cast<unsigned>(EntryPoint::kCount)];
  if (!__atomic_exchange_n(&said[static_cast<unsigned>(entry)], 1, __ATOMIC_RELAXED)) {
    message(MessageKind::Warning, "%s is not supported", name(entry));
  }
  return record(cudaErrorNotSupported);
}

bool is_sticky(cudaError_t error) {
  switch (error) {
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorTensorMemoryLeak:
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorContained: return true;
    default: return false;
  }
}

TraceText::TraceText(EntryPoint entry) { add("%s(", name(entry)); }

void TraceText::add(const char* format, ...) {
  if (length_ >= sizeof text_ - 1) return;
  va_list arguments;
  va_start(arguments, format);
  const int size = vsnprintf(text_ + length_, sizeof text_ - length_, format, arguments);
  va_end(arguments);
  if (size > 0) length_ += static_cast<unsigned>(size);
}

void TraceText::argument_text(const char* text) {
  add("%s%s", first_ ? "" : ", ", text);
  first_ = false;
}

void TraceText::argument(const void* value) {
  char text[32];
  snprintf(text, sizeof text, "%p", value);
  argument_text(value ? text : "null");
}

void TraceText::argument(long long value) {
  char text[32];
  snprintf(text, sizeof text, "%lld", value);
  argument_text(text);
}

void TraceText::write(cudaError_t error) {
  add(") = %s", api::cudaGetErrorName(error));
  trace_line(text_);
}

}  // namespace anywarp::runtime
