#include "runtime/enter.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

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

namespace {

long long now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

}  // namespace

TraceText::TraceText(EntryPoint entry) : begin_(now_ns()) { add_text("trace: %s(", name(entry)); }

void TraceText::add_text(const char* format, ...) {
  if (length_ >= sizeof text_ - 1) return;
  va_list arguments;
  va_start(arguments, format);
  const int size = vsnprintf(text_ + length_, sizeof text_ - length_, format, arguments);
  va_end(arguments);
  if (size > 0) length_ += static_cast<unsigned>(size);
}

void TraceText::next(const char* name) {
  add_text("%s%s=", first_ ? "" : ", ", name);
  first_ = false;
}

void TraceText::add_shape(unsigned long x, unsigned long y, unsigned long z) { add_text("{%lu, %lu, %lu}", x, y, z); }

void TraceText::add_quoted(const char* text) {
  if (text) {
    add_text("\"%.100s\"", text);
  } else {
    add_pointer(text);
  }
}

void TraceText::add_pointer(const void* pointer) {
  if (pointer) {
    add_text("%p", pointer);
  } else {
    add_text("null");
  }
}

void TraceText::add_number(long long number) { add_text("%lld", number); }

void TraceText::write(cudaError_t error) {
  add_text(") = %s, %.1f us", api::cudaGetErrorName(error), static_cast<double>(now_ns() - begin_) / 1000);
  trace_line(text_);
}

}  // namespace anywarp::runtime
