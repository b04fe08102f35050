#include "kir/kir.h"

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

namespace anywarp::kir {

KernelModule::KernelModule() = default;
KernelModule::KernelModule(KernelModule&&) noexcept = default;

// The module must go before the context that it lives in, also when an assignment replaces both.
KernelModule& KernelModule::operator=(KernelModule&& other) noexcept {
  if (this != &other) {
    module.reset();
    context = std::move(other.context);
    module = std::move(other.module);
    kernel = std::exchange(other.kernel, nullptr);
    param_bytes = other.param_bytes;
  }
  return *this;
}

KernelModule::~KernelModule() { module.reset(); }

}  // namespace anywarp::kir
