// A loaded module on the CPU.
#pragma once

#include "backend/backend.h"
#include "backend/cpu/kernel.h"
#include "backend/cpu/memory.h"
#include "compile/compile.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace anywarp::backend::cpu {

class CpuProgram final : public Program {
 public:
  /// Allocates and initialises the module's variables. `options` is how its kernels are compiled.
  /// Errors: OUT_OF_MEMORY; NOT_FOUND for an extern variable that nobody defines; NOT_SUPPORTED for the address of a function
  /// in an initialiser.
  static Result<std::unique_ptr<Program>> load(std::shared_ptr<const ptx::Module> module, Memory& memory, const compile::Options& options,
                                               int device_capability);
  ~CpuProgram() override;

  const ptx::Module& ptx() const override { return *module_; }
  Kernel* kernel(std::string_view name) override;
  std::span<Kernel* const> kernels() override { return kernels_; }
  const Variable* variable(std::string_view name) const override;

  const compile::Symbols& symbols() const { return symbols_; }
  const compile::Options& options() const { return options_; }

 private:
  CpuProgram(std::shared_ptr<const ptx::Module> module, Memory& memory, const compile::Options& options);
  Result<> place_variables();
  Result<> initialise_variables();

  const std::shared_ptr<const ptx::Module> module_;
  Memory& memory_;
  const compile::Options options_;
  void* block_ = nullptr;                 // all variables
  std::vector<Variable> variables_;       // parallel to Module::variables; address null where it is no global or const
  std::unordered_map<std::string_view, size_t> by_name_;
  compile::Symbols symbols_;
  std::vector<std::unique_ptr<CpuKernel>> owned_;
  std::vector<Kernel*> kernels_;
  std::unordered_map<std::string_view, CpuKernel*> kernels_by_name_;
};

}  // namespace anywarp::backend::cpu
