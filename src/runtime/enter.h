// The frame of every entry point: the driver is found, a context is current, the error is remembered for cudaGetLastError, and
// the call is traced if that is asked for. The generated trampolines are made of these.
#pragma once

#include "entry_points.h"
#include "runtime/context.h"
#include "runtime/message.h"

#define AW_EXPORT __attribute__((visibility("default")))

namespace anywarp::runtime {

const char* name(EntryPoint entry);

/// Remembers an error as the thread's last one, and returns it.
cudaError_t record(cudaError_t error);

/// Logs the name of an entry point that is not offered, once.
cudaError_t unsupported(EntryPoint entry);

/// An error that every later call repeats, because the context is lost.
bool is_sticky(cudaError_t error);

/// What a null stream means in the twins for per-thread default streams.
inline cudaStream_t per_thread_stream(cudaStream_t stream) { return stream ? stream : cudaStreamPerThread; }

/// False only for two complete types of different sizes.
template <class A, class B>
consteval bool same_size() {
  if constexpr (__is_void(A) || __is_void(B)) {
    return true;
  } else if constexpr (requires { sizeof(A) + sizeof(B); }) {
    return sizeof(A) == sizeof(B);
  } else {
    return true;
  }
}

/// An argument in the driver's type of the same layout.
template <class To, class From>
To as(From value) {
  if constexpr (__is_pointer(To) && __is_pointer(From)) {
    static_assert(same_size<__remove_cv(__remove_pointer(To)), __remove_cv(__remove_pointer(From))>(), "the layouts differ");
  }
  if constexpr (__is_enum(To)) {
    return static_cast<To>(value);
  } else if constexpr (sizeof(To) == sizeof(From) && (__is_class(To) || __is_union(To))) {
    return __builtin_bit_cast(To, value);
  } else {
    return (To)value;  // NOLINT: pointer to pointer, pointer to CUdeviceptr, number to number
  }
}

/// An argument of a call with its name, for the trace.
template <class T>
struct Argument {
  const char* name;
  const T& value;
};
template <class T>
Argument(const char*, const T&) -> Argument<T>;

/// Builds "trace: name(pointer=0x7f.., size=3) = cudaSuccess, 1.2 us" in a buffer of its own.
class TraceText {
 public:
  explicit TraceText(EntryPoint entry);

  template <class T>
  void argument(const Argument<T>& argument) {
    next(argument.name);
    if constexpr (requires { argument.value.x + argument.value.z; }) {
      add_shape(argument.value.x, argument.value.y, argument.value.z);
    } else if constexpr (__is_class(T) || __is_union(T)) {
      add_text("{..}");
    } else if constexpr (__is_same(T, const char*)) {
      add_quoted(argument.value);
    } else if constexpr (__is_pointer(T)) {
      add_pointer((const void*)argument.value);  // NOLINT: functions as well
    } else {
      add_number(static_cast<long long>(argument.value));
    }
  }

  void write(cudaError_t error);

 private:
  void next(const char* name);
  void add_shape(unsigned long x, unsigned long y, unsigned long z);
  void add_quoted(const char* text);
  void add_pointer(const void* pointer);
  void add_number(long long number);
  void add_text(const char* format, ...) __attribute__((format(printf, 2, 3)));

  char text_[1000];
  unsigned length_ = 0;
  bool first_ = true;
  long long begin_;
};

enum class Need { Driver, Context };

template <Need need, class Call>
cudaError_t perform(const Call& call) {
  cudaError_t error = load_driver();
  if (need == Need::Context && error == cudaSuccess) error = ensure_context();
  return error == cudaSuccess ? call() : error;
}

template <Need need, class Call, class... Arguments>
cudaError_t enter(EntryPoint entry, const Call& call, const Argument<Arguments>&... arguments) {
  cudaError_t error = cudaSuccess;
  if (__builtin_expect(tracing(), 0)) {
    TraceText text(entry);
    (text.argument(arguments), ...);
    error = perform<need>(call);
    text.write(error);
  } else {
    error = perform<need>(call);
  }
  // That work goes on is an answer; as in NVIDIA's runtime it is not remembered.
  return error == cudaSuccess || error == cudaErrorNotReady ? error : record(error);
}

}  // namespace anywarp::runtime
