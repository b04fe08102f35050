// Functions that PTX calls and does not define: the device runtime's and the math library's.
#pragma once

#include "lower/signature.h"

#include <string_view>

namespace llvm {
class Value;
}

namespace anywarp::ptx {
struct Function;
}

namespace anywarp::lower {

class Lowering;

/// What a call of an external function gives back.
struct ExternalResult {
  bool known = false;            // nobody defines a function of that name
  llvm::Value* value = nullptr;  // null for void
  bool returns = true;
};

/// Emits the call. `arguments` are integers and addresses as PTX passes them.
ExternalResult call_external(Lowering& lower, const ptx::Function& callee, const Signature& signature,
                             llvm::ArrayRef<llvm::Value*> arguments);

}  // namespace anywarp::lower
