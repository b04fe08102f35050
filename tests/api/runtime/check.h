// Checks for the .cu programs: what fails is printed with its line, and the program ends with 1.
#pragma once

#include <cstdio>

inline int failures = 0;

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      std::printf("%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
      ++failures;                                                               \
    }                                                                           \
  } while (0)

#define EXPECT_ERROR(call, expected)                                                                                                       \
  do {                                                                                                                                     \
    const cudaError_t error_of_call = (call);                                                                                              \
    if (error_of_call != (expected)) {                                                                                                     \
      std::printf("%s:%d: %s gives %s, not %s\n", __FILE__, __LINE__, #call, cudaGetErrorName(error_of_call), cudaGetErrorName(expected)); \
      ++failures;                                                                                                                          \
    }                                                                                                                                      \
  } while (0)

#define OK(call) EXPECT_ERROR(call, cudaSuccess)

inline int result() {
  std::printf(failures ? "%d checks failed\n" : "all checks passed\n", failures);
  return failures ? 1 : 0;
}
