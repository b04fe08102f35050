#include "driver/enter.h"
#include "driver/entry_points.h"
#include "driver/process.h"

namespace anywarp::driver {
namespace {

struct Text {
  CUresult code;
  const char* name;
};
constexpr Text kNames[] = {
#define AW_ERROR(name) {name, #name},
#include "driver/error_table.inc"
#undef AW_ERROR
};

// What a code means, for people; the codes without a line of their own are told by their name.
const char* meaning(CUresult code) {
  switch (code) {
    case CUDA_SUCCESS: return "no error";
    case CUDA_ERROR_INVALID_VALUE: return "invalid argument";
    case CUDA_ERROR_OUT_OF_MEMORY: return "out of memory";
    case CUDA_ERROR_NOT_INITIALIZED: return "initialization error";
    case CUDA_ERROR_DEINITIALIZED: return "driver shutting down";
    case CUDA_ERROR_NO_DEVICE: return "no CUDA-capable device is detected";
    case CUDA_ERROR_INVALID_DEVICE: return "invalid device ordinal";
    case CUDA_ERROR_INVALID_IMAGE: return "device kernel image is invalid";
    case CUDA_ERROR_INVALID_CONTEXT: return "invalid device context";
    case CUDA_ERROR_NO_BINARY_FOR_GPU: return "no kernel image is available for execution on the device";
    case CUDA_ERROR_UNSUPPORTED_LIMIT: return "limit is not supported on this architecture";
    case CUDA_ERROR_PEER_ACCESS_UNSUPPORTED: return "peer access is not supported between these two devices";
    case CUDA_ERROR_INVALID_PTX: return "a PTX JIT compilation failed";
    case CUDA_ERROR_JIT_COMPILER_NOT_FOUND: return "PTX JIT compiler library not found";
    case CUDA_ERROR_UNSUPPORTED_PTX_VERSION: return "the provided PTX was compiled with an unsupported toolchain.";
    case CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY: return "the provided execution affinity is not supported";
    case CUDA_ERROR_INVALID_SOURCE: return "device kernel source is invalid";
    case CUDA_ERROR_FILE_NOT_FOUND: return "file not found";
    case CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND: return "shared object symbol not found";
    case CUDA_ERROR_SHARED_OBJECT_INIT_FAILED: return "shared object initialization failed";
    case CUDA_ERROR_OPERATING_SYSTEM: return "OS call failed or operation not supported on this OS";
    case CUDA_ERROR_INVALID_HANDLE: return "invalid resource handle";
    case CUDA_ERROR_ILLEGAL_STATE: return "the operation cannot be performed in the present state";
    case CUDA_ERROR_NOT_FOUND: return "named symbol not found";
    case CUDA_ERROR_NOT_READY: return "device not ready";
    case CUDA_ERROR_ILLEGAL_ADDRESS: return "an illegal memory access was encountered";
    case CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES: return "too many resources requested for launch";
    case CUDA_ERROR_LAUNCH_TIMEOUT: return "the launch timed out and was terminated";
    case CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED: return "peer access is already enabled";
    case CUDA_ERROR_PEER_ACCESS_NOT_ENABLED: return "peer access has not been enabled";
    case CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE: return "cannot set while device is active in this process";
    case CUDA_ERROR_CONTEXT_IS_DESTROYED: return "context is destroyed";
    case CUDA_ERROR_ASSERT: return "device-side assert triggered";
    case CUDA_ERROR_TOO_MANY_PEERS: return "peer mapping resources exhausted";
    case CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED: return "part or all of the requested memory range is already mapped";
    case CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED: return "pointer does not correspond to a registered memory region";
    case CUDA_ERROR_HARDWARE_STACK_ERROR: return "hardware stack error";
    case CUDA_ERROR_ILLEGAL_INSTRUCTION: return "an illegal instruction was encountered";
    case CUDA_ERROR_MISALIGNED_ADDRESS: return "misaligned address";
    case CUDA_ERROR_INVALID_ADDRESS_SPACE: return "operation not supported on global/shared address space";
    case CUDA_ERROR_INVALID_PC: return "invalid program counter";
    case CUDA_ERROR_LAUNCH_FAILED: return "unspecified launch failure";
    case CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE: return "too many blocks in cooperative launch";
    case CUDA_ERROR_NOT_PERMITTED: return "operation not permitted";
    case CUDA_ERROR_NOT_SUPPORTED: return "operation not supported";
    case CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED: return "operation not permitted when stream is capturing";
    case CUDA_ERROR_INVALID_CLUSTER_SIZE: return "cluster size is not valid";
    case CUDA_ERROR_UNKNOWN: return "unknown error";
    default: return nullptr;
  }
}

}  // namespace

const char* name_of(CUresult code) {
  for (const Text& text : kNames)
    if (text.code == code) return text.name;
  return nullptr;
}

namespace api {

Result<> cuGetErrorName(CUresult error, const char** pStr) {
  AW_TRY(need(pStr, "pStr"));
  *pStr = name_of(error);
  if (!*pStr) return invalid_value("There is no error " + std::to_string(int(error)) + ".");
  return {};
}

Result<> cuGetErrorString(CUresult error, const char** pStr) {
  AW_TRY(need(pStr, "pStr"));
  const char* name = name_of(error);
  const char* text = meaning(error);
  *pStr = text ? text : name;
  if (!*pStr) return invalid_value("There is no error " + std::to_string(int(error)) + ".");
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
