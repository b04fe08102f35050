#include "devicelib/bitcode.h"

namespace anywarp::devicelib {

std::string_view bitcode() {
  alignas(8) static const char kBytes[] = {
#embed "ptx_ops.bc"
  };
  return {kBytes, sizeof(kBytes)};
}

}  // namespace anywarp::devicelib
