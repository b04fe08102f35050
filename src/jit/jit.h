// LLVM module -> object file -> callable code.
//
// The two halves are apart, because the object file is what the cache on disk keeps: code from the cache is linked
// without any code generator being set up.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
}  // namespace llvm

namespace anywarp::jit {

/// A processor that kernels are compiled for (processor.cpp).
struct Processor {
  std::string name;              // as find_processor takes it
  std::string triple;            // "x86_64-pc-linux-gnu"
  std::string cpu;               // as LLVM names it
  std::string features;          // "+avx2,-avx512f,..."
  bool is_x86 = false;           // else AArch64
  bool fma = false;              // in vectors
  uint32_t vector_bits = 128;    // width of the registers that pay
  bool mask_registers = false;   // AVX-512: masks are i1
  uint32_t permute_bits = 0;     // the longest vector whose elements one instruction puts into an order in another; 0: none
  bool multiplies_bytes = false;  // VNNI
  bool multiplies_brain = false;  // products of bfloat16 in pairs; functions ask for it by the attribute "anywarp-features"
  uint32_t scalable_bits = 0;    // SVE: its registers are at least as long
};

/// The processor that we run on, with all that it can do.
const Processor& host();

/// `native`; a level of an architecture, whose code is the same everywhere: `sse4.2`, `avx2`, `avx512`, `neon`, `sve` and, with registers
/// of 512 bits, `sve512`; or a processor as LLVM names it, as `znver3`. It lives for ever.
/// Errors: INVALID_VALUE.
Result<const Processor*> find_processor(const std::string& name);

/// Whether this machine executes code for `processor`; else NOT_SUPPORTED says what it lacks.
Result<> check_executable(const Processor& processor);

/// The processor that kernels of this process are compiled for: ANYWARP_TARGET.
/// Errors: those of find_processor and of check_executable.
Result<const Processor*> chosen_processor();

/// Names and addresses that an object file may refer to.
using Symbols = std::vector<std::pair<std::string, void*>>;

/// Makes functions known to every image that is linked from now on: the executor's half of exec/abi.h, vector math.
/// A name that is known already keeps its address. libm and the compiler's own runtime functions are always known.
void provide(const Symbols& symbols);

/// Sets the processor on every function of `module`, and its triple and data layout.
Result<std::unique_ptr<llvm::TargetMachine>> target(llvm::Module& module, const Processor& processor);

enum class Form : uint8_t { Object, Assembly };

/// The object file of a module, or its text. Requires: target() has prepared it.
/// Errors: UNKNOWN with what the code generator said.
Result<std::string> emit(llvm::Module& module, llvm::TargetMachine& machine, Form form = Form::Object);

/// Machine code in memory, freed with this object.
class Image {
 public:
  virtual ~Image() = default;
  /// Null when there is no such function among those that link() was asked for.
  virtual void* find(std::string_view name) const = 0;
  virtual size_t bytes() const = 0;
};

/// Links an object file against `symbols`, and what provide() named.
/// Errors: SHARED_OBJECT_SYMBOL_NOT_FOUND names what is missing; SHARED_OBJECT_INIT_FAILED with what the linker said.
Result<std::unique_ptr<Image>> link(std::string object, const Symbols& symbols, const std::vector<std::string>& wanted);

}  // namespace anywarp::jit
