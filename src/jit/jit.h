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

/// The processor that we run on.
struct Host {
  std::string cpu;               // as LLVM names it
  std::string features;          // "+avx2,-avx512f,..."
  uint32_t vector_bits = 128;    // width of the registers that pay
  bool mask_registers = false;   // AVX-512: masks are i1
  uint32_t permute_bits = 0;     // the longest vector whose elements one instruction puts into an order in another; 0: none
  bool multiplies_bytes = false;  // VNNI
  bool multiplies_brain = false;  // products of bfloat16 in pairs; functions ask for it by the attribute "anywarp-features"
};
const Host& host();

/// Names and addresses that an object file may refer to.
using Symbols = std::vector<std::pair<std::string, void*>>;

/// Makes functions known to every image that is linked from now on: the executor's half of exec/abi.h, vector math.
/// A name that is known already keeps its address. libm and the compiler's own runtime functions are always known.
void provide(const Symbols& symbols);

/// Sets the host's processor on every function of `module`, and its triple and data layout.
Result<std::unique_ptr<llvm::TargetMachine>> target(llvm::Module& module);

/// The object file of a module. Requires: target() has prepared it.
/// Errors: UNKNOWN with what the code generator said.
Result<std::string> emit(llvm::Module& module, llvm::TargetMachine& machine);

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
