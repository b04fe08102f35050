#include "compile/key.h"

#include "base/hash.h"
#include "exec/abi.h"
#include "jit/jit.h"
#include "ptx/storage.h"

#include <dlfcn.h>
#include <sys/stat.h>

namespace anywarp::compile {
namespace {

/// Changes with every build: the file that holds this function.
std::string build() {
  Dl_info info;
  struct stat status;
  if (!dladdr(reinterpret_cast<void*>(&cache_key), &info) || !info.dli_fname || stat(info.dli_fname, &status) != 0) return "unknown";
  return std::to_string(status.st_size) + "." + std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

}  // namespace

std::string cache_key(const ptx::Module& module, std::string_view kernel, const spmd::LaunchShape& shape, const Options& options,
                      const jit::Processor& processor) {
  static const auto* this_build = new std::string(build());
  Hasher hasher;
  hasher.add(*this_build).add(exec::kAbiVersion).add(processor.triple).add(processor.cpu).add(processor.features);
  hasher.add(processor.scalable_bits);
  hasher.add(module.storage->text).add(kernel);
  for (const uint32_t extent : shape.block) hasher.add(extent);
  hasher.add(shape.linear_ids_fit_i32).add(shape.cooperative);
  hasher.add(static_cast<uint64_t>(options.engine)).add(options.width);
  return hasher.digest();
}

}  // namespace anywarp::compile
