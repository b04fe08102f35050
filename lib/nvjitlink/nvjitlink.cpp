// libnvJitLink: LTO IR (our bitcode) is linked by LLVM and written as PTX; PTX of all inputs is linked as the driver links it. The result
// is PTX; as a "cubin" it is a fat binary that holds it, which our driver loads wherever it loads a cubin.
#include "base/live_handles.h"
#include "frontend/link.h"
#include "ptx/fatbin.h"
#include "ptx/link.h"
#include "ptx/module.h"
#include "ptx/ptx.h"
#include "toolchain/arch.h"
#include "toolchain/fatbinary.h"
#include "toolchain/process.h"
#include "toolchain/toolkit.h"

#define NVJITLINK_NO_INLINE
#include <nvJitLink.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

namespace {

using anywarp::Error;
using anywarp::Result;

struct Link {
  std::mutex lock;
  anywarp::toolchain::DeviceOptions device;
  bool lto = false, ptx_wanted = false;
  bool failed = false;  // an input was refused
  std::vector<anywarp::frontend::Bitcode> bitcode;
  std::vector<std::shared_ptr<const anywarp::ptx::Module>> modules;
  std::string cubin, ptx, errors, infos;
};

anywarp::LiveHandles<nvJitLinkHandle, Link>& links() {
  static auto* links = new anywarp::LiveHandles<nvJitLinkHandle, Link>;  // calls may come while the process ends
  return *links;
}

template <class Work>
nvJitLinkResult with(nvJitLinkHandle handle, Work work) {
  const std::shared_ptr<Link> link = links().find(handle);
  if (!link) return handle ? NVJITLINK_ERROR_INVALID_INPUT : NVJITLINK_ERROR_NULL_INPUT;
  std::lock_guard guard(link->lock);
  return work(*link);
}

std::string libdevice() {
  auto kit = anywarp::toolchain::find_toolkit_of(reinterpret_cast<const void*>(&libdevice));
  return kit ? kit->root + "/nvvm/libdevice/libdevice.10.bc" : std::string();
}

nvJitLinkResult set_option(Link& link, const std::string& option) {
  if (option.starts_with("-arch=")) {
    std::string arch = option.substr(6);
    if (arch.starts_with("sm_"))
      arch.erase(0, 3);
    else if (arch.starts_with("compute_"))
      arch.erase(0, 8);
    else
      return NVJITLINK_ERROR_UNRECOGNIZED_ARCH;
    if (arch.empty() || arch[0] < '0' || arch[0] > '9') return NVJITLINK_ERROR_UNRECOGNIZED_OPTION;  // not even the form of one
    const auto& all = anywarp::toolchain::accepted_architectures();
    if (std::find(all.begin(), all.end(), arch) == all.end()) return NVJITLINK_ERROR_UNRECOGNIZED_ARCH;
    link.device.arch = arch;
    return NVJITLINK_SUCCESS;
  }
  if (option == "-lto") return link.lto = true, NVJITLINK_SUCCESS;
  if (option == "-ptx") return link.ptx_wanted = true, NVJITLINK_SUCCESS;
  if (option == "-g") return link.device.debug = true, NVJITLINK_SUCCESS;
  auto flag = [&](const char* name, bool& value) {
    for (bool given : {false, true})
      if (option == "-" + std::string(name) + (given ? "=1" : "=0") || option == "-" + std::string(name) + (given ? "=true" : "=false"))
        return value = given, true;
    return false;
  };
  if (flag("ftz", link.device.ftz) || flag("prec-div", link.device.prec_div) || flag("prec-sqrt", link.device.prec_sqrt) ||
      flag("fma", link.device.fmad))
    return NVJITLINK_SUCCESS;
  // What steers the making of machine code.
  for (const char* known :
       {"-maxrregcount=", "-time", "-verbose", "-O", "-lineinfo", "-kernels-used=", "-variables-used=", "-optimize-unused-variables",
        "-Xptxas=", "-Xnvvm=", "-split-compile", "-jump-table-density=", "-no-cache", "-device-stack-protector", "-m64"})
    if (option.starts_with(known)) return NVJITLINK_SUCCESS;
  return NVJITLINK_ERROR_UNRECOGNIZED_OPTION;
}

Result<> add_ptx(Link& link, const std::string& text, const std::string& name) {
  AW_ASSIGN(auto module, anywarp::ptx::parse(text, name));
  AW_TRY(anywarp::ptx::verify(*module));
  link.modules.push_back(std::move(module));
  return {};
}

nvJitLinkResult fail(Link& link, nvJitLinkResult code, const std::string& text) {
  link.failed = true;
  link.errors += "error: " + text + "\n";
  return code;
}

nvJitLinkResult add(Link& link, nvJitLinkInputType type, std::string bytes, const std::string& name) {
  const bool bitcode = bytes.starts_with("BC\xc0\xde");
  if (type == NVJITLINK_INPUT_LTOIR || (type == NVJITLINK_INPUT_ANY && bitcode)) {
    if (!bitcode) return fail(link, NVJITLINK_ERROR_INCORRECT_INPUT_TYPE, "'" + name + "' is no LTO IR of this toolkit");
    if (!link.lto) return fail(link, NVJITLINK_ERROR_LTO_NOT_ENABLED, "'" + name + "' is LTO IR, which needs -lto");
    link.bitcode.push_back({name, std::move(bytes), false});
    return NVJITLINK_SUCCESS;
  }
  const unsigned capability = static_cast<unsigned>(anywarp::toolchain::arch_number(link.device.arch));
  Result<std::vector<anywarp::ptx::Text>> texts = [&]() -> Result<std::vector<anywarp::ptx::Text>> {
    switch (type) {
      case NVJITLINK_INPUT_PTX:
      case NVJITLINK_INPUT_CUBIN:
      case NVJITLINK_INPUT_FATBIN:
      case NVJITLINK_INPUT_ANY:
        bytes.push_back('\0');  // PTX ends with it, and not everybody counts it
        return anywarp::ptx::read_image(bytes.data(), bytes.size(), capability);
      case NVJITLINK_INPUT_OBJECT:
      case NVJITLINK_INPUT_LIBRARY: return anywarp::ptx::read_object(bytes, capability);
      default: return Error{CUDA_ERROR_NOT_SUPPORTED, "this kind of input is not supported", {}};
    }
  }();
  if (!texts) return fail(link, NVJITLINK_ERROR_INVALID_INPUT, name + ": " + texts.error().text());
  for (const anywarp::ptx::Text& text : *texts)
    if (Result<> added = add_ptx(link, text.text, text.name.empty() ? name : text.name); !added)
      return fail(link, NVJITLINK_ERROR_PTX_COMPILE, added.error().text());
  return NVJITLINK_SUCCESS;
}

/// What the driver supplies when the result is loaded.
bool is_provided(std::string_view name) {
  return name == "vprintf" || name == "malloc" || name == "free" || name == "__assertfail" || name.starts_with("__nv_") ||
         name.starts_with("cuda") || name.starts_with("__cuda");
}

nvJitLinkResult complete(Link& link) {
  link.cubin.clear();
  link.ptx.clear();
  if (link.failed) return NVJITLINK_ERROR_INVALID_INPUT;
  auto modules = link.modules;
  // Of nothing comes a program without functions.
  std::string text = ".version 8.7\n.target sm_" + link.device.arch + "\n.address_size 64\n";
  if (!link.bitcode.empty()) {
    // PTX may call what the LTO IR defines, then its functions stay.
    Result<std::string> ptx =
        anywarp::frontend::link_to_ptx(link.bitcode, link.device, {.kernels_only = modules.empty(), .libdevice = libdevice()});
    if (!ptx) return fail(link, NVJITLINK_ERROR_NVVM_COMPILE, ptx.error().text());
    text = std::move(*ptx);
    if (!modules.empty()) {
      auto module = anywarp::ptx::parse(text, "LTO IR");
      if (!module) return fail(link, NVJITLINK_ERROR_INTERNAL, module.error().text());
      modules.push_back(std::move(*module));
    }
  }
  if (!modules.empty()) {
    auto linked = anywarp::ptx::link(modules, "linked", {.is_provided = is_provided});
    if (!linked) return fail(link, NVJITLINK_ERROR_FINALIZE, linked.error().text());
    text = anywarp::ptx::print(**linked);
  }
  anywarp::toolchain::Image image;
  image.arch = link.device.arch;
  image.name = "linked.ptx";
  image.bytes = text;
  link.cubin = anywarp::toolchain::write_fatbin({&image, 1});
  link.ptx = std::move(text);
  return NVJITLINK_SUCCESS;
}

nvJitLinkResult size_of(nvJitLinkHandle handle, size_t* size, std::string Link::* part, bool text) {
  return with(handle, [&](Link& link) {
    if (!size) return NVJITLINK_ERROR_NULL_INPUT;
    *size = (link.*part).size() + (text ? 1 : 0);
    return NVJITLINK_SUCCESS;
  });
}

nvJitLinkResult copy_of(nvJitLinkHandle handle, void* to, std::string Link::* part, bool text) {
  return with(handle, [&](Link& link) {
    if (!to) return NVJITLINK_ERROR_NULL_INPUT;
    std::memcpy(to, (link.*part).c_str(), (link.*part).size() + (text ? 1 : 0));
    return NVJITLINK_SUCCESS;
  });
}

}  // namespace

// Each function under both of its names.
#define AW_BOTH_NAMES(name, parameters, arguments) \
  nvJitLinkResult __##name##_13_0 parameters { return name arguments; }

extern "C" {

nvJitLinkResult nvJitLinkCreate(nvJitLinkHandle* handle, uint32_t numOptions, const char** options) {
  if (!handle || (numOptions > 0 && !options)) return NVJITLINK_ERROR_NULL_INPUT;
  auto link = std::make_shared<Link>();
  for (uint32_t i = 0; i < numOptions; i++) {
    if (!options[i]) return NVJITLINK_ERROR_NULL_INPUT;
    if (nvJitLinkResult result = set_option(*link, options[i]); result != NVJITLINK_SUCCESS) return result;
  }
  if (link->device.arch.empty()) return NVJITLINK_ERROR_MISSING_ARCH;
  *handle = links().add(std::move(link));
  return NVJITLINK_SUCCESS;
}
AW_BOTH_NAMES(nvJitLinkCreate, (nvJitLinkHandle * handle, uint32_t numOptions, const char** options), (handle, numOptions, options))

nvJitLinkResult nvJitLinkDestroy(nvJitLinkHandle* handle) {
  if (!handle || !*handle) return NVJITLINK_ERROR_NULL_INPUT;
  if (!links().remove(*handle)) return NVJITLINK_ERROR_INVALID_INPUT;
  *handle = nullptr;
  return NVJITLINK_SUCCESS;
}
AW_BOTH_NAMES(nvJitLinkDestroy, (nvJitLinkHandle * handle), (handle))

nvJitLinkResult nvJitLinkAddData(nvJitLinkHandle handle, nvJitLinkInputType inputType, const void* data, size_t size, const char* name) {
  return with(handle, [&](Link& link) {
    if (!data) return NVJITLINK_ERROR_NULL_INPUT;
    return add(link, inputType, std::string(static_cast<const char*>(data), size), name && *name ? name : "<unnamed>");
  });
}
AW_BOTH_NAMES(nvJitLinkAddData, (nvJitLinkHandle handle, nvJitLinkInputType inputType, const void* data, size_t size, const char* name),
              (handle, inputType, data, size, name))

nvJitLinkResult nvJitLinkAddFile(nvJitLinkHandle handle, nvJitLinkInputType inputType, const char* fileName) {
  return with(handle, [&](Link& link) {
    if (!fileName) return NVJITLINK_ERROR_NULL_INPUT;
    Result<std::string> bytes = anywarp::toolchain::read_file(fileName);
    if (!bytes) return fail(link, NVJITLINK_ERROR_INVALID_INPUT, bytes.error().text());
    return add(link, inputType, std::move(*bytes), fileName);
  });
}
AW_BOTH_NAMES(nvJitLinkAddFile, (nvJitLinkHandle handle, nvJitLinkInputType inputType, const char* fileName), (handle, inputType, fileName))

nvJitLinkResult nvJitLinkComplete(nvJitLinkHandle handle) { return with(handle, complete); }
AW_BOTH_NAMES(nvJitLinkComplete, (nvJitLinkHandle handle), (handle))

nvJitLinkResult nvJitLinkGetLinkedCubinSize(nvJitLinkHandle handle, size_t* size) { return size_of(handle, size, &Link::cubin, false); }
AW_BOTH_NAMES(nvJitLinkGetLinkedCubinSize, (nvJitLinkHandle handle, size_t* size), (handle, size))
nvJitLinkResult nvJitLinkGetLinkedCubin(nvJitLinkHandle handle, void* cubin) { return copy_of(handle, cubin, &Link::cubin, false); }
AW_BOTH_NAMES(nvJitLinkGetLinkedCubin, (nvJitLinkHandle handle, void* cubin), (handle, cubin))
nvJitLinkResult nvJitLinkGetLinkedPtxSize(nvJitLinkHandle handle, size_t* size) { return size_of(handle, size, &Link::ptx, true); }
AW_BOTH_NAMES(nvJitLinkGetLinkedPtxSize, (nvJitLinkHandle handle, size_t* size), (handle, size))
nvJitLinkResult nvJitLinkGetLinkedPtx(nvJitLinkHandle handle, char* ptx) { return copy_of(handle, ptx, &Link::ptx, true); }
AW_BOTH_NAMES(nvJitLinkGetLinkedPtx, (nvJitLinkHandle handle, char* ptx), (handle, ptx))
nvJitLinkResult nvJitLinkGetErrorLogSize(nvJitLinkHandle handle, size_t* size) { return size_of(handle, size, &Link::errors, true); }
AW_BOTH_NAMES(nvJitLinkGetErrorLogSize, (nvJitLinkHandle handle, size_t* size), (handle, size))
nvJitLinkResult nvJitLinkGetErrorLog(nvJitLinkHandle handle, char* log) { return copy_of(handle, log, &Link::errors, true); }
AW_BOTH_NAMES(nvJitLinkGetErrorLog, (nvJitLinkHandle handle, char* log), (handle, log))
nvJitLinkResult nvJitLinkGetInfoLogSize(nvJitLinkHandle handle, size_t* size) { return size_of(handle, size, &Link::infos, true); }
AW_BOTH_NAMES(nvJitLinkGetInfoLogSize, (nvJitLinkHandle handle, size_t* size), (handle, size))
nvJitLinkResult nvJitLinkGetInfoLog(nvJitLinkHandle handle, char* log) { return copy_of(handle, log, &Link::infos, true); }
AW_BOTH_NAMES(nvJitLinkGetInfoLog, (nvJitLinkHandle handle, char* log), (handle, log))

nvJitLinkResult nvJitLinkVersion(unsigned int* major, unsigned int* minor) {
  if (!major || !minor) return NVJITLINK_ERROR_NULL_INPUT;
  *major = anywarp::toolchain::cuda_major;
  *minor = anywarp::toolchain::cuda_minor;
  return NVJITLINK_SUCCESS;
}

}  // extern "C"
