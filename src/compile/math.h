// The math functions that devicelib leaves external, and their vector variants: addresses and names.
//
// The scalar engine calls the scalar function and the vector engine a variant, and both must give the same bits. So a
// variant is offered only where it is known to do what the scalar function does; all others are called lane by lane.
#pragma once

#include "jit/jit.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace anywarp::compile {

struct MathVariant {
  uint32_t lanes = 0;
  void* address = nullptr;
};

struct MathFunction {
  std::string_view name;              // "__aw_sinf"
  std::string_view type;              // the result and the arguments: f float, d double, i int; "ff", "ddd", "fif"
  void* address = nullptr;
  bool has_variants = false;
  std::vector<MathVariant> variants;  // those that kernels of this process call: of jit::chosen_processor()
};

/// All of devicelib/math.list, in its order.
std::span<const MathFunction> math_functions();
/// Null if there is none of this name.
const MathFunction* find_math_function(std::string_view name);

/// How many lanes the variants have that code for `processor` may call.
std::vector<uint32_t> variant_lanes(const MathFunction& function, const jit::Processor& processor);

/// The symbol of a variant: "__aw_sinf.v8".
std::string variant_symbol(std::string_view name, uint32_t lanes);

/// Every function and every variant, for jit::provide().
const jit::Symbols& math_symbols();

}  // namespace anywarp::compile
