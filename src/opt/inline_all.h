// Every call of a device function that is not recursive is to be inlined.
#pragma once

namespace llvm {
class Module;
}

namespace anywarp::opt {

/// Marks them `alwaysinline`, as long as the result stays within a bound; a function beyond it keeps its calls.
void mark_inlinable(llvm::Module& module);

}  // namespace anywarp::opt
