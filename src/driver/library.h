// A library: code that belongs to no context, and becomes a module in each context that uses it.
#pragma once

#include "base/result.h"
#include "driver/function.h"
#include "driver/handles.h"
#include "driver/module.h"

#include <cuda.h>

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace anywarp::driver {

/// A kernel of a library.
class LibraryKernel {
 public:
  using Handle = CUkernel;
  static constexpr Kind kKind = Kind::Kernel;

  LibraryKernel(Library& library, std::string name);
  ~LibraryKernel();
  LibraryKernel(const LibraryKernel&) = delete;
  LibraryKernel& operator=(const LibraryKernel&) = delete;

  CUkernel handle() const { return handle_; }
  Library& library() const { return library_; }
  const std::string& name() const { return name_; }
  const std::shared_ptr<FunctionSettings>& settings() const { return settings_; }
  Result<Function*> function_in(Context& context);

 private:
  Library& library_;
  const std::string name_;
  const std::shared_ptr<FunctionSettings> settings_;
  const CUkernel handle_;
  // The answer to the last question, for launches ask it again and again.
  std::atomic<Context*> last_context_{nullptr};
  std::atomic<Function*> last_function_{nullptr};
  friend class Library;
};

class Library {
 public:
  using Handle = CUlibrary;
  static constexpr Kind kKind = Kind::Library;

  explicit Library(std::shared_ptr<const ptx::Module> code);
  /// Unloads its modules from all contexts.
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  CUlibrary handle() const { return handle_; }
  const std::vector<std::unique_ptr<LibraryKernel>>& kernels() const { return kernels_; }
  LibraryKernel* kernel(std::string_view name);
  Result<Module*> module_in(Context& context);
  /// The program that managed variables are in, loaded without a context. Errors: NOT_FOUND when there are none.
  Result<backend::Program*> managed_program();
  /// Makes a variable stand for memory of the host's, managed from then on. Errors: NOT_FOUND; NOT_PERMITTED when the library is in
  /// use already.
  Result<> place(std::string_view variable, void* memory);
  /// The module of a context that ends.
  void forget(const Context& context);

 private:
  Result<std::shared_ptr<LoadedProgram>> program_for(Context& context);

  const std::shared_ptr<const ptx::Module> code_;
  const CUlibrary handle_;
  bool has_managed_ = false;
  std::vector<std::unique_ptr<LibraryKernel>> kernels_;
  std::mutex mutex_;
  std::shared_ptr<LoadedProgram> managed_;  // shared by all contexts, so that managed variables are the same everywhere
  std::unordered_map<const Context*, Module*> modules_;
};

}  // namespace anywarp::driver
