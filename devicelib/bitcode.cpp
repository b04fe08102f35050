#include "devicelib/bitcode.h"

namespace anywarp::devicelib {

std::string_view bitcode() {
  alignas(8) static const unsigned char kBytes[] = {
#include "ptx_ops.inc"
  };
  return {reinterpret_cast<const char*>(kBytes), sizeof(kBytes)};
}

}  // namespace anywarp::devicelib
