#include "driver/function.h"

#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/library.h"
#include "driver/module.h"
#include "driver/process.h"

#include <algorithm>

namespace anywarp::driver {
namespace {

constexpr int kSharedWithoutAsking = 48 * 1024;

int most_dynamic_shared_of(const backend::Kernel& kernel, const FunctionSettings& settings) {
  const int set = settings.max_dynamic_shared.load(std::memory_order_relaxed);
  return set >= 0 ? set : std::max(0, kSharedWithoutAsking - int(kernel.attributes().static_shared));
}

}  // namespace

Function::Function(Context& context, Module& module, backend::Kernel& kernel, std::shared_ptr<FunctionSettings> settings)
    : Object(kKind, context), module_(module), kernel_(kernel), settings_(std::move(settings)) {}

uint32_t Function::most_dynamic_shared() const { return uint32_t(most_dynamic_shared_of(kernel_, *settings_)); }

Result<Function*> function_of(CUfunction handle) {
  if (Function* function = find<Function>(handle)) {
    AW_TRY(function->context().usable());
    return function;
  }
  LibraryKernel* kernel = process()->handles().find<LibraryKernel>(handle);
  if (!kernel) return invalid_handle("function");
  AW_ASSIGN(Context * context, current_context());
  return kernel->function_in(*context);
}

Result<int> function_attribute(const backend::Kernel& kernel, const FunctionSettings& settings, CUfunction_attribute which) {
  const backend::KernelAttributes& of = kernel.attributes();
  switch (which) {
    case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK: return int(of.max_threads_per_block);
    case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES: return int(of.static_shared);
    case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES: return int(of.const_bytes);
    case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES: return int(of.local_bytes);
    case CU_FUNC_ATTRIBUTE_NUM_REGS: return int(of.registers);
    case CU_FUNC_ATTRIBUTE_PTX_VERSION: return int(of.ptx_version);
    case CU_FUNC_ATTRIBUTE_BINARY_VERSION: return int(of.binary_version);
    case CU_FUNC_ATTRIBUTE_CACHE_MODE_CA: return 0;
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES: return most_dynamic_shared_of(kernel, settings);
    case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT: return settings.carveout.load();
    case CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET: return 0;
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH: return settings.cluster_required[0].load();
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT: return settings.cluster_required[1].load();
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH: return settings.cluster_required[2].load();
    case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED: return settings.non_portable_cluster.load();
    case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE: return settings.cluster_policy.load();
    default: return invalid_value("A function has no attribute " + std::to_string(int(which)) + ".");
  }
}

Result<> set_function_attribute(const backend::Kernel& kernel, FunctionSettings& settings, CUfunction_attribute which, int value) {
  switch (which) {
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES: {
      const int limit = process()->devices().front()->attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
      const int most = limit - int(kernel.attributes().static_shared);
      if (value < 0 || value > most)
        return invalid_value("The kernel '" + kernel.name() + "' may use at most " + std::to_string(most) +
                             " bytes of dynamic shared memory; " + std::to_string(value) + " were asked for.");
      settings.max_dynamic_shared = value;
      return {};
    }
    case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
      if (value < -1 || value > 100) return invalid_value("The carveout of " + std::to_string(value) + " is not a percentage, nor -1.");
      settings.carveout = value;
      return {};
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
      if (value < 0) return invalid_value("The cluster extent " + std::to_string(value) + " is negative.");
      settings.cluster_required[which - CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH] = value;
      return {};
    case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED: settings.non_portable_cluster = value != 0; return {};
    case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE: settings.cluster_policy = value; return {};
    default: return invalid_value("The attribute " + std::to_string(int(which)) + " of a function cannot be set.");
  }
}

Result<> tell_parameter(const backend::Kernel& kernel, size_t index, size_t* offset, size_t* bytes) {
  AW_TRY(need(offset, "paramOffset"));
  const auto parameters = kernel.parameters();
  if (index >= parameters.size())
    return invalid_value("The kernel '" + kernel.name() + "' has " + std::to_string(parameters.size()) + " parameters, and no parameter " +
                         std::to_string(index) + ".");
  *offset = parameters[index].offset;
  if (bytes) *bytes = parameters[index].size;
  return {};
}

namespace api {

Result<> cuFuncGetAttribute(int* pi, CUfunction_attribute attrib, CUfunction hfunc) {
  AW_TRY(need(pi, "pi"));
  AW_ASSIGN(Function * function, function_of(hfunc));
  AW_ASSIGN(*pi, function_attribute(function->kernel(), function->settings(), attrib));
  return {};
}

Result<> cuFuncSetAttribute(CUfunction hfunc, CUfunction_attribute attrib, int value) {
  AW_ASSIGN(Function * function, function_of(hfunc));
  return set_function_attribute(function->kernel(), function->settings(), attrib, value);
}

Result<> cuFuncSetCacheConfig(CUfunction hfunc, CUfunc_cache config) {
  AW_ASSIGN(Function * function, function_of(hfunc));
  if (int(config) < 0 || config > CU_FUNC_CACHE_PREFER_EQUAL)
    return invalid_value("There is no cache configuration " + std::to_string(int(config)) + ".");
  function->settings().cache_config = config;
  return {};
}

Result<> cuFuncSetSharedMemConfig(CUfunction hfunc, CUsharedconfig config) {
  AW_TRY(function_of(hfunc));
  if (int(config) < 0 || config > CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE)
    return invalid_value("There is no shared memory configuration " + std::to_string(int(config)) + ".");
  return {};
}

Result<> cuFuncGetModule(CUmodule* hmod, CUfunction hfunc) {
  AW_TRY(need(hmod, "hmod"));
  AW_ASSIGN(Function * function, function_of(hfunc));
  *hmod = static_cast<CUmodule>(function->module().handle());
  return {};
}

Result<> cuFuncGetName(const char** name, CUfunction hfunc) {
  AW_TRY(need(name, "name"));
  AW_TRY(need(hfunc, "hfunc"));
  AW_ASSIGN(Function * function, function_of(hfunc));
  *name = function->kernel().name().c_str();
  return {};
}

Result<> cuFuncGetParamInfo(CUfunction func, size_t paramIndex, size_t* paramOffset, size_t* paramSize) {
  AW_ASSIGN(Function * function, function_of(func));
  return tell_parameter(function->kernel(), paramIndex, paramOffset, paramSize);
}

Result<> cuFuncIsLoaded(CUfunctionLoadingState* state, CUfunction function) {
  AW_TRY(need(state, "state"));
  AW_TRY(function_of(function));
  *state = CU_FUNCTION_LOADING_STATE_LOADED;
  return {};
}

Result<> cuFuncLoad(CUfunction function) {
  AW_TRY(function_of(function));
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
