// What every entry point does before and after its own work: initialisation check, tracing, one place for error codes.
// The trampolines that gen/api.py writes are calls of enter().
#pragma once

#include "base/result.h"
#include "driver/entry_points.h"
#include "driver/thread.h"
#include "observe/observe.h"

#include <array>
#include <type_traits>

#define AW_EXPORT __attribute__((visibility("default")))

namespace anywarp::driver {

/// The symbol's name.
const char* name(EntryPoint entry);
/// "CUDA_ERROR_INVALID_VALUE"; null for what is no code.
const char* name_of(CUresult code);

enum class Gate : uint8_t {
  AnyTime,      // may be called before cuInit
  Initialised,
  PerThread,    // the same, and the null stream is the thread's own default stream
};

/// An argument of an entry point.
template <class T>
struct Argument {
  const char* name;
  T value;
};

template <class T>
observe::Argument observed(const Argument<T>& argument) {
  using Kind = observe::Argument::Kind;
  if constexpr (std::is_same_v<T, const char*>)
    return {argument.name, Kind::Text, reinterpret_cast<uint64_t>(argument.value)};
  else if constexpr (std::is_pointer_v<T>)
    return {argument.name, Kind::Pointer, reinterpret_cast<uint64_t>(argument.value)};
  else if constexpr (std::is_enum_v<T> || std::is_signed_v<T>)
    return {argument.name, Kind::Signed, uint64_t(int64_t(argument.value))};
  else if constexpr (std::is_same_v<T, CUdeviceptr>)
    return {argument.name, Kind::Pointer, argument.value};
  else if constexpr (std::is_integral_v<T>)
    return {argument.name, Kind::Unsigned, argument.value};
  else
    return {argument.name, Kind::Aggregate, 0};
}

/// NOT_INITIALIZED before cuInit and in a forked child; NOT_PERMITTED within a function that a stream calls.
Result<> may_enter();
Error out_of_memory();
/// The call's code; what failed goes to the log.
CUresult leave(EntryPoint entry, const Result<>& result);
void observed_begin(observe::Call& call, EntryPoint entry);
void observed_end(observe::Call& call, const Result<>& result);

/// NOT_SUPPORTED, with one line in the log that names the entry point.
CUresult unsupported(EntryPoint entry, const char* why);

template <Gate gate, class Body, class... Types>
CUresult enter(EntryPoint entry, const Body& body, Argument<Types>... arguments) {
  const auto guarded = [&]() -> Result<> {
    if constexpr (gate != Gate::AnyTime) AW_TRY(may_enter());
    const NullStreamScope scope(gate == Gate::PerThread);
    // The library's own containers throw when the process is out of memory; that ends here.
    try {
      return body();
    } catch (...) {
      return out_of_memory();
    }
  };
  if (observe::active()) [[unlikely]] {
    const std::array<observe::Argument, sizeof...(Types)> list{observed(arguments)...};
    observe::Call call{};
    call.arguments = list;
    observed_begin(call, entry);
    const Result<> result = guarded();
    observed_end(call, result);
    return leave(entry, result);
  }
  const Result<> result = guarded();
  if (result) [[likely]]
    return CUDA_SUCCESS;
  return leave(entry, result);
}

}  // namespace anywarp::driver
