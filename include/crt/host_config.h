// Which compilers host code may be compiled with. Anywarp's toolkit asks for nothing but GCC's extensions of C++.
#ifndef __HOST_CONFIG_H__
#define __HOST_CONFIG_H__

#if !defined(__GNUC__)
#error "Anywarp's headers need a compiler that knows the extensions of GCC, as clang and gcc do"
#endif

#if !defined(__CUDACC_RTC__)
#include <features.h>
#endif

#define _CRTIMP
#define _ACRTIMP

#endif
