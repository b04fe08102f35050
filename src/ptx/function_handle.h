// The address of a device function.
//
// Code is compiled one kernel at a time, but function pointers travel between kernels, through global memory, initialisers (tables of
// virtual functions) and the host. So the address that a program sees is a handle that depends on the module alone: small as code
// addresses are on hardware, aligned, and never null. A call through a pointer becomes a switch over the handles of those functions
// whose address is taken and whose parameters fit, with direct calls in its cases; an unknown handle traps.
#pragma once

#include <cstdint>

namespace anywarp::ptx {

/// `index`: of ptx::Module::functions.
constexpr uint64_t function_handle(uint32_t index) { return (uint64_t{index} + 1) * 16; }

}  // namespace anywarp::ptx
