// Result<T>: a value or an Error. No exception crosses a function that the C API reaches; every failure travels as one
// of these, carries the CUresult that CUDA documents for it, and a full sentence with the given value and the limit.
#pragma once

#include <cuda.h>

#include <string>
#include <utility>
#include <variant>

namespace anywarp {

struct Error {
  CUresult code = CUDA_ERROR_UNKNOWN;
  std::string message;  // a full sentence
  std::string place;    // "file.ptx:12:5", a kernel's name, ...; may be empty

  /// "place: message", the one form in which an error is shown.
  std::string text() const { return place.empty() ? message : place + ": " + message; }
};

template <class T = void>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() { return std::get<0>(state_); }
  const T& operator*() const { return std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Error& error() const { return std::get<1>(state_); }
  Error take_error() { return std::move(std::get<1>(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : failed_(true), error_(std::move(error)) {}

  explicit operator bool() const { return !failed_; }
  const Error& error() const { return error_; }
  Error take_error() { return std::move(error_); }

 private:
  bool failed_ = false;
  Error error_;
};

}  // namespace anywarp

// AW_TRY(expression): returns its error from the enclosing function.
// AW_ASSIGN(declaration, expression): the same, and binds the value.
#define AW_TRY(expression)                                                        \
  do {                                                                            \
    if (auto aw_result = (expression); !aw_result) return aw_result.take_error(); \
  } while (false)
#define AW_CONCAT_(a, b) a##b
#define AW_CONCAT(a, b) AW_CONCAT_(a, b)
#define AW_ASSIGN_(temporary, declaration, expression) \
  auto temporary = (expression);                       \
  if (!temporary) return temporary.take_error();       \
  declaration = std::move(*temporary)
#define AW_ASSIGN(declaration, expression) AW_ASSIGN_(AW_CONCAT(aw_value_, __LINE__), declaration, expression)
