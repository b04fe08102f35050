// What generated code may link against.
#pragma once

#include <span>
#include <string_view>

namespace anywarp::exec {

struct RuntimeSymbol {
  std::string_view name;
  void* address;
};

/// Every function of abi.h.
std::span<const RuntimeSymbol> runtime_symbols();

}  // namespace anywarp::exec
