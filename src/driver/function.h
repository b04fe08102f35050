// A kernel as the launch calls see it.
#pragma once

#include "backend/backend.h"
#include "base/result.h"
#include "driver/object.h"

#include <cuda.h>

#include <atomic>
#include <memory>

namespace anywarp::driver {

class Module;

/// What a program may set of a function. A CUkernel shares its settings with its functions of all contexts.
struct FunctionSettings {
  std::atomic<int> max_dynamic_shared{-1};  // bytes; -1: what is left of 48 KiB
  std::atomic<int> carveout{-1};
  std::atomic<int> cluster_required[3]{};
  std::atomic<int> non_portable_cluster{0};
  std::atomic<int> cluster_policy{0};
  std::atomic<int> cache_config{CU_FUNC_CACHE_PREFER_NONE};
};

class Function final : public Object {
 public:
  using Handle = CUfunction;
  static constexpr Kind kKind = Kind::Function;

  Function(Context& context, Module& module, backend::Kernel& kernel, std::shared_ptr<FunctionSettings> settings);

  Module& module() const { return module_; }
  backend::Kernel& kernel() const { return kernel_; }
  FunctionSettings& settings() const { return *settings_; }
  /// Bytes of dynamic shared memory that a launch may ask for.
  uint32_t most_dynamic_shared() const;

 private:
  Module& module_;
  backend::Kernel& kernel_;
  const std::shared_ptr<FunctionSettings> settings_;
};

/// A function, or a kernel of a library, which means its function in the current context; both come as CUfunction.
/// Errors: INVALID_HANDLE; the sticky error of the context.
Result<Function*> function_of(CUfunction handle);

Result<int> function_attribute(const backend::Kernel& kernel, const FunctionSettings& settings, CUfunction_attribute which);
Result<> set_function_attribute(const backend::Kernel& kernel, FunctionSettings& settings, CUfunction_attribute which, int value);
Result<> tell_parameter(const backend::Kernel& kernel, size_t index, size_t* offset, size_t* bytes);

}  // namespace anywarp::driver
