#include "version.h"

namespace anywarp::nvrtc {

#if ANYWARP_NVRTC_MAJOR == 12
const char* const default_arch = "52";
const int version_major = 12, version_minor = 9;
const int oldest_arch = 50;
#else
const char* const default_arch = "75";
const int version_major = 13, version_minor = 0;
const int oldest_arch = 75;
#endif

}  // namespace anywarp::nvrtc
