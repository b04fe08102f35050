#include "driver/library.h"

#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/process.h"
#include "ptx/module.h"

#include <utility>

namespace anywarp::driver {

LibraryKernel::LibraryKernel(Library& library, std::string name)
    : library_(library),
      name_(std::move(name)),
      settings_(std::make_shared<FunctionSettings>()),
      handle_(static_cast<CUkernel>(process()->handles().add(kKind, this))) {}

LibraryKernel::~LibraryKernel() { process()->handles().remove(handle_); }

Result<Function*> LibraryKernel::function_in(Context& context) {
  if (last_context_.load(std::memory_order_acquire) == &context) {
    // The two are read apart, so what was found is asked whose it is.
    Function* last = last_function_.load(std::memory_order_acquire);
    if (last && &last->context() == &context) return last;
  }
  AW_ASSIGN(Module * module, library_.module_in(context));
  AW_ASSIGN(Function * function, module->function(name_, settings_));
  last_function_.store(function, std::memory_order_release);
  last_context_.store(&context, std::memory_order_release);
  return function;
}

Library::Library(std::shared_ptr<const ptx::Module> code)
    : code_(std::move(code)), handle_(static_cast<CUlibrary>(process()->handles().add(kKind, this))) {
  for (const ptx::Variable& variable : code_->variables) has_managed_ |= variable.managed;
  for (const ptx::Function& function : code_->functions)
    if (function.is_entry && function.has_body) kernels_.push_back(std::make_unique<LibraryKernel>(*this, std::string(function.name)));
}

Library::~Library() {
  process()->handles().remove(handle_);
  std::unordered_map<const Context*, Module*> modules;
  {
    std::lock_guard lock(mutex_);
    modules.swap(modules_);
  }
  for (const auto& [_, module] : modules) {
    module->leave_library();
    Context& context = module->context();
    (void)context.synchronize();
    context.destroy(*module);
  }
}

LibraryKernel* Library::kernel(std::string_view name) {
  for (const auto& kernel : kernels_)
    if (kernel->name() == name) return kernel.get();
  return nullptr;
}

Result<std::shared_ptr<LoadedProgram>> Library::program_for(Context& context) {
  if (!has_managed_) return LoadedProgram::load(code_, &context);
  if (!managed_) {
    AW_ASSIGN(managed_, LoadedProgram::load(code_, nullptr));
  }
  return managed_;
}

Result<Module*> Library::module_in(Context& context) {
  std::lock_guard lock(mutex_);
  if (const auto found = modules_.find(&context); found != modules_.end()) return found->second;
  AW_ASSIGN(std::shared_ptr<LoadedProgram> program, program_for(context));
  AW_ASSIGN(Module * module, context.own(std::make_unique<Module>(context, std::move(program), this)));
  modules_.emplace(&context, module);
  return module;
}

Result<backend::Program*> Library::managed_program() {
  std::lock_guard lock(mutex_);
  if (!has_managed_) return Error{CUDA_ERROR_NOT_FOUND, "The library has no managed variables.", ""};
  if (!managed_) {
    AW_ASSIGN(managed_, LoadedProgram::load(code_, nullptr));
  }
  return &managed_->program();
}

Result<> Library::place(std::string_view name, void* memory) {
  std::lock_guard lock(mutex_);
  if (managed_ || !modules_.empty()) return Error{CUDA_ERROR_NOT_PERMITTED, "The library's variables have their places already.", ""};
  for (const ptx::Variable& variable : code_->variables) {
    if (variable.space != ptx::Space::Global || variable.name != name) continue;
    variable.place = memory;
    has_managed_ = true;
    return {};
  }
  return Error{CUDA_ERROR_NOT_FOUND, "The library has no global variable '" + std::string(name) + "'.", ""};
}

void Library::forget(const Context& context) {
  std::lock_guard lock(mutex_);
  modules_.erase(&context);
  for (const auto& kernel : kernels_)
    if (kernel->last_context_.load(std::memory_order_relaxed) == &context) {
      kernel->last_context_.store(nullptr, std::memory_order_relaxed);
      kernel->last_function_.store(nullptr, std::memory_order_relaxed);
    }
}

namespace api {
namespace {

Result<Library*> library_of(CUlibrary handle) {
  Library* library = find<Library>(handle);
  if (!library) return invalid_handle("library");
  return library;
}

Result<LibraryKernel*> kernel_of(CUkernel handle) {
  LibraryKernel* kernel = find<LibraryKernel>(handle);
  if (!kernel) return invalid_handle("kernel");
  return kernel;
}

Result<> check_options(CUlibraryOption* options, void** values, unsigned count) {
  if (count == 0) return {};
  AW_TRY(need(options, "libraryOptions"));
  AW_TRY(need(values, "libraryOptionValues"));
  for (unsigned i = 0; i < count; ++i)
    if (int(options[i]) < 0 || options[i] >= CU_LIBRARY_NUM_OPTIONS)
      return invalid_value("There is no library option " + std::to_string(int(options[i])) + ".");
  return {};
}

Result<> add(CUlibrary* library, std::shared_ptr<const ptx::Module> code) {
  auto* made = new Library(std::move(code));
  if (!made->handle()) {
    delete made;
    return Error{CUDA_ERROR_OUT_OF_MEMORY, "There are four million live handles, and there can be no more.", ""};
  }
  *library = made->handle();
  return {};
}

// The function of a kernel on a device, in the device's primary context or in the current one if that is the device's.
Result<Function*> function_on(LibraryKernel& kernel, CUdevice dev) {
  AW_ASSIGN(Device * device, device_of(dev));
  Context* context = current_or_null();
  if (!context || &context->device() != device) context = &device->primary();
  AW_TRY(context->usable());
  return kernel.function_in(*context);
}

}  // namespace

Result<> cuLibraryLoadData(CUlibrary* library, const void* code, CUjit_option* jitOptions, void** jitOptionsValues,
                           unsigned int numJitOptions, CUlibraryOption* libraryOptions, void** libraryOptionValues,
                           unsigned int numLibraryOptions) {
  AW_TRY(need(library, "library"));
  AW_TRY(need(code, "code"));
  AW_TRY(check_options(libraryOptions, libraryOptionValues, numLibraryOptions));
  AW_ASSIGN(JitOptions options, JitOptions::read(numJitOptions, jitOptions, jitOptionsValues));
  AW_ASSIGN(std::shared_ptr<const ptx::Module> module, read_code(code, ~size_t{0}, options));
  return add(library, std::move(module));
}

Result<> cuLibraryLoadFromFile(CUlibrary* library, const char* fileName, CUjit_option* jitOptions, void** jitOptionsValues,
                               unsigned int numJitOptions, CUlibraryOption* libraryOptions, void** libraryOptionValues,
                               unsigned int numLibraryOptions) {
  AW_TRY(need(library, "library"));
  AW_TRY(check_options(libraryOptions, libraryOptionValues, numLibraryOptions));
  AW_ASSIGN(JitOptions options, JitOptions::read(numJitOptions, jitOptions, jitOptionsValues));
  AW_ASSIGN(std::shared_ptr<const ptx::Module> module, read_code_file(fileName, options));
  return add(library, std::move(module));
}

Result<> cuLibraryUnload(CUlibrary library) {
  AW_ASSIGN(Library * unloaded, library_of(library));
  // Exit handlers unload while kernels may still run; the process takes everything with it.
  if (process()->exiting()) return {};
  delete unloaded;
  return {};
}

Result<> cuLibraryGetKernel(CUkernel* pKernel, CUlibrary library, const char* name) {
  AW_TRY(need(pKernel, "pKernel"));
  AW_TRY(need(name, "name"));
  AW_ASSIGN(Library * in, library_of(library));
  LibraryKernel* kernel = in->kernel(name);
  if (!kernel) return Error{CUDA_ERROR_NOT_FOUND, std::string("The library has no kernel '") + name + "'.", ""};
  *pKernel = kernel->handle();
  return {};
}

Result<> cuLibraryGetKernelCount(unsigned int* count, CUlibrary lib) {
  AW_TRY(need(count, "count"));
  AW_ASSIGN(Library * in, library_of(lib));
  *count = unsigned(in->kernels().size());
  return {};
}

Result<> cuLibraryEnumerateKernels(CUkernel* kernels, unsigned int numKernels, CUlibrary lib) {
  AW_TRY(need(kernels, "kernels"));
  AW_ASSIGN(Library * in, library_of(lib));
  for (size_t i = 0; i < numKernels && i < in->kernels().size(); ++i) kernels[i] = in->kernels()[i]->handle();
  return {};
}

Result<> cuLibraryGetModule(CUmodule* pMod, CUlibrary library) {
  AW_TRY(need(pMod, "pMod"));
  AW_ASSIGN(Library * in, library_of(library));
  AW_ASSIGN(Context * context, current_context());
  AW_ASSIGN(Module * module, in->module_in(*context));
  *pMod = static_cast<CUmodule>(module->handle());
  return {};
}

Result<> cuLibraryGetGlobal(CUdeviceptr* dptr, size_t* bytes, CUlibrary library, const char* name) {
  AW_TRY(need(name, "name"));
  if (!dptr && !bytes) return invalid_value("Neither the address nor the size is asked for.");
  AW_ASSIGN(Library * in, library_of(library));
  AW_ASSIGN(Context * context, current_context());
  AW_ASSIGN(Module * module, in->module_in(*context));
  return tell_variable(module->program()->program(), name, dptr, bytes);
}

Result<> cuLibraryGetManaged(CUdeviceptr* dptr, size_t* bytes, CUlibrary library, const char* name) {
  AW_TRY(need(name, "name"));
  AW_ASSIGN(Library * in, library_of(library));
  AW_ASSIGN(backend::Program * program, in->managed_program());
  return tell_variable(*program, name, dptr, bytes, true);
}

Result<> cuKernelGetFunction(CUfunction* pFunc, CUkernel kernel) {
  AW_TRY(need(pFunc, "pFunc"));
  AW_ASSIGN(LibraryKernel * of, kernel_of(kernel));
  AW_ASSIGN(Context * context, current_context());
  AW_ASSIGN(Function * function, of->function_in(*context));
  *pFunc = static_cast<CUfunction>(function->handle());
  return {};
}

Result<> cuKernelGetLibrary(CUlibrary* pLib, CUkernel kernel) {
  AW_TRY(need(pLib, "pLib"));
  AW_ASSIGN(LibraryKernel * of, kernel_of(kernel));
  *pLib = of->library().handle();
  return {};
}

Result<> cuKernelGetAttribute(int* pi, CUfunction_attribute attrib, CUkernel kernel, CUdevice dev) {
  AW_TRY(need(pi, "pi"));
  AW_ASSIGN(LibraryKernel * of, kernel_of(kernel));
  AW_ASSIGN(Function * function, function_on(*of, dev));
  AW_ASSIGN(*pi, function_attribute(function->kernel(), *of->settings(), attrib));
  return {};
}

Result<> cuKernelSetAttribute(CUfunction_attribute attrib, int val, CUkernel kernel, CUdevice dev) {
  AW_ASSIGN(LibraryKernel * of, kernel_of(kernel));
  AW_ASSIGN(Function * function, function_on(*of, dev));
  return set_function_attribute(function->kernel(), *of->settings(), attrib, val);
}

Result<> cuKernelSetCacheConfig(CUkernel kernel, CUfunc_cache config, CUdevice dev) {
  AW_ASSIGN(LibraryKernel * of, kernel_of(kernel));
  AW_TRY(device_of(dev));
  if (int(config) < 0 || config > CU_FUNC_CACHE_PREFER_EQUAL)
    return invalid_value("There is no cache configuration " + std::to_string(int(config)) + ".");
  of->settings()->cache_config = config;
  return {};
}

Result<> cuKernelGetName(const char** name, CUkernel hfunc) {
  AW_TRY(need(name, "name"));
  AW_TRY(need(hfunc, "hfunc"));
  AW_ASSIGN(LibraryKernel * of, kernel_of(hfunc));
  *name = of->name().c_str();
  return {};
}

Result<> cuKernelGetParamInfo(CUkernel kernel, size_t paramIndex, size_t* paramOffset, size_t* paramSize) {
  AW_ASSIGN(LibraryKernel * of, kernel_of(kernel));
  AW_ASSIGN(Context * context, current_context());
  AW_ASSIGN(Function * function, of->function_in(*context));
  return tell_parameter(function->kernel(), paramIndex, paramOffset, paramSize);
}

/// Anywarp's own, for its runtime: host code compiled by clang has a variable of its own for each __managed__ variable, and the
/// device's has to be the same memory. To be called before the library is used.
extern "C" __attribute__((visibility("default"))) CUresult anywarp_library_place_variable(CUlibrary library, const char* name,
                                                                                          void* address) {
  if (!name || !address) return CUDA_ERROR_INVALID_VALUE;
  const auto in = library_of(library);
  if (!in) return in.error().code;
  const Result<> placed = (*in)->place(name, address);
  return placed ? CUDA_SUCCESS : placed.error().code;
}

}  // namespace api
}  // namespace anywarp::driver
