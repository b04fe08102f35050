// What libdevice's functions are written in: nvvm's intrinsics, which become single PTX instructions, and the pure functions
// `__aw_*` that the driver knows (devicelib/math.list). In the host's build, for tests, the intrinsics are devicelib's own operations.
#pragma once

#include "../number.h"

#define NV __attribute__((always_inline, visibility("default"), nothrow))
#define PURE NV __attribute__((const))

// PTX's words for CUDA's rounding modes: rn rz, ru -> rp, rd -> rm.
#define EACH_DIRECTED(M) M(rz, rz) M(ru, rp) M(rd, rm)
#define EACH_MODE(M) M(rn, rn) EACH_DIRECTED(M)

#ifdef __NVPTX__

/// Whether floats are flushed: the compiler that links this library says so.
#define FLUSHES (__nvvm_reflect("__CUDA_FTZ") != 0)
#define NVVM(name) __nvvm_##name
#define FTZ1(name, a) (FLUSHES ? __nvvm_##name##_ftz_f(a) : __nvvm_##name##_f(a))
#define FTZ2(name, a, b) (FLUSHES ? __nvvm_##name##_ftz_f(a, b) : __nvvm_##name##_f(a, b))
#define FTZ3(name, a, b, c) (FLUSHES ? __nvvm_##name##_ftz_f(a, b, c) : __nvvm_##name##_f(a, b, c))
/// A conversion whose float operand or result may be flushed: d2f, f2i, ...
#define FTZ_CVT(name, a) (FLUSHES ? __nvvm_##name##_ftz(a) : __nvvm_##name(a))

#else

#include "nvvm_host.h"
#define NVVM(name) nvvm_##name
#define FTZ1(name, a) nvvm_##name##_f(a)
#define FTZ2(name, a, b) nvvm_##name##_f(a, b)
#define FTZ3(name, a, b, c) nvvm_##name##_f(a, b, c)
#define FTZ_CVT(name, a) nvvm_##name(a)

#endif
