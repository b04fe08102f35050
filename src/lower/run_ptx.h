// For the tests: PTX becomes host code that one thread runs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace anywarp::lower {

/// A kernel that JIT-compiled code stands for. Calls fail the current test when the text does not compile.
class Machine {
 public:
  Machine();
  ~Machine();

  using Kernel = void (*)(const void* params);
  /// Compiles the kernel `name` of the module; with `optimised`, through opt::scalar. Null and a failure of the test on error.
  Kernel compile(const std::string& text, const char* name, bool optimised);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// `.version`, `.target` and `.address_size`, then the text.
std::string module_text(const std::string& text);

}  // namespace anywarp::lower
