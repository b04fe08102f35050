// What decides the machine code of a kernel: the key of the cache on disk.
#pragma once

#include "compile/compile.h"

#include <string>
#include <string_view>

namespace anywarp::compile {

/// 32 hexadecimal digits over the program's text, the kernel, the launch shape, the engine, the processor, and this build
/// of Anywarp: code of another build is never taken.
std::string cache_key(const ptx::Module& module, std::string_view kernel, const spmd::LaunchShape& shape, const Options& options,
                      const jit::Processor& processor);

}  // namespace anywarp::compile
