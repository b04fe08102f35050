// NVRTC's entry points: arguments are checked, the handle is looked up among those that live, and the program does the rest.
#include "base/live_handles.h"
#include "program.h"
#include "toolchain/arch.h"
#include "version.h"

#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>

using anywarp::nvrtc::Program;

namespace {

anywarp::LiveHandles<nvrtcProgram, Program>& programs() {
  static auto* programs = new anywarp::LiveHandles<nvrtcProgram, Program>;  // calls may come while the process ends
  return *programs;
}

std::atomic<size_t> pch_heap{size_t(256) << 20};

/// Runs `work` on a program that lives, no other call meanwhile.
template <class Work>
nvrtcResult with(nvrtcProgram handle, Work work) {
  const std::shared_ptr<Program> program = programs().find(handle);
  if (!program) return NVRTC_ERROR_INVALID_PROGRAM;
  std::lock_guard guard(program->lock());
  return work(*program);
}

/// Texts count the zero that ends them; binary results do not, and are nothing when they are empty.
nvrtcResult size_of(nvrtcProgram handle, size_t* size, const std::string& (Program::*part)() const, bool text) {
  return with(handle, [&](Program& program) {
    if (!size) return NVRTC_ERROR_INVALID_INPUT;
    *size = (program.*part)().size() + (text ? 1 : 0);
    return NVRTC_SUCCESS;
  });
}

nvrtcResult copy_of(nvrtcProgram handle, char* to, const std::string& (Program::*part)() const, bool text) {
  return with(handle, [&](Program& program) {
    if (!to) return NVRTC_ERROR_INVALID_INPUT;
    const std::string& from = (program.*part)();
    std::memcpy(to, from.data(), from.size() + (text ? 1 : 0));
    return NVRTC_SUCCESS;
  });
}

/// The architectures that NVRTC of this version lists: those without a letter.
template <class Use>
void each_arch(Use use) {
  for (const std::string& arch : anywarp::toolchain::accepted_architectures())
    if (arch.find_first_not_of("0123456789") == arch.npos && anywarp::toolchain::arch_number(arch) >= anywarp::nvrtc::oldest_arch)
      use(anywarp::toolchain::arch_number(arch));
}

}  // namespace

extern "C" {

const char* nvrtcGetErrorString(nvrtcResult result) {
  static const char* const names[] = {"NVRTC_SUCCESS",
                                      "NVRTC_ERROR_OUT_OF_MEMORY",
                                      "NVRTC_ERROR_PROGRAM_CREATION_FAILURE",
                                      "NVRTC_ERROR_INVALID_INPUT",
                                      "NVRTC_ERROR_INVALID_PROGRAM",
                                      "NVRTC_ERROR_INVALID_OPTION",
                                      "NVRTC_ERROR_COMPILATION",
                                      "NVRTC_ERROR_BUILTIN_OPERATION_FAILURE",
                                      "NVRTC_ERROR_NO_NAME_EXPRESSIONS_AFTER_COMPILATION",
                                      "NVRTC_ERROR_NO_LOWERED_NAMES_BEFORE_COMPILATION",
                                      "NVRTC_ERROR_NAME_EXPRESSION_NOT_VALID",
                                      "NVRTC_ERROR_INTERNAL_ERROR",
                                      "NVRTC_ERROR_TIME_FILE_WRITE_FAILED",
                                      "NVRTC_ERROR_NO_PCH_CREATE_ATTEMPTED",
                                      "NVRTC_ERROR_PCH_CREATE_HEAP_EXHAUSTED",
                                      "NVRTC_ERROR_PCH_CREATE",
                                      "NVRTC_ERROR_CANCELLED",
                                      "NVRTC_ERROR_TIME_TRACE_FILE_WRITE_FAILED"};
  const auto index = static_cast<unsigned>(result);
  return index < sizeof names / sizeof *names ? names[index] : "NVRTC_ERROR unknown";
}

nvrtcResult nvrtcVersion(int* major, int* minor) {
  if (!major || !minor) return NVRTC_ERROR_INVALID_INPUT;
  *major = anywarp::nvrtc::version_major;
  *minor = anywarp::nvrtc::version_minor;
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetNumSupportedArchs(int* numArchs) {
  if (!numArchs) return NVRTC_ERROR_INVALID_INPUT;
  *numArchs = 0;
  each_arch([&](int) { ++*numArchs; });
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetSupportedArchs(int* supportedArchs) {
  if (!supportedArchs) return NVRTC_ERROR_INVALID_INPUT;
  each_arch([&](int arch) { *supportedArchs++ = arch; });
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcCreateProgram(nvrtcProgram* prog, const char* src, const char* name, int numHeaders, const char* const* headers,
                               const char* const* includeNames) {
  if (!prog) return NVRTC_ERROR_INVALID_PROGRAM;
  if (!src || numHeaders < 0 || (numHeaders > 0 && (!headers || !includeNames))) return NVRTC_ERROR_INVALID_INPUT;
  anywarp::frontend::Source source;
  source.text = src;
  source.name = name && *name ? name : "default_program";
  for (int i = 0; i < numHeaders; i++) {
    if (!headers[i] || !includeNames[i]) return NVRTC_ERROR_INVALID_INPUT;
    source.headers.push_back({includeNames[i], headers[i]});
  }
  *prog = programs().add(std::make_shared<Program>(std::move(source)));
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcDestroyProgram(nvrtcProgram* prog) {
  if (!prog) return NVRTC_ERROR_INVALID_PROGRAM;
  if (!programs().remove(*prog)) return NVRTC_ERROR_INVALID_PROGRAM;
  *prog = nullptr;
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcCompileProgram(nvrtcProgram prog, int numOptions, const char* const* options) {
  return with(prog, [&](Program& program) {
    if (numOptions < 0) return NVRTC_ERROR_INVALID_INPUT;
    std::vector<std::string> arguments;
    for (int i = 0; i < numOptions; i++) {
      if (!options || !options[i]) return NVRTC_ERROR_INVALID_OPTION;
      arguments.emplace_back(options[i]);
    }
    return program.compile(arguments);
  });
}

nvrtcResult nvrtcGetPTXSize(nvrtcProgram prog, size_t* ptxSizeRet) { return size_of(prog, ptxSizeRet, &Program::ptx, true); }
nvrtcResult nvrtcGetPTX(nvrtcProgram prog, char* ptx) { return copy_of(prog, ptx, &Program::ptx, true); }
nvrtcResult nvrtcGetCUBINSize(nvrtcProgram prog, size_t* cubinSizeRet) { return size_of(prog, cubinSizeRet, &Program::cubin, false); }
nvrtcResult nvrtcGetCUBIN(nvrtcProgram prog, char* cubin) { return copy_of(prog, cubin, &Program::cubin, false); }
nvrtcResult nvrtcGetLTOIRSize(nvrtcProgram prog, size_t* LTOIRSizeRet) { return size_of(prog, LTOIRSizeRet, &Program::lto_ir, false); }
nvrtcResult nvrtcGetLTOIR(nvrtcProgram prog, char* LTOIR) { return copy_of(prog, LTOIR, &Program::lto_ir, false); }
nvrtcResult nvrtcGetProgramLogSize(nvrtcProgram prog, size_t* logSizeRet) { return size_of(prog, logSizeRet, &Program::log, true); }
nvrtcResult nvrtcGetProgramLog(nvrtcProgram prog, char* log) { return copy_of(prog, log, &Program::log, true); }

// No option asks for it with success, so there never is any.
nvrtcResult nvrtcGetOptiXIRSize(nvrtcProgram prog, size_t* optixirSizeRet) {
  return with(prog, [&](Program&) {
    if (!optixirSizeRet) return NVRTC_ERROR_INVALID_INPUT;
    *optixirSizeRet = 0;
    return NVRTC_SUCCESS;
  });
}
nvrtcResult nvrtcGetOptiXIR(nvrtcProgram prog, char* optixir) {
  return with(prog, [&](Program&) { return optixir ? NVRTC_SUCCESS : NVRTC_ERROR_INVALID_INPUT; });
}

nvrtcResult nvrtcAddNameExpression(nvrtcProgram prog, const char* const name_expression) {
  return with(prog, [&](Program& program) { return name_expression ? program.add_name(name_expression) : NVRTC_ERROR_INVALID_INPUT; });
}

nvrtcResult nvrtcGetLoweredName(nvrtcProgram prog, const char* const name_expression, const char** lowered_name) {
  return with(prog, [&](Program& program) {
    return name_expression && lowered_name ? program.lowered_name(name_expression, lowered_name) : NVRTC_ERROR_INVALID_INPUT;
  });
}

nvrtcResult nvrtcGetPCHHeapSize(size_t* ret) {
  if (!ret) return NVRTC_ERROR_INVALID_INPUT;
  *ret = pch_heap;
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcSetPCHHeapSize(size_t size) {
  pch_heap = size;
  return NVRTC_SUCCESS;
}

// The header that every program sees is precompiled anyway; none is made of a program's own headers.
nvrtcResult nvrtcGetPCHCreateStatus(nvrtcProgram prog) {
  return with(prog, [](Program&) { return NVRTC_ERROR_NO_PCH_CREATE_ATTEMPTED; });
}

nvrtcResult nvrtcGetPCHHeapSizeRequired(nvrtcProgram prog, size_t* size) {
  return with(prog, [&](Program&) {
    if (!size) return NVRTC_ERROR_INVALID_INPUT;
    *size = 0;
    return NVRTC_SUCCESS;
  });
}

nvrtcResult nvrtcSetFlowCallback(nvrtcProgram prog, int (*callback)(void*, void*), void* payload) {
  return with(prog, [&](Program& program) {
    if (!callback) return NVRTC_ERROR_INVALID_INPUT;
    program.set_callback(callback, payload);
    return NVRTC_SUCCESS;
  });
}

}  // extern "C"
