// Random numbers in kernels: a state for each thread, set up by curand_init(seed, sequence, offset, &state), and draws from it.
#ifndef ANYWARP_CURAND_KERNEL_H
#define ANYWARP_CURAND_KERNEL_H

#include "crt/curand_distributions.h"
#include "crt/curand_generators.h"

#endif
