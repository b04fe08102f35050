// Everything that host code registers, and its lazy loading.
//
// A compiled object file calls, before main():
//
//     handle = __cudaRegisterFatBinary(&wrapper);
//     __cudaRegisterFunction(handle, stub, ..., "kernel", ...);        for each kernel
//     __cudaRegisterVar(handle, &shadow, ..., "variable", size, ...);  for each variable
//     __cudaRegisterFatBinaryEnd(handle);
//
// and later launches a kernel by the address of its stub. Nothing is compiled before it is used: the fat binary goes to the driver
// at the first launch, or the first use of a variable, of its module. CUDA_MODULE_LOADING=EAGER is the driver's to see to, once it
// has the module. One reader-writer lock guards the tables; a launch takes it for reading and finds the kernel in one probe.

#include "runtime/registry.h"

#include <pthread.h>
#include <stdlib.h>

#include "runtime/message.h"
#include "runtime/pointer_table.h"

namespace anywarp::runtime {

struct Module {
  const void* fat_binary;
  CUlibrary library;
  cudaError_t error;  // why it could not be loaded
  bool tried;
  bool has_managed;
  bool has_managed_in_place;
  Module* next;
};

namespace {

/// Where the linker put the __managed__ variables of a program or a shared library.
struct Section {
  const void* begin;
  const void* end;
};

/// A kernel of a library that the program loaded itself.
struct KnownKernel {
  const void* kernel;
  CUlibrary library;
};

// Registration runs before any constructor of this library may have: all of this is constant-initialised.
pthread_rwlock_t tables_lock = PTHREAD_RWLOCK_INITIALIZER;
pthread_mutex_t loading_lock = PTHREAD_MUTEX_INITIALIZER;
PointerTable<Function, &Function::stub> functions;
PointerTable<Variable, &Variable::shadow> variables;
PointerTable<KnownKernel, &KnownKernel::kernel> known_kernels;
PointerTable<Section, &Section::begin> managed_sections;

class ReadLock {
 public:
  ReadLock() { pthread_rwlock_rdlock(&tables_lock); }
  ~ReadLock() { pthread_rwlock_unlock(&tables_lock); }
  ReadLock(const ReadLock&) = delete;
  ReadLock& operator=(const ReadLock&) = delete;
};

class WriteLock {
 public:
  WriteLock() { pthread_rwlock_wrlock(&tables_lock); }
  ~WriteLock() { pthread_rwlock_unlock(&tables_lock); }
  WriteLock(const WriteLock&) = delete;
  WriteLock& operator=(const WriteLock&) = delete;
};

/// Makes one of the host's and the device's managed variables of a library that has just been loaded.
cudaError_t bind_managed(Module* module) {
  CUresult result = CUDA_SUCCESS;
  const ReadLock lock;
  variables.for_each([&](const Variable& variable) {
    if (variable.module != module || variable.kind != Variable::Kind::ManagedInPlace || result != CUDA_SUCCESS) return;
    result = driver_place_variable(module->library, variable.name, const_cast<void*>(variable.shadow));
  });
  if (result == CUDA_ERROR_NOT_SUPPORTED) message(MessageKind::Error, "__managed__ variables of this program need Anywarp's driver");
  variables.for_each([&](const Variable& variable) {
    if (variable.module != module || variable.kind == Variable::Kind::Device || result != CUDA_SUCCESS) return;
    CUdeviceptr address = 0;
    size_t size = 0;
    result = driver().cuLibraryGetManaged(&address, &size, module->library, variable.name);
    if (result != CUDA_SUCCESS || variable.kind == Variable::Kind::ManagedInPlace) return;
    *static_cast<void**>(const_cast<void*>(variable.shadow)) = reinterpret_cast<void*>(address);
  });
  return to_error(result);
}

cudaError_t load(Module* module) {
  if (__atomic_load_n(&module->tried, __ATOMIC_ACQUIRE)) return module->error;
  cudaError_t error = load_driver();
  if (error != cudaSuccess) return error;
  pthread_mutex_lock(&loading_lock);
  if (!module->tried) {
    // The image is part of the program, so the driver need not copy it.
    CUlibraryOption option = CU_LIBRARY_BINARY_IS_PRESERVED;
    void* value = reinterpret_cast<void*>(1);
    error = to_error(driver().cuLibraryLoadData(&module->library, module->fat_binary, nullptr, nullptr, 0, &option, &value, 1));
    if (error == cudaSuccess && module->has_managed) error = bind_managed(module);
    module->error = error;
    __atomic_store_n(&module->tried, true, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&loading_lock);
  return module->error;
}

}  // namespace

Module* add_module(const void* fat_binary) {
  auto* const module = static_cast<Module*>(calloc(1, sizeof(Module)));
  if (module) module->fat_binary = fat_binary;
  return module;
}

void remove_module(Module* module) {
  if (!module) return;
  {
    const WriteLock lock;
    functions.erase_if([&](const Function& function) { return function.module == module; });
    variables.erase_if([&](const Variable& variable) { return variable.module == module; });
  }
  if (module->library) driver().cuLibraryUnload(module->library);
  free(module);
}

void add_function(Module* module, const void* stub, const char* name) {
  if (!module || !stub) return;
  const WriteLock lock;
  if (!functions.insert({stub, module, name, nullptr})) message(MessageKind::Error, "no memory to register the kernel %s", name);
}

void add_variable(Module* module, const void* shadow, const char* name, size_t size, Variable::Kind kind) {
  if (!module || !shadow) return;
  const WriteLock lock;
  managed_sections.for_each([&](const Section& section) {
    if (shadow >= section.begin && shadow < section.end) kind = Variable::Kind::ManagedInPlace;
  });
  module->has_managed |= kind != Variable::Kind::Device;
  module->has_managed_in_place |= kind == Variable::Kind::ManagedInPlace;
  if (!variables.insert({shadow, module, name, size, kind})) message(MessageKind::Error, "no memory to register the variable %s", name);
}

void add_managed_section(const void* begin, const void* end) {
  const WriteLock lock;
  if (!managed_sections.insert({begin, end})) message(MessageKind::Error, "no memory to register the managed variables");
}

cudaError_t prepare_managed(Module* module) { return module && module->has_managed ? load(module) : cudaSuccess; }

cudaError_t prepare_managed_in_place(Module* module) { return module && module->has_managed_in_place ? load(module) : cudaSuccess; }

cudaError_t find_kernel(const void* function, CUkernel& kernel) {
  Function found;
  {
    const ReadLock lock;
    const Function* known = functions.find(function);
    if (!known) {
      if (!known_kernels.find(function)) return cudaErrorInvalidDeviceFunction;
      kernel = static_cast<CUkernel>(const_cast<void*>(function));
      return cudaSuccess;
    }
    kernel = __atomic_load_n(&known->kernel, __ATOMIC_ACQUIRE);
    if (kernel) return cudaSuccess;
    found = *known;
  }
  if (const cudaError_t error = load(found.module)) return error;
  const CUresult result = driver().cuLibraryGetKernel(&kernel, found.module->library, found.name);
  if (result == CUDA_ERROR_NOT_FOUND) return cudaErrorInvalidDeviceFunction;
  if (result != CUDA_SUCCESS) return to_error(result);
  const ReadLock lock;
  if (Function* known = functions.find(function)) __atomic_store_n(&known->kernel, kernel, __ATOMIC_RELEASE);
  return cudaSuccess;
}

const void* stub_of(CUkernel kernel) {
  const void* stub = kernel;
  const ReadLock lock;
  functions.for_each([&](const Function& function) {
    if (__atomic_load_n(&function.kernel, __ATOMIC_ACQUIRE) == kernel) stub = function.stub;
  });
  return stub;
}

cudaError_t find_function(const void* function, CUfunction& handle) {
  CUkernel kernel = nullptr;
  if (const cudaError_t error = find_kernel(function, kernel)) return error;
  return to_error(driver().cuKernelGetFunction(&handle, kernel));
}

cudaError_t remember_kernel(CUkernel kernel, CUlibrary library) {
  const WriteLock lock;
  return known_kernels.insert({kernel, library}) ? cudaSuccess : cudaErrorMemoryAllocation;
}

void forget_kernels(CUlibrary library) {
  const WriteLock lock;
  known_kernels.erase_if([&](const KnownKernel& known) { return known.library == library; });
}

cudaError_t find_variable(const void* shadow, CUdeviceptr& address, size_t& size) {
  Variable found;
  {
    const ReadLock lock;
    const Variable* known = variables.find(shadow);
    // Host code of nvcc's has a pointer to each managed variable, and names the variable by what it points to.
    if (!known)
      variables.for_each([&](const Variable& variable) {
        if (variable.kind == Variable::Kind::Managed && *static_cast<void* const*>(variable.shadow) == shadow) known = &variable;
      });
    if (!known) return cudaErrorInvalidSymbol;
    found = *known;
  }
  if (const cudaError_t error = load(found.module)) return error;
  const auto get = found.kind == Variable::Kind::Device ? driver().cuLibraryGetGlobal : driver().cuLibraryGetManaged;
  const CUresult result = get(&address, &size, found.module->library, found.name);
  return result == CUDA_ERROR_NOT_FOUND ? cudaErrorInvalidSymbol : to_error(result);
}

}  // namespace anywarp::runtime
