// A loaded module: a program on the backend, with the functions that were asked for.
#pragma once

#include "backend/backend.h"
#include "base/result.h"
#include "driver/function.h"
#include "driver/jit_options.h"
#include "driver/object.h"
#include "ptx/fatbin.h"

#include <cuda.h>

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace anywarp::driver {

class Context;
class Library;
class TextureReference;

/// A program whose variables are registered with the driver for as long as it lives. Modules and what they have put in
/// streams share it.
class LoadedProgram {
 public:
  /// `owner` may be null for a program that belongs to no context.
  static Result<std::shared_ptr<LoadedProgram>> load(std::shared_ptr<const ptx::Module> code, Context* owner);
  ~LoadedProgram();
  LoadedProgram(const LoadedProgram&) = delete;
  LoadedProgram& operator=(const LoadedProgram&) = delete;

  backend::Program& program() const { return *program_; }

 private:
  explicit LoadedProgram(std::unique_ptr<backend::Program> program) : program_(std::move(program)) {}
  const std::unique_ptr<backend::Program> program_;
  std::vector<CUdeviceptr> variables_;
};

class Module final : public Object {
 public:
  using Handle = CUmodule;
  static constexpr Kind kKind = Kind::Module;

  Module(Context& context, std::shared_ptr<LoadedProgram> program, Library* library);
  ~Module() override;

  const std::shared_ptr<LoadedProgram>& program() const { return program_; }
  Library* library() const { return library_; }
  /// What a library that goes calls, so that the module does not look for it any more.
  void leave_library() { library_ = nullptr; }

  /// Errors: NOT_FOUND. `settings` may be null; a function that exists already keeps its own.
  Result<Function*> function(std::string_view name, std::shared_ptr<FunctionSettings> settings = nullptr);
  /// The reference that the variable of that name is, always the same one.
  Result<TextureReference*> reference(const std::string& name, uint64_t* variable, bool is_surface);

 private:
  const std::shared_ptr<LoadedProgram> program_;
  Library* library_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<Function>> functions_;
  std::unordered_map<std::string, TextureReference*> references_;  // the context's
};

/// PTX, a fat binary or a wrapper -> verified code. The error goes to the log of the options as well.
/// Errors: INVALID_PTX, INVALID_IMAGE, NO_BINARY_FOR_GPU, UNSUPPORTED_PTX_VERSION, NOT_SUPPORTED.
Result<std::shared_ptr<const ptx::Module>> read_code(const void* image, size_t bytes, JitOptions& options);
/// The same for a file. Errors: FILE_NOT_FOUND too.
Result<std::shared_ptr<const ptx::Module>> read_code_file(const char* path, JitOptions& options);

/// The steps of it. `capability` is what PTX is chosen for.
unsigned capability();
Result<std::string> read_file(const char* path);
Result<std::shared_ptr<const ptx::Module>> parse_verified(const ptx::Text& text);
/// What the driver itself provides may stay undefined. One module is linked as well, so that what it lacks is told.
Result<std::shared_ptr<const ptx::Module>> link_modules(const std::vector<std::shared_ptr<const ptx::Module>>& modules);

/// Errors: INVALID_HANDLE; the sticky error of its context.
Result<Module*> module_of(CUmodule handle);

/// The address and size of a variable; the pointers may be null. Errors: NOT_FOUND.
Result<> tell_variable(const backend::Program& program, const char* name, CUdeviceptr* address, size_t* bytes, bool managed_only = false);

}  // namespace anywarp::driver
