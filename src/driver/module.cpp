// From an image to code on the backend:
//
//   image --ptx::read_image--> text --ptx::parse, ptx::verify (ptx::link)--> ptx::Module --Backend::load--> backend::Program
//
// Nothing is compiled here; that happens when a kernel is launched for the first time.
#include "driver/module.h"

#include "base/environment.h"
#include "base/log.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/library.h"
#include "driver/process.h"
#include "driver/texture_reference.h"
#include "observe/observe.h"
#include "ptx/fatbin.h"
#include "ptx/link.h"
#include "ptx/module.h"
#include "ptx/ptx.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace anywarp::driver {
namespace {

// Functions that no module defines and the compiler knows.
bool is_provided(std::string_view name) {
  return name == "vprintf" || name == "malloc" || name == "free" || name == "__assertfail" || name.starts_with("__nv_") ||
         name.starts_with("__aw_") ||
         // The device runtime's own: a kernel that calls one fails when it is launched, the others of the module do not.
         name.starts_with("cuda") || name.starts_with("__cuda") || name.starts_with("cnp");
}

}  // namespace

unsigned capability() {
  const device::Properties& properties = process()->devices().front()->properties();
  return unsigned(properties.major() * 10 + properties.minor());
}

Result<std::shared_ptr<const ptx::Module>> parse_verified(const ptx::Text& text) {
  AW_ASSIGN(std::shared_ptr<const ptx::Module> module, ptx::parse(text.text, text.name.empty() ? "ptx" : text.name));
  AW_TRY(ptx::verify(*module));
  return module;
}

Result<std::shared_ptr<const ptx::Module>> link_modules(const std::vector<std::shared_ptr<const ptx::Module>>& modules) {
  return ptx::link(modules, "linked", {.is_provided = is_provided});
}

Result<std::string> read_file(const char* path) {
  FILE* file = fopen(path, "rb");
  if (!file) return Error{CUDA_ERROR_FILE_NOT_FOUND, std::string("The file '") + path + "' cannot be opened: " + strerror(errno) + ".", ""};
  std::string text;
  char block[65536];
  for (size_t got; (got = fread(block, 1, sizeof block, file)) != 0;) text.append(block, got);
  const bool failed = ferror(file) != 0;
  fclose(file);
  if (failed) return Error{CUDA_ERROR_FILE_NOT_FOUND, std::string("The file '") + path + "' cannot be read: " + strerror(errno) + ".", ""};
  return text;
}

Result<std::shared_ptr<LoadedProgram>> LoadedProgram::load(std::shared_ptr<const ptx::Module> code, Context* owner) {
  AW_ASSIGN(std::unique_ptr<backend::Program> program, process()->backend().load(std::move(code)));
  std::shared_ptr<LoadedProgram> loaded(new LoadedProgram(std::move(program)));
  for (const ptx::Variable& variable : loaded->program_->ptx().variables) {
    if (variable.space != ptx::Space::Global && variable.space != ptx::Space::Const) continue;
    const backend::Variable* placed = loaded->program_->variable(variable.name);
    if (!placed || !placed->address || placed->size == 0) continue;
    Allocation allocation;
    allocation.base = reinterpret_cast<uintptr_t>(placed->address);
    allocation.bytes = placed->size;
    allocation.kind = placed->managed ? MemoryKind::Managed : MemoryKind::Variable;
    allocation.context = placed->managed ? nullptr : owner;
    allocation.device = owner ? owner->device().ordinal() : 0;
    process()->allocations().add(allocation);
    loaded->variables_.push_back(allocation.base);
  }
  return loaded;
}

LoadedProgram::~LoadedProgram() {
  for (const CUdeviceptr variable : variables_) process()->allocations().remove(variable, {MemoryKind::Variable, MemoryKind::Managed});
}

Module::Module(Context& context, std::shared_ptr<LoadedProgram> program, Library* library)
    : Object(kKind, context), program_(std::move(program)), library_(library) {}

Module::~Module() {
  if (library_) library_->forget(context());
  for (const auto& [name, reference] : references_) context().destroy(*reference);
}

Result<TextureReference*> Module::reference(const std::string& name, uint64_t* variable, bool is_surface) {
  std::lock_guard lock(mutex_);
  if (const auto found = references_.find(name); found != references_.end()) {
    if (found->second->is_surface == is_surface) return found->second;
    return Error{CUDA_ERROR_NOT_FOUND, "'" + name + "' is a reference of the other kind.", ""};
  }
  AW_ASSIGN(TextureReference * made, context().own(std::make_unique<TextureReference>(context(), variable, is_surface)));
  references_.emplace(name, made);
  return made;
}

Result<Function*> Module::function(std::string_view name, std::shared_ptr<FunctionSettings> settings) {
  std::lock_guard lock(mutex_);
  const std::string key(name);
  if (const auto found = functions_.find(key); found != functions_.end()) return found->second.get();
  backend::Kernel* kernel = program_->program().kernel(name);
  if (!kernel) return Error{CUDA_ERROR_NOT_FOUND, "The module has no kernel '" + key + "'.", ""};
  if (!settings) settings = std::make_shared<FunctionSettings>();
  auto made = std::make_unique<Function>(context(), *this, *kernel, std::move(settings));
  if (!made->handle()) return Error{CUDA_ERROR_OUT_OF_MEMORY, "There are four million live handles, and there can be no more.", ""};
  return functions_.emplace(key, std::move(made)).first->second.get();
}

Result<std::shared_ptr<const ptx::Module>> read_code(const void* image, size_t bytes, JitOptions& options) {
  const uint64_t begin = observe::now_ns();
  const auto read = [&]() -> Result<std::shared_ptr<const ptx::Module>> {
    AW_ASSIGN(std::vector<ptx::Text> texts, ptx::read_image(image, bytes, capability()));
    if (texts.size() == 1) return parse_verified(texts.front());
    // nvcc -rdc=true: the driver links what the host linker has put together.
    std::vector<std::shared_ptr<const ptx::Module>> modules;
    for (const ptx::Text& text : texts) {
      AW_ASSIGN(auto module, parse_verified(text));
      modules.push_back(std::move(module));
    }
    return link_modules(modules);
  };
  auto code = read();
  if (!code) {
    options.write_error("anywarp: error: " + code.error().text() + "\n");
    log_info("%s", code.error().text().c_str());
  }
  options.write_wall_time(float(observe::now_ns() - begin) / 1e6f);
  return code;
}

Result<std::shared_ptr<const ptx::Module>> read_code_file(const char* path, JitOptions& options) {
  AW_TRY(need(path, "fname"));
  AW_ASSIGN(std::string image, read_file(path));
  return read_code(image.c_str(), image.size(), options);
}

Result<Module*> module_of(CUmodule handle) {
  Module* module = find<Module>(handle);
  if (!module) return invalid_handle("module");
  AW_TRY(module->context().usable());
  return module;
}

Result<> tell_variable(const backend::Program& program, const char* name, CUdeviceptr* address, size_t* bytes, bool managed_only) {
  AW_TRY(need(name, "name"));
  const backend::Variable* variable = program.variable(name);
  if (!variable || (managed_only && !variable->managed))
    return Error{CUDA_ERROR_NOT_FOUND, std::string("The module has no ") + (managed_only ? "managed " : "") + "variable '" + name + "'.",
                 ""};
  if (address) *address = reinterpret_cast<CUdeviceptr>(variable->address);
  if (bytes) *bytes = variable->size;
  return {};
}

namespace api {
namespace {

Result<> add(CUmodule* module, Context& context, std::shared_ptr<const ptx::Module> code) {
  AW_ASSIGN(std::shared_ptr<LoadedProgram> program, LoadedProgram::load(std::move(code), &context));
  AW_ASSIGN(Module * made, context.own(std::make_unique<Module>(context, std::move(program), nullptr)));
  *module = static_cast<CUmodule>(made->handle());
  return {};
}

}  // namespace

Result<> cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned int numOptions, CUjit_option* options, void** optionValues) {
  AW_TRY(need(module, "module"));
  AW_TRY(need(image, "image"));
  AW_ASSIGN(Context * context, current_context());
  AW_ASSIGN(JitOptions jit, JitOptions::read(numOptions, options, optionValues));
  AW_ASSIGN(std::shared_ptr<const ptx::Module> code, read_code(image, ~size_t{0}, jit));
  const Result<> added = add(module, *context, std::move(code));
  if (!added) jit.write_error("anywarp: error: " + added.error().text() + "\n");
  return added;
}

Result<> cuModuleLoadData(CUmodule* module, const void* image) { return api::cuModuleLoadDataEx(module, image, 0, nullptr, nullptr); }

Result<> cuModuleLoadFatBinary(CUmodule* module, const void* fatCubin) {
  return api::cuModuleLoadDataEx(module, fatCubin, 0, nullptr, nullptr);
}

Result<> cuModuleLoad(CUmodule* module, const char* fname) {
  AW_TRY(need(module, "module"));
  AW_ASSIGN(Context * context, current_context());
  JitOptions none;
  AW_ASSIGN(std::shared_ptr<const ptx::Module> code, read_code_file(fname, none));
  return add(module, *context, std::move(code));
}

Result<> cuModuleUnload(CUmodule hmod) {
  AW_ASSIGN(Module * module, module_of(hmod));
  if (module->library()) return invalid_value("The module belongs to a library; cuLibraryUnload unloads it.");
  AW_TRY(module->context().synchronize());
  module->context().destroy(*module);
  return {};
}

Result<> cuModuleGetLoadingMode(CUmoduleLoadingMode* mode) {
  AW_TRY(need(mode, "mode"));
  *mode = env::cuda_module_loading() == "EAGER" ? CU_MODULE_EAGER_LOADING : CU_MODULE_LAZY_LOADING;
  return {};
}

Result<> cuModuleGetFunction(CUfunction* hfunc, CUmodule hmod, const char* name) {
  AW_TRY(need(hfunc, "hfunc"));
  AW_TRY(need(name, "name"));
  AW_ASSIGN(Module * module, module_of(hmod));
  AW_ASSIGN(Function * function, module->function(name));
  *hfunc = static_cast<CUfunction>(function->handle());
  return {};
}

Result<> cuModuleGetFunctionCount(unsigned int* count, CUmodule mod) {
  AW_TRY(need(count, "count"));
  AW_ASSIGN(Module * module, module_of(mod));
  *count = unsigned(module->program()->program().kernels().size());
  return {};
}

Result<> cuModuleEnumerateFunctions(CUfunction* functions, unsigned int numFunctions, CUmodule mod) {
  AW_TRY(need(functions, "functions"));
  AW_ASSIGN(Module * module, module_of(mod));
  const auto kernels = module->program()->program().kernels();
  for (size_t i = 0; i < numFunctions && i < kernels.size(); ++i) {
    AW_ASSIGN(Function * function, module->function(kernels[i]->name()));
    functions[i] = static_cast<CUfunction>(function->handle());
  }
  return {};
}

Result<> cuModuleGetGlobal_v2(CUdeviceptr* dptr, size_t* bytes, CUmodule hmod, const char* name) {
  AW_ASSIGN(Module * module, module_of(hmod));
  return tell_variable(module->program()->program(), name, dptr, bytes);
}

}  // namespace api
}  // namespace anywarp::driver
