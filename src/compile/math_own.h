// Math functions that SLEEF lacks. Scalar; exact to well below an ulp of their type, because all of them are computed in
// extended precision and rounded once.
#pragma once

#include <span>
#include <string_view>

namespace anywarp::compile {

struct OwnFunction {
  std::string_view name, type;  // as MathFunction
  void* address;
};

std::span<const OwnFunction> own_functions();

}  // namespace anywarp::compile
