// The device library's bitcode, as it lies in the program.
#pragma once

#include <string_view>

namespace anywarp::devicelib {

/// The __aw_* operations of ptx_ops.list, a module for nvptx64.
std::string_view bitcode();

}  // namespace anywarp::devicelib
