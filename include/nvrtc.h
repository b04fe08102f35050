// NVRTC: CUDA C++ in memory becomes PTX in memory, while the program runs.
//
//   nvrtcProgram program;
//   nvrtcCreateProgram(&program, source, "saxpy.cu", 0, nullptr, nullptr);
//   const char* options[] = {"--gpu-architecture=compute_80"};
//   nvrtcCompileProgram(program, 1, options);       // nvrtcGetProgramLog has what it says
//   nvrtcGetPTXSize(program, &size), nvrtcGetPTX(program, text);
//   nvrtcDestroyProgram(&program);
//
// Threads may use different programs at once; calls on one program wait for each other.
#ifndef __NVRTC_H__
#define __NVRTC_H__

#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  NVRTC_SUCCESS = 0,
  NVRTC_ERROR_OUT_OF_MEMORY = 1,
  NVRTC_ERROR_PROGRAM_CREATION_FAILURE = 2,
  NVRTC_ERROR_INVALID_INPUT = 3,
  NVRTC_ERROR_INVALID_PROGRAM = 4,
  NVRTC_ERROR_INVALID_OPTION = 5,
  NVRTC_ERROR_COMPILATION = 6,
  NVRTC_ERROR_BUILTIN_OPERATION_FAILURE = 7,
  NVRTC_ERROR_NO_NAME_EXPRESSIONS_AFTER_COMPILATION = 8,
  NVRTC_ERROR_NO_LOWERED_NAMES_BEFORE_COMPILATION = 9,
  NVRTC_ERROR_NAME_EXPRESSION_NOT_VALID = 10,
  NVRTC_ERROR_INTERNAL_ERROR = 11,
  NVRTC_ERROR_TIME_FILE_WRITE_FAILED = 12,
  NVRTC_ERROR_NO_PCH_CREATE_ATTEMPTED = 13,
  NVRTC_ERROR_PCH_CREATE_HEAP_EXHAUSTED = 14,
  NVRTC_ERROR_PCH_CREATE = 15,
  NVRTC_ERROR_CANCELLED = 16,
  NVRTC_ERROR_TIME_TRACE_FILE_WRITE_FAILED = 17
} nvrtcResult;

typedef struct _nvrtcProgram* nvrtcProgram;

/* The name of a result; never null. */
const char* nvrtcGetErrorString(nvrtcResult result);

/* The CUDA version that the library stands for. */
nvrtcResult nvrtcVersion(int* major, int* minor);

/* How many architectures -arch takes, and their numbers (80 for compute_80), oldest first. */
nvrtcResult nvrtcGetNumSupportedArchs(int* numArchs);
nvrtcResult nvrtcGetSupportedArchs(int* supportedArchs);

/* `name` is shown in messages and may be null. The source sees headers[i] as #include <includeNames[i]>, before any file. */
nvrtcResult nvrtcCreateProgram(nvrtcProgram* prog, const char* src, const char* name, int numHeaders, const char* const* headers,
                               const char* const* includeNames);

/* Sets *prog to null. Names that nvrtcGetLoweredName gave are gone with it. */
nvrtcResult nvrtcDestroyProgram(nvrtcProgram* prog);

nvrtcResult nvrtcCompileProgram(nvrtcProgram prog, int numOptions, const char* const* options);

/* The size of a text counts the zero at its end. What was not asked for is empty: machine code without -arch=sm_NN, LTO IR without
   -dlto, PTX with it. */
nvrtcResult nvrtcGetPTXSize(nvrtcProgram prog, size_t* ptxSizeRet);
nvrtcResult nvrtcGetPTX(nvrtcProgram prog, char* ptx);
nvrtcResult nvrtcGetCUBINSize(nvrtcProgram prog, size_t* cubinSizeRet);
nvrtcResult nvrtcGetCUBIN(nvrtcProgram prog, char* cubin);
nvrtcResult nvrtcGetLTOIRSize(nvrtcProgram prog, size_t* LTOIRSizeRet);
nvrtcResult nvrtcGetLTOIR(nvrtcProgram prog, char* LTOIR);
nvrtcResult nvrtcGetOptiXIRSize(nvrtcProgram prog, size_t* optixirSizeRet);
nvrtcResult nvrtcGetOptiXIR(nvrtcProgram prog, char* optixir);
nvrtcResult nvrtcGetProgramLogSize(nvrtcProgram prog, size_t* logSizeRet);
nvrtcResult nvrtcGetProgramLog(nvrtcProgram prog, char* log);

/* Before the compilation: an expression that names a kernel or a variable, `kernel<float>`, `&ns::table`, which is instantiated if it
   is a template. After it: the name by which cuModuleGetFunction and cuModuleGetGlobal find it. */
nvrtcResult nvrtcAddNameExpression(nvrtcProgram prog, const char* const name_expression);
nvrtcResult nvrtcGetLoweredName(nvrtcProgram prog, const char* const name_expression, const char** lowered_name);

/* Precompiled headers. */
nvrtcResult nvrtcGetPCHHeapSize(size_t* ret);
nvrtcResult nvrtcSetPCHHeapSize(size_t size);
nvrtcResult nvrtcGetPCHCreateStatus(nvrtcProgram prog);
nvrtcResult nvrtcGetPCHHeapSizeRequired(nvrtcProgram prog, size_t* size);

/* `callback` is called now and then while the program is compiled; when it returns 1, that ends with NVRTC_ERROR_CANCELLED. Its second
   argument has no meaning yet. */
nvrtcResult nvrtcSetFlowCallback(nvrtcProgram prog, int (*callback)(void*, void*), void* payload);

#ifdef __cplusplus
}
#endif

/* Define NVRTC_GET_TYPE_NAME as 1 to have nvrtcGetTypeName<T>(&text): T as it is written in a name expression. */
#if defined(__cplusplus) && defined(NVRTC_GET_TYPE_NAME) && NVRTC_GET_TYPE_NAME

#include <cxxabi.h>

#include <string>
#include <typeinfo>

inline nvrtcResult nvrtcGetTypeName(const std::type_info& tinfo, std::string* result) {
  int status = 0;
  char* text = abi::__cxa_demangle(tinfo.name(), nullptr, nullptr, &status);
  if (status != 0 || !text) return NVRTC_ERROR_INTERNAL_ERROR;
  *result = text;
  free(text);
  return NVRTC_SUCCESS;
}

/* Around the type, so that references and qualifiers of the outermost level are kept. */
template <typename T>
struct __nvrtcGetTypeName_helper_t {};

template <typename T>
nvrtcResult nvrtcGetTypeName(std::string* result) {
  std::string text;
  nvrtcResult done = nvrtcGetTypeName(typeid(__nvrtcGetTypeName_helper_t<T>), &text);
  if (done != NVRTC_SUCCESS) return done;
  const size_t begin = text.find('<'), end = text.rfind('>');
  if (begin == std::string::npos || end == std::string::npos || end <= begin) return NVRTC_ERROR_INTERNAL_ERROR;
  *result = text.substr(begin + 1, end - begin - 1);
  return NVRTC_SUCCESS;
}

#endif

#endif
