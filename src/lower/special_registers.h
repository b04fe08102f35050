// Reading %tid.x and its kin.
#pragma once

#include <string_view>

namespace llvm {
class Value;
}

namespace anywarp::lower {

class Lowering;

/// The value of the register (i32, i64, or i1 for %is_explicit_cluster); null when it is not known.
llvm::Value* read_special_register(Lowering& lower, std::string_view name);

}  // namespace anywarp::lower
