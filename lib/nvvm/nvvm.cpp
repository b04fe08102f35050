// libnvvm over LLVM's own reader and PTX back end. NVVM IR of LLVM's present form is taken as it is, and older bitcode as far as LLVM 22
// reads it. Functions that only libdevice defines are taken from it when a program adds no libdevice of its own.
#include "base/live_handles.h"
#include "frontend/link.h"
#include "toolchain/arch.h"
#include "toolchain/toolkit.h"

#include <nvvm.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

namespace {

struct Program {
  std::mutex lock;
  std::vector<anywarp::frontend::Bitcode> modules;
  std::string result, log;
};

anywarp::LiveHandles<nvvmProgram, Program>& programs() {
  static auto* programs = new anywarp::LiveHandles<nvvmProgram, Program>;  // calls may come while the process ends
  return *programs;
}

template <class Work>
nvvmResult with(nvvmProgram handle, Work work) {
  const std::shared_ptr<Program> program = programs().find(handle);
  if (!program) return NVVM_ERROR_INVALID_PROGRAM;
  std::lock_guard guard(program->lock);
  return work(*program);
}

struct Options {
  anywarp::toolchain::DeviceOptions device;
  bool optimise = true;
  bool lto = false;  // bitcode is wanted, which nvJitLink links
};

/// Errors: the sentence for the log.
anywarp::Result<Options> parse(int count, const char** options) {
  auto fatal = [](const std::string& text) { return anywarp::Error{CUDA_ERROR_INVALID_VALUE, text, {}}; };
  Options options_read;
  anywarp::toolchain::DeviceOptions& parsed = options_read.device;
  parsed.arch = "75";
  for (int i = 0; i < count; i++) {
    if (!options || !options[i]) return fatal("an option is null");
    std::string option = options[i];
    auto flag = [&](const char* name, bool& value) {
      std::string prefix = std::string("-") + name + "=";
      if (!option.starts_with(prefix) || option.size() != prefix.size() + 1 || (option.back() != '0' && option.back() != '1')) return false;
      value = option.back() == '1';
      return true;
    };
    bool contract = true;
    if (option.starts_with("-arch=compute_")) {
      parsed.arch = option.substr(14);
      const auto& all = anywarp::toolchain::accepted_architectures();
      if (std::find(all.begin(), all.end(), parsed.arch) == all.end()) return fatal("unknown architecture in '" + option + "'");
    } else if (option == "-g") {
      parsed.debug = true;
    } else if (option == "-opt=0") {
      options_read.optimise = parsed.fmad = false;
    } else if (flag("ftz", parsed.ftz) || flag("prec-sqrt", parsed.prec_sqrt) || flag("prec-div", parsed.prec_div)) {
    } else if (option == "-gen-lto") {
      options_read.lto = true;
    } else if (flag("fma", contract)) {
      parsed.fmad = contract;
    } else if (option != "-opt=3" && option != "-generate-line-info" && !option.starts_with("-split-compile=")) {
      return fatal(option + " is an unsupported option");
    }
  }
  return options_read;
}

std::string libdevice() {
  auto kit = anywarp::toolchain::find_toolkit_of(reinterpret_cast<const void*>(&libdevice));
  return kit ? kit->root + "/nvvm/libdevice/libdevice.10.bc" : std::string();
}

nvvmResult add(nvvmProgram prog, const char* buffer, size_t size, const char* name, bool lazy) {
  return with(prog, [&](Program& program) {
    if (!buffer || size == 0) return NVVM_ERROR_INVALID_INPUT;
    program.modules.push_back({name && *name ? name : "<unnamed>", std::string(buffer, size), lazy});
    return NVVM_SUCCESS;
  });
}

nvvmResult code_of(const anywarp::Error& error) {
  if (error.code == CUDA_ERROR_OUT_OF_MEMORY) return NVVM_ERROR_OUT_OF_MEMORY;
  return error.code == CUDA_ERROR_INVALID_IMAGE ? NVVM_ERROR_INVALID_IR : NVVM_ERROR_COMPILATION;
}

nvvmResult size_of(nvvmProgram prog, size_t* size, std::string Program::* part) {
  return with(prog, [&](Program& program) {
    if (!size) return NVVM_ERROR_INVALID_INPUT;
    *size = (program.*part).size() + 1;
    return NVVM_SUCCESS;
  });
}

nvvmResult copy_of(nvvmProgram prog, char* to, std::string Program::* part) {
  return with(prog, [&](Program& program) {
    if (!to) return NVVM_ERROR_INVALID_INPUT;
    std::memcpy(to, (program.*part).data(), (program.*part).size() + 1);
    return NVVM_SUCCESS;
  });
}

}  // namespace

extern "C" {

const char* nvvmGetErrorString(nvvmResult result) {
  static const char* const names[] = {"NVVM_SUCCESS",
                                      "NVVM_ERROR_OUT_OF_MEMORY",
                                      "NVVM_ERROR_PROGRAM_CREATION_FAILURE",
                                      "NVVM_ERROR_IR_VERSION_MISMATCH",
                                      "NVVM_ERROR_INVALID_INPUT",
                                      "NVVM_ERROR_INVALID_PROGRAM",
                                      "NVVM_ERROR_INVALID_IR",
                                      "NVVM_ERROR_INVALID_OPTION",
                                      "NVVM_ERROR_NO_MODULE_IN_PROGRAM",
                                      "NVVM_ERROR_COMPILATION",
                                      "NVVM_ERROR_CANCELLED"};
  const auto index = static_cast<unsigned>(result);
  return index < sizeof names / sizeof *names ? names[index] : "NVVM_ERROR unknown";
}

nvvmResult nvvmVersion(int* major, int* minor) {
  if (!major || !minor) return NVVM_ERROR_INVALID_INPUT;
  *major = 2;
  *minor = 0;
  return NVVM_SUCCESS;
}

nvvmResult nvvmIRVersion(int* majorIR, int* minorIR, int* majorDbg, int* minorDbg) {
  if (!majorIR || !minorIR || !majorDbg || !minorDbg) return NVVM_ERROR_INVALID_INPUT;
  *majorIR = 2;
  *minorIR = 0;
  *majorDbg = 3;
  *minorDbg = 2;
  return NVVM_SUCCESS;
}

nvvmResult nvvmCreateProgram(nvvmProgram* prog) {
  if (!prog) return NVVM_ERROR_INVALID_PROGRAM;
  *prog = programs().add(std::make_shared<Program>());
  return NVVM_SUCCESS;
}

nvvmResult nvvmDestroyProgram(nvvmProgram* prog) {
  if (!prog) return NVVM_ERROR_INVALID_PROGRAM;
  if (!programs().remove(*prog)) return NVVM_ERROR_INVALID_PROGRAM;
  *prog = nullptr;
  return NVVM_SUCCESS;
}

nvvmResult nvvmAddModuleToProgram(nvvmProgram prog, const char* buffer, size_t size, const char* name) {
  return add(prog, buffer, size, name, false);
}
nvvmResult nvvmLazyAddModuleToProgram(nvvmProgram prog, const char* buffer, size_t size, const char* name) {
  return add(prog, buffer, size, name, true);
}

nvvmResult nvvmVerifyProgram(nvvmProgram prog, int numOptions, const char** options) {
  return with(prog, [&](Program& program) {
    program.log.clear();
    auto parsed = parse(numOptions, options);
    if (!parsed) return program.log = "libnvvm : error: " + parsed.error().text(), NVVM_ERROR_INVALID_OPTION;
    if (program.modules.empty()) return NVVM_ERROR_NO_MODULE_IN_PROGRAM;
    auto done = anywarp::frontend::verify_modules(program.modules);
    if (done) return NVVM_SUCCESS;
    program.log = "error: " + done.error().text() + "\n";
    return code_of(done.error());
  });
}

nvvmResult nvvmCompileProgram(nvvmProgram prog, int numOptions, const char** options) {
  return with(prog, [&](Program& program) {
    program.log.clear();
    program.result.clear();
    auto parsed = parse(numOptions, options);
    if (!parsed) return program.log = "libnvvm : error: " + parsed.error().text(), NVVM_ERROR_INVALID_OPTION;
    if (program.modules.empty()) return NVVM_ERROR_NO_MODULE_IN_PROGRAM;
    const anywarp::frontend::LinkOptions how{.optimise = parsed->optimise, .libdevice = libdevice(), .nvvm_ir = true};
    auto code = parsed->lto ? anywarp::frontend::link_to_bitcode(program.modules, parsed->device, how)
                            : anywarp::frontend::link_to_ptx(program.modules, parsed->device, how);
    if (!code) {
      program.log = "error: " + code.error().text() + "\n";
      return code_of(code.error());
    }
    program.result = std::move(*code);
    return NVVM_SUCCESS;
  });
}

nvvmResult nvvmGetCompiledResultSize(nvvmProgram prog, size_t* bufferSizeRet) { return size_of(prog, bufferSizeRet, &Program::result); }
nvvmResult nvvmGetCompiledResult(nvvmProgram prog, char* buffer) { return copy_of(prog, buffer, &Program::result); }
nvvmResult nvvmGetProgramLogSize(nvvmProgram prog, size_t* bufferSizeRet) { return size_of(prog, bufferSizeRet, &Program::log); }
nvvmResult nvvmGetProgramLog(nvvmProgram prog, char* buffer) { return copy_of(prog, buffer, &Program::log); }

}  // extern "C"
