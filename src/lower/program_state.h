// What all functions of one kernel's lowering share.
#pragma once

#include <cstdint>

namespace anywarp::lower {
struct ProgramState {
  uint64_t block_limit[3] = {1024, 1024, 64};
  bool block_required = false;
};
}
