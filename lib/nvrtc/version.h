// What differs between libnvrtc.so.12 and libnvrtc.so.13.
#pragma once

namespace anywarp::nvrtc {

extern const char* const default_arch;  // when no option names one
extern const int version_major, version_minor;
extern const int oldest_arch;

}  // namespace anywarp::nvrtc
