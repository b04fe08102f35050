// One kernel on the CPU, with the code that has been compiled of it.
#pragma once

#include "backend/backend.h"
#include "compile/compile.h"
#include "exec/exec.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace anywarp::ptx {
struct Function;
}

namespace anywarp::backend::cpu {

class CpuProgram;

/// The code of a kernel for one launch shape.
struct Variant {
  spmd::LaunchShape shape;
  std::shared_ptr<const compile::Code> code;
  exec::Code executable;
  exec::History history;
};

class CpuKernel final : public Kernel {
 public:
  CpuKernel(const CpuProgram& program, const ptx::Function& function, int device_capability);

  const std::string& name() const override { return name_; }
  const KernelAttributes& attributes() const override { return attributes_; }
  std::span<const Parameter> parameters() const override { return parameters_; }
  uint32_t parameter_bytes() const override { return parameter_bytes_; }

  /// The code for a launch, compiled if it is not there. Takes no lock when the shape is that of the last launch.
  /// Two threads may compile at once; launches of other shapes go on meanwhile. Errors: those of compile::compile.
  Result<Variant*> variant(const Launch& launch, uint64_t* compiling = nullptr);

 private:
  Variant* find(const spmd::LaunchShape& shape);

  const CpuProgram& program_;
  const std::string name_;
  KernelAttributes attributes_{};
  std::vector<Parameter> parameters_;
  uint32_t parameter_bytes_ = 0;

  std::atomic<Variant*> last_{nullptr};
  std::mutex mutex_;                                // guards variants_
  std::vector<std::unique_ptr<Variant>> variants_;  // never shrinks
  std::mutex compiling_;
};

}  // namespace anywarp::backend::cpu
