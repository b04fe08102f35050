// The kernels and variables that compiled host code has made known, by the addresses of their host stubs.
#pragma once

#include "runtime/driver.h"

namespace anywarp::runtime {

struct Module;

/// A kernel: `stub` is the host function that stands for it.
struct Function {
  const void* stub;
  Module* module;
  const char* name;
  CUkernel kernel;  // null until it is first asked for
};

/// A __device__, __constant__ or __managed__ variable: `shadow` is the host variable that stands for it.
struct Variable {
  enum class Kind {
    Device,
    Managed,        // the shadow is a pointer to it, as nvcc compiles it
    ManagedInPlace  // the shadow is the variable, as clang compiles it
  };

  const void* shadow;
  Module* module;
  const char* name;
  size_t size;
  Kind kind;
};

/// One fat binary of one object file.
Module* add_module(const void* fat_binary);
void remove_module(Module* module);
void add_function(Module* module, const void* stub, const char* name);
void add_variable(Module* module, const void* shadow, const char* name, size_t size, Variable::Kind kind);

/// Part of a program in which every shadow is a managed variable. Known before the variables are.
void add_managed_section(const void* begin, const void* end);

/// Loads the module if it has managed variables (of the given kind), for the host may look at those before it calls anything else.
cudaError_t prepare_managed(Module* module);
cudaError_t prepare_managed_in_place(Module* module);

/// The kernel behind a host stub; also takes a kernel that the runtime gave out itself (cudaGetKernel, cudaLibraryGetKernel).
/// Loads the module if need be. cudaErrorInvalidDeviceFunction when it is neither.
cudaError_t find_kernel(const void* function, CUkernel& kernel);

/// The host stub of a kernel, as a program knows it; the kernel itself when it has none.
const void* stub_of(CUkernel kernel);

/// The same as a function of the current context.
cudaError_t find_function(const void* function, CUfunction& handle);

/// Lets find_kernel() know a kernel of a library, and forget those of one that is unloaded.
cudaError_t remember_kernel(CUkernel kernel, CUlibrary library);
void forget_kernels(CUlibrary library);

/// Address and size of a variable on the current device. cudaErrorInvalidSymbol when the host variable stands for none.
cudaError_t find_variable(const void* shadow, CUdeviceptr& address, size_t& size);

}  // namespace anywarp::runtime
