// Finding libcuda. The runtime is not linked against it, for three reasons: a program must start on a machine without a driver
// and learn from the error code that there is none; the static runtime must not force -lcuda on every link; and a later driver may
// have entry points that this runtime does not know, an earlier one may lack some that it does.
//
// The search is the dynamic linker's own, for which libcudart.so names its own folder ($ORIGIN), so that a toolkit works where it
// was unpacked; LD_LIBRARY_PATH comes first, as for every library. A statically linked runtime has no such folder, and looks beside
// the program instead.

#include "runtime/driver.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <initializer_list>

#include "runtime/message.h"

namespace anywarp::runtime {

constinit Driver driver_table = {};

namespace {

constexpr const char* kLibrary = "libcuda.so.1";

template <class... Arguments>
CUresult missing(Arguments...) {
  return CUDA_ERROR_NOT_SUPPORTED;
}

template <class... Arguments>
void find(void* library, const char* symbol, CUresult (*&entry)(Arguments...)) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how dlsym gives functions
  entry = reinterpret_cast<CUresult (*)(Arguments...)>(dlsym(library, symbol));
  if (!entry) entry = &missing<Arguments...>;
}

/// libcuda.so.1 in the folder of the file that this code is in, or in lib64/ beside that folder.
void* open_beside() {
  Dl_info self;
  if (dladdr(&driver_table, &self) == 0 || !self.dli_fname) return nullptr;
  const char* slash = strrchr(self.dli_fname, '/');
  if (!slash) return nullptr;
  const int folder = static_cast<int>(slash - self.dli_fname);
  for (const char* below : {"", "../lib64/"}) {
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%.*s/%s%s", folder, self.dli_fname, below, kLibrary) >= PATH_MAX) continue;
    if (void* library = dlopen(path, RTLD_NOW)) return library;
  }
  return nullptr;
}

using PlaceVariable = CUresult (*)(CUlibrary, const char*, void*);

struct Loading {
  void* library = nullptr;
  PlaceVariable place_variable = nullptr;
  char why_not[512] = "";
  cudaError_t error = cudaErrorInsufficientDriver;
};

Loading loading;
pthread_once_t open_once = PTHREAD_ONCE_INIT;
pthread_once_t init_once = PTHREAD_ONCE_INIT;

void open_library() {
  loading.library = dlopen(kLibrary, RTLD_NOW);
  if (!loading.library) {
    if (const char* why = dlerror()) snprintf(loading.why_not, sizeof loading.why_not, "%s", why);
    loading.library = open_beside();
  }
#define AW_DRIVER(symbol) find(loading.library, #symbol, driver_table.symbol);
  if (loading.library) {
    loading.place_variable = reinterpret_cast<PlaceVariable>(dlsym(loading.library, "anywarp_library_place_variable"));
#include "driver_table.inc"
  }
#undef AW_DRIVER
}

void initialise() {
  if (!loading.library) {
    message(MessageKind::Error, "no CUDA driver is found, so no CUDA call works: %s", loading.why_not);
    return;
  }
  const int version = driver_version();
  if (version / 1000 < CUDART_VERSION / 1000) {
    message(MessageKind::Error, "the CUDA driver is of version %d.%d; this program needs %d.0 or newer", version / 1000,
            version % 1000 / 10, CUDART_VERSION / 1000);
    return;
  }
  loading.error = to_error(driver().cuInit(0));
  if (loading.error != cudaSuccess) {
    const char* text = nullptr;
    driver().cuGetErrorString(static_cast<CUresult>(loading.error), &text);
    message(MessageKind::Error, "the CUDA driver cannot be initialised: %s (error %d)", text ? text : "unknown error", loading.error);
  }
}

}  // namespace

int driver_version() {
  pthread_once(&open_once, &open_library);
  int version = 0;
  if (loading.library && driver().cuDriverGetVersion(&version) != CUDA_SUCCESS) version = 0;
  return version;
}

CUresult driver_place_variable(CUlibrary library, const char* name, void* address) {
  return loading.place_variable ? loading.place_variable(library, name, address) : CUDA_ERROR_NOT_SUPPORTED;
}

cudaError_t load_driver() {
  pthread_once(&open_once, &open_library);
  pthread_once(&init_once, &initialise);
  return loading.error;
}

}  // namespace anywarp::runtime
