// The double-precision device functions are clang's.
#ifndef ANYWARP_CRT_DEVICE_DOUBLE_FUNCTIONS_HPP
#define ANYWARP_CRT_DEVICE_DOUBLE_FUNCTIONS_HPP
#endif
