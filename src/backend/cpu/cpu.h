// The CPU backend with choices that make_cpu() takes from the environment.
#pragma once

#include "backend/backend.h"
#include "compile/compile.h"

namespace anywarp::backend::cpu {

struct Options {
  compile::Options compile;
  unsigned workers = 0;  // 0: exec::default_workers()
};

Result<std::unique_ptr<Backend>> make(const Options& options);

}  // namespace anywarp::backend::cpu
