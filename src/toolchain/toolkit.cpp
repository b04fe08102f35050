#include "toolchain/toolkit.h"

#include <dlfcn.h>
#include <unistd.h>
#include <filesystem>
#include <system_error>

namespace anywarp::toolchain {

namespace fs = std::filesystem;

namespace {

bool is_program(const fs::path& path) { return access(path.c_str(), X_OK) == 0 && !fs::is_directory(path); }

/// The first of `names` in the LLVM folder or on PATH; empty when there is none.
std::string find_program(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    std::string_view text(name);
    if (text.starts_with('/')) {
      if (is_program(name)) return name;
      continue;
    }
    const char* path = getenv("PATH");
    for (std::string_view rest = path ? path : ""; !rest.empty();) {
      size_t colon = rest.find(':');
      fs::path candidate = fs::path(rest.substr(0, colon)) / name;
      if (is_program(candidate)) return candidate.string();
      rest = colon == rest.npos ? std::string_view() : rest.substr(colon + 1);
    }
  }
  return {};
}

/// `file` lies in a folder of the toolkit.
Result<Toolkit> toolkit_of(const fs::path& file) {
  std::error_code error;
  fs::path prefix = file.parent_path().parent_path();
  for (const fs::path& root : {prefix, prefix / "toolkit"}) {
    if (fs::exists(root / "nvvm/libdevice", error) && fs::exists(root / "include", error)) return Toolkit{root.string(), {}, {}};
  }
  return Error{CUDA_ERROR_FILE_NOT_FOUND,
               "no CUDA toolkit belongs to " + file.string() + ": neither " + prefix.string() + " nor " + (prefix / "toolkit").string() +
                   " holds include and nvvm/libdevice",
               {}};
}

}  // namespace

Result<Toolkit> find_toolkit() {
  std::error_code error;
  fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) return Error{CUDA_ERROR_FILE_NOT_FOUND, "/proc/self/exe cannot be read: " + error.message(), {}};
  return toolkit_of(self);
}

Result<Toolkit> find_toolkit_of(const void* address) {
  Dl_info info;
  std::error_code error;
  if (!dladdr(address, &info) || !info.dli_fname)
    return Error{CUDA_ERROR_FILE_NOT_FOUND, "the dynamic linker does not know the library that asks for its toolkit", {}};
  fs::path library = fs::canonical(info.dli_fname, error);
  if (error) return Error{CUDA_ERROR_FILE_NOT_FOUND, std::string(info.dli_fname) + " cannot be found: " + error.message(), {}};
  return toolkit_of(library);
}

Result<Toolkit> find_toolkit_and_compiler() {
  AW_ASSIGN(Toolkit toolkit, find_toolkit());
  toolkit.clang = find_program({"/usr/lib/llvm-22/bin/clang++", "clang++-22"});
  toolkit.ar = find_program({"/usr/lib/llvm-22/bin/llvm-ar", "llvm-ar-22", "ar"});
  if (toolkit.clang.empty())
    return Error{CUDA_ERROR_FILE_NOT_FOUND,
                 "clang 22 was not found, neither in /usr/lib/llvm-22/bin nor as clang++-22 on PATH; install the Debian package clang-22",
                 {}};
  return toolkit;
}

}  // namespace anywarp::toolchain
